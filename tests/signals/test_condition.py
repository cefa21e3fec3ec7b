"""One lead as every network sees it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signals.condition import RATE, REACH, bridged, conditioned, moving_mean


def _heart(rate: float, seconds: float = 20.0) -> np.ndarray:
    """Spikes of 1 mV every 0.8 s, 20 ms wide."""
    time = np.arange(int(seconds * rate)) / rate
    return np.exp(-0.5 * (((time + 0.4) % 0.8 - 0.4) / 0.02) ** 2).astype(np.float32)


@pytest.mark.parametrize("rate", [100, 250, 360, 500, 1000])
def test_every_rate_gives_the_same_signal(rate: int) -> None:
    ours, reference = conditioned(_heart(rate), rate), conditioned(_heart(RATE), RATE)
    inner = slice(RATE, -RATE)
    assert ours.size == reference.size
    assert np.corrcoef(ours[inner], reference[inner])[0, 1] > 0.99


@given(st.floats(0.3, 20), st.floats(-5, 5))
def test_gain_and_offset_do_not_matter(gain: float, offset: float) -> None:
    whole = conditioned(_heart(RATE), RATE)
    np.testing.assert_allclose(
        conditioned((gain * _heart(RATE) + offset).astype(np.float32), RATE), whole, atol=2e-3
    )


def test_a_flat_lead_stays_flat_and_noise_is_not_made_a_heartbeat() -> None:
    assert not conditioned(np.zeros(5000, np.float32), 500).any()
    noise = np.random.default_rng(0).normal(0, 1e-4, 5000).astype(np.float32)
    assert np.abs(conditioned(noise, 500)).max() < 0.1


def test_what_is_missing_is_bridged_and_what_is_missing_entirely_is_zero() -> None:
    holed = np.array([np.nan, 1, np.nan, 3, np.nan], np.float32)
    np.testing.assert_allclose(bridged(holed), [1, 1, 2, 3, 3])
    assert not bridged(np.full(4, np.nan, np.float32)).any()
    assert conditioned(np.zeros(0, np.float32), 500).size == 0


def test_a_sample_depends_on_nothing_beyond_its_reach() -> None:
    signal = _heart(RATE, 60)
    other = signal.copy()
    other[: 20 * RATE] = 0
    first = int((20 + REACH) * RATE) + 2
    np.testing.assert_array_equal(
        conditioned(signal, RATE)[first:], conditioned(other, RATE)[first:]
    )
    assert moving_mean(np.ones(10, np.float32), 1).tolist() == [1] * 10


@pytest.mark.parametrize("rate", [249.89, 128.0, 62.4725, 257.3])
def test_an_odd_rate_does_not_drift(rate: float) -> None:
    time = np.arange(int(1800 * rate)) / rate
    pulse = np.exp(-0.5 * ((time - 1790) / 0.02) ** 2).astype(np.float32)
    found = conditioned(pulse, rate)
    assert abs(found.size / RATE - 1800) < 0.05
    assert abs(int(found.argmax()) / RATE - 1790) < 0.02
