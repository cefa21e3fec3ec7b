"""The strip is the same however the lead was recorded, and its peaks are the beats."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signals.rhythm_features import FEATURES, RATE, beats_of, features
from signals.strip import strip
from tests.signals.strips import drawn, irregular, steady


@pytest.mark.parametrize("rate", [125.0, 250.0, 300.0, 360.0, 500.0, 1000.0])
def test_peaks_are_found_at_any_rate(rate: float) -> None:
    beats = irregular(30)
    found = strip(drawn(beats, seconds=30, rate=rate).signal[0], rate)
    assert found is not None
    signal, r = found
    assert len(signal) == 30 * RATE
    assert len(r) == len(beats)
    assert np.abs(r - beats).max() < 0.02


def test_an_inverted_lead_gives_the_same_strip() -> None:
    signal = drawn(steady(20), seconds=20).signal[0]
    upright, inverted = strip(signal, 300.0), strip(-signal, 300.0)
    assert upright is not None
    assert inverted is not None
    np.testing.assert_allclose(upright[0], inverted[0], atol=1e-9)
    np.testing.assert_allclose(upright[1], inverted[1], atol=1e-9)


@given(st.floats(0.1, 50))
def test_gain_does_not_matter(gain: float) -> None:
    signal = drawn(steady(10), seconds=10).signal[0]
    one, other = strip(signal, 300.0), strip((gain * signal).astype(np.float32), 300.0)
    assert one is not None
    assert other is not None
    np.testing.assert_allclose(one[0], other[0], atol=1e-3)


def test_a_flat_lead_is_no_strip() -> None:
    assert strip(np.zeros(3000, np.float32), 300.0) is None
    assert strip(np.full(3000, 4.2, np.float32), 300.0) is None


@given(st.integers(0, 2**31), st.floats(8, 40))
def test_features_are_finite_whatever_the_strip(seed: int, seconds: float) -> None:
    chance = np.random.default_rng(seed)
    noise = chance.standard_normal(int(seconds * RATE)).cumsum().astype(np.float32)
    found = strip(noise, float(RATE))
    assert found is not None
    numbers = features(*found)
    assert numbers.shape == (FEATURES,)
    assert np.isfinite(numbers).all()


def test_few_or_no_beats_have_features_too() -> None:
    signal = np.random.default_rng(0).standard_normal(1000)
    for beats in ([], [5.0], [2.0, 5.0], [0.01, 9.99]):
        assert np.isfinite(features(signal, np.array(beats))).all()
        r, shapes, timing = beats_of(signal, np.array(beats))
        assert len(r) == len(shapes) == len(timing)
