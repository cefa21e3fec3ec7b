"""The parts put together: one graph, loaded once, and the calls everything outward uses."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import datetime
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Literal, get_args

from orjson import dumps

from api import examples
from engine import bundle
from engine.run import Assessment, assess
from engine.types import PatientBundle
from knowledge_graph.drugs import DrugNames
from knowledge_graph.memory import MemoryGraph
from knowledge_graph.planning import plan_knowledge
from knowledge_graph.store import GraphStore, StoreError

StoreKind = Literal["embedded", "neo4j"]


class Engine:
    """Konsil as a whole. Safe to share between threads: readings run one after the other."""

    def __init__(
        self,
        *,
        graph: MemoryGraph | None = None,
        store: str | None = None,
        progress: Callable[[str], None] = lambda message: None,
    ) -> None:
        """Nothing is loaded before it is asked for.

        Args:
            graph: ranked with, whatever the store. store: where the graph is, one of `StoreKind`;
                the default is KONSIL_STORE, else the embedded one.
        """
        self._given = graph
        self._store = store or os.environ.get("KONSIL_STORE") or "embedded"
        self._progress = progress
        self._reading = Lock()
        self._open = ExitStack()
        if self._store not in get_args(StoreKind):
            raise StoreError(
                f"no store is called {self._store!r}",
                fix=f"set KONSIL_STORE to one of {', '.join(get_args(StoreKind))}",
            )

    @property
    def graph(self) -> MemoryGraph:
        """What ranking reads now; take it once for one answer.

        On a server it is asked for at each access (one short query), because it may have been
        loaded anew; embedded, it is the packaged graph with what `konsil kg build` added.

        Raises:
            StoreError: the server cannot be reached, or holds no complete graph.
        """
        return self._source()

    @cached_property
    def store(self) -> GraphStore:
        """Search, cards, neighbours, paths and parts of the graph."""
        if self._store == "neo4j":
            from knowledge_graph.neo4j_store import Neo4jQueries, Settings

            return self._open.enter_context(Neo4jQueries(Settings.from_environment()))
        from knowledge_graph.embedded import embedded

        return embedded(self.graph, self._progress)

    def close(self) -> None:
        """Close the connections to a server; the next question opens new ones."""
        self._open.close()

    @property
    def drug_names(self) -> DrugNames:
        """The medicines whose interactions are listed, by name."""
        return plan_knowledge(self.graph).drug_names

    def read_path(
        self, path: Path, *, as_of: datetime | None = None, without: Sequence[str] = ()
    ) -> Assessment:
        """Read and rank a file or folder; see `engine.bundle.read` for errors.

        without: what to leave out, as selectors of `engine.without`.
        """
        return self.assess(bundle.read(path, as_of=as_of), without=without)

    def read_bytes(
        self,
        data: bytes,
        *,
        name: str,
        as_of: datetime | None = None,
        without: Sequence[str] = (),
    ) -> Assessment:
        """Read and rank what came over the network. name: only tells the format."""
        return self.assess(bundle.read_bytes(data, name=name, as_of=as_of), without=without)

    def warm(self) -> None:
        """Answer the examples, so that no user waits for what the first requests would load."""
        for example in (examples.FHIR, examples.PHENOPACKET):
            self.read_bytes(dumps(example), name="bundle.json").result()
        _ = self.store

    def assess(
        self,
        patient_bundle: PatientBundle,
        *,
        graph: MemoryGraph | None = None,
        without: Sequence[str] = (),
    ) -> Assessment:
        """Rank a bundle that was already read. graph: one taken before from this engine."""
        chosen = graph or self.graph
        with self._reading:
            return assess(patient_bundle, chosen, knowledge=plan_knowledge(chosen), without=without)

    @cached_property
    def _source(self) -> Callable[[], MemoryGraph]:
        if self._given is None and self._store == "neo4j":
            from knowledge_graph.neo4j_store import Neo4jGraph, Settings

            return self._open.enter_context(Neo4jGraph(Settings.from_environment())).current
        graph = self._given or MemoryGraph.chosen(self._progress)
        return lambda: graph
