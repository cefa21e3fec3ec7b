"""The average beat: the same whatever the rate, with its borders where they are."""

from __future__ import annotations

import numpy as np
import pytest

from signals.average import BEFORE, RATE, average, beats, resampled
from signals.twelve_features import measured, p_onset
from tests.signals.made_twelve import twelve


@pytest.mark.parametrize("rate", [100.0, 250.0, 360.0, 500.0, 1000.0])
def test_every_rate_gives_the_same_beats_and_measures(rate: float) -> None:
    given = twelve(rate=rate)
    beat = average(resampled(given.signal, rate))
    assert beat is not None
    assert beat.usual.all()
    assert np.allclose(np.diff(beat.r), 0.85, atol=0.02)
    found = measured(beat)
    assert found["R V4"] == pytest.approx(1.15, abs=0.15)
    assert found["S V2"] == pytest.approx(1.0, abs=0.2)
    assert found["T II"] == pytest.approx(0.3, abs=0.06)
    assert 60 <= found["QRS ms"] <= 110
    assert found["RR ms"] == pytest.approx(850, abs=10)
    assert found["QRS axis"] == pytest.approx(60, abs=15)


def test_a_p_wave_is_seen_only_where_there_is_one() -> None:
    given = twelve()
    beat = average(resampled(given.signal, given.rate))
    assert beat is not None
    onset = p_onset(beat)
    assert onset is not None
    assert (onset - BEFORE) / RATE == pytest.approx(-0.2, abs=0.03)
    flat = beat.signal.copy()
    flat[:, : beat.onset] = 0
    assert (
        p_onset(type(beat)(flat, beat.onset, beat.offset, beat.r, beat.usual, beat.noise)) is None
    )


def test_a_strange_beat_is_no_part_of_the_average() -> None:
    given = twelve()
    x = resampled(given.signal, given.rate)
    place = int(beats(x)[5])
    x[:, place - 30 : place + 30] = -2 * np.hanning(60)
    beat = average(x)
    assert beat is not None
    assert (~beat.usual).sum() == 1


def test_too_few_beats_have_no_average() -> None:
    given = twelve(2.0)
    assert average(resampled(given.signal, given.rate)) is None
