"""Hetionet: which drugs treat or palliate a disease, where it sits, which symptoms go with it.

A folder with `nodes.tsv` and `edges*.sif` (plain or .gz), the release itself or a subset of it.
Disease-symptom edges come from MEDLINE: both topics stand on the same articles more often than by
chance, as its makers write in
thinklab.org/discussion/mining-knowledge-from-medline-articles-and-their-indexed-mesh-terms/67.
By a later parser of the makers' files (AlzKB's, of github.com/dhimmel/medline) disease-anatomy
edges do too. Neither says how often a patient has the symptom, so they bear no frequency.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from knowledge_graph.schema import DiseaseEntry, Edge, Node, NodeKind, Predicate, Record, Rejected
from knowledge_graph.sources.findings import Findings
from knowledge_graph.sources.joined import joined
from knowledge_graph.sources.reading import Row, one_file, rows

NAME = "Hetionet"
WANTS = "folder with nodes.tsv and edges*.sif (plain or .gz), whole or a subset"
NODES = "*nodes.tsv*"
EDGES = "*edges*.sif*"
_VERSION = re.compile(r"v\d+(\.\d+)+")

KINDS: dict[str, tuple[str, NodeKind]] = {
    "Anatomy": ("", "Anatomy"),
    "Compound": ("DRUGBANK:", "Drug"),
    "Disease": ("", "Disease"),
    "Pharmacologic Class": ("NDFRT:", "DrugClass"),
    "Symptom": ("MESH:", "Phenotype"),
}
"""Kind of a node -> what makes its id a CURIE, and the kind here."""


@dataclass(frozen=True, slots=True)
class Metaedge:
    """How an edge type is read. reverse: the target is the subject here."""

    source: str
    target: str
    predicate: Predicate
    reverse: bool = False
    properties: Mapping[str, str] = field(default_factory=dict[str, str])


_MEDLINE = {"evidence": "co-occurrence in MEDLINE"}
METAEDGES = {
    "CtD": Metaedge("Compound", "Disease", "treats"),
    "CpD": Metaedge("Compound", "Disease", "palliates"),
    "DlA": Metaedge("Disease", "Anatomy", "localises_to", properties=_MEDLINE),
    "DpS": Metaedge("Disease", "Symptom", "has_phenotype", properties=_MEDLINE),
    "PCiC": Metaedge("Pharmacologic Class", "Compound", "is_a", reverse=True),
}
UNUSED = {
    "CcSE": "side effects have no place in the graph yet",
    "CrC": "likeness of two drugs is no clinical fact",
    "DrD": "likeness of two diseases is no clinical fact",
}
"""Why an edge type is left out, where it is not for being biology."""


def release(path: Path) -> str:
    """The version in the name of the edge file ("v1.0"), else "unstated"."""
    found = _VERSION.search(one_file(path, EDGES).name)
    return found.group() if found else "unstated"


def read(path: Path, findings: Findings) -> Iterator[Record]:
    """Nodes, then the edges of `METAEDGES`; what is not used is counted, once a kind.

    A symptom with the name of a finding is that finding; another stays a node of its own.

    Raises:
        SourceError: a file is missing, there twice, or no table of Hetionet.
    """
    ids: dict[str, str] = {}
    dataset = f"{NAME} {release(path)}"
    yield from _nodes(one_file(path, NODES), dataset, findings, ids)
    edges: list[Edge] = []
    for record in _edges(one_file(path, EDGES), dataset, ids):
        if isinstance(record, Edge):
            edges.append(record)
        else:
            yield record
    yield from joined(edges)


def _nodes(path: Path, dataset: str, findings: Findings, ids: dict[str, str]) -> Iterator[Record]:
    """The nodes of `KINDS`; ids: filled with Hetionet's id -> the id here."""
    unused: Counter[str] = Counter()
    for row in rows(path, ("id", "name", "kind"), delimiter="\t"):
        kind, _, local = row.cells.get("id", "").partition("::")
        if row.fault:
            yield Rejected(dataset, row.number, f"node: {row.fault}")
        elif kind not in KINDS:
            unused[kind] += 1
        elif not (local and row.cells["name"]):
            yield Rejected(dataset, row.number, "node without an id or a name")
        else:
            record = _node(kind, local, row.cells["name"], findings)
            ids[row.cells["id"]] = record if isinstance(record, str) else record.id
            if not isinstance(record, str):
                yield record
    for kind, count in sorted(unused.items()):
        reason = f"kind {kind}: {count:,} nodes not used: no edge that is used has one"
        yield Rejected(dataset, 0, reason)


def _node(kind: str, local: str, name: str, findings: Findings) -> DiseaseEntry | Node | str:
    """The node, or the id of the finding that a symptom is."""
    prefix, here = KINDS[kind]
    if kind == "Disease":
        return DiseaseEntry(local, name)
    if kind == "Symptom" and (finding := findings.called(name)):
        return finding
    return Node(prefix + local, here, name)


def _edges(path: Path, dataset: str, ids: Mapping[str, str]) -> Iterator[Edge | Rejected]:
    unused: Counter[str] = Counter()
    for row in rows(path, ("source", "metaedge", "target"), delimiter="\t"):
        name = row.cells.get("metaedge", "")
        if row.fault:
            yield Rejected(dataset, row.number, f"edge: {row.fault}")
        elif name in METAEDGES:
            yield _edge(row, METAEDGES[name], dataset, ids)
        else:
            unused[name] += 1
    for name, count in sorted(unused.items()):
        reason = UNUSED.get(name, "biology outside clinical use")
        yield Rejected(dataset, 0, f"metaedge {name}: {count:,} rows not used: {reason}")


def _edge(row: Row, metaedge: Metaedge, dataset: str, ids: Mapping[str, str]) -> Edge | Rejected:
    ends = row.cells["source"], row.cells["target"]
    for end, kind in zip(ends, (metaedge.source, metaedge.target), strict=True):
        if end not in ids or not end.startswith(f"{kind}::"):
            return Rejected(dataset, row.number, f"{end} is no {kind} of the node file")
    source = f"{dataset}, {row.cells['metaedge']}, row {row.number}"
    subject, target = (ids[end] for end in (reversed(ends) if metaedge.reverse else ends))
    return Edge(subject, metaedge.predicate, target, (source,), dict(metaedge.properties))
