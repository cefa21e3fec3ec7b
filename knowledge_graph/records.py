"""The whole embedded graph as plain nodes and edges: what a Neo4j server is loaded with.

Nothing that ranking needs is lost: from_store.py makes the same graph of them again. Properties
that begin with _ serve nothing else. Properties:

    Phenotype: definition; _position (among the terms); _labels ("scope flags: text" for each
        synonym as the ontology states it). Its xrefs are the ids merged into it.
    Disease: aliases (those of its xrefs that are its id in another catalogue), grouping, ranked,
        youngest_onset_years, hpo_onset and inheritance (HPO terms); prevalence with
        prevalence_source, age_<band>, female and male (factors); every other one is of the course.
    Source: version, sha256.
    has_phenotype, lacks_phenotype: frequency (share 0 to 1, when somebody counted); stated
        (frequencies as written, one for each row of a source, "" where it gives none); _references
        (one for each row, where these are not simply the sources); _places (the order of the rows,
        where a disease has both edges to one phenotype).
    Facts: _place, from 0, among the facts about the same object; _sources, where the genes of the
        phenotype annotations say the same. The others are the source's own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from typing import Any

from engine.types import GraphEdge
from knowledge_graph.compile import gene_id
from knowledge_graph.memory import MemoryGraph
from knowledge_graph.schema import Disease, Edge, Epidemiology, Node, Predicate, Term, Value

Row = tuple[bool, str, str]
"""negated, reference, frequency."""


def nodes(graph: MemoryGraph) -> Iterator[Node]:
    """Phenotypes, diseases, genes, the other ends of the facts, and the sources of it all."""
    merged: dict[str, list[str]] = {}
    for old, new in sorted(graph.snapshot.names["replaced"].items()):
        merged.setdefault(new, []).append(old)
    for position, term in enumerate(_terms(graph)):
        yield _phenotype_node(term, position, tuple(merged.get(term.id, ())))
    for diseases, ranked in ((graph.entries, True), (graph.unranked, False)):
        for entry in diseases:
            yield _disease_node(entry, ranked=ranked)
    yield from graph.fact_nodes.values()
    for symbol in sorted({gene for entry in _diseases(graph) for gene in entry.genes}):
        if (identifier := gene_id(symbol)) not in graph.fact_nodes:
            yield Node(identifier, "Gene", symbol)
    for place, source in enumerate(graph.sources):
        release: dict[str, Value] = {"sha256": source.sha256, "version": source.version}
        yield Node(f"SOURCE:{place:03}", "Source", source.name, (), (), release)


def edges(graph: MemoryGraph) -> Iterator[Edge]:
    """is_a, has_phenotype, lacks_phenotype, genes and facts; every edge with its source."""
    release = {source.name: f"{source.name} {source.version}" for source in reversed(graph.sources)}
    for term in _terms(graph):
        source = "Konsil curated" if term.id.startswith("KONSIL:") else "HPO"
        for parent in term.parents:
            yield Edge(term.id, "is_a", parent, (release[source],))
    for position in range(len(graph.entries)):
        stated = graph.annotations(position)
        for edge, (order, rows) in zip(stated, _rows(graph, position), strict=True):
            yield _phenotype_edge(edge, order, rows)
    listed = release["HPO genes_to_phenotype"] if any(e.genes for e in _diseases(graph)) else ""
    genes = {(e.id, gene_id(symbol)) for e in _diseases(graph) for symbol in e.genes}
    about: Counter[str] = Counter()
    for fact in graph.facts:
        properties: dict[str, Value] = {**fact.properties, "_place": about[fact.object]}
        sources = fact.sources
        about[fact.object] += 1
        if fact.predicate == "associated_with_gene" and (fact.subject, fact.object) in genes:
            genes.remove((fact.subject, fact.object))
            properties["_sources"], sources = sources, (listed, *sources)
        yield replace(fact, sources=sources, properties=dict(sorted(properties.items())))
    for disease, gene in sorted(genes):
        yield Edge(disease, "associated_with_gene", gene, (listed,))


def _diseases(graph: MemoryGraph) -> Iterator[Disease]:
    yield from graph.entries
    yield from graph.unranked


def _terms(graph: MemoryGraph) -> Iterator[Term]:
    for label in graph.labels():
        if label.kind == "name" and (term := graph.term(label.term)) is not None:
            yield term


def _phenotype_node(term: Term, position: int, merged: tuple[str, ...]) -> Node:
    labels = (f"{' '.join((s.scope, *s.flags))}: {s.text}" for s in term.synonyms)
    properties: dict[str, Value] = {
        "_labels": tuple(labels),
        "_position": position,
        "definition": term.definition,
    }
    names = {synonym.text for synonym in term.synonyms} - {term.name}
    return Node(term.id, "Phenotype", term.name, tuple(sorted(names)), merged, properties)


def _disease_node(entry: Disease, *, ranked: bool) -> Node:
    properties: dict[str, Value] = {
        **{key.replace(" ", "_"): values for key, values in entry.course.items()},
        **(_epidemiology(entry.epidemiology) if entry.epidemiology else {}),
        "aliases": entry.aliases,
        "grouping": entry.grouping,
        "hpo_onset": entry.onset,
        "inheritance": entry.inheritance,
        "ranked": ranked,
    }
    if entry.youngest_onset is not None:
        properties["youngest_onset_years"] = entry.youngest_onset
    return Node(
        entry.id,
        "Disease",
        entry.name,
        tuple(sorted(set(entry.synonyms) - {entry.name})),
        tuple(sorted({*entry.aliases, *entry.xrefs})),
        dict(sorted(properties.items())),
    )


def _epidemiology(stated: Epidemiology) -> dict[str, Value]:
    return {
        "prevalence": stated.prevalence,
        "prevalence_source": stated.source,
        "female": stated.female,
        "male": stated.male,
        **{f"age_{band}": factor for band, factor in stated.ages.items()},
    }


def _rows(graph: MemoryGraph, disease: int) -> Iterator[tuple[tuple[str, ...], list[Row]]]:
    """The rows behind each edge of `graph.annotations`, and their order (see `_places`)."""
    held, names = graph.snapshot, graph.snapshot.names
    start, stop = held.disease_start[disease : disease + 2].tolist()
    columns: list[list[Any]] = [
        column[start:stop].tolist()
        for column in (
            held.annotation_term,
            held.annotation_negated,
            held.annotation_reference,
            held.annotation_frequency,
        )
    ]
    for _, of_term in groupby(zip(*columns, strict=True), key=lambda row: row[0]):
        rows = [
            (bool(negated), names["references"][reference], names["frequencies"][frequency])
            for _, negated, reference, frequency in of_term
        ]
        both = len({negated for negated, _, _ in rows}) == 2
        for lacking in sorted({negated for negated, _, _ in rows}):
            chosen = [place for place, row in enumerate(rows) if row[0] == lacking]
            yield tuple(map(str, chosen)) if both else (), [rows[place] for place in chosen]


def _phenotype_edge(edge: GraphEdge, order: tuple[str, ...], rows: list[Row]) -> Edge:
    lacking = edge.predicate == "lacks_phenotype"
    predicate: Predicate = "lacks_phenotype" if lacking else "has_phenotype"
    properties: dict[str, Value] = {"stated": tuple(frequency for _, _, frequency in rows)}
    references = tuple(reference for _, reference, _ in rows)
    if references != edge.sources:
        properties["_references"] = references
    if edge.frequency is not None:
        properties["frequency"] = edge.frequency
    if order:
        properties["_places"] = order
    return Edge(edge.subject, predicate, edge.object, edge.sources, properties)
