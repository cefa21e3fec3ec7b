from itertools import pairwise, permutations

import pytest
from hypothesis import given

from engine.exceptions import NotFoundError
from knowledge_graph.store import GraphStore
from knowledge_graph.store_memory import RecordStore
from tests.knowledge_graph.graphs import SMALL, Graph, graphs

store: GraphStore = RecordStore(*SMALL)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gout", ["OMIM:1"]),
        ("OMIM:1", ["OMIM:1"]),
        ("orpha:77", ["OMIM:1"]),
        ("Podagra", ["OMIM:1"]),
        ("podagar", ["OMIM:1"]),  # two letters swapped
        ("sjogren", ["OMIM:2"]),  # accents do not matter
        ("heart atack", ["OMIM:3"]),
        ("arthritis", ["HP:1", "HP:2"]),
        ("myocardial", ["OMIM:3"]),
        ("OMIM:99", []),
        ("", []),
        ("?", []),
    ],
)
def test_search(text: str, expected: list[str]):
    assert [found.node.id for found in store.search(text)] == expected


def test_search_says_what_matched():
    found = store.search("heart attack")[0]
    assert (found.matched, found.score) == ("Heart attack", 100.0)


def test_unknown_node():
    with pytest.raises(NotFoundError) as raised:
        store.node("Plague")
    assert raised.value.suggestions == ()
    with pytest.raises(NotFoundError) as raised:
        store.neighbours("gout")
    assert raised.value.suggestions == ("OMIM:1 Gout",)


def test_neighbours():
    ids = [(e.predicate, e.object) for e in store.neighbours("OMIM:1")]
    assert ids == [("has_phenotype", "HP:2"), ("lacks_phenotype", "HP:3")]
    inbound = store.neighbours("OMIM:1", direction="in")
    assert [e.predicate for e in inbound] == ["confirms", "contraindicated_in", "treats"]
    assert [e.subject for e in store.treats("OMIM:1")] == ["DB:1"]
    assert [e.subject for e in store.confirms("OMIM:1")] == ["T:1"]
    assert [e.subject for e in store.contraindicates("OMIM:1")] == ["DB:3"]
    assert store.neighbours("HP:3", predicate="is_a") == []


def test_interactions():
    edges = store.interactions(["DB:1", "DB:2", "DB:3", "DB:unknown"])
    assert [(e.subject, e.object) for e in edges] == [("DB:1", "DB:2")]
    assert store.interactions(["DB:1", "DB:3"]) == []


def test_paths_cite_every_step_and_skip_what_is_stated_absent():
    routes = store.paths("OMIM:1", "OMIM:2")
    assert [route.nodes for route in routes] == [("OMIM:1", "HP:2", "HP:1", "OMIM:2")]
    assert [e.predicate for e in routes[0].edges] == ["has_phenotype", "is_a", "has_phenotype"]
    assert store.paths("OMIM:1", "OMIM:2", longest=2) == []
    assert store.paths("OMIM:1", "OMIM:1")[0].nodes == ("OMIM:1",)


@given(graphs())
def test_paths_are_the_first_of_all_simple_paths(graph: Graph):
    nodes, edges = graph
    linked = {
        pair
        for e in edges
        if e.predicate != "lacks_phenotype"
        for pair in [(e.subject, e.object), (e.object, e.subject)]
    }
    start, end, *others = [nodes[0].id, nodes[-1].id, *(n.id for n in nodes[1:-1])]
    every = [
        (start, *middle, end)
        for length in range(min(len(others), 3) + 1)
        for middle in permutations(others, length)
        if all(step in linked for step in pairwise((start, *middle, end)))
    ]
    expected = sorted(every, key=lambda p: (len(p), p))[:7] if start != end else [(start,)]
    found = RecordStore(nodes, edges).paths(start, end, limit=7, longest=4)
    assert [route.nodes for route in found] == expected


def test_subgraph():
    near = store.subgraph(["HP:2"])
    assert [n.id for n in near.nodes] == ["HP:1", "HP:2", "OMIM:1"]
    assert len(near.edges) == 2
    assert near.complete
    cut = store.subgraph(["OMIM:1"], hops=2, limit=3)
    assert len(cut.nodes) == 3
    assert not cut.complete
    with pytest.raises(NotFoundError):
        store.subgraph(["OMIM:99"])
