"""Intervals: by hand, by published formulas, and from the marks of LUDB."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signals.intervals import (
    Name,
    bazett,
    fridericia,
    in_all,
    intervals,
    rr_before,
    together,
    union,
)
from signals.waves import Waves
from tests.signals.made import ludb, waves


def one(value: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([value])


@pytest.mark.parametrize(
    ("qt", "rr", "by_bazett", "by_fridericia"),
    [
        (400, 1000, 400, 400),
        (400, 640, 500, 464.16),
        (360, 512, 503.12, 450),
        (440, 1440, 366.67, 389.64),
    ],
)
def test_the_formulas_give_what_they_say(
    qt: float, rr: float, by_bazett: float, by_fridericia: float
) -> None:
    assert bazett(one(qt), one(rr)) == pytest.approx(by_bazett, abs=0.01)
    assert fridericia(one(qt), one(rr)) == pytest.approx(by_fridericia, abs=0.01)


def test_each_interval_is_from_the_right_onset() -> None:
    found = intervals(waves([1.0, 1.8, 2.6], pr=0.17, qrs=0.09, qt=0.4, p=0.11))
    said = {name: found.median(name) for name in found.ms}
    values = {name: round(x.value, 3) for name, x in said.items() if x}
    assert values == {
        "RR": 800,
        "P": 110,
        "PR": 170,
        "QRS": 90,
        "QT": 400,
        "QTc Bazett": pytest.approx(447.214, abs=0.01),
        "QTc Fridericia": pytest.approx(430.887, abs=0.01),
    }
    corrected = said["QTc Bazett"]
    assert corrected is not None
    assert corrected.beats == 2  # the first beat has no RR interval before it
    assert corrected.spread == pytest.approx(0, abs=1e-6)


def test_qt_is_corrected_by_the_rr_before_it() -> None:
    found = intervals(waves([0.0, 1.0, 1.64, 3.0], qt=0.4))
    assert found.ms["QTc Bazett"][1:3] == pytest.approx([400, 500])


def test_an_absent_p_wave_has_no_pr_interval() -> None:
    found = intervals(waves([1, 2, 3], p=None))
    assert found.median("PR") is None
    assert found.median("P") is None
    assert found.median("QRS") is not None


def test_what_no_heart_does_is_not_measured() -> None:
    found = intervals(waves([1, 2, 3], pr=0.9, qrs=0.5))
    assert found.median("PR") is None
    assert found.median("QRS") is None


def test_nothing_is_measured_in_nothing() -> None:
    found = intervals(waves([]))
    assert all(found.median(name) is None for name in found.ms)
    assert len(together({})) == 0


def test_no_rr_reaches_across_what_was_not_read() -> None:
    rr = rr_before(np.array([1.0, 2.0, 5.0, 6.0]), unread=[(3.0, 4.0)])
    assert np.isnan(rr).tolist() == [True, False, True, False]


def test_leads_are_joined_by_the_median_and_half_of_them() -> None:
    early, late = waves([1.0, 2.0], qrs=0.08), waves([1.02, 2.02], qrs=0.12)
    wrong = waves([1.01, 1.5, 2.01], qrs=0.2)
    both = together({"I": early, "II": late, "III": wrong})
    assert both.r.tolist() == pytest.approx([1.01, 2.01])
    width = intervals(both).median("QRS")
    assert width is not None
    assert width.value == pytest.approx(120)


def test_a_wave_that_most_leads_lack_is_absent() -> None:
    both = together({"I": waves([1, 2]), "II": waves([1, 2], p=None), "III": waves([1, 2], p=None)})
    assert np.isnan(both.p).all()
    assert np.isfinite(both.qrs).all()


def test_where_a_lead_cannot_be_read_the_others_decide() -> None:
    leads = {"I": waves([1, 2]), "II": waves([1]), "III": waves([1])}
    assert together(leads).r.tolist() == [1]
    dark = {"II": [(1.5, 3.0)], "III": [(1.5, 3.0)]}
    assert together(leads, unread=dark).r.tolist() == [1, 2]


def test_only_what_every_lead_lacks_is_dark() -> None:
    assert in_all([[(0, 2), (5, 6)], [(1, 3)], [(0, 9)]]) == [(1, 2)]
    assert in_all([[(0, 2)], []]) == []


spans = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 9)).map(lambda x: (x[0], x[0] + x[1]))
)


@given(st.lists(spans, min_size=1, max_size=3))
def test_what_no_lead_tells_is_what_each_lacks(unread: list[list[tuple[int, int]]]) -> None:
    common = in_all([union(x) for x in unread])
    for middle in np.arange(0.5, 45):
        lacking = all(any(a < middle < b for a, b in x) for x in unread)
        assert any(a < middle < b for a, b in common) == lacking
    assert list(common) == sorted(common)


@given(st.lists(st.floats(0.3, 2.0), min_size=2, max_size=20), st.floats(-5, 5))
def test_a_shift_in_time_changes_no_interval(steps: list[float], shift: float) -> None:
    r = np.cumsum(steps)
    here, there = intervals(waves(r)), intervals(waves(r + shift))
    for name in here.ms:
        np.testing.assert_allclose(here.ms[name], there.ms[name], atol=1e-6)


@given(st.permutations(["I", "II", "V1", "V5"]))
def test_the_order_of_leads_does_not_matter(order: list[str]) -> None:
    leads = {
        name: waves(np.arange(1, 6) + k / 100, qrs=0.07 + k / 100) for k, name in enumerate(order)
    }
    again = together({name: leads[name] for name in sorted(leads)})
    np.testing.assert_allclose(together(leads).qrs, again.qrs)


def by_hand(marked: Waves, name: Name) -> list[float]:
    """Intervals of one lead, beat by beat, without the code under test."""
    found: list[float] = []
    for p, qrs, t in zip(marked.p, marked.qrs, marked.t, strict=True):
        ends = {"PR": (p[0], qrs[0]), "QRS": (qrs[0], qrs[2]), "QT": (qrs[0], t[2])}[name]
        if ends[0] == ends[0] and ends[1] == ends[1]:
            found.append(1000 * (ends[1] - ends[0]))
    return found


def test_marks_of_ludb_give_the_same_intervals_by_hand(data: Path) -> None:
    folder = data / "signals" / "ludb" / "data"
    if not folder.is_dir():
        pytest.skip(f"needs {folder}")
    records = sorted(folder.glob("*.hea"))[:4]
    for header in records:
        _, marked = ludb(header.with_suffix(""))
        for name in ("PR", "QRS", "QT"):
            expected = by_hand(marked["II"], name)
            measured = intervals(marked["II"]).median(name)
            if not expected:
                assert measured is None
                continue
            assert measured is not None
            assert measured.beats == len(expected)
            assert measured.value == pytest.approx(np.median(expected))
        beats = together(marked)
        assert len(beats) >= 4
        assert np.all(np.diff(beats.r) > 0.3)


def test_the_order_of_time_is_checked() -> None:
    with pytest.raises(ValueError, match="order of time"):
        replace(waves([1, 2]), r=np.array([2.0, 1.0]))
