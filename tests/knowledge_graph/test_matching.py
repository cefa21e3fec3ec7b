from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from knowledge_graph.matching import ANCESTOR_WEIGHT, Matcher, Ratios
from knowledge_graph.memory import MemoryGraph

quick = settings(max_examples=40)


@pytest.fixture(scope="module")
def matcher(graph: MemoryGraph) -> Matcher:
    index = graph.shares.index
    entries = [graph.term(term) for term in graph.shares.terms]
    parents = [[index[p] for p in e.parents if p in index] if e else [] for e in entries]
    return Matcher.over(graph.snapshot, parents.__getitem__)


def drawn(graph: MemoryGraph, matcher: Matcher, data: st.DataObject) -> tuple[int, Ratios]:
    term = data.draw(st.integers(0, len(graph.shares.terms) - 1))
    return term, matcher.ratios(term)


@quick
@given(st.data())
def test_the_highest_of_the_lineage_is_no_less_than_the_best(
    graph: MemoryGraph, matcher: Matcher, data: st.DataObject
) -> None:
    _, ratios = drawn(graph, matcher, data)
    assert ratios.best.min() >= 0
    assert (ratios.best <= ratios.lineage).all()
    assert (ratios.best >= ANCESTOR_WEIGHT * ratios.lineage - 1e-6).all()
    assert ((ratios.best > 0) == (ratios.lineage > 0)).all()


@quick
@given(st.data())
def test_the_lineage_lies_between_the_terms_own_ratio_and_the_highest_of_all(
    graph: MemoryGraph, matcher: Matcher, data: st.DataObject
) -> None:
    term, ratios = drawn(graph, matcher, data)

    def ratio(of: int) -> NDArray[np.float64]:
        shares = graph.shares.of(graph.shares.terms[of], len(graph.diseases))
        return np.log(shares / float(graph.shares.background[of]))

    highest = np.max([ratio(t) for t in matcher.lineage(term)], axis=0)
    assert (ratios.lineage <= np.maximum(highest, 0) + 1e-4).all()
    assert (ratios.lineage >= ratio(term) - 1e-4).all()


@quick
@given(st.data())
def test_a_term_is_read_the_same_whatever_was_read_before(
    graph: MemoryGraph, matcher: Matcher, data: st.DataObject
) -> None:
    term, first = drawn(graph, matcher, data)
    drawn(graph, matcher, data)
    again = matcher.ratios(term)
    assert np.array_equal(first.best, again.best)
    assert np.array_equal(first.lineage, again.lineage)
