"""The graph on a server, for ranking: the same arrays as the embedded one's, from its records."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import Self

from knowledge_graph.checksum import checksum
from knowledge_graph.from_store import snapshot_from
from knowledge_graph.memory import MemoryGraph
from knowledge_graph.neo4j_store.connection import Server
from knowledge_graph.neo4j_store.reading import edges_of, nodes_of
from knowledge_graph.neo4j_store.settings import Settings
from knowledge_graph.neo4j_store.verifying import release
from knowledge_graph.snapshot import Snapshot, cached, key_of
from knowledge_graph.sources.files import sha256_of
from knowledge_graph.store import StoreError


class Neo4jGraph:
    """Keeps its connections and the last graph; a context manager, or call `close`.

    A graph is read as a whole once per release (its checksum) and kept in the user's cache; after
    that each call of `current` is one short query.
    """

    def __init__(self, settings: Settings) -> None:
        self._server = Server(settings)
        self._held: tuple[str, MemoryGraph] | None = None
        self._lock = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._server.close()

    def current(self) -> MemoryGraph:
        """The graph the server holds now; rank with this one object, it never changes.

        Raises:
            StoreError: the server cannot be reached; no load came to its end, or one is under way;
                what it holds is not what its release marker says.
        """
        marker = release(self._server)
        if marker is None:
            raise StoreError(
                "the Neo4j server holds no complete graph",
                fix="load one, or wait until the load that is under way has come to its end",
            )
        with self._lock:
            if self._held is None or self._held[0] != marker:
                snapshot = cached(_key(marker), lambda: self._read(marker))
                self._held = marker, MemoryGraph(snapshot)
            return self._held[1]

    def _read(self, marker: str) -> Snapshot:
        nodes, edges = tuple(nodes_of(self._server)), tuple(edges_of(self._server))
        if checksum(nodes, edges).checksum != marker:
            raise StoreError(
                "what the Neo4j server holds is not the graph its release marker names",
                fix="load it again; if a load is under way, wait until it has come to its end",
            )
        return snapshot_from(nodes, edges)


def _key(marker: str) -> str:
    """Of the content and of the code that makes arrays of it."""
    code = sorted(Path(__file__).parents[1].rglob("*.py"))
    return key_of("neo4j", marker, *map(sha256_of, code))
