"""A reader's own Cypher: one statement, read access, a time limit and a row limit.

What stands between a statement and harm, from the inside out: the server runs it in a transaction
with read access and refuses every write; its configuration (.ci/neo4j/neo4j.conf) has no files,
no addresses and no plugins; and its planner says beforehand which operations a statement needs, so
built-in procedures and administration are refused by the plan. No text is searched for keywords.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from knowledge_graph.neo4j_store.connection import Server, literal
from knowledge_graph.neo4j_store.settings import Settings
from knowledge_graph.store import StoreError

if TYPE_CHECKING:
    from neo4j import Result

REFUSED = ("ProcedureCall", "LoadCSV", "Show", "Terminate", "AdministrationCommand")
"""Beginnings of operators in a plan that are not about the graph."""


@dataclass(frozen=True, slots=True)
class Table:
    """rows: one value for each column; nodes as their properties with `labels`, relationships with
    `type`, `start` and `end`, dates and durations as ISO 8601 text. truncated: there were more."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    truncated: bool


def cypher(
    statement: str,
    parameters: Mapping[str, Any] | None = None,
    *,
    settings: Settings,
    timeout_s: float = 5.0,
    max_rows: int = 1_000,
) -> Table:
    """Run a reading statement; values belong in `parameters`, not in its text.

    Raises:
        StoreError: it writes, calls a procedure, reads files, manages the server, takes longer than
            `timeout_s` or is no Cypher; or the server cannot be reached.
    """
    if not 0 < timeout_s <= settings.query_s:
        raise StoreError(
            f"the time limit must be above 0 s and at most {settings.query_s:g} s",
            fix="give another timeout_s, or raise KONSIL_NEO4J_QUERY_S",
        )
    with (
        Server(settings) as server,
        server.session() as session,
        session.begin_transaction(timeout=timeout_s) as transaction,
    ):
        _check_plan(transaction.run(literal(f"EXPLAIN {statement}"), dict(parameters or {})))
        result = transaction.run(literal(statement), dict(parameters or {}))
        rows = [tuple(map(_plain, record)) for record in islice(result, max_rows + 1)]
        return Table(tuple(result.keys()), tuple(rows[:max_rows]), len(rows) > max_rows)


def _check_plan(explained: Result) -> None:
    plans = [cast("dict[str, Any]", cast("Any", explained.consume()).plan)]
    for plan in plans:  # grows by the children of what is looked at
        operator = str(plan["operatorType"]).partition("@")[0]
        if operator.startswith(REFUSED):
            raise StoreError(
                f"{operator} is not allowed here", fix="ask about nodes and relationships only"
            )
        plans.extend(plan.get("children", ()))


def _plain(value: Any) -> Any:
    from neo4j.graph import Node, Path, Relationship

    if isinstance(value, Node):
        return {**{k: _plain(v) for k, v in value.items()}, "labels": sorted(value.labels)}
    if isinstance(value, Relationship):
        ends = {
            f"{end}": _name(node) for end, node in zip(("start", "end"), value.nodes, strict=True)
        }
        return {**{k: _plain(v) for k, v in value.items()}, "type": value.type, **ends}
    if isinstance(value, Path):
        return {
            "nodes": [_plain(node) for node in value.nodes],
            "relationships": [_plain(edge) for edge in value.relationships],
        }
    if isinstance(value, list):
        return [_plain(item) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {k: _plain(item) for k, item in cast("dict[str, Any]", value).items()}
    if hasattr(value, "iso_format"):
        return value.iso_format()
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _name(node: Any) -> Any:
    return None if node is None else node.get("id", node.element_id)
