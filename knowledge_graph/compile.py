"""From the records of the sources to a `Snapshot`: the slow part, done once per release of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from engine.types import SourceRef
from knowledge_graph import onset
from knowledge_graph.frequency import EXCLUDED, MENTIONED, never, pooled
from knowledge_graph.identity import Identity
from knowledge_graph.matching import Matcher
from knowledge_graph.names import plain_name
from knowledge_graph.opposites import excluded_through, opposites
from knowledge_graph.schema import (
    PHENOTYPE_ROOT,
    Annotation,
    AssumedPrevalence,
    DiseaseEntry,
    Edge,
    Epidemiology,
    Node,
    Record,
    Rejected,
    SameDisease,
    Term,
)
from knowledge_graph.snapshot import Floats, Snapshot

# Chosen on the shared development cases; engine/CARD.md lists what was tried.
UNSTATED_PREVALENCE = 1e-7
"""Share of the population taken for a disease whose prevalence no source states."""
PREVALENCE_WEIGHT = 0.25
"""Exponent on prevalence: who is brought to a clinic is not a sample of the population."""
LEAST_BACKGROUND = 1e-9
"""Below every share that a candidate can have: a term that only groupings show."""


def compile_graph(
    terms: Iterable[Term],
    replaced: Mapping[str, str],
    records: Iterable[Record],
    genes: Mapping[str, tuple[str, ...]],
    sources: Sequence[SourceRef],
) -> Snapshot:
    """Compile parsed records; see `Snapshot` for what comes out.

    A record whose term or node is unknown, or whose frequency cannot be read, is listed as
    rejected, not guessed. Sex-specific rows are kept as citations and count like the others.
    """
    given = _Given()
    for record in records:
        given.take(record)
    all_terms = [*terms, *given.terms]
    ontology = Ontology(all_terms, replaced)
    hpoa = next((f"{s.name} {s.version}" for s in sources if s.name == "HPOA"), "HPOA")
    stated = [*given.annotations, *given.mentioned(ontology)]
    rows = _usable(stated, ontology, given.rejected, hpoa)
    by_disease: dict[str, list[Annotation]] = defaultdict(list)
    for row in rows:
        by_disease[row.disease].append(row)
    called = _names(rows, given.entries)
    identity = Identity(called, [*given.same, *given.matches()])
    diseases = _diseases(identity, called, given.entries, given.assumed, genes)
    ranked: list[dict[str, Any]] = []
    others: list[dict[str, Any]] = []
    phenotypes: list[list[Annotation]] = []
    for disease in diseases:
        own = [row for name in (disease["id"], *disease["aliases"]) for row in by_disease[name]]
        disease |= _course(own, ontology)
        findings = [row for row in own if row.aspect == "P"]
        if all(row.frequency == MENTIONED for row in findings):
            others.append(disease)
            given.edges += [_mention(row) for row in findings]
            continue
        phenotypes.append(findings)
        ranked.append(disease)
    facts = _facts(given, identity, ontology, genes)
    names = {
        "sources": [[s.name, s.version, s.sha256] for s in sources],
        "terms": [term_entry(term) for term in all_terms],
        "replaced": ontology.current,
        "diseases": ranked,
        "others": others,
        "nodes": [
            [n.id, n.kind, n.name, n.synonyms, n.xrefs, dict(n.properties)]
            for n in given.nodes.values()
        ],
        "facts": [[f.subject, f.predicate, f.object, f.sources, dict(f.properties)] for f in facts],
        "rejected": [[r.source, r.row, r.reason] for r in (*given.rejected, *identity.rejected)],
        "counts": [],
    }
    return assemble(names, ontology, phenotypes)


def assemble(
    names: Mapping[str, Any], ontology: Ontology, phenotypes: Sequence[Sequence[Annotation]]
) -> Snapshot:
    """The arrays of a graph whose diseases are settled.

    names: those of `Snapshot` but for the pools. phenotypes: for each disease its rows of aspect P.
    """
    table = _AnnotationTable()
    profiles = _Profiles()
    for number, rows in enumerate(phenotypes):
        table.add(rows, ontology)
        profiles.add(number, rows, ontology)
    pools = {"references": table.references.values, "frequencies": table.frequencies.values}
    return _assembled({**names, **pools}, table, profiles, ontology, len(phenotypes))


@dataclass(slots=True)
class _Given:
    """The records, sorted by what they are."""

    terms: list[Term] = field(default_factory=list[Term])
    annotations: list[Annotation] = field(default_factory=list[Annotation])
    entries: dict[str, list[DiseaseEntry]] = field(default_factory=dict[str, list[DiseaseEntry]])
    assumed: dict[str, Epidemiology] = field(default_factory=dict[str, Epidemiology])
    same: list[SameDisease] = field(default_factory=list[SameDisease])
    nodes: dict[str, Node] = field(default_factory=dict[str, Node])
    edges: list[Edge] = field(default_factory=list[Edge])
    rejected: list[Rejected] = field(default_factory=list[Rejected])

    def take(self, record: Record) -> None:
        match record:
            case Term():
                self.terms.append(record)
            case Annotation():
                self.annotations.append(record)
            case DiseaseEntry():
                self.entries.setdefault(record.id, []).append(record)
            case AssumedPrevalence():
                assumed = Epidemiology(record.prevalence, record.source)
                self.assumed.setdefault(record.disease, assumed)
            case SameDisease():
                self.same.append(record)
            case Node():
                self.nodes.setdefault(record.id, record)
            case Edge():
                self.edges.append(record)
            case Rejected():
                self.rejected.append(record)

    def mentioned(self, ontology: Ontology) -> list[Annotation]:
        """The has_phenotype edges to terms, taken out of the edges: stated, but not how often."""
        mentions: list[Edge] = []
        others: list[Edge] = []
        for edge in self.edges:
            mention = (
                edge.predicate == "has_phenotype"
                and ontology.find(edge.object) is not None
                and edge.subject in self.entries
            )
            (mentions if mention else others).append(edge)
        self.edges = others
        return [
            Annotation(
                disease=edge.subject,
                name=self.entries[edge.subject][0].name,
                term=edge.object,
                negated=False,
                reference="; ".join(edge.sources),
                evidence="",
                onset="",
                frequency=MENTIONED,
                sex="",
                aspect="P",
                row=0,
            )
            for edge in mentions
        ]

    def matches(self) -> Iterator[SameDisease]:
        """Cross-references that are themselves described: the same disease in another catalogue."""
        for disease, said in self.entries.items():
            codes = {code for entry in said for code in entry.xrefs}
            for code in sorted(codes & self.entries.keys()):
                yield SameDisease(disease, code, "cross-references")


class Ontology:
    """Terms by index, with what follows from is_a and merged ids.

    current: alternative or obsolete id -> current id. ancestors: for each term the indices of
    itself and everything above it, ascending. opposed: see `Snapshot`.
    """

    def __init__(self, terms: Sequence[Term], replaced: Mapping[str, str]) -> None:
        self.index = {term.id: i for i, term in enumerate(terms)}
        merged = {alternative: term.id for term in terms for alternative in term.alternatives}
        self.current = {
            old: new for old, new in {**merged, **replaced}.items() if new in self.index
        }
        self.parents = [[self.index[p] for p in t.parents if p in self.index] for t in terms]
        self.ancestors = closed_ancestors(self.parents)
        self.root = self.index[PHENOTYPE_ROOT]
        pairs = excluded_through(opposites(terms), self.ancestors)
        self.opposed = np.array(pairs, np.int32).reshape(-1, 2)

    def is_phenotype(self, term: int) -> bool:
        """Below "Phenotypic abnormality", which itself is none."""
        return term != self.root and self.root in self.ancestors[term]

    def find(self, term: str) -> int | None:
        """Index of a term, following merged ids; None if unknown."""
        return self.index.get(self.current.get(term, term))


def closed_ancestors(parents: Sequence[Sequence[int]]) -> list[tuple[int, ...]]:
    """For each term the indices of the term itself and all its ancestors, ascending."""
    closed: dict[int, frozenset[int]] = {}

    def close(i: int) -> frozenset[int]:
        if i not in closed:
            closed[i] = frozenset({i}).union(*(close(p) for p in parents[i]))
        return closed[i]

    return [tuple(sorted(close(i))) for i in range(len(parents))]


def _usable(
    annotations: Iterable[Annotation], ontology: Ontology, rejected: list[Rejected], hpoa: str
) -> list[Annotation]:
    usable: list[Annotation] = []
    for row in annotations:
        source = row.dataset or hpoa
        if ontology.find(row.term) is None:
            rejected.append(Rejected(source, row.row, f"unknown term {row.term}"))
            continue
        try:
            pooled([row.frequency])
        except ValueError as error:
            rejected.append(Rejected(source, row.row, str(error)))
            continue
        usable.append(row)
    return usable


def _names(
    rows: Iterable[Annotation], entries: Mapping[str, Sequence[DiseaseEntry]]
) -> dict[str, str]:
    """Id -> name, as the source of its annotations calls it, else the first that describes it."""
    described = {disease: said[0].name for disease, said in entries.items()}
    return described | {row.disease: row.name for row in rows}


def _diseases(
    identity: Identity,
    names: Mapping[str, str],
    entries: Mapping[str, Sequence[DiseaseEntry]],
    assumed: Mapping[str, Epidemiology],
    genes: Mapping[str, tuple[str, ...]],
) -> list[dict[str, Any]]:
    """One node a disease, sorted by id.

    It bears the curated name where there is one: that is what clinicians call it. An Orphanet
    disorder all of whose genes have OMIM diseases is a grouping of those: it is kept for look-up,
    but ranked through them (`grouping`). One with a curated profile is a disease of its own: the
    genes of giant cell arteritis are risks that other diseases share, not forms of it. How common
    it is says first the curated condition, then a source that describes it, then what is assumed.
    """
    with_omim = {g for d, symbols in genes.items() if d.startswith("OMIM:") for g in symbols}
    described: list[dict[str, Any]] = []
    for disease in sorted(set(identity.first.values())):
        members = identity.members(disease)
        curated = [member for member in members if member.startswith("KONSIL:")]
        said = [entry for m in (*curated, *members) for entry in entries.get(m, ())]
        name = names[(*curated, disease)[0]]
        called = [names[m] for m in members]
        called += [text for entry in said for text in (entry.name, *entry.synonyms)]
        own_genes = sorted({symbol for m in members for symbol in genes.get(m, ())})
        stated = (entry.epidemiology for entry in said)
        taken = (assumed.get(member) for member in members)
        epidemiology = next(filter(None, (*stated, *taken)), None)
        course: dict[str, tuple[str, ...]] = {}
        for entry in reversed(said):
            course |= entry.course
        described.append(
            {
                "id": disease,
                "name": name,
                "aliases": sorted(members[1:]),
                "genes": own_genes,
                "grouping": disease.startswith("ORPHA:")
                and not curated
                and bool(own_genes)
                and with_omim.issuperset(own_genes),
                "synonyms": _distinct(called, name),
                "xrefs": sorted({code for entry in said for code in entry.xrefs} - set(members)),
                "epidemiology": asdict(epidemiology) if epidemiology else None,
                "course": dict(sorted(course.items())),
            }
        )
    return described


def _distinct(names: Iterable[str], besides: str) -> list[str]:
    """Sorted; of names that differ in case and punctuation only, the first."""
    first: dict[str, str] = {}
    for name in names:
        first.setdefault(plain_name(name), name)
    first.pop(plain_name(besides), None)
    return sorted(first.values())


def _mention(row: Annotation) -> Edge:
    """The mention of a finding with a disease that nothing else is known of."""
    return Edge(row.disease, "has_phenotype", row.term, (row.reference,), {"stated": (MENTIONED,)})


def _facts(
    given: _Given, identity: Identity, ontology: Ontology, genes: Mapping[str, tuple[str, ...]]
) -> list[Edge]:
    """The edges beside has_phenotype, between the nodes of this graph; equal ones are one."""
    symbols = {gene_id(symbol) for own in genes.values() for symbol in own}
    merged: dict[tuple[str, str, str], Edge] = {}
    for edge in given.edges:
        ends: list[str] = []
        for end in (edge.subject, edge.object):
            term = ontology.current.get(end, end)
            known = end in given.nodes or end in symbols or term in ontology.index
            ends.append(identity.first.get(end) or (term if known else ""))
        if "" in ends:
            missing = edge.subject if not ends[0] else edge.object
            where = f"{edge.subject} {edge.predicate} {edge.object}"
            given.rejected.append(
                Rejected(dataset_of(edge.sources[0]), 0, f"{where}: unknown {missing}")
            )
        elif ends[0] != ends[1]:
            key = (ends[0], edge.predicate, ends[1])
            before = merged.get(key)
            merged[key] = Edge(
                ends[0],
                edge.predicate,
                ends[1],
                tuple(dict.fromkeys((*(before.sources if before else ()), *edge.sources))),
                {**edge.properties, **(before.properties if before else {})},
            )
    return list(merged.values())


def dataset_of(source: str) -> str:
    """Name and release of the source of an edge, which may say more after a comma."""
    return source.partition(", ")[0]


def gene_id(symbol: str) -> str:
    """The CURIE of a gene by its HGNC symbol."""
    return f"HGNC.SYMBOL:{symbol}"


def _course(rows: Sequence[Annotation], ontology: Ontology) -> dict[str, Any]:
    def stated(aspect: str) -> list[str]:
        terms = (r.term for r in rows if r.aspect == aspect and not r.negated)
        return sorted({ontology.current.get(term, term) for term in terms})

    return {
        "youngest_onset": onset.youngest_onset(stated("C")),
        "onset": stated("C"),
        "inheritance": stated("I"),
    }


@dataclass(slots=True)
class _Profiles:
    """What all diseases show, as the rows of the closure, and what they are stated not to show."""

    closure: list[tuple[int, int, int, float]] = field(default_factory=list[Any])
    denied: list[tuple[int, int]] = field(default_factory=list[Any])

    def add(self, disease: int, rows: Sequence[Annotation], ontology: Ontology) -> None:
        """The next disease: (term, disease, via, share) for every phenotype and its ancestors.

        The highest share wins. A row with NOT, beside others, counts as one that says "Excluded".
        """
        stated: dict[int, list[str]] = defaultdict(list)
        for row in _newest(rows):
            term = ontology.find(row.term)
            if term is not None and row.frequency != MENTIONED:
                stated[term].append(EXCLUDED if row.negated else row.frequency)
        best: dict[int, tuple[float, int]] = {}
        for term, frequencies in sorted(stated.items()):
            if never(frequencies):
                self.denied.append((term, disease))
                continue
            share = pooled(frequencies)[1]
            for ancestor in ontology.ancestors[term]:
                if ontology.is_phenotype(ancestor) and share > best.get(ancestor, (0.0, 0))[0]:
                    best[ancestor] = (share, term)
        self.closure += [(t, disease, via, share) for t, (share, via) in best.items()]


def _newest(rows: Sequence[Annotation]) -> list[Annotation]:
    """Without what a later dataset says anew of the same reference (two releases of Orphanet)."""
    latest = {(row.term, row.reference): row.dataset for row in rows}
    return [row for row in rows if latest[row.term, row.reference] == row.dataset]


def _assembled(
    names: dict[str, Any],
    table: _AnnotationTable,
    profiles: _Profiles,
    ontology: Ontology,
    diseases: int,
) -> Snapshot:
    closure = sorted(profiles.closure)
    term, disease, via, share = (np.array(column) for column in zip(*closure, strict=True))
    term_start = np.searchsorted(term, np.arange(len(ontology.index) + 1)).astype(np.int32)
    share = share.astype(np.float32)
    background = _background(term_start, share, disease, prior_weights(names["diseases"]))
    rows = np.array(table.rows, np.int32).T
    denied = np.array(sorted(profiles.denied), np.int32).reshape(-1, 2)
    matcher = Matcher(
        term_start=term_start,
        disease=disease.astype(np.int32),
        via=via.astype(np.int32),
        denied=denied,
        opposed=ontology.opposed,
        share=share,
        background=background,
        parents=ontology.parents.__getitem__,
        diseases=diseases,
    )
    return Snapshot(
        names=names,
        disease_start=np.array(table.disease_start, np.int32),
        annotation_term=rows[0],
        annotation_reference=rows[1],
        annotation_frequency=rows[2],
        annotation_negated=rows[3],
        term_start=term_start,
        closure_disease=disease.astype(np.int32),
        closure_via=via.astype(np.int32),
        closure_share=share,
        denied=denied,
        opposed=ontology.opposed,
        background=background,
        chance=_chance(matcher, Counter(rows[0].tolist()), diseases),
    )


def prior_weights(diseases: Sequence[Mapping[str, Any]]) -> Floats:
    """How common each candidate is taken to be before anything is known of the patient; sums to 1.

    Prevalence to the power of `PREVALENCE_WEIGHT`; 0 for a grouping, which is no candidate.
    """
    said = [disease["epidemiology"] for disease in diseases]
    stated = [UNSTATED_PREVALENCE if e is None else e["prevalence"] for e in said]
    weights = np.array(stated) ** PREVALENCE_WEIGHT
    weights[[disease["grouping"] for disease in diseases]] = 0
    return (weights / weights.sum()).astype(np.float32)


def _background(
    term_start: np.ndarray, share: Floats, disease: np.ndarray, weights: Floats
) -> Floats:
    """P(finding) over all candidates, each as common as it is taken to be; never quite 0."""
    sums = np.concatenate([[0.0], np.cumsum(share * weights[disease], dtype=np.float64)])
    background = sums[term_start[1:]] - sums[term_start[:-1]]
    return np.maximum(background, LEAST_BACKGROUND).astype(np.float32)


def _chance(matcher: Matcher, drawn: Mapping[int, int], diseases: int) -> Floats:
    """Mean log likelihood ratio of each disease for a finding drawn from all annotations.

    A disease with a long profile meets almost any finding somewhere; this is how much of its
    score is owed to that alone.
    """
    total = np.zeros(diseases, np.float64)
    for term, times in sorted(drawn.items()):
        total += times * matcher.ratios(term).best
    return (total / sum(drawn.values())).astype(np.float32)


def term_entry(term: Term) -> list[Any]:
    """A term as `Snapshot.names` holds it."""
    synonyms = [[s.text, s.scope, list(s.flags)] for s in term.synonyms]
    return [term.id, term.name, list(term.parents), synonyms, term.definition]


class _AnnotationTable:
    """The annotation rows as numbers, disease after disease."""

    def __init__(self) -> None:
        self.references = _Pool()
        self.frequencies = _Pool()
        self.rows: list[tuple[int, int, int, int]] = []
        self.disease_start = [0]

    def add(self, rows: Sequence[Annotation], ontology: Ontology) -> None:
        """Append the rows of the next disease, by term; those of a term in the order given."""
        known = [(term, row) for row in rows if (term := ontology.find(row.term)) is not None]
        for term, row in sorted(known, key=lambda pair: pair[0]):
            said_by = f"{row.reference} ({row.dataset})" if row.dataset else row.reference
            reference = self.references.add(said_by)
            frequency = self.frequencies.add(row.frequency)
            self.rows.append((term, reference, frequency, int(row.negated)))
        self.disease_start.append(len(self.rows))


class _Pool:
    """Distinct strings in order of first use."""

    def __init__(self) -> None:
        self.values: list[str] = []
        self._place: dict[str, int] = {}

    def add(self, value: str) -> int:
        if value not in self._place:
            self._place[value] = len(self.values)
            self.values.append(value)
        return self._place[value]
