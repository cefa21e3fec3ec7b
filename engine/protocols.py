"""What the reasoning needs from the rest. `api` composes the parts and injects them.

`Vocabulary` names concepts; `KnowledgeGraph` relates findings to diseases; `PlanKnowledge` knows
tests, treatments and medicines; an `Extractor` turns one kind of item into findings.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from engine.types import (
    Acquisition,
    Code,
    Finding,
    GraphEdge,
    Issue,
    Match,
    ModelRef,
    Patient,
    Skipped,
    SourceRef,
    Statement,
)

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
LabelKind = Literal["name", "exact", "narrow", "broad", "related"]


@dataclass(frozen=True, slots=True)
class Label:
    """A name by which a term is known. kind: the ontology's synonym scope; "name" is preferred.

    flags: the ontology's own remarks ("layperson", "abbreviation", "plural_form", ...).
    """

    text: str
    term: str
    kind: LabelKind
    flags: tuple[str, ...] = ()


class Vocabulary(Protocol):
    """Names and hierarchy of the finding terms (HPO). Terms are CURIEs such as "HP:0001250"."""

    def code(self, term: str) -> Code | None:
        """The current code of a term, following alternative and replaced ids; None if unknown."""
        ...

    def ancestors(self, term: str) -> frozenset[str]:
        """All proper ancestors along is_a."""
        ...

    def is_phenotype(self, term: str) -> bool:
        """Below "Phenotypic abnormality" (HP:0000118): only these become findings."""
        ...

    def is_circumstance(self, term: str) -> bool:
        """What the patient did or met (smoking, a journey, an operation), no sign of an organ.

        A circumstance of the past still counts.
        """
        ...

    def labels(self) -> Iterable[Label]:
        """Every name and synonym of every current term."""
        ...


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one present finding says of each disease, >= 0; 0 says nothing.

    signs: (3, D). Its rows are ratio, ln likelihood ratio beyond what chance gives; lineage, ln of
    the highest likelihood ratio along the finding's lineage; typical, share of the patients that
    show it, 0 to 1, where the profile is complete.
    """

    signs: Floats

    @property
    def ratio(self) -> Floats:
        """(D,), see above."""
        return self.signs[0]

    @property
    def lineage(self) -> Floats:
        """(D,), see above."""
        return self.signs[1]

    @property
    def typical(self) -> Floats:
        """(D,), see above."""
        return self.signs[2]


@dataclass(frozen=True, slots=True)
class Shares:
    """How many of each disease's patients show a finding, for T terms and C entries of (T, D).

    disease, share: (C,), those of term t are [start[t], start[t + 1]), by disease; share is 0 to 1
    exclusive, smoothed; ancestors are included. background: (T,), share of all patients: what holds
    for a disease that does not list the term. stated: (T,), how many annotations name the term
    itself. index: place of each term.
    """

    terms: Sequence[str]
    index: Mapping[str, int]
    start: Ints
    disease: Ints
    share: Floats
    background: Floats
    stated: Ints

    def of(self, term: str, diseases: int) -> NDArray[np.float64]:
        """Share of every disease for one term, (D,)."""
        place = self.index[term]
        entries = slice(self.start[place], self.start[place + 1])
        shares = np.full(diseases, self.background[place], np.float64)
        shares[self.disease[entries]] = self.share[entries]
        return shares

    def among(self, term: str, diseases: NDArray[np.intp]) -> NDArray[np.float64]:
        """Share of some diseases for one term, then that of all patients: (K,) -> (K + 1,)."""
        place = self.index[term]
        background = self.background[place]
        start, stop = self.start[place : place + 2]
        held = self.disease[start:stop]
        found = np.minimum(np.searchsorted(held, diseases), max(held.size - 1, 0))
        lists = held[found] == diseases if held.size else np.zeros(diseases.size, np.bool_)
        shares = np.full(diseases.size + 1, background, np.float64)
        shares[:-1][lists] = self.share[start:stop][found[lists]]
        return shares


class KnowledgeGraph(Vocabulary, Protocol):
    """Diseases and how often each shows a finding."""

    @property
    def sources(self) -> tuple[SourceRef, ...]:
        """The releases this graph was compiled from."""
        ...

    @property
    def diseases(self) -> Sequence[Code]:
        """All candidate diseases; every array below is in this order, shape (D,)."""
        ...

    def evidence(self, term: str) -> Evidence:
        """What a present finding says of each disease.

        A finding outside a disease's profile says nothing against it.
        """
        ...

    def log_absence_ratios(self, term: str) -> Floats:
        """ln P(term absent | disease) / P(term absent | any disease), shape (D,), always <= 0.

        0 for diseases whose profile is not complete, and for findings that are rarely looked for.
        """
        ...

    @property
    def standing(self) -> Mapping[str, Floats]:
        """What is known of each disease beside its findings, by name; (D,) each."""
        ...

    @property
    def expected(self) -> Floats:
        """How many of its own findings a patient with the disease shows on average; (D,)."""
        ...

    def reported(self, terms: Iterable[str], *, beyond: Iterable[str] = ()) -> Floats:
        """Of `expected`, the part that these findings report; (D,), 0 to `expected`.

        beyond: findings whose part does not count, as it is known already.
        """
        ...

    def information_content(self, term: str) -> float:
        """-ln of the share of diseases annotated with the term or a descendant; nats, >= 0."""
        ...

    @property
    def shares(self) -> Shares:
        """How often each disease shows each finding."""
        ...

    def edge(self, term: str, disease: int) -> tuple[Match, GraphEdge | None]:
        """The annotation behind the likelihood ratio of a term and a disease (by index)."""
        ...

    def risk(self, term: str) -> Floats:
        """1 for diseases whose risk is raised by the term or what it implies, else 0; shape (D,).

        0 as well for a disease whose own profile has the term, or the more general one that is the
        risk factor: its likelihood ratio says it.
        """
        ...

    def risk_edge(self, term: str, disease: int) -> GraphEdge | None:
        """The statement behind a 1 of `risk`; None where that is 0."""
        ...

    def priors(self, patient: Patient) -> Floats:
        """Probability of each disease before any finding, shape (D,); sums to 1 or less.

        Lower where the stated onset or inheritance does not fit the patient's age or sex; 0 for
        entries that are not candidates themselves.
        """
        ...

    def prior_reasons(self, patient: Patient, disease: int) -> tuple[str, ...]:
        """What the prior of a disease (by position) rests on, in words; empty when on nothing."""
        ...

    def find_term(self, name: str) -> str | None:
        """The one finding with this name or exact synonym (case does not matter); None if none.

        Else, where a disease has the name, the most general finding that bears one of its names.
        """
        ...

    def find_disease(self, name: str) -> int | None:
        """Position of a disease by id, id in another catalogue, or exact name; None if unknown."""
        ...

    def acquisition(self, term: str) -> Acquisition:
        """How one learns whether the patient has a finding, and at what burden.

        Raises:
            NotFoundError: the term is unknown or no phenotypic abnormality.
        """
        ...


