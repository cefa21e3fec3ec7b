"""The parts put together: one graph, loaded once, and the calls everything outward uses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from pathlib import Path
from threading import Lock

from engine import bundle
from engine.run import Assessment, assess
from engine.types import PatientBundle
from knowledge_graph.memory import MemoryGraph
from knowledge_graph.query import Queries


class Engine:
    """Konsil as a whole. Safe to share between threads: readings run one after the other."""

    def __init__(
        self,
        *,
        graph: MemoryGraph | None = None,
        progress: Callable[[str], None] = lambda message: None,
    ) -> None:
        self.graph = graph or MemoryGraph.chosen(progress)
        self._reading = Lock()

    @cached_property
    def queries(self) -> Queries:
        """Search, cards and paths."""
        return Queries(self.graph)

    def read_path(self, path: Path, *, as_of: datetime | None = None) -> Assessment:
        """Read and rank a file or folder; see `engine.bundle.read` for errors."""
        return self.assess(bundle.read(path, as_of=as_of))

    def read_bytes(self, data: bytes, *, name: str, as_of: datetime | None = None) -> Assessment:
        """Read and rank what came over the network. name: only tells the format."""
        return self.assess(bundle.read_bytes(data, name=name, as_of=as_of))

    def warm(self) -> None:
        """Load what the first text would load, so that no user waits for it."""
        self.read_bytes(b"no fever", name="note.txt")

    def assess(self, patient_bundle: PatientBundle) -> Assessment:
        """Rank a bundle that was already read."""
        with self._reading:
            return assess(patient_bundle, self.graph)
