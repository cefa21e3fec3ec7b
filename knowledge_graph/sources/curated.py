"""The curated common conditions as terms, annotations and course, like any other source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from engine.exceptions import SourceError
from knowledge_graph.acquisition import methods
from knowledge_graph.curated import (
    Condition,
    LocalTerm,
    Specialty,
    local_id,
    parents_of,
    read_all,
    resolver,
)
from knowledge_graph.curated.twins import TWINS
from knowledge_graph.names import plain_name
from knowledge_graph.schema import (
    Annotation,
    DiseaseEntry,
    Edge,
    Epidemiology,
    Node,
    NodeKind,
    Predicate,
    Record,
    Synonym,
    Term,
    Value,
)
from knowledge_graph.sources.findings import Findings

CLASSES = {
    "obligate": "HP:0040280",
    "very_frequent": "HP:0040281",
    "frequent": "HP:0040282",
    "occasional": "HP:0040283",
    "very_rare": "HP:0040284",
}
"""Band of a curated file -> HPO frequency term."""

# Share of the general population with the condition in a year: middle of each band's decade.
PREVALENCE = {"very_common": 3e-2, "common": 3e-3, "uncommon": 3e-4, "rare": 3e-5}
# How much less likely outside the typical age or sex: judgement, curated and unreferenced.
LIKELY = {"typical": 1.0, "possible": 0.3, "rare": 0.05, "never": 0.001}
SEX = {
    "both": (1.0, 1.0),
    "mostly_female": (1.0, 0.2),
    "mostly_male": (0.2, 1.0),
    "female": (1.0, 0.001),
    "male": (0.001, 1.0),
}
"""Factor for a woman, for a man."""
Twins = Mapping[str, tuple[str, ...]]
"""Term id -> ids of the findings it stands for; see `knowledge_graph.curated.twins`."""


def read_curated(terms: Sequence[Term], phenotypes: Sequence[bool]) -> Iterator[Record]:
    """Resolve the packaged files against the ontology.

    phenotypes: for each term whether it is below "Phenotypic abnormality"; only those are findings.

    Raises:
        SourceError: a name is no finding of this ontology release.
    """
    specialties = read_all()
    local = [term for s in specialties for term in s.terms]
    known = resolver(_labels(terms, phenotypes), local)
    parents = parents_of(known)
    own = [_term(term, parents) for term in local]
    shown = [term for term, finding in zip(terms, phenotypes, strict=True) if finding]
    factors = _RiskFactors(_listed(specialties, known), Findings([*shown, *own]))
    twins = _twins(known)
    yield from own
    for specialty in specialties:
        yield from _rows(specialty, known, twins)
        for condition in specialty.conditions:
            yield _entry(condition)
            for node, edge in _facts(condition):
                yield factors.resolved(node)
                yield edge


@dataclass(frozen=True, slots=True)
class _RiskFactors:
    """listed: plain name of a risk factor -> the findings it is, as a curated file says."""

    listed: Mapping[str, tuple[str, ...]]
    findings: Findings

    def resolved(self, node: Node) -> Node:
        """A risk factor with its findings as property "terms"; any other node as it is.

        What is not listed is the finding of its very name.
        """
        if node.kind != "RiskFactor":
            return node
        called = self.findings.called(node.name)
        terms = self.listed.get(plain_name(node.name), (called,) if called else ())
        return replace(node, properties={"terms": terms}) if terms else node


def _listed(
    specialties: Sequence[Specialty], known: Mapping[str, str]
) -> dict[str, tuple[str, ...]]:
    return {
        plain_name(factor): tuple(sorted(_resolved(name, factor, known) for name in names))
        for specialty in specialties
        for factor, names in specialty.risk_factors.items()
    }


def _entry(condition: Condition) -> DiseaseEntry:
    mondo = (condition.mondo,) if condition.mondo else ()
    course = {
        "urgency": (condition.urgency,),
        "onset": (condition.onset,),
        "red flags": condition.red_flags,
        "triggers": condition.triggers,
        "relieved by": condition.relieved_by,
    }
    return DiseaseEntry(
        id=condition.id,
        name=condition.name,
        synonyms=condition.synonyms,
        xrefs=(f"ICD10CM:{condition.icd10cm}", *mondo),
        epidemiology=_epidemiology(condition),
        course={key: values for key, values in course.items() if values},
    )


def _facts(condition: Condition) -> Iterator[tuple[Node, Edge]]:
    listed: list[tuple[NodeKind, Predicate, Sequence[str]]] = [
        ("Test", "confirms", condition.tests.confirm),
        ("Test", "excludes", condition.tests.exclude),
        ("Treatment", "treats", condition.treatment),
        ("RiskFactor", "raises_risk_of", condition.risk_factors),
    ]
    for kind, predicate, names in listed:
        for name in dict.fromkeys(names):
            yield _fact(kind, name, predicate, condition, {})
    reasons: dict[str, list[str]] = {}
    for given in condition.contraindications:
        reasons.setdefault(given.avoid, []).append(given.because)
    for name, because in reasons.items():
        yield _fact("Treatment", name, "contraindicated_in", condition, {"because": tuple(because)})


def _fact(
    kind: NodeKind,
    name: str,
    predicate: Predicate,
    condition: Condition,
    properties: Mapping[str, Value],
) -> tuple[Node, Edge]:
    burden = _burden(name) if kind == "Test" else {}
    node = Node(local_id(f"{kind} {name}"), kind, name, properties=burden)
    return node, Edge(node.id, predicate, condition.id, (condition.source,), properties)


def _burden(test: str) -> dict[str, Value]:
    """cost, invasiveness and step as `engine.types.Acquisition` has them; nothing of an unknown."""
    found = methods().of_test(test)
    if found is None:
        return {}
    return {"cost": found.cost, "invasiveness": found.invasiveness, "step": found.step}


def _labels(terms: Sequence[Term], phenotypes: Sequence[bool]) -> list[tuple[str, str, str]]:
    labels: list[tuple[str, str, str]] = []
    for term, finding in zip(terms, phenotypes, strict=True):
        if finding:
            labels.append((term.name, term.id, "name"))
            labels += [(synonym.text, term.id, synonym.scope) for synonym in term.synonyms]
    return labels


def _term(term: LocalTerm, parents: Mapping[str, str]) -> Term:
    return Term(
        id=term.id,
        name=term.name,
        parents=(_resolved(term.parent, term.name, parents),),
        synonyms=tuple(Synonym(text, "exact") for text in term.synonyms),
    )


def _rows(specialty: Specialty, known: Mapping[str, str], twins: Twins) -> list[Annotation]:
    return [
        _row(condition, term, CLASSES.get(band, ""), number)
        for number, condition in enumerate(specialty.conditions, 1)
        for term, band in _findings(condition, known, twins).items()
    ]


def _findings(condition: Condition, known: Mapping[str, str], twins: Twins) -> dict[str, str]:
    """Term -> band, or "against": what is listed, then its twins that are not."""
    found: dict[str, str] = {}
    for band, names in (*condition.findings.items(), ("against", condition.against)):
        for name in names:
            found.setdefault(_resolved(name, condition.name, known), band)
    for term, band in tuple(found.items()):
        for twin in twins.get(term, ()):
            found.setdefault(twin, band)
    return found


def _twins(known: Mapping[str, str]) -> Twins:
    return {
        _resolved(name, "twins", known): tuple(_resolved(other, name, known) for other in others)
        for name, others in TWINS.items()
    }


def _row(condition: Condition, term: str, frequency: str, number: int) -> Annotation:
    return Annotation(
        disease=condition.id,
        name=condition.name,
        term=term,
        negated=not frequency,
        reference=condition.source,
        evidence="",
        onset="",
        frequency=frequency,
        sex="",
        aspect="P",
        row=number,
    )


def _resolved(name: str, where: str, known: Mapping[str, str]) -> str:
    try:
        return known[name.casefold()]
    except KeyError:
        raise SourceError(
            f"{where}: no finding is called {name!r}",
            fix="run `python -m knowledge_graph.curated.check`, which offers close names",
        ) from None


def _epidemiology(condition: Condition) -> Epidemiology:
    female, male = SEX[condition.sex]
    return Epidemiology(
        prevalence=PREVALENCE[condition.prevalence],
        ages={band: LIKELY[likely] for band, likely in condition.ages.items()},
        female=female,
        male=male,
        source=condition.source,
    )
