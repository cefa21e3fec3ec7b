"""The references `konsil bench rank` compares with."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import PHENOTYPES

from api.benchmarks.resnik import Resnik
from api.benchmarks.table import side_by_side
from knowledge_graph.memory import MemoryGraph

DISEASES = ("OMIM:154700", "OMIM:609192", "OMIM:277900", "ORPHA:33001", "OMIM:263800")


@pytest.fixture(scope="module")
def resnik(graph: MemoryGraph) -> Resnik:
    return Resnik(graph)


def shared(graph: MemoryGraph, one: str, other: str) -> float:
    """Information content of the most informative common ancestor, as it is defined."""
    common = ({one} | graph.ancestors(one)) & ({other} | graph.ancestors(other))
    return max((graph.information_content(t) for t in common if graph.is_phenotype(t)), default=0)


def shown(graph: MemoryGraph, disease: str) -> list[str]:
    edges = graph.annotations(graph.disease_index[disease])
    return [e.object for e in edges if e.predicate == "has_phenotype" and e.frequency != 0]


@settings(max_examples=20)
@given(st.sets(st.sampled_from(PHENOTYPES[:5] + PHENOTYPES[6:]), min_size=1, max_size=5))
def test_similarity_is_what_its_definition_says(
    graph: MemoryGraph, resnik: Resnik, terms: set[str]
) -> None:
    one_sided, symmetric = resnik.one_sided(terms), resnik.symmetric(terms)
    for disease in DISEASES:
        profile = shown(graph, disease)
        table = np.array([[shared(graph, q, t) for t in profile] for q in sorted(terms)])
        forth, back = table.max(axis=1).mean(), table.max(axis=0).mean()
        position = graph.disease_index[disease]
        assert one_sided[position] == pytest.approx(forth, abs=1e-4)
        assert symmetric[position] == pytest.approx((forth + back) / 2, abs=1e-4)


def test_methods_stand_side_by_side() -> None:
    metrics = {"top1": 0.5, "ms": 1.25, "plain_top1": 0.25, "plain_ms": 30.0, "gain_top1": 0.25}
    table = side_by_side(metrics, {"": "konsil", "plain_": "plain"})
    assert [line.split() for line in table.lines] == [
        ["top1", "ms"],
        ["konsil", "0.500", "1.250"],
        ["plain", "0.250", "30.000"],
    ]
    assert table.references == {"plain_top1", "plain_ms"}
    assert side_by_side(metrics, {}).lines == ()
