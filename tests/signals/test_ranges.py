"""Ranges by age and sex: adults, children, and what is said of unknown ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.types import Patient, Sex
from signals import ranges
from signals.ranges import Side

TABLE = ranges.load()


@pytest.mark.parametrize(
    ("of", "value", "age", "sex", "side"),
    [
        ("rate", 59, 50, None, "low"),
        ("rate", 60, 50, None, "usual"),
        ("rate", 101, 50, None, "high"),
        ("rate", 140, 0.1, None, "usual"),
        ("rate", 80, 0.1, None, "low"),
        ("PR", 200, 40, None, "usual"),
        ("PR", 201, 40, None, "high"),
        ("PR", 119, 40, None, "low"),
        ("PR", 175, 5, None, "high"),
        ("QRS", 121, 40, None, "high"),
        ("QRS", 101, 4, None, "high"),
        ("QTc", 455, 40, "male", "high"),
        ("QTc", 455, 40, "female", "usual"),
        ("QTc", 339, 40, "female", "low"),
        ("axis", -31, 40, None, "low"),
        ("axis", 101, 40, None, "high"),
    ],
)
def test_values_at_the_limits(
    of: str, value: float, age: float, sex: Sex | None, side: Side
) -> None:
    assert TABLE.judge(of, value, Patient(sex, age)).side == side


def test_an_age_without_a_range_is_not_judged() -> None:
    verdict = TABLE.judge("axis", 120, Patient("female", 0.5))
    assert (verdict.side, verdict.reference) == (None, "no range for this age")


def test_an_unknown_sex_decides_only_where_both_agree() -> None:
    assert TABLE.judge("QTc", 455, Patient(None, 40)).side is None
    assert TABLE.judge("QTc", 470, Patient(None, 40)).side == "high"


def test_an_unknown_age_decides_only_where_all_agree() -> None:
    assert TABLE.judge("rate", 75, Patient()).side is None
    assert TABLE.judge("rate", 40, Patient()).side == "low"
    assert TABLE.judge("rate", 220, Patient()).side == "high"
    assert TABLE.judge("axis", -60, Patient()).side is None  # no range for children


def test_every_verdict_names_its_source() -> None:
    verdict = TABLE.judge("QTc", 480, Patient("female", 40))
    assert verdict.reference == "340 to 460 ms (curated, unreferenced)"
    assert verdict.limit == 460


def test_limits_are_those_all_bands_share() -> None:
    assert TABLE.limits("rate", Patient(None, 30)) == (60, 100)
    assert TABLE.limits("QTc", Patient(None, 30)) == (340, None)


@given(
    st.sampled_from(sorted(TABLE.by_name)), st.floats(0, 110), st.sampled_from(["female", "male"])
)
def test_no_age_has_two_ranges(of: str, age: float, sex: Sex) -> None:
    bands = [b for b in TABLE.by_name[of].bands if b.may_apply(Patient(sex, age))]
    assert len(bands) <= 1
    for band in bands:
        assert band.low is None or band.high is None or band.low < band.high
