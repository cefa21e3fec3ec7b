from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.calibrate import (
    NAMES,
    Calibration,
    Known,
    needed,
    prediction_set,
    probabilities,
    signals,
)

SCORES = st.lists(st.floats(-30, 30, width=32), min_size=1, max_size=40)
CALIBRATION = Calibration(temperature=2.0, elsewhere=(-1.0, 0.2, 0.5), trust=(1.0, 2.0), reach=0.9)


def _known(count: int) -> Known:
    late = np.linspace(0, 1, count, dtype=np.float32)
    return Known(late=late, common=(late > 0.5).astype(np.float32))


@given(SCORES)
def test_no_more_is_shared_out_than_there_is(values: list[float]) -> None:
    scores = np.array([*values, -np.inf], np.float32)
    found = probabilities(scores, _known(scores.size), CALIBRATION)
    posteriors = np.exp(scores.astype(np.float64) / 2.0 - found.log_total)
    assert found.shares.sum() == pytest.approx(1)
    assert posteriors.sum() == pytest.approx(found.shared)
    assert 0 < found.shared < 1 - found.elsewhere
    assert found.shares[-1] == 0


@given(SCORES, st.floats(0.01, 1))
def test_a_prediction_set_is_the_shortest_that_reaches(values: list[float], reach: float) -> None:
    shares = probabilities(np.array(values, np.float32), _known(len(values)), CALIBRATION).shares
    chosen = prediction_set(shares, reach)
    assert shares[chosen].sum() >= min(reach, shares.sum()) - 1e-9
    assert shares[chosen[:-1]].sum() < reach
    assert shares[chosen].min() >= np.delete(shares, chosen).max(initial=0)


@given(SCORES)
def test_a_set_that_reaches_what_a_disease_needs_holds_it(values: list[float]) -> None:
    shares = probabilities(np.array(values, np.float32), _known(len(values)), CALIBRATION).shares
    for disease in range(len(values)):
        assert disease in prediction_set(shares, needed(shares, disease) + 1e-9)


def test_flat_rankings_have_the_highest_entropy() -> None:
    sure, torn = np.array([1.0, 0.0]), np.array([0.5, 0.5])
    assert signals(sure, _known(2))[1] == 0
    assert signals(torn, _known(2))[1] == pytest.approx(np.log(2))


def test_a_higher_temperature_is_less_sure() -> None:
    scores = np.array([3.0, 1.0, 0.0], np.float32)
    cold, warm = (
        probabilities(scores, _known(3), replace(CALIBRATION, temperature=t)).shares.max()
        for t in (1.0, 4.0)
    )
    assert warm < cold


def test_leaders_that_are_common_are_trusted_more() -> None:
    rare, common = np.array([5.0, 0.0], np.float32), np.array([0.0, 5.0], np.float32)
    first, second = (probabilities(scores, _known(2), CALIBRATION) for scores in (rare, common))
    assert first.shared / (1 - first.elsewhere) < second.shared / (1 - second.elsewhere)


def test_a_calibration_is_its_measures() -> None:
    *rest, reach = CALIBRATION.measures
    assert Calibration.of(rest, reach) == CALIBRATION
    assert len(CALIBRATION.measures) == len(NAMES)
