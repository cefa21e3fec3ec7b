"""How often an edge holds, for putting the most frequent findings first."""

from __future__ import annotations

from statistics import mean

from knowledge_graph.frequency import CLASSES
from knowledge_graph.schema import Edge


def strength(edge: Edge) -> float | None:
    """The share that was counted, else the middle of the classes stated; None without either."""
    share, stated = edge.properties.get("frequency"), edge.properties.get("stated", ())
    if isinstance(share, int | float) and not isinstance(share, bool):
        return float(share)
    parts = stated.split("; ") if isinstance(stated, str) else stated
    middles = [CLASSES[p] for p in parts if p in CLASSES] if isinstance(parts, list | tuple) else []
    return mean(middles) if middles else None
