"""The graph for ranking, made again of plain nodes and edges: the way back of records.py."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any, cast

from knowledge_graph.compile import Ontology, assemble, term_entry
from knowledge_graph.memory import MemoryGraph
from knowledge_graph.schema import (
    AGE_BANDS,
    PHENOTYPE_ROOT,
    Annotation,
    Disease,
    Edge,
    Epidemiology,
    Node,
    Synonym,
    Term,
)
from knowledge_graph.snapshot import Snapshot
from knowledge_graph.store import StoreError

NOT_COURSE = {
    "aliases",
    "grouping",
    "hpo_onset",
    "inheritance",
    "youngest_onset_years",
    "prevalence",
    "prevalence_source",
    "female",
    "male",
    *(f"age_{band}" for band in AGE_BANDS),
}
"""Properties of a disease that are not of its course."""


def graph_from(nodes: Iterable[Node], edges: Iterable[Edge]) -> MemoryGraph:
    """The graph these records were made of.

    Raises:
        StoreError: they hold no ontology, no disease or lack a property: not made by records.py.
    """
    return MemoryGraph(snapshot_from(nodes, edges))


def snapshot_from(nodes: Iterable[Node], edges: Iterable[Edge]) -> Snapshot:
    """`graph_from` as arrays; the records may come in any order."""
    kinds: defaultdict[str, list[Node]] = defaultdict(list)
    for node in sorted(nodes, key=lambda node: node.id):
        kinds[node.kind].append(node)
    drawn: defaultdict[str, list[Edge]] = defaultdict(list)
    for edge in edges:
        drawn[edge.predicate].append(edge)
    if not kinds["Disease"] or all(node.id != PHENOTYPE_ROOT for node in kinds["Phenotype"]):
        raise StoreError("these records hold no graph to rank by", fix="load a graph of Konsil's")
    try:
        return _snapshot(kinds, drawn)
    except (KeyError, AttributeError, TypeError, ValueError) as error:
        raise StoreError(
            f"these records are not of this version of Konsil ({error!r})", fix="load them again"
        ) from error


def _snapshot(kinds: Mapping[str, list[Node]], drawn: Mapping[str, list[Edge]]) -> Snapshot:
    terms = _terms(kinds["Phenotype"], drawn["is_a"])
    ontology = Ontology(terms, {})
    genes = _targets(drawn["associated_with_gene"])
    rows = _annotations(drawn)
    symbols = {node.id: node.name for node in kinds["Gene"]}
    diseases = [
        _disease(node, tuple(sorted(symbols[gene] for gene in genes[node.id])))
        for node in kinds["Disease"]
    ]
    inner = {"Phenotype", "Disease", "Gene", "Source"}
    names: dict[str, Any] = {
        "sources": [
            [node.name, node.properties["version"], node.properties["sha256"]]
            for node in kinds["Source"]
        ],
        "terms": [term_entry(term) for term in terms],
        "replaced": ontology.current,
        "diseases": [asdict(disease) for disease in diseases],
        "nodes": [
            [node.id, node.kind, node.name]
            for kind, listed in kinds.items()
            if kind not in inner
            for node in listed
        ],
        "facts": list(_facts(drawn)),
        "rejected": [],
    }
    return assemble(names, ontology, [rows[disease.id] for disease in diseases])


def _terms(nodes: Iterable[Node], hierarchy: Iterable[Edge]) -> list[Term]:
    parents = _targets(hierarchy)
    ordered = sorted(nodes, key=lambda node: cast(int, node.properties["position"]))
    return [
        Term(
            id=node.id,
            name=node.name,
            parents=tuple(sorted(parents[node.id])),
            synonyms=tuple(map(_synonym, _texts(node, "labels"))),
            alternatives=node.xrefs,
            definition=str(node.properties["definition"]),
        )
        for node in ordered
    ]


def _synonym(label: str) -> Synonym:
    kind, _, text = label.partition(": ")
    scope, *flags = kind.split()
    return Synonym(text, scope, tuple(flags))


def _disease(node: Node, genes: tuple[str, ...]) -> Disease:
    held = cast("Mapping[str, Any]", node.properties)
    aliases = _texts(node, "aliases")
    return Disease(
        id=node.id,
        name=node.name,
        aliases=aliases,
        genes=genes,
        grouping=held["grouping"],
        youngest_onset=held.get("youngest_onset_years"),
        onset=_texts(node, "hpo_onset"),
        inheritance=_texts(node, "inheritance"),
        synonyms=node.synonyms,
        epidemiology=_epidemiology(held) if "prevalence" in held else None,
        xrefs=tuple(code for code in node.xrefs if code not in aliases),
        course={
            key.replace("_", " "): tuple(values)
            for key, values in held.items()
            if key not in NOT_COURSE
        },
    )


def _epidemiology(held: Mapping[str, Any]) -> Epidemiology:
    ages = {band: held[f"age_{band}"] for band in AGE_BANDS if f"age_{band}" in held}
    return Epidemiology(
        held["prevalence"], held["prevalence_source"], ages, held["female"], held["male"]
    )


def _annotations(drawn: Mapping[str, list[Edge]]) -> Mapping[str, list[Annotation]]:
    """Disease id -> its rows, those of one phenotype in the order of the sources."""
    ordered: defaultdict[str, list[tuple[str, int, Annotation]]] = defaultdict(list)
    for predicate in ("has_phenotype", "lacks_phenotype"):
        for edge in drawn[predicate]:
            stated = _texts(edge, "stated")
            said = _texts(edge, "references") if "references" in edge.properties else edge.sources
            places = (
                map(int, _texts(edge, "places"))
                if "places" in edge.properties
                else range(len(stated))
            )
            for place, reference, frequency in zip(places, said, stated, strict=True):
                row = _annotation(edge, reference, frequency)
                ordered[edge.subject].append((edge.object, place, row))
    rows: defaultdict[str, list[Annotation]] = defaultdict(list)
    for disease, listed in ordered.items():
        rows[disease] = [row for _, _, row in sorted(listed, key=lambda each: each[:2])]
    return rows


def _annotation(edge: Edge, reference: str, frequency: str) -> Annotation:
    return Annotation(
        disease=edge.subject,
        name="",
        term=edge.object,
        negated=edge.predicate == "lacks_phenotype",
        reference=reference,
        evidence="",
        onset="",
        frequency=frequency,
        sex="",
        aspect="P",
        row=0,
    )


def _facts(drawn: Mapping[str, list[Edge]]) -> Iterator[list[Any]]:
    inner = {"is_a", "has_phenotype", "lacks_phenotype", "associated_with_gene"}
    facts = [edge for predicate, listed in drawn.items() if predicate not in inner for edge in listed]
    for edge in sorted(facts, key=lambda edge: (edge.object, edge.properties["place"])):
        own = {key: value for key, value in edge.properties.items() if key != "place"}
        yield [edge.subject, edge.predicate, edge.object, edge.sources, own]


def _targets(edges: Iterable[Edge]) -> defaultdict[str, list[str]]:
    targets: defaultdict[str, list[str]] = defaultdict(list)
    for edge in edges:
        targets[edge.subject].append(edge.object)
    return targets


def _texts(record: Node | Edge, name: str) -> tuple[str, ...]:
    return cast("tuple[str, ...]", record.properties[name])
