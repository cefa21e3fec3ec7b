"""The embedded store of a compiled graph: written once beside its snapshot, then only opened."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from knowledge_graph import records
from knowledge_graph.memory import MemoryGraph
from knowledge_graph.snapshot import cache_folder, forget_oldest
from knowledge_graph.store import StoreError
from knowledge_graph.store_memory import RecordStore


def embedded(
    graph: MemoryGraph, progress: Callable[[str], None] = lambda message: None
) -> RecordStore:
    """The store with the records of a graph.

    A graph that is in no cache, or a cache folder that cannot be written, gives one in memory. A
    damaged file is written anew.
    """
    if not graph.snapshot.key:
        return RecordStore(records.nodes(graph), records.edges(graph))
    path = cache_folder() / f"{graph.snapshot.key}.sqlite"
    try:
        return RecordStore.open(path)
    except StoreError:
        progress("Indexing the knowledge graph (once, about 15 seconds) ...")
    try:
        _write(path, graph)
    except OSError:
        return RecordStore(records.nodes(graph), records.edges(graph))
    return RecordStore.open(path)


def _write(path: Path, graph: MemoryGraph) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix="store-") as folder:
        written = Path(folder) / path.name
        RecordStore.write(written, records.nodes(graph), records.edges(graph))
        written.replace(path)
    forget_oldest(path.parent, "*.sqlite")
