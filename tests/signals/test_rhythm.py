"""The rhythm of drawn strips: told where it can be, with the seconds, else an issue."""

from __future__ import annotations

from hashlib import sha256

import numpy as np
import pytest

from engine.types import Issue
from signals.recording import Recording
from signals.rhythm import KINDS, Rhythm, classify
from signals.rhythm_model import WEIGHTS
from tests.signals.strips import drawn, irregular, steady


def _told(recording: Recording) -> Rhythm:
    found = classify(recording, "I")
    assert isinstance(found, Rhythm)
    assert sum(found.probabilities.values()) == pytest.approx(1, abs=1e-4)
    assert all(0 <= p <= 1 for p in found.probabilities.values())
    assert np.all(np.diff(found.beats) > 0)
    assert found.beats.shape == found.saliency.shape
    return found


def _with(recording: Recording, signal: np.ndarray) -> Recording:
    return Recording(recording.id, signal.astype(np.float32), recording.rate, recording.leads)


def _likeliest(found: Rhythm) -> str:
    return max(found.probabilities, key=lambda kind: found.probabilities[kind])


@pytest.mark.parametrize("rate", [250.0, 300.0, 500.0, 1000.0])
def test_fibrillation_is_told_from_a_steady_rhythm_at_any_rate(rate: float) -> None:
    af = _told(drawn(irregular(30), seconds=30, rate=rate, p_waves=False))
    sinus = _told(drawn(steady(30), seconds=30, rate=rate))
    assert _likeliest(af) == "atrial fibrillation"
    assert _likeliest(sinus) == "normal"
    assert sinus.probabilities["atrial fibrillation"] < 0.1


def test_an_inverted_lead_is_judged_alike() -> None:
    af = drawn(irregular(30), seconds=30, p_waves=False)
    upright, inverted = _told(af), _told(_with(af, -af.signal))
    for kind in KINDS:
        assert upright.probabilities[kind] == pytest.approx(inverted.probabilities[kind], abs=1e-4)


def test_noise_is_no_rhythm() -> None:
    noise = np.random.default_rng(0).standard_normal((1, 9000))
    found = _told(Recording("noise", noise.astype(np.float32), 300.0, ("I",)))
    assert _likeliest(found) == "noise"


@pytest.mark.parametrize(
    ("signal", "why"),
    [
        (drawn(steady(3), seconds=3).signal, "without a gap"),
        (np.zeros((1, 9000), np.float32), "flat"),
        (np.full((1, 9000), np.nan, np.float32), "without a gap"),
        (np.zeros((1, 0), np.float32), "without a gap"),
    ],
    ids=["3 s", "zeros", "missing", "empty"],
)
def test_what_cannot_be_judged_is_an_issue(signal: np.ndarray, why: str) -> None:
    found = classify(Recording("r", signal, 300.0, ("I",)), "I")
    assert isinstance(found, Issue)
    assert why in found.message
    assert found.where == "r, lead I"
    assert found.fix


def test_an_unknown_lead_is_refused() -> None:
    with pytest.raises(KeyError, match="no lead"):
        classify(drawn(steady(10), seconds=10), "V9")


def test_short_holes_are_bridged() -> None:
    af = drawn(irregular(30), seconds=30, p_waves=False)
    signal = af.signal.copy()
    signal[:, 3000:3060] = np.nan
    found = _told(_with(af, signal))
    assert _likeliest(found) == "atrial fibrillation"
    assert not found.remarks


def test_a_long_hole_is_not_judged_and_said() -> None:
    af = drawn(irregular(60), seconds=60, p_waves=False)
    signal = af.signal.copy()
    signal[:, 30 * 300 : 50 * 300] = np.nan
    signal[:, 54 * 300 : 58 * 300] = np.nan
    found = _told(_with(af, signal))
    assert found.episodes[0].end == pytest.approx(30)
    assert all(episode.end <= 30 for episode in found.episodes)
    assert [remark.where for remark in found.remarks] == [
        "drawn, lead I, 50.0 to 54.0 s",
        "drawn, lead I, 58.0 to 60.0 s",
    ]


def test_an_episode_is_where_it_is() -> None:
    seconds, start, end = 300.0, 100.0, 200.0
    calm = drawn(steady(100), seconds=100)
    wild = drawn(irregular(100), seconds=100, p_waves=False)
    found = _told(_with(calm, np.concatenate([calm.signal, wild.signal, calm.signal], axis=1)))
    episodes = [e for e in found.episodes if e.kind == "atrial fibrillation"]
    assert episodes
    assert min(e.start for e in episodes) == pytest.approx(start, abs=25)
    assert max(e.end for e in episodes) == pytest.approx(end, abs=25)
    assert found.episodes[0].start == 0
    assert found.episodes[-1].end == pytest.approx(seconds)
    ends = [e.end for e in found.episodes[:-1]]
    assert ends == [e.start for e in found.episodes[1:]]
    first, last = found.strongest(episodes[0])
    assert episodes[0].start <= first < last <= episodes[0].end
    assert last - first <= 10


def test_the_card_names_the_weights() -> None:
    card = (WEIGHTS.parent / "RHYTHM.md").read_text("utf-8")
    assert sha256(WEIGHTS.read_bytes()).hexdigest() in card
    assert WEIGHTS.stat().st_size < 5_000_000
