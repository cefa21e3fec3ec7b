from __future__ import annotations

from knowledge_graph.schema import Edge
from knowledge_graph.sources.joined import joined


def test_edges_between_the_same_ends_are_one_with_all_sources() -> None:
    edges = [
        Edge("D:1", "treats", "X:1", ("a",), {"n": 1}),
        Edge("D:1", "palliates", "X:1", ("b",)),
        Edge("D:1", "treats", "X:1", ("c", "a"), {"n": 2}),
    ]
    assert joined(edges) == [
        Edge("D:1", "treats", "X:1", ("a", "c"), {"n": 1}),
        Edge("D:1", "palliates", "X:1", ("b",)),
    ]
