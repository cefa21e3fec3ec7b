"""The names that de-identification never replaces: findings, diseases, medicines."""

from __future__ import annotations

from collections.abc import Iterator

from engine.protocols import Label
from knowledge_graph.memory import MemoryGraph


def protected(graph: MemoryGraph) -> Iterator[Label]:
    """Every name of a finding, a disease or a medicine that the graph holds."""
    yield from graph.labels()
    for disease in graph.diseases:
        yield Label(disease.display, disease.code, "name")
    for node in graph.fact_nodes.values():
        if node.kind in ("Drug", "DrugClass"):
            yield Label(node.name, node.id, "name")
            yield from (Label(synonym, node.id, "exact") for synonym in node.synonyms)
