from __future__ import annotations

import pytest

from engine.exceptions import NotFoundError
from knowledge_graph.memory import MemoryGraph
from knowledge_graph.query import DiseaseCard, PhenotypeCard, Queries


@pytest.fixture(scope="module")
def queries(graph: MemoryGraph) -> Queries:
    return Queries(graph)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Marfan syndrome", "OMIM:154700"),
        ("Marfn syndrom", "OMIM:154700"),
        ("orpha:558", "OMIM:154700"),
        ("seizures", "HP:0001250"),
        ("hp:0001250", "HP:0001250"),
    ],
)
def test_search_forgives_typos_and_case(queries: Queries, text: str, first: str) -> None:
    hits = queries.search(text, limit=3)
    assert hits[0].code.code == first
    assert [h.score for h in hits] == sorted((h.score for h in hits), reverse=True)


@pytest.mark.parametrize("text", ["xyzzyqq", "", "  ", "!!"])
def test_search_finds_nothing_in_nonsense(queries: Queries, text: str) -> None:
    assert queries.search(text) == []


def test_cards(queries: Queries) -> None:
    disease = queries.card("marfan syndrome")
    assert isinstance(disease, DiseaseCard)
    assert disease.disease.genes == ("FBN1",)
    assert all(edge.sources for edge in disease.edges)
    term = queries.card("Epileptic seizure")
    assert isinstance(term, PhenotypeCard)
    assert term.term.id == "HP:0001250"
    assert term.diseases > 1000


def test_an_unknown_node_suggests_close_ones(queries: Queries) -> None:
    with pytest.raises(NotFoundError) as caught:
        queries.card("marfan syndrom")
    assert any("OMIM:154700" in s for s in caught.value.suggestions)


def test_paths_are_cited(queries: Queries) -> None:
    paths = queries.paths("OMIM:154700", "HP:0001627", limit=2)
    assert paths
    for path in paths:
        assert path.nodes[0].code == "OMIM:154700"
        assert path.nodes[-1].code == "HP:0001627"
        assert len(path.edges) == len(path.nodes) - 1
        assert all(edge.sources for edge in path.edges)
