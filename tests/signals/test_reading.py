"""Recordings as the installed finder of waves reads them: marked ones, and broken ones."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.types import Patient
from signals.delineate import delineate, trained
from signals.intervals import intervals, together
from signals.measure import gaps
from signals.parts import Parts
from signals.reading import Reading, interpret
from signals.recording import STANDARD, Recording, Samples
from tests.signals.made import drawn, ludb, waves

BEATS = waves(np.arange(1, 12) * 0.8)


def read(recording: Recording) -> Reading:
    def no_source(_: object) -> Recording:
        raise AssertionError("nothing is read here")

    installed = Parts(no_source, delineate, trained().ref)
    return interpret(recording, Patient("female", 50), installed)


def strip(signal: Samples, *, rate: float = 500.0) -> Recording:
    return Recording("strip", signal, rate, STANDARD[: len(signal)])


@pytest.mark.parametrize(
    "recording",
    [
        strip(np.zeros((12, 5000), np.float32)),
        strip(np.full((3, 5000), math.nan, np.float32)),
        strip(np.zeros((1, 0), np.float32)),
        strip(np.zeros((1, 1), np.float32)),
        strip(np.zeros((2, 40), np.float32), rate=25.0),
        Recording("none", np.zeros((0, 100), np.float32), 100, ()),
    ],
)
def test_where_no_heart_beats_nothing_is_claimed(recording: Recording) -> None:
    reading = read(recording)
    assert not reading.signs
    assert any("could be read" in issue.message for issue in reading.issues)


@pytest.mark.parametrize("rate", [100.0, 250.0, 1000.0])
def test_the_rate_of_sampling_does_not_matter(rate: float) -> None:
    reading = read(drawn(BEATS, height={"II": 1.0}, rate=rate))
    assert {x.name: x.value for x in reading.quantities}["rate"] == pytest.approx(75, abs=1)


def test_a_hole_is_told_and_not_read() -> None:
    recording = drawn(BEATS, height={"I": 1.0, "II": 1.0})
    recording.signal[:, 2000:3500] = math.nan
    reading = read(recording)
    assert reading.unread == [(4.0, 7.0)]
    assert not any(4 <= r <= 7 for r in reading.beats.r)
    assert gaps(recording, "I") == [(4.0, 7.0)]


def test_a_marked_recording_is_read_as_it_is_marked(data: Path) -> None:
    folder = data / "signals" / "ludb" / "data"
    if not folder.is_dir():
        pytest.skip(f"needs {folder}")
    recording, marked = ludb(folder / "10")
    expected = intervals(together(marked))
    measured = {x.name: x.value for x in read(recording).quantities}
    for name in ("RR", "PR", "QRS", "QT"):
        known = expected.median(name)
        assert known is not None
        assert measured[name] == pytest.approx(known.value, abs=25)
    part = replace(recording, signal=recording.signal[:, :1500])
    short = {x.name: x.value for x in read(part).quantities}
    assert short["rate"] == pytest.approx(measured["rate"], abs=3)
