"""The finding terms of the packaged graph, as importers are given them."""

from __future__ import annotations

from knowledge_graph.memory import MemoryGraph
from knowledge_graph.sources.findings import Findings


def findings_of(graph: MemoryGraph) -> Findings:
    """Every finding, with its names."""
    ids = sorted({label.term for label in graph.labels()})
    terms = (graph.term(identifier) for identifier in ids if graph.is_phenotype(identifier))
    return Findings(term for term in terms if term)
