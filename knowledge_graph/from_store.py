"""The graph for ranking, made again of plain nodes and edges: the way back of records.py."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any, cast

from knowledge_graph.compile import Ontology, assemble, gene_id, term_entry
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
    "ranked",
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
        is_term = node.kind == "Phenotype" and "_position" in node.properties
        kinds["Term" if is_term else node.kind].append(node)
    drawn: defaultdict[str, list[Edge]] = defaultdict(list)
    for edge in edges:
        drawn[edge.predicate].append(edge)
    if not kinds["Disease"] or all(node.id != PHENOTYPE_ROOT for node in kinds["Term"]):
        raise StoreError("these records hold no graph to rank by", fix="load a graph of Konsil's")
    try:
        return _snapshot(kinds, drawn)
    except (KeyError, AttributeError, TypeError, ValueError) as error:
        raise StoreError(
            f"these records are not of this version of Konsil ({error!r})", fix="load them again"
        ) from error


def _snapshot(kinds: Mapping[str, list[Node]], drawn: Mapping[str, list[Edge]]) -> Snapshot:
    facts = [edge for listed in drawn.values() for edge in listed if "_place" in edge.properties]
    facts.sort(key=lambda edge: (edge.object, edge.properties["_place"]))
    terms = _terms(kinds["Term"], drawn["is_a"])
    ontology = Ontology(terms, {})
    rows = _annotations(drawn)
    genes = _genes(drawn["associated_with_gene"])
    diseases = [_disease(node, tuple(sorted(genes[node.id]))) for node in kinds["Disease"]]
    ranked = {node.id for node in kinds["Disease"] if node.properties["ranked"]}
    names: dict[str, Any] = {
        "sources": [
            [node.name, node.properties["version"], node.properties["sha256"]]
            for node in kinds["Source"]
        ],
        "terms": [term_entry(term) for term in terms],
        "replaced": ontology.current,
        "diseases": [asdict(disease) for disease in diseases if disease.id in ranked],
        "others": [asdict(disease) for disease in diseases if disease.id not in ranked],
        "nodes": [
            [n.id, n.kind, n.name, n.synonyms, n.xrefs, dict(n.properties)]
            for n in _fact_nodes(kinds)
        ],
        "facts": [_fact(edge) for edge in facts],
        "counts": [],
        "rejected": [],
    }
    return assemble(names, ontology, [rows[d.id] for d in diseases if d.id in ranked])


def _terms(nodes: Iterable[Node], hierarchy: Iterable[Edge]) -> list[Term]:
    parents: defaultdict[str, list[str]] = defaultdict(list)
    for edge in hierarchy:
        parents[edge.subject].append(edge.object)
    ordered = sorted(nodes, key=lambda node: cast(int, node.properties["_position"]))
    return [
        Term(
            id=node.id,
            name=node.name,
            parents=tuple(sorted(parents[node.id])),
            synonyms=tuple(map(_synonym, _texts(node, "_labels"))),
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
            if "_place" in edge.properties:  # a fact: a symptom or a disease that is not ranked
                continue
            stated = _texts(edge, "stated")
            said = _texts(edge, "_references") if "_references" in edge.properties else edge.sources
            places = (
                map(int, _texts(edge, "_places"))
                if "_places" in edge.properties
                else range(len(stated))
            )
            for place, reference, frequency in zip(places, said, stated, strict=True):
                row = _annotation(edge, reference, frequency)
                ordered[edge.subject].append((edge.object, place, row))
    rows: defaultdict[str, list[Annotation]] = defaultdict(list)
    for disease, listed in ordered.items():
        rows[disease] = [row for _, _, row in sorted(listed, key=lambda each: each[:2])]
    return rows


def _annotation(edge: Edge, said_by: str, frequency: str) -> Annotation:
    reference, _, dataset = said_by.partition(" (") if said_by.endswith(")") else (said_by, "", "")
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
        dataset=dataset.removesuffix(")"),
    )


def _genes(edges: Iterable[Edge]) -> Mapping[str, list[str]]:
    """Disease id -> symbols, but for what only facts say."""
    genes: defaultdict[str, list[str]] = defaultdict(list)
    for edge in edges:
        if "_place" not in edge.properties or "_sources" in edge.properties:
            genes[edge.subject].append(edge.object.removeprefix(gene_id("")))
    return genes


def _fact_nodes(kinds: Mapping[str, list[Node]]) -> Iterator[Node]:
    """What is neither term nor disease, nor a gene known by symbol only."""
    for kind, nodes in kinds.items():
        if kind not in ("Term", "Disease", "Source"):
            bare = (Node(n.id, "Gene", n.id.removeprefix(gene_id(""))) for n in nodes)
            yield from (n for n, b in zip(nodes, bare, strict=True) if n != b)


def _fact(edge: Edge) -> list[Any]:
    own = {k: v for k, v in edge.properties.items() if k not in ("_place", "_sources")}
    sources = _texts(edge, "_sources") if "_sources" in edge.properties else edge.sources
    return [edge.subject, edge.predicate, edge.object, sources, own]


def _texts(record: Node | Edge, name: str) -> tuple[str, ...]:
    return cast("tuple[str, ...]", record.properties[name])
