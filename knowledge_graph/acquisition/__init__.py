"""How findings are obtained and what tests cost: the rules of `methods.yaml`.

The rules are general medical training, `curated, unreferenced`. A finding takes the method that
names it, else the first (in the order of the file) with a word of its name, else that of its
nearest ancestor. A test of the graph takes the first method with a word of its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field

from engine.exceptions import SourceError
from engine.types import Acquisition, Cost, Invasiveness, Step
from knowledge_graph.schema import PHENOTYPE_ROOT
from knowledge_graph.strict_yaml import Strict, Text, read_yaml

SOURCE = "curated, unreferenced"
RULES = Path(__file__).with_name("methods.yaml")


class Method(Strict):
    """One way to learn of findings. test: what to order; None for asking and looking.

    terms: HPO ids with their names ("HP:0012531 Pain"): these and what is below them. words, tests:
        words in the name of a finding or of a test, whole unless they end in "*".
    """

    step: Step
    test: Text | None = None
    cost: Cost
    invasiveness: Invasiveness = "none"
    terms: tuple[Annotated[str, Field(pattern=r"^(HP:\d{7}|KONSIL:[a-z0-9-]+) \S")], ...] = ()
    words: tuple[Text, ...] = ()
    tests: tuple[Text, ...] = ()

    @property
    def acquisition(self) -> Acquisition:
        return Acquisition(self.step, self.test, self.cost, self.invasiveness, SOURCE)


class File(Strict):
    """The rules, in the order in which words are tried."""

    methods: tuple[Method, ...]


@dataclass(frozen=True, slots=True)
class Methods:
    """branches: term -> how it is obtained. words, tests: pattern -> how, in order."""

    branches: Mapping[str, Acquisition]
    words: Sequence[tuple[re.Pattern[str], Acquisition]]
    tests: Sequence[tuple[re.Pattern[str], Acquisition]]

    def of_finding(
        self, name: str, lineage: Sequence[str], *, circumstance: bool = False
    ) -> Acquisition:
        """How a finding is obtained. lineage: its id, then its ancestors, the nearest first."""
        if circumstance:
            return ASKED
        if lineage[0] in self.branches:
            return self.branches[lineage[0]]
        said = _first(name, self.words)
        return said or next(self.branches[term] for term in lineage if term in self.branches)

    def of_test(self, name: str) -> Acquisition | None:
        """What a test of this name takes; None when no rule knows its words."""
        return _first(name, self.tests)


ASKED = Acquisition("ask", None, "none", "none", SOURCE)


@cache
def methods() -> Methods:
    """The packaged rules."""
    return read(RULES)


def read(path: Path) -> Methods:
    """One checked file.

    Raises:
        SourceError: not YAML, not of the schema, a term in two methods, or no default (the root).
    """
    listed = read_yaml(path, File).methods
    branches: dict[str, Acquisition] = {}
    for method in listed:
        for term in method.terms:
            identifier = term.partition(" ")[0]
            if identifier in branches:
                raise SourceError(f"{path.name}: {term} is listed twice", fix="keep one of them")
            branches[identifier] = method.acquisition
    if PHENOTYPE_ROOT not in branches:
        raise SourceError(f"{path.name}: no method has {PHENOTYPE_ROOT}", fix="add the default")
    return Methods(
        branches=branches,
        words=[(_pattern(m.words), m.acquisition) for m in listed if m.words],
        tests=[(_pattern(m.tests), m.acquisition) for m in listed if m.tests],
    )


def _pattern(words: Iterable[str]) -> re.Pattern[str]:
    parts = (re.escape(word.removesuffix("*")) + r"\b" * (word[-1] != "*") for word in words)
    return re.compile(rf"\b(?:{'|'.join(parts)})", re.IGNORECASE)


def _first(name: str, rules: Iterable[tuple[re.Pattern[str], Acquisition]]) -> Acquisition | None:
    return next((found for pattern, found in rules if pattern.search(name)), None)
