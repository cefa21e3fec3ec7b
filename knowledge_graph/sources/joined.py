"""Edges that several rows of a source state, as one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from knowledge_graph.schema import Edge


def joined(edges: Iterable[Edge]) -> list[Edge]:
    """One edge for each subject, predicate and object: all sources, the properties of the first."""
    found: dict[tuple[str, str, str], Edge] = {}
    for edge in edges:
        key = edge.subject, edge.predicate, edge.object
        first = found.get(key)
        sources = (*first.sources, *edge.sources) if first else edge.sources
        found[key] = replace(first or edge, sources=tuple(dict.fromkeys(sources)))
    return list(found.values())
