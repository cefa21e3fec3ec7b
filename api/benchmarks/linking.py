"""`konsil bench linking`: see `nlp.evaluate_linking`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from api.linkable import names, nodes
from engine.evaluate import BenchReport
from knowledge_graph.memory import MemoryGraph
from nlp.evaluate_linking import linking
from nlp.linking import Linker


def run(paths: Sequence[Path], graph: MemoryGraph) -> BenchReport:
    """Link the marked mentions of annotated corpora; those called train... are learned from."""
    return linking(paths, Linker.over(names(graph)), nodes(graph))
