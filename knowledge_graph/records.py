"""The whole embedded graph as plain nodes and edges: what a Neo4j server is loaded with."""

from __future__ import annotations

from collections.abc import Iterator

from engine.types import GraphEdge
from knowledge_graph.memory import MemoryGraph
from knowledge_graph.schema import Edge, Node, Predicate, Value


def nodes(graph: MemoryGraph) -> Iterator[Node]:
    """Phenotypes, diseases, genes, and the other ends of the facts."""
    for label in graph.labels():
        term = graph.term(label.term) if label.kind == "name" else None
        if term is not None:
            names = tuple(sorted({s.text for s in term.synonyms} - {term.name}))
            yield Node(term.id, "Phenotype", term.name, names, (), {"definition": term.definition})
    genes: set[str] = set()
    for entry in graph.entries:
        course: dict[str, Value] = {key.replace(" ", "_"): v for key, v in entry.course.items()}
        if entry.epidemiology is not None:
            course["prevalence"] = entry.epidemiology.prevalence
        if entry.youngest_onset is not None:
            course["youngest_onset_years"] = entry.youngest_onset
        course["grouping"] = entry.grouping
        yield Node(
            entry.id,
            "Disease",
            entry.name,
            tuple(sorted(set(entry.synonyms) - {entry.name})),
            tuple(sorted({*entry.aliases, *entry.xrefs})),
            dict(sorted(course.items())),
        )
        genes.update(entry.genes)
    for symbol in sorted(genes):
        yield Node(_gene(symbol), "Gene", symbol)
    yield from graph.fact_nodes.values()


def edges(graph: MemoryGraph) -> Iterator[Edge]:
    """is_a, has_phenotype, lacks_phenotype, genes and facts; every edge with its source."""
    release = {source.name: f"{source.name} {source.version}" for source in graph.sources}
    for label in graph.labels():
        term = graph.term(label.term) if label.kind == "name" else None
        for parent in term.parents if term else ():
            curated = label.term.startswith("KONSIL:")
            source = release["Konsil curated" if curated else "HPO"]
            yield Edge(label.term, "is_a", parent, (source,))
    for position, entry in enumerate(graph.entries):
        yield from map(_phenotype, graph.annotations(position))
        for symbol in entry.genes:
            source = release["HPO genes_to_phenotype"]
            yield Edge(entry.id, "associated_with_gene", _gene(symbol), (source,))
    yield from graph.facts


def _phenotype(edge: GraphEdge) -> Edge:
    predicate: Predicate = (
        "lacks_phenotype" if edge.predicate == "lacks_phenotype" else "has_phenotype"
    )
    properties: dict[str, Value] = {}
    if edge.frequency is not None:
        properties["frequency"] = edge.frequency
    if edge.stated is not None:
        properties["stated"] = edge.stated
    return Edge(edge.subject, predicate, edge.object, edge.sources, properties)


def _gene(symbol: str) -> str:
    return f"HGNC.SYMBOL:{symbol}"
