"""Records as the server holds them: the labels, and rows there and back.

A node is (:KonsilNode:<kind> {id, name, synonyms, xrefs, _words, ...properties}), an edge
-[:<predicate> {sources, _strength, ...properties}]->. `_words` is what the full-text index reads,
`_strength` what a card is ordered by (absent where an edge has none). Nodes with other labels in
the same database are never read, changed or deleted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from knowledge_graph.checksum import EDGE_FIELDS, NODE_FIELDS
from knowledge_graph.schema import Edge, Node, Value
from knowledge_graph.strength import strength
from knowledge_graph.wording import codes, labels, words

NODE = "KonsilNode"
RELEASE = "KonsilRelease"
FULL_TEXT = "konsil_words"
NODE_COLUMNS = f"[l IN labels(n) WHERE l <> '{NODE}'][0] AS kind, properties(n) AS node"
EDGE_COLUMNS = "a.id AS subject, type(r) AS predicate, b.id AS object, properties(r) AS edge"


def node_row(node: Node) -> dict[str, Any]:
    """The properties of a node on the server."""
    text = {word for label in labels(node) for word in words(label)} | set(
        map(code_token, codes(node))
    )
    return {
        **_plain(node.properties),
        "id": node.id,
        "name": node.name,
        "synonyms": list(node.synonyms),
        "xrefs": list(node.xrefs),
        "_words": " ".join(sorted(text)),
    }


def code_token(code: str) -> str:
    """A code in `_words`, where no word or beginning of a word can be taken for it."""
    return f"#{code}"


def edge_row(edge: Edge) -> dict[str, Any]:
    """Ends and properties of an edge on the server."""
    properties = {**_plain(edge.properties), "sources": list(edge.sources)}
    if (strong := strength(edge)) is not None:
        properties["_strength"] = strong
    return {"subject": edge.subject, "object": edge.object, "properties": properties}


def to_node(row: Mapping[str, Any]) -> Node:
    """A row of `NODE_COLUMNS`."""
    held = row["node"]
    return Node(
        held["id"],
        row["kind"],
        held["name"],
        tuple(held["synonyms"]),
        tuple(held["xrefs"]),
        _values(held, NODE_FIELDS),
    )


def to_edge(row: Mapping[str, Any]) -> Edge:
    """A row of `EDGE_COLUMNS`."""
    held = row["edge"]
    return Edge(
        row["subject"],
        row["predicate"],
        row["object"],
        tuple(held["sources"]),
        _values(held, EDGE_FIELDS),
    )


def _plain(properties: Mapping[str, Value]) -> dict[str, Any]:
    return {k: list(v) if isinstance(v, tuple) else v for k, v in properties.items()}


def _values(held: Mapping[str, Any], without: frozenset[str]) -> dict[str, Value]:
    return {
        name: tuple(held[name]) if isinstance(held[name], list) else held[name]
        for name in sorted(held.keys() - without)
    }
