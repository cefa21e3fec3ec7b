"""The content of a graph in a few lines: how many of each kind, and a checksum of each kind."""

from __future__ import annotations

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import get_args

import orjson

from knowledge_graph.schema import Edge, Node, NodeKind, Predicate, Value
from knowledge_graph.store import StoreError

NODE_FIELDS = frozenset({"id", "name", "synonyms", "xrefs", "_words"})
EDGE_FIELDS = frozenset({"sources", "_strength"})
"""Names that a store uses itself; a property must not have them."""
_MODULUS = 2**256


@dataclass(frozen=True)
class Census:
    """nodes, edges: number by kind and by predicate; sums: sum of the records' sha256 of each.

    A sum, not an exclusive or: two equal records do not cancel, and the order does not matter.
    """

    nodes: dict[str, int]
    edges: dict[str, int]
    sums: dict[str, int]

    @cached_property
    def checksum(self) -> str:
        """One checksum of the whole content, 64 hexadecimal digits."""
        content = [*sorted(self.nodes.items()), *sorted(self.edges.items())]
        content += [(name, f"{value:064x}") for name, value in sorted(self.sums.items())]
        return hashlib.sha256(orjson.dumps(content)).hexdigest()


def checksum(nodes: Iterable[Node], edges: Iterable[Edge]) -> Census:
    """Count and sum up the records; either may be a stream, read once."""
    node_count: Counter[str] = Counter()
    edge_count: Counter[str] = Counter()
    sums: defaultdict[str, int] = defaultdict(int)
    for node in nodes:
        node_count[node.kind] += 1
        record = (node.id, node.kind, node.name, node.synonyms, node.xrefs, dict(node.properties))
        sums[node.kind] += _digest(record)
    for edge in edges:
        edge_count[edge.predicate] += 1
        ends = (edge.subject, edge.predicate, edge.object)
        sums[edge.predicate] += _digest((*ends, edge.sources, dict(edge.properties)))
    return Census(
        dict(node_count),
        dict(edge_count),
        {name: value % _MODULUS for name, value in sums.items()},
    )


def check(nodes: Sequence[Node], edges: Sequence[Edge]) -> None:
    """Refuse what no store can hold.

    Raises:
        StoreError: an id or edge twice, an edge without its ends or sources, an unknown kind or
            predicate, a property whose name is taken or whose value is no plain one.
    """
    ids = {node.id for node in nodes}
    keys = {(edge.subject, edge.predicate, edge.object) for edge in edges}
    if len(ids) < len(nodes):
        raise _refused(f"{len(nodes) - len(ids)} node ids occur twice")
    if len(keys) < len(edges):
        raise _refused(f"{len(edges) - len(keys)} edges occur twice")
    for node in nodes:
        if node.kind not in get_args(NodeKind):
            raise _refused(f"node {node.id}: unknown kind {node.kind!r}")
        _check_properties(node.properties.items(), NODE_FIELDS, f"node {node.id}")
    for edge in edges:
        where = f"edge {edge.subject} {edge.predicate} {edge.object}"
        if edge.predicate not in get_args(Predicate):
            raise _refused(f"{where}: unknown predicate")
        if not (edge.subject in ids and edge.object in ids):
            raise _refused(f"{where}: one end is no node")
        if not edge.sources:
            raise _refused(f"{where}: no source")
        _check_properties(edge.properties.items(), EDGE_FIELDS, where)


def _check_properties(
    properties: Iterable[tuple[str, Value]], taken: frozenset[str], where: str
) -> None:
    for name, value in properties:
        if name in taken or not name.isidentifier():
            raise _refused(f"{where}: property {name!r} is not a free name")
        if isinstance(value, float) and not math.isfinite(value):
            raise _refused(f"{where}: property {name!r} is not a finite number")
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            raise _refused(f"{where}: property {name!r} needs more than 64 bits")


def _refused(message: str) -> StoreError:
    return StoreError(message, fix="correct the importer")


def _digest(record: tuple[object, ...]) -> int:
    canonical = orjson.dumps(record, option=orjson.OPT_SORT_KEYS)
    return int.from_bytes(hashlib.sha256(canonical).digest())
