"""`GraphStore` on a Neo4j server."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Self

from knowledge_graph.neo4j_store.connection import Server
from knowledge_graph.neo4j_store.records import (
    EDGE_COLUMNS,
    FULL_TEXT,
    NODE,
    NODE_COLUMNS,
    code_token,
    to_edge,
    to_node,
)
from knowledge_graph.neo4j_store.settings import Settings
from knowledge_graph.schema import Edge, Node, Predicate
from knowledge_graph.store import Direction
from knowledge_graph.store_base import StoreBase, Strongest
from knowledge_graph.wording import PREFIX_FROM, Wanted, typos


class Neo4jQueries(StoreBase):
    """Keeps its connections open between questions; a context manager, or call `close`."""

    def __init__(self, settings: Settings) -> None:
        self._server = Server(settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._server.close()

    def nodes(self, identifiers: Collection[str]) -> list[Node]:
        rows = self._server.read(
            f"UNWIND $ids AS id MATCH (n:{NODE} {{id: id}}) RETURN {NODE_COLUMNS}",
            ids=list(identifiers),
        )
        return [to_node(row) for row in rows]

    def with_codes(self, codes: Collection[str]) -> list[Node]:
        return self._full_text(" OR ".join(_quoted(code_token(code)) for code in codes))

    def with_words(self, query: Wanted, *, every: bool) -> list[Node]:
        return self._full_text((" AND " if every else " OR ").join(map(_clause, query.words)))

    def count_words(self, words: Collection[str]) -> Mapping[str, int]:
        rows = self._server.read(
            "UNWIND $words AS word CALL (word) { "
            f"CALL db.index.fulltext.queryNodes('{FULL_TEXT}', word.lucene) YIELD node "
            "RETURN count(node) AS total } RETURN word.text AS text, total",
            words=[{"text": word, "lucene": _clause(word)} for word in words],
        )
        return {row["text"]: row["total"] for row in rows}

    def edges_of(
        self, identifier: str, *, predicate: Predicate | None, direction: Direction, limit: int
    ) -> list[Edge]:
        kind = f":{predicate}" if predicate else ""
        arrow = f"-[r{kind}]->(b:{NODE})" if direction == "out" else f"<-[r{kind}]-(a:{NODE})"
        end = "a" if direction == "out" else "b"
        rows = self._server.read(
            f"MATCH ({end}:{NODE} {{id: $id}}){arrow} RETURN {EDGE_COLUMNS} "
            "ORDER BY predicate, object, subject LIMIT $limit",
            id=identifier,
            limit=limit,
        )
        return [to_edge(row) for row in rows]

    def strongest(
        self, identifier: str, *, direction: Direction, limit: int
    ) -> Iterator[Strongest]:
        out = direction == "out"
        rows = self._server.read(
            f"MATCH (x:{NODE} {{id: $id}}){'-[r]->' if out else '<-[r]-'}(y:{NODE}) "
            "WITH x, r, y ORDER BY r._strength IS NULL, r._strength DESC, y.id "
            f"WITH type(r) AS predicate, {'x' if out else 'y'}.id AS subject, "
            f"{'y' if out else 'x'}.id AS object, properties(r) AS edge "
            "RETURN predicate, count(*) AS total, "
            "collect({subject: subject, predicate: predicate, object: object, edge: edge})"
            "[..$limit] AS first ORDER BY predicate",
            id=identifier,
            limit=limit,
        )
        for row in rows:
            yield row["predicate"], row["total"], list(map(to_edge, row["first"]))

    def adjacent(
        self, identifiers: Collection[str], *, without: Predicate | None = None
    ) -> Mapping[str, Collection[str]]:
        rows = self._server.read(
            f"UNWIND $ids AS id MATCH (:{NODE} {{id: id}})-[r]-(m:{NODE}) "
            "WHERE $without IS NULL OR type(r) <> $without "
            "RETURN id, collect(DISTINCT m.id) AS near",
            ids=list(identifiers),
            without=without,
        )
        return {row["id"]: row["near"] for row in rows}

    def edges_among(
        self, identifiers: Collection[str], *, predicate: Predicate | None = None
    ) -> list[Edge]:
        kind = f":{predicate}" if predicate else ""
        rows = self._server.read(
            f"MATCH (a:{NODE})-[r{kind}]->(b:{NODE}) WHERE a.id IN $ids AND b.id IN $ids "
            f"RETURN {EDGE_COLUMNS}",
            ids=list(identifiers),
        )
        return [to_edge(row) for row in rows]

    def _full_text(self, lucene: str) -> list[Node]:
        rows = self._server.read(
            f"CALL db.index.fulltext.queryNodes('{FULL_TEXT}', $lucene) YIELD node AS n "
            f"RETURN {NODE_COLUMNS}",
            lucene=lucene,
        )
        return [to_node(row) for row in rows]


def _clause(word: str) -> str:
    """One word for Lucene: itself, what begins with it, what is a typo or two away.

    Words are letters and digits only (wording.words), so none of them can be Lucene syntax.
    """
    forms = [_quoted(word)]
    if len(word) >= PREFIX_FROM:
        forms.append(f"{word}*")
    if allowed := typos(word):
        forms.append(f"{word}~{allowed}")
    return f"({' OR '.join(forms)})"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
