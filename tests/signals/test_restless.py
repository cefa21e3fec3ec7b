"""A long interval is a pause only where the heart rests."""

from __future__ import annotations

import numpy as np

from signals.recording import Recording
from signals.restless import restless
from tests.signals.made import drawn, waves

BEATS = waves([1, 2, 3, 8, 9, 10, 11])


def _with(between: float) -> Recording:
    recording = drawn(BEATS, height={"II": 1.0}, seconds=12)
    time = np.arange(recording.signal.shape[1]) / recording.rate
    flutter = between * np.sin(2 * np.pi * 4 * time) * ((time > 3.4) & (time < 7.8))
    return Recording("x", recording.signal + flutter.astype("f4"), recording.rate, recording.leads)


def test_a_still_lead_is_a_pause_and_flutter_is_none() -> None:
    assert not list(restless(_with(0.02), BEATS))
    assert list(restless(_with(0.8), BEATS)) == [(3.0, 8.0)]


def test_nothing_is_said_of_few_beats_or_of_what_is_missing() -> None:
    assert not list(restless(_with(0.8), waves([1])))
    holed = _with(0.8)
    holed.signal[:] = np.nan
    assert not list(restless(holed, BEATS))
