"""Rhythm by rule: made rhythms, and the annotations of MIT-BIH."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signals.evaluate_rhythm_rules import agreement
from signals.recording import Seconds
from signals.rhythm_rules import (
    Episode,
    ectopy,
    irregularity,
    pauses,
    rate,
    rates,
)


def beats(*rr: float) -> Seconds:
    return np.array([1.0, *rr]).cumsum()


def kinds(labels: str, *, rr: float = 0.8) -> list[tuple[str, int]]:
    r = np.arange(len(labels), dtype=np.float64) * rr
    return [(x.kind, x.beats) for x in ectopy(r, labels)]


@pytest.mark.parametrize(
    ("labels", "rr", "expected"),
    [
        ("NNNNN", 0.8, []),
        ("NNVNN", 0.8, []),
        ("NVVN", 0.8, [("couplet", 2)]),
        ("NVVVN", 0.8, [("idioventricular", 3)]),
        ("NVVVVN", 0.5, [("ventricular tachycardia", 4)]),
        ("NVVV", 0.6, [("ventricular tachycardia", 3)]),
        ("NSSSN", 0.5, [("supraventricular run", 3)]),
        ("NSSSN", 0.8, []),
        ("NVNVNV", 0.8, [("bigeminy", 3)]),
        ("NVNV", 0.8, []),
        ("NNVNNVNNV", 0.8, [("trigeminy", 3)]),
        ("NVNSNV", 0.8, []),
        ("NVNVNVNN", 0.8, [("bigeminy", 3)]),
        ("VNVNVNNVNNVNNV", 0.8, [("bigeminy", 3), ("trigeminy", 4)]),
        ("", 0.8, []),
    ],
)
def test_patterns_of_labels(labels: str, rr: float, expected: list[tuple[str, int]]) -> None:
    assert kinds(labels, rr=rr) == expected


def test_a_run_has_its_seconds_and_rate() -> None:
    (run,) = ectopy(beats(0.75, 0.75, 0.5, 0.5, 0.75), "NNVVVN")
    assert run == Episode("ventricular tachycardia", 2.5, 3.5, 3, 120.0, 2, 4)


def test_nothing_goes_on_across_what_was_not_read() -> None:
    r = np.arange(6, dtype=np.float64) * 0.5
    assert ectopy(r, "VVVVVV", unread=[(1.1, 1.4)]) == (
        Episode("ventricular tachycardia", 0, 1, 3, 120.0, 0, 2),
        Episode("ventricular tachycardia", 1.5, 2.5, 3, 120.0, 3, 5),
    )
    assert not ectopy(np.arange(6, dtype=np.float64) * 0.8, "NVNVNV", unread=[(1.7, 2.2)])


def test_a_label_for_every_beat() -> None:
    with pytest.raises(ValueError, match="one label"):
        ectopy(beats(0.8), "N")


def test_pauses_are_longer_than_two_seconds() -> None:
    found = pauses(beats(0.8, 2.0, 0.8, 2.1, 3.5))
    assert [(x.start_s, x.end_s) for x in found] == [
        (pytest.approx(4.6), pytest.approx(6.7)),
        (pytest.approx(6.7), pytest.approx(10.2)),
    ]


def test_a_gap_is_no_pause() -> None:
    r = beats(0.8, 5.0, 0.8)
    assert len(pauses(r)) == 1
    assert not pauses(r, unread=[(3.0, 4.0)])


def test_slow_and_fast_stretches() -> None:
    r = beats(*[0.8] * 10, *[0.5] * 10, *[0.8] * 10, *[1.2] * 10)
    fast, slow = rates(r, slow=60, fast=100)
    assert (fast.kind, slow.kind) == ("fast", "slow")
    assert fast.start_s == pytest.approx(9, abs=0.9)
    assert fast.end_s == pytest.approx(14, abs=0.9)
    assert slow.end_s == pytest.approx(r[-1])
    assert slow.rate == pytest.approx(50, abs=1)


def test_one_early_beat_is_not_fast() -> None:
    assert not rates(beats(*[0.8] * 5, 0.4, 1.2, *[0.8] * 5), slow=60, fast=100)


def test_without_limits_nothing_is_slow_or_fast() -> None:
    assert not rates(beats(*[0.2] * 20), slow=None, fast=None)


def test_a_clock_has_no_irregularity() -> None:
    found = irregularity(beats(*[0.8] * 10))
    assert found is not None
    assert (found.n, found.mean) == (10, pytest.approx(800))
    assert found.rmssd_share == pytest.approx(0, abs=1e-9)
    assert found.pnn50 == 0


def test_irregularity_by_hand() -> None:
    found = irregularity(beats(0.8, 0.9, 0.8, 0.84))
    assert found is not None
    assert found.rmssd == pytest.approx(np.sqrt((100**2 + 100**2 + 40**2) / 3))
    assert found.pnn50 == pytest.approx(2 / 3)


@pytest.mark.parametrize("r", [[], [1.0], [1.0, 2.0], [1.0, 2.0, 3.0]])
def test_too_few_beats_say_nothing(r: list[float]) -> None:
    times = np.array(r)
    assert irregularity(times) is None
    assert (rate(times) is None) == (len(r) < 2)
    assert not rates(times, slow=60, fast=100)
    assert not pauses(times)


@given(st.text("NSVFQ", max_size=40), st.lists(st.floats(0.25, 3), min_size=40, max_size=40))
def test_episodes_lie_in_the_record_in_order(labels: str, steps: list[float]) -> None:
    r = np.array(steps).cumsum()[: len(labels)]
    found = ectopy(r, labels)
    assert [x.start_s for x in found] == sorted(x.start_s for x in found)
    for episode in found:
        assert r[episode.first] == episode.start_s < episode.end_s == r[episode.last]
        assert set(labels[episode.first : episode.last + 1]) & {"V", "S"}


def test_the_rules_find_what_mit_bih_annotates(data: Path) -> None:
    folder = data / "signals" / "mitdb"
    if not folder.is_dir():
        pytest.skip(f"needs {folder}")
    found = agreement(folder)
    assert (found["ventricular tachycardia"].annotated, found["bigeminy"].annotated) == (39, 66)
    assert found["bigeminy"].found >= 65
    assert found["trigeminy"].found >= 62
    assert found["ventricular tachycardia"].found >= 35
    assert found["ventricular tachycardia"].right == found["ventricular tachycardia"].called
    assert found["supraventricular run"].found == found["supraventricular run"].annotated
