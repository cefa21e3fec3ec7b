from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.fusion import STANDING
from engine.types import SourceRef
from knowledge_graph.compile import compile_graph
from knowledge_graph.memory import MemoryGraph
from tests.knowledge_graph.test_compile import EYE, FAST, FIBRILLATION, HEART, ROWS, TERMS, row

SINCE_1994, NEW = "OMIM:610000", "OMIM:620500"
OWN = (
    *ROWS,
    row(SINCE_1994, "Newer", EYE, frequency="1/2", reference="PMID:7; PMID:8"),
    row(SINCE_1994, "Newer", FAST, reference="PMID:8; OMIM:610000"),
    row(NEW, "Newest", EYE, reference="PMID:7"),
)


@pytest.fixture(scope="module")
def small() -> MemoryGraph:
    sources = [SourceRef("HPO", "test", "0")]
    return MemoryGraph(compile_graph(TERMS, {}, OWN, {}, sources))


def test_what_is_expected_is_the_sum_of_a_diseases_own_shares(small: MemoryGraph) -> None:
    fibrillating = small.disease_index["OMIM:3"]
    share = small.shares.of(FIBRILLATION, len(small.diseases))[fibrillating]
    assert small.expected[fibrillating] == pytest.approx(share)  # what it implies adds nothing


def test_a_more_specific_finding_reports_the_general_one_but_not_the_other_way(
    small: MemoryGraph,
) -> None:
    position = small.disease_index["OMIM:1"]
    rhythm = small.reported([FIBRILLATION])[position]
    assert rhythm > 0
    assert small.reported([HEART])[position] == 0
    assert small.reported([FIBRILLATION, FAST])[position] == rhythm  # both imply it: once
    assert small.reported([FIBRILLATION, EYE])[position] == pytest.approx(small.expected[position])
    assert not small.reported([]).any()
    assert not small.reported(["HP:9999999"]).any()


@settings(max_examples=30)
@given(st.data())
def test_never_more_is_reported_than_expected(graph: MemoryGraph, data: st.DataObject) -> None:
    terms = data.draw(st.lists(st.sampled_from(graph.shares.terms), max_size=12))
    reported = graph.reported(terms)
    assert (reported >= 0).all()
    assert (reported <= graph.expected + 1e-4).all()
    assert (graph.reported(terms[1:]) <= reported + 1e-6).all()


def test_standing_has_what_the_ranking_weighs_within_its_ranges(graph: MemoryGraph) -> None:
    assert set(graph.standing) == {*STANDING, "complete"}
    for name, values in graph.standing.items():
        assert (values.dtype, values.shape) == (np.float32, (len(graph.diseases),)), name
        assert np.isfinite(values).all(), name
    for name in ("complete", "early", "late", "catalogues", "counted"):
        values = graph.standing[name]
        assert (values.min(), values.max()) == (0, 1), name
    assert (graph.standing["rare"] * graph.standing["common"] == 0).all()
    assert (graph.standing["early"] * graph.standing["late"] == 0).all()


def test_publications_are_counted_once_each(small: MemoryGraph) -> None:
    cited = {"OMIM:1": 3, "OMIM:2": 1, SINCE_1994: 2, NEW: 1}
    for disease, count in cited.items():
        position = small.disease_index[disease]
        assert small.standing["publications"][position] == pytest.approx(math.log1p(count))


def test_without_any_publication_the_count_is_zero() -> None:
    rows = [row("OMIM:1", "Flutter disease", EYE, reference="OMIM:1")]
    graph = MemoryGraph(compile_graph(TERMS, {}, rows, {}, [SourceRef("HPO", "test", "0")]))
    assert graph.standing["publications"].tolist() == [0]


def test_the_age_of_a_mim_number(small: MemoryGraph) -> None:
    place = small.disease_index
    early, late = small.standing["early"], small.standing["late"]
    assert (early[place["OMIM:1"]], late[place["OMIM:1"]]) == (1, 0)
    assert (early[place[SINCE_1994]], late[place[SINCE_1994]]) == (0, 0.5)
    assert (early[place[NEW]], late[place[NEW]]) == (0, 1)
    assert (early[place["ORPHA:9"]], late[place["ORPHA:9"]]) == (0, 0)


def test_catalogues_and_the_share_of_rows_that_state_a_frequency(small: MemoryGraph) -> None:
    place = small.disease_index
    assert small.standing["catalogues"][place["OMIM:1"]] == 1
    assert small.standing["catalogues"][place["OMIM:3"]] == 0
    assert small.standing["counted"][place["OMIM:4"]] == 1
    assert small.standing["counted"][place[SINCE_1994]] == 0.5
    assert small.standing["counted"][place[NEW]] == 0


def test_a_finding_that_is_listed_is_cited_even_where_others_show_it_as_often(
    graph: MemoryGraph,
) -> None:
    """`Evidence.typical` speaks for such a disease, so there must be an edge to show."""
    term = "HP:0000707"  # nervous system: a few complete profiles have it less than the others
    evidence = graph.evidence(term)
    diseases = np.flatnonzero((evidence.typical > 0) & (evidence.lineage == 0)).tolist()
    assert diseases
    for disease in diseases:
        match, edge = graph.edge(term, disease)
        assert match in ("exact", "descendant")
        assert edge is not None
        assert edge.sources
