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
from typing import Annotated, get_args

from pydantic import Field, model_validator

from engine.exceptions import SourceError
from engine.types import Acquisition, Cost, Invasiveness, Step
from knowledge_graph.schema import PHENOTYPE_ROOT
from knowledge_graph.strict_yaml import Strict, Text, read_yaml

SOURCE = "curated, unreferenced"
RULES = Path(__file__).with_name("methods.yaml")
STEPS: tuple[Step, ...] = get_args(Step)
COSTS: tuple[Cost, ...] = get_args(Cost)
INVASIVENESS: tuple[Invasiveness, ...] = get_args(Invasiveness)
"""Each from the least burden to the most."""

_CONDITION = re.compile(r"\b(?:if|when|for|to|before|after|unless|unlike)\b")
_ALTERNATIVE = re.compile(r"\bor\b")
_PART = re.compile(r",|\b(?:and|with)\b")


class Method(Strict):
    """One way to learn of findings. test: what to order; None for asking and looking.

    terms: HPO ids with their names ("HP:0012531 Pain"): these and what is below them. words, tests:
        words in the name of a finding or of a test; a "*" at an end leaves that end open.
    """

    step: Step
    test: Text | None = None
    cost: Cost
    invasiveness: Invasiveness = "none"
    terms: tuple[Annotated[str, Field(pattern=r"^(HP:\d{7}|KONSIL:[a-z0-9-]+) \S")], ...] = ()
    words: tuple[Text, ...] = ()
    tests: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _ordered_by_name(self) -> Method:
        if self.step == "order" and self.test is None and (self.terms or self.words):
            raise ValueError("what is ordered has a name: state `test`")
        return self

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
        """What a test of this name takes; None when no rule knows its words.

        Of alternatives ("ultrasound or CT") the least, of parts ("CT and biopsy") the most. A
        condition ("CT if fever") counts only when nothing before it is known.
        """
        return self._least(_CONDITION.split(name)[0]) or self._least(name)

    def _least(self, name: str) -> Acquisition | None:
        known = filter(None, map(self._most, _ALTERNATIVE.split(name)))
        return min(known, key=_ranks, default=None)

    def _most(self, name: str) -> Acquisition | None:
        parts = (_first(part, self.tests) for part in _PART.split(name))
        ranks = [_ranks(found) for found in parts if found is not None]
        if not ranks:
            return None
        cost, invasiveness, step = (max(rank[i] for rank in ranks) for i in range(3))
        return Acquisition(STEPS[step], None, COSTS[cost], INVASIVENESS[invasiveness], SOURCE)


def _ranks(found: Acquisition) -> tuple[int, int, int]:
    return (
        COSTS.index(found.cost),
        INVASIVENESS.index(found.invasiveness),
        STEPS.index(found.step),
    )


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
    return re.compile("|".join(map(_whole, words)), re.IGNORECASE)


def _whole(word: str) -> str:
    """The word as a whole; a "*" at either end leaves that end open."""
    start, end = (r"" if edge == "*" else r"\b" for edge in (word[0], word[-1]))
    return f"{start}{re.escape(word.strip('*'))}{end}"


def _first(name: str, rules: Iterable[tuple[re.Pattern[str], Acquisition]]) -> Acquisition | None:
    return next((found for pattern, found in rules if pattern.search(name)), None)
