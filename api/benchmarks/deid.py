"""`konsil bench deid`: see `nlp.deid.evaluate`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from api.protected import protected
from engine.evaluate import BenchReport
from knowledge_graph.memory import MemoryGraph
from nlp.deid.evaluate import deid


def run(paths: Sequence[Path], graph: MemoryGraph) -> BenchReport:
    """Score de-identification on annotated notes, or on notes written for it without paths."""
    return deid(paths, graph, protected=protected(graph))
