"""Records and back: the same graph, array for array."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from knowledge_graph.checksum import check
from knowledge_graph.from_store import graph_from, snapshot_from
from knowledge_graph.memory import MemoryGraph
from knowledge_graph.records import edges, nodes
from knowledge_graph.schema import PHENOTYPE_ROOT
from knowledge_graph.store import StoreError, edge_order
from tests.knowledge_graph.compiled import compiled, differing
from tests.knowledge_graph.test_compile import EYE, TERMS


@pytest.fixture(scope="module")
def small() -> MemoryGraph:
    return compiled()


@pytest.mark.parametrize("seed", range(5))
def test_any_order_of_the_records_gives_the_same_graph(small: MemoryGraph, seed: int) -> None:
    listed, drawn = list(nodes(small)), list(edges(small))
    check(listed, drawn)
    random.Random(seed).shuffle(listed)
    random.Random(seed).shuffle(drawn)
    assert differing(small.snapshot, snapshot_from(listed, drawn)) == []


def test_what_is_seen_through_the_graph_is_the_same(small: MemoryGraph) -> None:
    again = graph_from(nodes(small), edges(small))
    assert again.entries == small.entries
    assert again.unranked == small.unranked
    assert list(again.labels()) == list(small.labels())
    for position in range(len(small.entries)):
        assert list(again.annotations(position)) == list(small.annotations(position))
    assert sorted(again.facts, key=edge_order) == sorted(small.facts, key=edge_order)
    for term in TERMS:
        one, other = small.evidence(term.id), again.evidence(term.id)
        assert one.ratio.tobytes() == other.ratio.tobytes()
        assert one.lineage.tobytes() == other.lineage.tobytes()
        assert one.typical.tobytes() == other.typical.tobytes()
        assert small.reported([term.id]).tobytes() == again.reported([term.id]).tobytes()
        assert small.risk(term.id).tobytes() == again.risk(term.id).tobytes()
    assert small.expected.tobytes() == again.expected.tobytes()
    for name, values in small.standing.items():
        assert values.tobytes() == again.standing[name].tobytes()


@pytest.mark.slow
def test_packaged(graph: MemoryGraph) -> None:
    assert differing(graph.snapshot, snapshot_from(nodes(graph), edges(graph))) == []


def test_a_changed_record_shows(small: MemoryGraph) -> None:
    drawn = [
        replace(edge, properties={**edge.properties, "stated": ("8/9",)})
        if (edge.subject, edge.object) == ("OMIM:2", EYE)
        else edge
        for edge in edges(small)
    ]
    changed = differing(small.snapshot, snapshot_from(nodes(small), drawn))
    assert {"closure_share", "background", "frequencies"} <= set(changed)


@pytest.mark.parametrize(
    ("kept", "message"),
    [
        (lambda node: node.kind != "Disease", "no graph to rank by"),
        (lambda node: node.id != PHENOTYPE_ROOT, "no graph to rank by"),
    ],
)
def test_records_that_are_no_such_graph_are_refused(small: MemoryGraph, kept, message) -> None:
    with pytest.raises(StoreError, match=message):
        graph_from(filter(kept, nodes(small)), edges(small))


@pytest.mark.parametrize("lost", ["_labels", "ranked", "aliases", "version"])
def test_records_of_another_version_are_refused(small: MemoryGraph, lost: str) -> None:
    stripped = [
        replace(n, properties={k: v for k, v in n.properties.items() if k != lost})
        for n in nodes(small)
    ]
    with pytest.raises(StoreError, match=f"not of this version.*{lost}"):
        graph_from(stripped, edges(small))
