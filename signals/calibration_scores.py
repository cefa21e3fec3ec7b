"""How well probabilities rank (AUC) and how far they can be believed. Arrays are (N,)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Answers = NDArray[np.bool_]
BINS = 10


def auc(scores: Floats, yes: Answers) -> float:
    """Probability that a yes scores above a no, ties half; NaN without both."""
    from scipy.stats import rankdata

    positive = int(yes.sum())
    negative = len(yes) - positive
    if not positive or not negative:
        return math.nan
    above = float(rankdata(scores)[yes].sum()) - positive * (positive + 1) / 2
    return above / (positive * negative)


def brier_skill(probabilities: Floats, yes: Answers) -> float:
    """1 - Brier score over that of always saying the share of yes; NaN without both."""
    share = yes.mean()
    spread = float(share * (1 - share))
    return 1 - float(np.mean((probabilities - yes) ** 2)) / spread if spread else math.nan


def slope(probabilities: Floats, yes: Answers) -> float:
    """Slope of a logistic regression on the log odds: below 1 is too sure; NaN without both."""
    if yes.all() or not yes.any():
        return math.nan
    sure = np.clip(probabilities, 1e-6, 1 - 1e-6)
    given = np.stack([np.log(sure / (1 - sure)), np.ones(len(sure))])  # (2, N)
    weights = np.array([1.0, 0.0])
    for _ in range(30):  # Newton's method, in steps that rare answers cannot throw off
        said = 1 / (1 + np.exp(-np.clip(weights @ given, -30, 30)))
        bent = (given * (said * (1 - said))) @ given.T + 1e-9 * np.eye(2)
        weights = weights + np.clip(np.linalg.solve(bent, given @ (yes - said)), -1, 1)
    return float(weights[0])


def ece(probabilities: Floats, yes: Answers) -> float:
    """Expected calibration error over ten bins of equally many."""
    order = np.argsort(probabilities, kind="stable")
    return sum(
        abs(float(probabilities[part].sum()) - float(yes[part].sum()))
        for part in np.array_split(order, BINS)
    ) / max(len(order), 1)
