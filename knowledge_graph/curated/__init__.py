"""Common conditions written by hand: one YAML file a specialty, checked against a schema and HPO.

Facts are general medical knowledge, marked `curated, unreferenced` wherever they are shown, unless
an entry names the source it was read in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from knowledge_graph.schema import PHENOTYPE_ROOT
from knowledge_graph.sources.files import curated_files
from knowledge_graph.strict_yaml import Strict, Text, read_yaml

SOURCE = "curated, unreferenced"
CIRCUMSTANCE = "Phenotypic abnormality"
"""HPO's root: the parent of exposures and circumstances, which resemble no other finding."""

Band = Literal["obligate", "very_frequent", "frequent", "occasional", "very_rare"]
"""HPO's frequency classes: 100 %, 80-99 %, 30-79 %, 5-29 %, 1-4 % of patients at presentation."""
Prevalence = Literal["very_common", "common", "uncommon", "rare"]
"""New or ongoing cases a year in the general population: above 1 in 100, 1 in 1,000, 1 in 10,000,
below that."""
AgeBand = Literal["infant", "child", "adolescent", "adult", "elderly"]
"""Below 1 year, 1 to 11, 12 to 17, 18 to 64, from 65."""
Likely = Literal["typical", "possible", "rare", "never"]


class LocalTerm(Strict):
    """A finding HPO has no term for.

    parent: an HPO name, another local term's name, or `CIRCUMSTANCE` for what says nothing of an
    organ: smoking, travel, contacts, medicines taken, childbirth, work, family.
    """

    name: Text
    parent: Text
    synonyms: tuple[Text, ...] = ()

    @property
    def id(self) -> str:
        return local_id(self.name)


class Tests(Strict):
    """Tests that confirm or exclude the condition."""

    confirm: tuple[Text, ...] = ()
    exclude: tuple[Text, ...] = ()


class Contraindication(Strict):
    """A drug or class to avoid in this condition, and why."""

    avoid: Text
    because: Text


class Condition(Strict):
    """One condition. Findings are names of HPO terms, exact synonyms of them, or local terms."""

    name: Text
    synonyms: tuple[Text, ...] = ()
    icd10cm: Annotated[str, Field(pattern=r"^[A-Z]\d[0-9A-Z](\.[0-9A-Z]{1,4})?$")]
    mondo: Annotated[str, Field(pattern=r"^MONDO:\d{7}$")] | None = None
    prevalence: Prevalence
    ages: Mapping[AgeBand, Likely] = Field(default_factory=dict[AgeBand, Likely])
    sex: Literal["both", "mostly_female", "mostly_male", "female", "male"] = "both"
    onset: Literal["sudden", "acute", "subacute", "chronic", "episodic"]
    urgency: Literal["emergency", "urgent", "soon", "routine"]
    findings: Mapping[Band, tuple[Text, ...]]
    against: tuple[Text, ...] = ()
    triggers: tuple[Text, ...] = ()
    relieved_by: tuple[Text, ...] = ()
    risk_factors: tuple[Text, ...] = ()
    red_flags: tuple[Text, ...] = ()
    tests: Tests = Tests()
    treatment: tuple[Text, ...] = ()
    contraindications: tuple[Contraindication, ...] = ()
    source: Text = SOURCE

    @property
    def id(self) -> str:
        return local_id(self.name)

    @model_validator(mode="after")
    def _enough_findings(self) -> Condition:
        names = [name.casefold() for band in self.findings.values() for name in band]
        if not 12 <= len(names) <= 40:
            raise ValueError(f"{len(names)} findings; 12 to 40 are wanted")
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"listed twice: {', '.join(sorted(twice))}")
        return self


class Specialty(Strict):
    """One file.

    risk_factors: name of a risk factor as conditions write it -> the findings that are it, where
        no finding has that very name; none where one has it but means something else.
    """

    specialty: Text
    terms: tuple[LocalTerm, ...] = ()
    conditions: tuple[Condition, ...] = ()
    risk_factors: Mapping[Text, tuple[Text, ...]] = Field(
        default_factory=dict[str, tuple[str, ...]]
    )


def local_id(name: str) -> str:
    """The CURIE of a local node: "KONSIL:" and the name in lower case with hyphens."""
    return "KONSIL:" + re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def read(path: Path) -> Specialty:
    """One checked file.

    Raises:
        SourceError: not YAML, or not of the schema; every fault is named with its place.
    """
    return read_yaml(path, Specialty)


def names_of_findings(condition: Condition) -> Iterator[str]:
    """Every name in the entry that must resolve to a finding term."""
    for band in condition.findings.values():
        yield from band
    yield from condition.against


def resolver(labels: Sequence[tuple[str, str, str]], local: Sequence[LocalTerm]) -> dict[str, str]:
    """Casefolded name -> term id. labels: (text, term id, scope); names win over exact synonyms."""
    exact = {text.casefold(): term for text, term, scope in labels if scope == "exact"}
    names = {text.casefold(): term for text, term, scope in labels if scope == "name"}
    return {**exact, **names, **{term.name.casefold(): term.id for term in local}}


def parents_of(known: Mapping[str, str]) -> dict[str, str]:
    """Names a local term may have as parent: every finding of a `resolver`, and `CIRCUMSTANCE`."""
    return {**known, CIRCUMSTANCE.casefold(): PHENOTYPE_ROOT}


@cache
def read_all() -> tuple[Specialty, ...]:
    """Every packaged file, checked."""
    return tuple(read(path) for path in curated_files())
