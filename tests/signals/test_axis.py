"""The frontal axis of vectors that are known."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signals.axis import frontal_axis
from signals.recording import Recording
from tests.signals.made import drawn, waves

BEATS = waves(np.arange(1, 9))


def limb(degrees: float, *, size: float = 1.0) -> Recording:
    """Einthoven's triangle: lead I is at 0, II at 60, III at 120 degrees."""
    height = {
        lead: size * math.cos(math.radians(degrees - at))
        for lead, at in (("I", 0), ("II", 60), ("III", 120))
    }
    height["aVF"] = (height["II"] + height["III"]) / 2
    return drawn(BEATS, height=height)


@given(st.floats(-179, 179))
def test_the_axis_of_a_known_vector(degrees: float) -> None:
    found = frontal_axis(limb(degrees), BEATS)
    assert found is not None
    assert math.cos(math.radians(found - degrees)) == pytest.approx(1, abs=1e-4)


def test_lead_two_stands_in_for_avf() -> None:
    whole = limb(-50)
    without = Recording("x", whole.signal[:2], whole.rate, ("I", "II"))
    assert frontal_axis(without, BEATS) == pytest.approx(-50, abs=0.1)


@pytest.mark.parametrize("leads", [("I",), ("V1", "V2"), ("aVF",)])
def test_without_the_leads_there_is_no_axis(leads: tuple[str, ...]) -> None:
    assert frontal_axis(drawn(BEATS, height=dict.fromkeys(leads, 1.0)), BEATS) is None


def test_neither_beats_nor_signal_give_an_axis() -> None:
    assert frontal_axis(limb(30), waves([])) is None
    empty = replace(limb(30), signal=np.full((4, 5000), np.nan, np.float32))
    assert frontal_axis(empty, BEATS) is None
    flat = replace(limb(30), signal=np.zeros((4, 5000), np.float32))
    assert frontal_axis(flat, BEATS) is None