@dataclass(frozen=True, slots=True)
class Substance:
    """A medicine, or a class of them, that a text names.

    ingredients: what it means: itself, the parts of a combination, the members of a class; by code.
    """

    name: Code
    ingredients: tuple[Code, ...]
    is_class: bool = False


@dataclass(frozen=True, slots=True)
class Prescribed:
    """A typed medicine. ingredients: by code. unknown: parts of the text that match nothing."""

    ingredients: tuple[Code, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DrugClass:
    """A class an ingredient belongs to.

    duplicate: two of it together are probably a mistake. allergy: an allergy to one is taken as an
    allergy to all. sources: of the membership.
    """

    name: Code
    duplicate: bool
    allergy: bool
    sources: tuple[str, ...]


Severity = Literal["contraindicated", "major", "moderate"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""Of interactions, gravest first."""


@dataclass(frozen=True, slots=True)
class DrugInteraction:
    """An interaction of two ingredients, by id.

    severity: one of `SEVERITIES`, or as another source has it; None where it is not stated.
    """

    one: str
    other: str
    severity: str | None
    effect: tuple[str, ...]
    management: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """A test or treatment that the graph lists for a disease."""

    what: Code
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Avoided:
    """Something to avoid in a disease, in the words of the graph.

    ingredients: the medicines meant, by id; none when it names none that is known. conditional: the
    words say more than which medicines ("NSAIDs in kidney failure").
    """

    what: Code
    ingredients: frozenset[str]
    conditional: bool
    because: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RedFlag:
    """A sign of danger in words. term: the finding that is called exactly so; None if none is."""

    text: str
    term: str | None


@dataclass(frozen=True, slots=True)
class DiseaseFacts:
    """What to do about a disease. urgency: None where it is not stated.

    course_sources: of the urgency and the red flags. treatments: in the order of the sources.
    """

    disease: Code
    urgency: str | None
    red_flags: tuple[RedFlag, ...]
    course_sources: tuple[str, ...]
    confirm: tuple[Listed, ...]
    exclude: tuple[Listed, ...]
    treatments: tuple[Listed, ...]


class PlanKnowledge(Protocol):
    """Tests, treatments, medicines, and what speaks against one. Nothing is guessed from likeness:
    a name matches exactly or not at all."""

    @property
    def names_sources(self) -> tuple[str, ...]:
        """What the names of medicines rest on."""
        ...

    def disease(self, position: int) -> DiseaseFacts:
        """What is listed for a disease, by its position in `KnowledgeGraph.diseases`."""
        ...

    def avoided(self, disease: str) -> tuple[Avoided, ...]:
        """What to avoid in a disease, by its id in the graph."""
        ...

    def conditions(self, problem: Statement) -> tuple[Code, ...]:
        """The diseases that a problem names by code or exact name; by id."""
        ...

    def medicine(self, text: str) -> Prescribed:
        """The ingredients of a medicine as a prescription names it; every word must be known."""
        ...

    def mentioned(self, text: str) -> tuple[Substance, ...]:
        """Medicines and classes named anywhere in a text, at word borders, in its order."""
        ...

    def given(self, treatment: str) -> tuple[Substance, ...]:
        """Medicines and classes that a treatment in words says to give."""
        ...

    def classes(self, ingredient: str) -> tuple[DrugClass, ...]:
        """The classes of an ingredient, by id."""
        ...

    def interactions(self, ingredients: Collection[str]) -> tuple[DrugInteraction, ...]:
        """What is listed among these ingredients."""
        ...


@dataclass(frozen=True, slots=True)
class ReadingContext:
    """What an extractor may know beside its items. as_of: see `PatientBundle.as_of`."""

    patient: Patient
    as_of: datetime | None
    vocabulary: Vocabulary


@dataclass(frozen=True, slots=True)
class Extraction:
    """What an extractor found, could not read, and left out on purpose.

    patient: age and sex where the items state them; used only where the bundle does not.
    """

    findings: tuple[Finding, ...]
    models: tuple[ModelRef, ...]
    issues: tuple[Issue, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    patient: Patient | None = None


class Extractor(Protocol):
    """Turns items of one kind into findings; one bad item becomes an issue, never an exception."""

    def __call__(self, items: Sequence[Any], context: ReadingContext) -> Extraction:
        """items: what `engine.modalities` lists for this kind, for instance `Document`s."""
        ...
