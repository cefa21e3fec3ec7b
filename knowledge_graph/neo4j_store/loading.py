"""Write a graph to the server, so that a load cut off anywhere is put right by the next one.

The release marker goes first and comes last: without it nothing on the server counts. In between
every batch is a transaction of MERGE by unique id, which makes no difference the second time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, get_args

from knowledge_graph.checksum import Census, check, checksum
from knowledge_graph.neo4j_store.connection import Server
from knowledge_graph.neo4j_store.records import FULL_TEXT, NODE, RELEASE, edge_row, node_row
from knowledge_graph.neo4j_store.settings import Settings
from knowledge_graph.neo4j_store.verifying import Verification, compare, release
from knowledge_graph.schema import Edge, Node, NodeKind
from knowledge_graph.store import StoreError

BATCH = 5_000
"""Records a transaction; about 2 MB over Bolt."""
Progress = Callable[[str], None]


def load(
    nodes: Iterable[Node],
    edges: Iterable[Edge],
    settings: Settings,
    progress: Progress = lambda message: None,
) -> Verification:
    """Make the server hold exactly this graph; nothing is written when it already does.

    Raises:
        StoreError: records no store can hold; the server cannot be reached within the time the
            settings allow; what was read back is not what was written.
    """
    listed, drawn = tuple(nodes), tuple(edges)
    check(listed, drawn)
    given = checksum(listed, drawn)
    with Server(settings) as server:
        if release(server) == given.checksum:
            progress("this release is marked as loaded; reading it back")
            if (held := compare(server, given)).ok:
                return held
        _prepare(server)
        _empty(server, progress)
        _write_nodes(server, listed, progress)
        _write_edges(server, drawn, progress)
        progress("reading everything back")
        return _finish(server, given)


def _prepare(server: Server) -> None:
    """Constraints and indexes; each kind is found by id and by name."""
    unique = "REQUIRE n.id IS UNIQUE"
    wanted = [f"CREATE CONSTRAINT konsil_id IF NOT EXISTS FOR (n:{NODE}) {unique}"]
    for kind in get_args(NodeKind):
        name = f"konsil_{kind.lower()}"
        wanted.append(f"CREATE CONSTRAINT {name}_id IF NOT EXISTS FOR (n:{kind}) {unique}")
        wanted.append(f"CREATE INDEX {name}_name IF NOT EXISTS FOR (n:{kind}) ON (n.name)")
    # white space only: wording.py has folded the words and the codes already
    wanted.append(
        f"CREATE FULLTEXT INDEX {FULL_TEXT} IF NOT EXISTS FOR (n:{NODE}) ON EACH [n._words] "
        "OPTIONS {indexConfig: {`fulltext.analyzer`: 'whitespace'}}"
    )
    server.change(wanted)
    server.read("CALL db.awaitIndexes(60)")


def _empty(server: Server, progress: Progress) -> None:
    server.write(f"MATCH (r:{RELEASE}) DELETE r")
    for match in (f"(:{NODE})-[x]->()", f"(x:{NODE})"):
        verb = "DELETE" if "[x]" in match else "DETACH DELETE"
        while (
            gone := server.write(
                f"MATCH {match} WITH x LIMIT {BATCH * 4} {verb} x RETURN count(*) AS gone"
            )[0]["gone"]
        ) > 0:
            progress(f"removed {gone:,} old records")


def _write_nodes(server: Server, nodes: Sequence[Node], progress: Progress) -> None:
    kinds: defaultdict[str, list[Node]] = defaultdict(list)
    for node in nodes:
        kinds[node.kind].append(node)
    for kind, listed in sorted(kinds.items()):
        for done, batch in _batches([node_row(node) for node in listed]):
            server.write(
                f"UNWIND $rows AS row MERGE (n:{NODE} {{id: row.id}}) SET n:{kind}, n = row",
                rows=batch,
            )
            progress(f"{kind}: {done:,} of {len(listed):,}")


def _write_edges(server: Server, edges: Sequence[Edge], progress: Progress) -> None:
    predicates: defaultdict[str, list[Edge]] = defaultdict(list)
    for edge in edges:
        predicates[edge.predicate].append(edge)
    for predicate, drawn in sorted(predicates.items()):
        drawn.sort(key=lambda edge: (edge.subject, edge.object))  # the same records, the same locks
        for done, batch in _batches([edge_row(edge) for edge in drawn]):
            server.write(
                f"UNWIND $rows AS row MATCH (a:{NODE} {{id: row.subject}}) "
                f"MATCH (b:{NODE} {{id: row.object}}) "
                f"MERGE (a)-[r:{predicate}]->(b) SET r = row.properties",
                rows=batch,
            )
            progress(f"{predicate}: {done:,} of {len(drawn):,}")


def _finish(server: Server, given: Census) -> Verification:
    found = compare(server, given).found
    result = Verification(given, found, given.checksum)
    if not result.ok:
        raise StoreError(
            f"what the server holds is not what was written:\n{result.report()}",
            fix="make sure that nobody else writes to this database, then load again",
        )
    server.write(
        f"MERGE (r:{RELEASE} {{checksum: $checksum}}) SET r.complete = true",
        checksum=given.checksum,
    )
    return result


def _batches(rows: list[dict[str, Any]]) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """Slices, each with the number of rows up to its end."""
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        yield start + len(batch), batch
