"""What real recordings are like: every one is read rightly or told not to be, none raises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import resample_poly

from engine.types import Patient
from signals import corpora
from signals.parts import installed
from signals.reading import Reading, interpret
from signals.recording import STANDARD, Recording

WHO = Patient("female", 55)


@pytest.fixture(scope="module")
def twelve(data: Path) -> Recording:
    """Ten seconds of twelve leads."""
    folder = data / "signals" / "ludb"
    if not folder.is_dir():
        pytest.skip(f"no LUDB at {folder}")
    given = corpora.recording(corpora.record_paths(folder, "ii")[0])
    return replace(given, leads=STANDARD)


@pytest.fixture(scope="module")
def usual(twelve: Recording) -> Reading:
    return interpret(twelve, WHO, installed())


@pytest.mark.parametrize("rate", [250, 500, 1000])
def test_the_rate_of_samples_does_not_matter(twelve: Recording, usual: Reading, rate: int) -> None:
    signal = resample_poly(twelve.signal, rate, int(twelve.rate), axis=1).astype(np.float32)
    read = interpret(replace(twelve, signal=signal, rate=rate), WHO, installed())
    assert len(read.beats) == len(usual.beats)
    np.testing.assert_allclose(read.beats.r, usual.beats.r, atol=0.03)
    assert not any("worked on" in issue.message for issue in read.issues)


ALTERED: dict[str, Callable[[Recording], Recording]] = {
    "inverted": lambda x: replace(x, signal=-x.signal),
    "one lead missing": lambda x: replace(x, signal=np.delete(x.signal, 7, 0), leads=_less(x, 7)),
    "one lead NaN": lambda x: replace(x, signal=_with(x, np.s_[7], np.nan)),
    "holes": lambda x: replace(x, signal=_with(x, np.s_[:, 1000:1400], np.nan)),
}


def _less(recording: Recording, place: int) -> tuple[str, ...]:
    return tuple(np.delete(recording.leads, place).tolist())


def _with(recording: Recording, where: object, value: float) -> np.ndarray:
    signal = recording.signal.copy()
    signal[where] = value  # type: ignore[index]
    return signal


@pytest.mark.parametrize("how", ALTERED)
def test_the_beats_are_still_found(twelve: Recording, usual: Reading, how: str) -> None:
    read = interpret(ALTERED[how](twelve), WHO, installed())
    found, expected = read.beats.r, usual.beats.r
    if how == "holes":
        expected = expected[(expected < 2) | (expected > 2.8)]
        assert not ((found > 2.01) & (found < 2.79)).any()
    near = np.abs(found[:, None] - expected).min(axis=0) < 0.05
    assert near.mean() > 0.8


@pytest.mark.parametrize("seconds", [0.0, 0.4, 3.0])
def test_a_short_recording_says_what_it_is_too_short_for(twelve: Recording, seconds: float) -> None:
    signal = twelve.signal[:, : int(seconds * twelve.rate)]
    read = interpret(replace(twelve, signal=signal), WHO, installed())
    assert any("rhythm" in issue.message or "beats" in issue.message for issue in read.issues)
    assert not any(sign.statement.key == "atrial fibrillation" for sign in read.signs)


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_nothing_recorded_gives_no_finding_but_issues(twelve: Recording, value: float) -> None:
    read = interpret(replace(twelve, signal=np.full_like(twelve.signal, value)), WHO, installed())
    assert len(read.beats) == 0
    assert not read.signs
    assert any(issue.level == "warning" for issue in read.issues)
