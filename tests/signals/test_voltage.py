"""Voltages of complexes that are known."""

from __future__ import annotations

import numpy as np
import pytest

from engine.types import Patient
from signals.reading import interpret
from signals.recording import STANDARD
from signals.voltage import voltages
from tests.signals.made import drawn, parts, waves

BEATS = waves(np.arange(1, 9))
HEIGHT = dict.fromkeys(STANDARD, 0.8) | {"V1": -1.9, "V5": 1.8, "V6": 1.2}


def test_sokolow_lyon_is_s_in_v1_and_the_taller_r_in_v5_or_v6() -> None:
    found = dict(voltages(drawn(BEATS, height=HEIGHT), BEATS))
    assert found == {
        "Sokolow-Lyon": pytest.approx(3.7, abs=1e-5),
        "limb voltage": pytest.approx(0.8, abs=1e-5),
        "chest voltage": pytest.approx(1.9, abs=1e-5),
    }


def test_only_of_what_all_leads_are_there_for() -> None:
    assert not dict(voltages(drawn(BEATS, height={"II": 1.0, "V1": -1.0}), BEATS))
    assert not dict(voltages(drawn(BEATS, height=HEIGHT), waves([])))


@pytest.mark.parametrize(
    ("height", "age", "keys"),
    [
        (HEIGHT, 60, {"Sokolow-Lyon high"}),
        (HEIGHT, 10, set[str]()),
        (dict.fromkeys(STANDARD, 0.4), 60, {"limb voltage low", "chest voltage low"}),
        (dict.fromkeys(STANDARD, 1.2), 60, set[str]()),
    ],
)
def test_high_and_low_voltage(height: dict[str, float], age: float, keys: set[str]) -> None:
    reading = interpret(drawn(BEATS, height=height), Patient("male", age), parts(BEATS))
    assert {x.statement.key for x in reading.signs if "volt" in x.statement.says} == keys
