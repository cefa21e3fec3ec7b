"""The records of the graph, as the importers yield them and the compiler takes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

PHENOTYPE_ROOT = "HP:0000118"
"""HPO "Phenotypic abnormality": only terms below it describe what a patient shows."""


@dataclass(frozen=True, slots=True)
class Synonym:
    """Another name of a term. scope: "exact", "narrow", "broad" or "related" (OBO scopes).

    flags: synonym types of the ontology, such as "layperson" or "abbreviation".
    """

    text: str
    scope: str
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Term:
    """A term of the phenotype ontology. parents: is_a. alternatives: ids merged into this one."""

    id: str
    name: str
    parents: tuple[str, ...]
    synonyms: tuple[Synonym, ...] = ()
    alternatives: tuple[str, ...] = ()
    definition: str = ""


@dataclass(frozen=True, slots=True)
class Annotation:
    """One row of HPOA: a disease and a term, as stated by one reference.

    frequency: exactly as written ("7/13", "45%", "HP:0040281" or ""). negated: qualifier NOT.
    sex: "MALE", "FEMALE" or "". onset: an HPO onset term or "". aspect: "P" phenotype,
    "I" inheritance, "C" clinical course, "H" past history, "M" modifier. reference: PMID, OMIM or
    ORPHA entry the row comes from. evidence: "PCS" published study, "TAS" traceable author
    statement, "IEA" inferred from electronic annotation. row: line number in the file, from 1.
    dataset: name and release of the source where it is not HPOA.
    """

    disease: str
    name: str
    term: str
    negated: bool
    reference: str
    evidence: str
    onset: str
    frequency: str
    sex: str
    aspect: str
    row: int
    dataset: str = ""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row of a source that was not used. row: line number in the file, from 1."""

    source: str
    row: int
    reason: str


AGE_BANDS = {"infant": 1.0, "child": 12.0, "adolescent": 18.0, "adult": 65.0, "elderly": 200.0}
"""Upper age in years (exclusive) of each band, in order."""


@dataclass(frozen=True, slots=True)
class Epidemiology:
    """How common a disease is. prevalence: share of the population in a year, 0 to 1.

    ages: factor 0 to 1 by age band; a band that is not named is 1. female, male: factor by sex.
    """

    prevalence: float
    source: str
    ages: Mapping[str, float] = field(default_factory=dict[str, float])
    female: float = 1.0
    male: float = 1.0


@dataclass(frozen=True, slots=True)
class DiseaseEntry:
    """What one source says of a disease beside its findings; the fields are those of `Disease`.

    A source may yield several for one id: names and codes add up.
    """

    id: str
    name: str
    synonyms: tuple[str, ...] = ()
    xrefs: tuple[str, ...] = ()
    epidemiology: Epidemiology | None = None
    course: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])


@dataclass(frozen=True, slots=True)
class AssumedPrevalence:
    """How common a disease is taken to be where no source that describes it says so.

    prevalence: share of the population, 0 to 1. It makes no disease and names none.
    """

    disease: str
    prevalence: float
    source: str


@dataclass(frozen=True, slots=True)
class SameDisease:
    """Two ids of one disease (an exact match). source: dataset and release that says so."""

    one: str
    other: str
    source: str


@dataclass(frozen=True, slots=True)
class Disease:
    """A disease node. aliases: ids of the same disease in other catalogues.

    genes: symbols, causal or associated as HPO lists them. grouping: an Orphanet disorder that only
    groups OMIM diseases; it is found by search but ranked through them. youngest_onset: years, None
    when not stated. onset, inheritance: HPO terms as stated. epidemiology: None when no source
    states how common it is. xrefs: codes of the same disease in other terminologies. course: what a
    clinician wants at a glance ("urgency", "onset", "red flags", "triggers", "relieved by").
    """

    id: str
    name: str
    aliases: tuple[str, ...]
    genes: tuple[str, ...]
    grouping: bool
    youngest_onset: float | None
    onset: tuple[str, ...]
    inheritance: tuple[str, ...]
    synonyms: tuple[str, ...] = ()
    epidemiology: Epidemiology | None = None
    xrefs: tuple[str, ...] = ()
    course: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])


# ---- The property graph, as both stores hold it -------------------------------------------------

NodeKind = Literal[
    "Disease",
    "Phenotype",
    "Gene",
    "Drug",
    "DrugClass",
    "Treatment",  # a drug or procedure in free text, not yet resolved to an ingredient
    "Test",
    "Procedure",
    "Anatomy",
    "RiskFactor",
    "Source",  # a release the graph was compiled from
]
KINDS: tuple[NodeKind, ...] = get_args(NodeKind)
Predicate = Literal[
    "is_a",  # Phenotype -> Phenotype, Disease -> Disease, Drug -> DrugClass
    "has_phenotype",  # Disease -> Phenotype; frequency, stated, onset, sex
    "lacks_phenotype",  # Disease -> Phenotype: stated not to show it
    "associated_with_gene",  # Disease -> Gene
    "treats",  # Drug, Treatment or Procedure -> Disease
    "palliates",  # Drug -> Disease
    "contraindicated_in",  # Drug, DrugClass or Treatment -> Disease; because
    "interacts_with",  # Drug -> Drug, one for a pair; severity, effect, mechanism, management
    "confirms",  # Test -> Disease
    "excludes",  # Test -> Disease
    "raises_risk_of",  # RiskFactor -> Disease
    "localises_to",  # Disease -> Anatomy
]
Value = str | float | int | bool | tuple[str, ...]


def texts(value: Value | None) -> tuple[str, ...]:
    """A property as its texts: several, one, or none."""
    if isinstance(value, tuple):
        return value
    return () if value is None else (str(value),)


@dataclass(frozen=True, slots=True)
class Node:
    """A node. id: CURIE. synonyms: other names, sorted. xrefs: CURIEs of the same thing, sorted.

    properties: only plain values, keys sorted; what each means stands with its importer.
    """

    id: str
    kind: NodeKind
    name: str
    synonyms: tuple[str, ...] = ()
    xrefs: tuple[str, ...] = ()
    properties: Mapping[str, Value] = field(default_factory=dict[str, Value])


@dataclass(frozen=True, slots=True)
class Edge:
    """A typed edge with its sources (never empty); one for each (subject, predicate, object).

    sources: dataset and release, with row or publication where there is one.
    """

    subject: str
    predicate: Predicate
    object: str
    sources: tuple[str, ...]
    properties: Mapping[str, Value] = field(default_factory=dict[str, Value])


Record = Term | Annotation | DiseaseEntry | AssumedPrevalence | SameDisease | Node | Edge | Rejected
"""What an importer yields. Edges may name a disease by its id in any catalogue."""
