from __future__ import annotations

import numpy as np
import pytest

from signals.annotated import CLASSES
from signals.beat_scores import OTHER, by_class, calibration, confusion


def _places(letters: str) -> np.ndarray:
    return np.array([OTHER if letter == "-" else CLASSES.index(letter) for letter in letters])


def test_scores_by_hand() -> None:
    counts = confusion(_places("NNNNSSVVVF-"), _places("NNNSSNVV-VV"))
    found = by_class(counts)
    assert found["n_se"] == found["n_ppv"] == 0.75
    assert (found["s_se"], found["s_ppv"], found["s_f1"]) == (0.5, 0.5, 0.5)
    assert (found["v_se"], found["v_ppv"]) == (pytest.approx(2 / 3), 0.5)
    assert found["v_ppv_ec57"] == pytest.approx(2 / 3)
    assert found["macro_f1"] == pytest.approx((0.75 + 0.5 + 4 / 7) / 3)


def test_j_kappa_by_hand() -> None:
    found = by_class(confusion(_places("NNNNSSVV"), _places("NNNSSSVV")))
    agreed, by_chance = 7 / 8, (4 * 3 + 2 * 3 + 2 * 2) / 64
    kappa = (agreed - by_chance) / (1 - by_chance)
    assert found["kappa"] == pytest.approx(kappa)
    assert found["j"] == pytest.approx(1 + 2 / 3 + 1 + 1)
    assert found["j_kappa"] == pytest.approx(kappa / 2 + found["j"] / 8)


def test_all_right_is_one() -> None:
    found = by_class(confusion(_places("NSVF"), _places("NSVF")))
    assert found["macro_f1"] == found["j_kappa"] == 1


def test_probabilities_that_hold_are_calibrated_and_bold_ones_are_not() -> None:
    chance = np.random.default_rng(0)
    p = chance.beta(1, 3, 20_000)
    present = chance.random(len(p)) < p
    good = calibration(p, present)
    assert good["slope"] == pytest.approx(1, abs=0.06)
    assert good["ece"] < 0.02
    assert good["brier_skill"] > 0.1
    odds = (p / (1 - p)) ** 2
    assert calibration(odds / (1 + odds), present)["slope"] == pytest.approx(0.5, abs=0.05)


def test_nothing_is_said_of_what_never_happens() -> None:
    assert calibration(np.array([0.1, 0.2]), np.array([False, False])) == {}
