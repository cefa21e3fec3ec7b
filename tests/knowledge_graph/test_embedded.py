"""The store of the packaged graph, and where it lies."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from knowledge_graph import embedded as module
from knowledge_graph.embedded import embedded
from knowledge_graph.memory import MemoryGraph
from knowledge_graph.schema import Edge, Node
from knowledge_graph.store import GraphStore
from tests.knowledge_graph.graphs import SMALL


@pytest.fixture(scope="module")
def store(graph: MemoryGraph) -> GraphStore:
    return embedded(graph)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Marfan syndrome", "OMIM:154700"),
        ("Marfn syndrom", "OMIM:154700"),
        ("orpha:558", "OMIM:154700"),
        ("omim154700", "OMIM:154700"),
        ("seizures", "HP:0001250"),
        ("hp:0001250", "HP:0001250"),
        ("HP:000125", "HP:0001250"),
    ],
)
def test_search_forgives_typos_and_case(store: GraphStore, text: str, first: str) -> None:
    hits = store.search(text, limit=3)
    assert hits[0].node.id == first
    assert [h.score for h in hits] == sorted((h.score for h in hits), reverse=True)


@pytest.mark.parametrize("text", ["xyzzyqq", "", "  ", "!!"])
def test_search_finds_nothing_in_nonsense(store: GraphStore, text: str) -> None:
    assert store.search(text) == []


def test_a_card_of_every_kind_of_node_is_cited(store: GraphStore, graph: MemoryGraph) -> None:
    nodes = list(module.records.nodes(graph))
    kinds = {node.kind for node in nodes}
    rng = random.Random(1)
    for kind in sorted(kinds):
        for node in rng.sample([n for n in nodes if n.kind == kind], 3):
            card = store.card(node.id)
            assert card.node.id == node.id
            assert all(edge.sources for group in card.groups for edge in group.edges)


def test_the_card_of_a_disease_has_all_its_findings(store: GraphStore, graph: MemoryGraph) -> None:
    card = store.card("marfan syndrome", limit=1_000)
    shown = next(group for group in card.groups if group.predicate == "has_phenotype")
    stated = list(graph.annotations(graph.disease_index["OMIM:154700"]))
    assert {e.object.id for e in shown.edges} == {
        e.object for e in stated if e.predicate == "has_phenotype"
    }
    shares = [e.properties["frequency"] for e in shown.edges if "frequency" in e.properties]
    assert isinstance(shares[0], float)
    assert shares[0] > 0.7
    assert "FBN1" in {e.object.name for group in card.groups for e in group.edges}


def test_paths_are_cited(store: GraphStore) -> None:
    routes = store.paths("OMIM:154700", "HP:0001627", limit=2)
    assert routes
    for route in routes:
        assert (route.nodes[0].id, route.nodes[-1].id) == ("OMIM:154700", "HP:0001627")
        assert len(route.edges) == len(route.nodes) - 1
        assert all(edge.sources for edge in route.edges)


@pytest.fixture
def small(graph: MemoryGraph, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> MemoryGraph:
    """A graph whose records are those of SMALL and whose cache is empty."""

    def nodes(_: MemoryGraph) -> tuple[Node, ...]:
        return SMALL[0]

    def edges(_: MemoryGraph) -> tuple[Edge, ...]:
        return SMALL[1]

    monkeypatch.setattr(module.records, "nodes", nodes)
    monkeypatch.setattr(module.records, "edges", edges)
    monkeypatch.setattr(module, "cache_folder", lambda: tmp_path / "cache")
    held = MemoryGraph.__new__(MemoryGraph)
    held.snapshot = replace(graph.snapshot, key="small")
    return held


def test_the_file_is_written_once_and_again_when_it_is_damaged(
    small: MemoryGraph, tmp_path: Path
) -> None:
    said: list[str] = []
    path = tmp_path / "cache" / "small.sqlite"
    for damage, expected in ((b"", 1), (None, 1), (b"no database", 2)):
        if damage:
            path.write_bytes(damage)
        assert embedded(small, said.append).node("OMIM:1").name == "Gout"
        assert len(said) == expected
    assert [file.name for file in path.parent.iterdir()] == ["small.sqlite"]


def test_a_graph_of_no_cache_leaves_no_file(small: MemoryGraph, tmp_path: Path) -> None:
    small.snapshot = replace(small.snapshot, key="")
    assert embedded(small).node("OMIM:1").name == "Gout"
    assert not (tmp_path / "cache").exists()


def test_a_cache_that_cannot_be_written_costs_only_time(small: MemoryGraph, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert embedded(small).node("OMIM:1").name == "Gout"
