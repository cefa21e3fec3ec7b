"""What the models are shown, and what is not theirs to say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.types import Issue, Patient
from signals import rhythm
from signals.parts import Judged, fibrillation, installed, twelve_leads
from signals.reading import interpret
from signals.recording import Recording
from signals.rhythm import Episode, Rhythm
from signals.waves import Waves
from tests.signals.made import waves

NONE: Waves = waves([1, 2, 3])


def _leads(*names: str, seconds: float = 30.0) -> Recording:
    signal = np.random.default_rng(0).normal(0, 0.1, (len(names), int(seconds * 250)))
    return Recording("x", signal.astype("f4"), 250, names)


def test_the_rhythm_is_sought_in_the_lead_that_can_be_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def classify(recording: Recording, lead: str) -> Issue:
        asked.append(lead)
        return Issue("info", lead, "", "")

    monkeypatch.setattr(rhythm, "classify", classify)
    whole = _leads("V1", "I", "II")
    list(fibrillation(whole, NONE))
    whole.signal[2, 1000:] = np.nan
    list(fibrillation(whole, NONE))
    assert asked == ["II", "I"]


@pytest.mark.parametrize(
    ("length", "probability", "said"),
    [(10.0, 0.95, None), (40.0, 0.6, "uncertain"), (40.0, 0.9, "present")],
)
def test_of_a_long_recording_a_short_or_doubtful_episode_is_not_believed(
    monkeypatch: pytest.MonkeyPatch, length: float, probability: float, said: str | None
) -> None:
    kind = "atrial fibrillation"
    found = (Episode(kind, 100.0, 100.0 + length, probability),)
    told = Rhythm({kind: 0.1}, found, np.zeros(0), np.zeros(0))
    monkeypatch.setattr(rhythm, "classify", lambda recording, lead: told)
    judged = [x for x in fibrillation(_leads("II", seconds=300), NONE) if isinstance(x, Judged)]
    if said is None:
        assert not judged
    else:
        assert (judged[0].doubt is None) == (said == "present")


def test_a_child_is_not_judged_by_what_was_learned_from_adults() -> None:
    child = replace(_leads("I", "II", "V1", "V2", "V3", "V4", "V5", "V6"), age_years=3.0)
    (issue,) = twelve_leads(child, NONE)
    assert isinstance(issue, Issue)
    assert "child" in issue.message


def test_exchanged_arms_are_said_and_doubted(data: Path) -> None:
    from signals import corpora
    from signals.recording import STANDARD

    folder = data / "signals" / "ludb"
    if not folder.is_dir():
        pytest.skip(f"no LUDB at {folder}")
    warned = 0
    for path in corpora.record_paths(folder, "ii")[:5]:
        given = replace(corpora.recording(path), leads=STANDARD, age_years=60.0)
        one, two, three, right, left, foot, *chest = given.signal
        swapped = np.stack([-one, three, two, left, right, foot, *chest])
        read = interpret(replace(given, signal=swapped), Patient(), installed())
        warned += any("exchanged" in issue.message for issue in read.issues)
        judged = [sign for sign in read.signs if sign.statement.key in ("MI", "CD")]
        if any("exchanged" in issue.message for issue in read.issues):
            assert all(sign.status == "uncertain" for sign in judged)
    assert warned >= 4
