from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from signals.matching import Counts, count, match

TIMES = st.lists(st.integers(0, 3000), max_size=25, unique=True).map(
    lambda x: np.array(sorted(x), np.float64) / 1000
)
NOTHING = np.zeros((0, 2))


@given(TIMES, TIMES, st.sampled_from([0.05, 0.15]))
def test_as_many_pairs_as_there_can_be(a: np.ndarray, b: np.ndarray, tolerance: float) -> None:
    found = match(a, b, tolerance=tolerance)
    near = np.abs(a[:, None] - b) <= tolerance
    best = maximum_bipartite_matching(csr_array(near.astype(int))) if near.any() else np.array([-1])
    assert len(found.pairs) == (best >= 0).sum()
    assert near[found.pairs[:, 0], found.pairs[:, 1]].all()
    assert (np.diff(found.pairs, axis=0) > 0).all()
    assert len(found.pairs) + len(found.missed) == len(a)
    assert len(found.pairs) + len(found.extra) == len(b)


@given(TIMES)
def test_what_is_equal_is_matched_to_itself(a: np.ndarray) -> None:
    assert (match(a, a, tolerance=0.15).pairs == np.arange(len(a))[:, None]).all()


def test_the_closer_partner_is_taken_where_nobody_else_needs_it() -> None:
    assert match(np.array([1.0]), np.array([0.9, 1.01]), tolerance=0.15).pairs.tolist() == [[0, 1]]
    assert match(np.array([0.9, 1.01]), np.array([1.0]), tolerance=0.15).pairs.tolist() == [[1, 0]]
    two = match(np.array([1.0, 1.1]), np.array([0.95, 1.04]), tolerance=0.15)
    assert two.pairs.tolist() == [[0, 0], [1, 1]]


def test_the_first_minutes_and_flutter_do_not_count() -> None:
    annotated = np.array([299.99, 301.0, 302.0, 303.0])
    found = np.array([10.0, 300.02, 302.01, 304.0, 305.0])
    assert count(annotated, found, NOTHING, tolerance=0.15) == Counts(1, 2, 2)
    flutter = np.array([[302.5, 304.5]])
    assert count(annotated, found, flutter, tolerance=0.15) == Counts(1, 1, 1)


def test_shares_of_nothing_are_nothing() -> None:
    assert Counts(0, 0, 0).f1 == Counts(0, 0, 0).sensitivity == Counts(0, 0, 0).precision == 0
    assert Counts(8, 2, 0) + Counts(0, 0, 2) == Counts(8, 2, 2)
    assert Counts(8, 2, 2).f1 == 0.8
