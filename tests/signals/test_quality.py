from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from ecg_files import beats, write_wfdb
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import resample

from signals.quality import Stretch, quality, readable
from signals.read import read
from signals.recording import Recording


def recording(signal: object, rate: float = 250.0) -> Recording:
    rows = np.atleast_2d(np.asarray(signal, np.float32))
    return Recording("x", rows, rate, tuple(f"L{i}" for i in range(len(rows))))


def states(signal: object, rate: float = 250.0) -> list[str]:
    return [stretch.state for stretch in quality(recording(signal, rate))]


@pytest.mark.parametrize("rate", [100, 250, 360, 500, 1000])
@pytest.mark.parametrize("sign", [1, -1])
def test_heartbeats_are_readable_at_any_rate_and_upside_down(rate: int, sign: int) -> None:
    assert states(sign * beats(30, rate), rate) == ["ok"] * 9


def test_stretches_cover_the_recording_and_a_short_rest_joins_the_last() -> None:
    found = quality(recording(beats(23, leads=1)))
    assert [(s.start_s, s.end_s) for s in found] == [(0, 10), (10, 23)]
    assert [(s.start_s, s.end_s) for s in quality(recording(beats(3, leads=1)))] == [(0, 3)]
    assert states(beats(3)) == ["ok"] * 3


def test_nothing_recorded_is_missing() -> None:
    signal = beats(20, leads=1)
    signal[0, 1000:2000] = np.nan
    first, second = quality(recording(signal))
    assert first == Stretch("L0", 0.0, 10.0, "missing", 0.4)
    assert (second.state, round(second.missing, 1)) == ("ok", 0.0)
    assert states(np.full((1, 100), np.nan)) == ["missing"]
    signal[0, 1100:2000] = 0
    assert states(signal)[0] == "ok"  # the hole is bridged, not counted against the rest


def test_all_zero_is_flat_and_a_steady_offset_too() -> None:
    assert states(np.zeros((2, 2500))) == ["flat", "flat"]
    assert states(np.full((1, 2500), 3.0)) == ["flat"]


def test_held_at_the_limit_is_saturated() -> None:
    clipped = np.clip(3 * beats(10, leads=1), -0.1, 0.5)
    assert states(clipped) == ["saturated"]


def test_noise_is_not_read() -> None:
    random = np.random.default_rng(1)
    assert states(random.normal(0, 0.5, (1, 2500))) == ["noisy"]
    assert states(beats(10, leads=1) + random.normal(0, 1.5, (1, 2500))) == ["noisy"]
    assert states(30 * beats(10, leads=1)) == ["noisy"]
    assert states(beats(10, 40, leads=1), 40) == ["noisy"]


def test_what_is_readable_has_a_sample() -> None:
    signal = beats(20, leads=2)
    signal[0, 10:20] = np.nan
    signal[1, 2500:] = 0
    good = readable(recording(signal))
    assert not good[0, 10:20].any()
    assert good[0, 20:].all()
    assert good[1, :2500].all()
    assert not good[1, 2500:].any()


@settings(max_examples=40)
@given(
    st.integers(1, 3000),
    st.sampled_from([10.0, 50.0, 250.0, 1000.0]),
    st.floats(0, 1),
    st.integers(0, 2**31),
)
def test_every_sample_is_in_one_stretch_of_its_lead(
    samples: int, rate: float, holes: float, seed: int
) -> None:
    random = np.random.default_rng(seed)
    signal = random.normal(0, 1, (2, samples))
    signal[random.random(signal.shape) < holes] = np.nan
    found = quality(recording(signal, rate))
    for lead in ("L0", "L1"):
        mine = [s for s in found if s.lead == lead]
        assert mine[0].start_s == 0
        assert mine[-1].end_s == samples / rate
        assert all(a.end_s == b.start_s for a, b in pairwise(mine))
        assert all(0 <= s.missing <= 1 for s in mine)


def test_resampled_real_records_are_judged_alike(data: Path) -> None:
    folder = data / "signals" / "mitdb"
    if not folder.is_dir():
        pytest.skip(f"needs {folder}")
    whole = read(folder / "101.hea").signal[0, : 360 * 120]
    for rate in (250, 500, 1000):
        there = resample(whole, len(whole) * rate // 360)
        assert Counter(states(there, rate))["ok"] >= 11


def test_noisy_records_are_told_from_others(data: Path) -> None:
    folder = data / "signals" / "cinc2017"
    if not folder.is_dir():
        pytest.skip(f"needs {folder}")
    rows = [row.split(",")[:2] for row in (folder / "REFERENCE-v3.csv").read_text().split()]
    share: dict[bool, float] = {}
    for noisy in (True, False):
        names = [name for name, label in rows if (label == "~") == noisy][:40]
        found = [s.state for name in names for s in quality(read(folder / f"{name}.hea"))]
        share[noisy] = np.mean([state != "ok" for state in found]).item()
    assert share[True] > 0.35
    assert share[False] < 0.1


def test_a_lead_without_samples_is_named_by_its_state(tmp_path: Path) -> None:
    signal = beats(10)
    signal[1] = np.nan
    found = quality(read(write_wfdb(signal, tmp_path)))
    assert [(s.lead, s.state) for s in found] == [("I", "ok"), ("II", "missing"), ("V1", "ok")]
