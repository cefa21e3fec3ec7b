"""All records back from the server, page by page; a page lost on the way is asked for again."""

from __future__ import annotations

from collections.abc import Iterator

from knowledge_graph.neo4j_store.connection import Server
from knowledge_graph.neo4j_store.records import EDGE_COLUMNS, NODE, NODE_COLUMNS, to_edge, to_node
from knowledge_graph.neo4j_store.settings import Settings
from knowledge_graph.schema import Edge, Node

PAGE = 5_000
"""Nodes in a page of nodes."""
SUBJECTS = 500
"""Nodes whose edges make a page of edges."""


def read_nodes(settings: Settings) -> Iterator[Node]:
    """Every node, by id."""
    with Server(settings) as server:
        yield from nodes_of(server)


def read_edges(settings: Settings) -> Iterator[Edge]:
    """Every edge, by (subject, predicate, object)."""
    with Server(settings) as server:
        yield from edges_of(server)


def nodes_of(server: Server) -> Iterator[Node]:
    """`read_nodes` over an open connection."""
    after = ""
    while rows := server.read(
        f"MATCH (n:{NODE}) WHERE n.id > $after RETURN {NODE_COLUMNS} ORDER BY n.id LIMIT {PAGE}",
        after=after,
    ):
        yield from map(to_node, rows)
        after = rows[-1]["node"]["id"]


def edges_of(server: Server) -> Iterator[Edge]:
    """`read_edges` over an open connection."""
    ids = server.read(f"MATCH (n:{NODE}) RETURN n.id AS id ORDER BY id")
    for page in _pages([row["id"] for row in ids], SUBJECTS):
        rows = server.read(
            f"UNWIND $ids AS id MATCH (a:{NODE} {{id: id}})-[r]->(b:{NODE}) RETURN {EDGE_COLUMNS}",
            ids=page,
        )
        yield from sorted(map(to_edge, rows), key=lambda e: (e.subject, e.predicate, e.object))


def _pages(ids: list[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]
