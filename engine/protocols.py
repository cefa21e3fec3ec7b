"""What the reasoning needs from the rest. `api` composes the parts and injects them.

`Vocabulary` names concepts; `KnowledgeGraph` relates findings to diseases; an `Extractor` turns one
kind of item into findings.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.types import (
    Code,
    Finding,
    GraphEdge,
    Issue,
    Match,
    ModelRef,
    Patient,
    Skipped,
    SourceRef,
)

Floats = NDArray[np.float32]
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

    def log_likelihood_ratios(self, term: str) -> Floats:
        """ln P(term present | disease) / P(term present | any disease), shape (D,), >= 0.

        A finding outside a disease's profile says nothing against it.
        """
        ...

    def log_absence_ratios(self, term: str) -> Floats:
        """ln P(term absent | disease) / P(term absent | any disease), shape (D,), always <= 0."""
        ...

    def information_content(self, term: str) -> float:
        """-ln of the share of diseases annotated with the term or a descendant; nats, >= 0."""
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
