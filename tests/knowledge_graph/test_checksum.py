from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_graph.checksum import check, checksum
from knowledge_graph.schema import Edge, Node
from knowledge_graph.store import StoreError
from tests.knowledge_graph.graphs import EDGES, NODES, SMALL, Graph, graphs

UNKNOWN: Any = "unknown"


@given(graphs(), st.randoms(use_true_random=False))
def test_order_does_not_matter(graph: Graph, random):
    nodes, edges = list(graph[0]), list(graph[1])
    random.shuffle(nodes)
    random.shuffle(edges)
    assert checksum(nodes, edges) == checksum(*graph)


def test_counts():
    census = checksum(*SMALL)
    assert census.nodes == {"Disease": 3, "Phenotype": 3, "Drug": 3, "Test": 1}
    assert census.edges["has_phenotype"] == 3
    assert len(census.checksum) == 64


@pytest.mark.parametrize(
    "changed",
    [
        replace(EDGES[1], properties={"frequency": 0.8, "stated": "9/10"}),
        replace(EDGES[1], sources=("a",)),
        replace(EDGES[1], predicate="lacks_phenotype"),
        replace(EDGES[4], properties={"frequency": 1.0}),
    ],
)
def test_every_change_shows(changed: Edge):
    before = next(e for e in EDGES if (e.subject, e.object) == (changed.subject, changed.object))
    after = [changed if e is before else e for e in EDGES]
    assert checksum(NODES, after).checksum != checksum(*SMALL).checksum


def test_equal_records_do_not_cancel():
    assert checksum([*NODES, NODES[0], NODES[0]], []).sums != checksum(NODES, []).sums


def test_property_order_does_not_matter():
    turned = replace(EDGES[1], properties={"stated": "9/10", "frequency": 0.9})
    assert checksum([], [turned]) == checksum([], [EDGES[1]])


@pytest.mark.parametrize(
    ("nodes", "edges", "message"),
    [
        ([*NODES, NODES[0]], EDGES, "ids occur twice"),
        (NODES, [*EDGES, EDGES[0]], "edges occur twice"),
        (NODES[1:], EDGES, "one end is no node"),
        (NODES, [replace(EDGES[0], sources=())], "no source"),
        (NODES, [replace(EDGES[0], predicate=UNKNOWN)], "unknown predicate"),
        ([replace(NODES[0], kind=UNKNOWN)], [], "unknown kind"),
        ([Node("A:1", "Drug", "a", (), (), {"name": "b"})], [], "not a free name"),
        ([Node("A:1", "Drug", "a", (), (), {"x`y": "b"})], [], "not a free name"),
        ([Node("A:1", "Drug", "a", (), (), {"x": float("nan")})], [], "not a finite number"),
        ([Node("A:1", "Drug", "a", (), (), {"x": 2**63})], [], "64 bits"),
    ],
)
def test_refused(nodes, edges, message: str):
    with pytest.raises(StoreError, match=message):
        check(nodes, edges)
