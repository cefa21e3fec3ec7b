from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.calibrate import (
    Calibration,
    needed,
    prediction_set,
    probabilities,
    signals,
)

SCORES = st.lists(st.floats(-30, 30, width=32), min_size=1, max_size=40)
CALIBRATION = Calibration(temperature=2.0, elsewhere=(-1.0, 0.2, 0.5), reach=0.9)


def _late(count: int) -> np.ndarray:
    return np.linspace(0, 1, count, dtype=np.float32)


@given(SCORES)
def test_all_probability_is_shared_out(values: list[float]) -> None:
    scores = np.array([*values, -np.inf], np.float32)
    found = probabilities(scores, _late(scores.size), CALIBRATION)
    posteriors = np.exp(scores.astype(np.float64) / 2.0 - found.log_total)
    assert found.shares.sum() == pytest.approx(1)
    assert posteriors.sum() + found.elsewhere == pytest.approx(1)
    assert found.shares[-1] == 0


@given(SCORES, st.floats(0.01, 1))
def test_a_prediction_set_is_the_shortest_that_reaches(values: list[float], reach: float) -> None:
    shares = probabilities(np.array(values, np.float32), _late(len(values)), CALIBRATION).shares
    chosen = prediction_set(shares, reach)
    assert shares[chosen].sum() >= min(reach, shares.sum()) - 1e-9
    assert shares[chosen[:-1]].sum() < reach
    assert shares[chosen].min() >= np.delete(shares, chosen).max(initial=0)


@given(SCORES)
def test_a_set_that_reaches_what_a_disease_needs_holds_it(values: list[float]) -> None:
    shares = probabilities(np.array(values, np.float32), _late(len(values)), CALIBRATION).shares
    for disease in range(len(values)):
        assert disease in prediction_set(shares, needed(shares, disease) + 1e-9)


def test_flat_rankings_have_the_highest_entropy() -> None:
    sure, torn = np.array([1.0, 0.0]), np.array([0.5, 0.5])
    assert signals(sure, _late(2))[1] == 0
    assert signals(torn, _late(2))[1] == pytest.approx(np.log(2))


def test_a_higher_temperature_is_less_sure() -> None:
    scores = np.array([3.0, 1.0, 0.0], np.float32)
    cold, warm = (
        probabilities(scores, _late(3), Calibration(t, (-1.0, 0.0, 0.0), 0.9)).shares.max()
        for t in (1.0, 4.0)
    )
    assert warm < cold
