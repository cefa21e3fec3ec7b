"""From the network's logits to probabilities that mean what they say, and to a label.

Learned on beats of patients that the network did not see. Temperature and bias by class are the
"vector scaling" of few parameters (source: curated, unreferenced).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from signals.annotated import CLASSES

Logits = NDArray[np.float64]
PRIOR = 1e-3
"""Weight of the wish that scale is 1 and bias 0, a beat."""
OFFSETS = np.arange(-2.0, 2.01, 0.25)
"""Tried for S and V: what is added to their log probability before the largest is taken."""
JUDGED = 3
"""The first classes, N, S and V: what a label is chosen for."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """log probability = scale * logits + bias, up to a constant; decision: (5,), added for the
    label only.
    """

    scale: float
    bias: Logits
    decision: Logits

    def probabilities(self, logits: Logits) -> Logits:
        """(B, 5) -> (B, 5), rows that sum to 1."""
        return np.exp(_normal(self.scale * logits + self.bias))

    def labels(self, logits: Logits) -> NDArray[np.intp]:
        """(B, 5) -> (B,): places in `CLASSES`."""
        return (self.scale * logits + self.bias + self.decision).argmax(axis=1)


def learned(logits: Logits, classes: NDArray[np.int64]) -> Calibration:
    """The likeliest scale and bias, then the decision with the best mean F1 of N, S and V."""
    from scipy.optimize import minimize

    def cost(free: Logits) -> float:
        log = _normal(free[0] * logits + free[1:])
        away = (free[0] - 1) ** 2 + float(np.square(free[1:]).sum())
        return float(-log[np.arange(len(log)), classes].mean() + PRIOR * away)

    start = np.concatenate([[1.0], np.zeros(len(CLASSES))])
    best = minimize(cost, start, method="L-BFGS-B").x
    calibrated = best[0] * logits + best[1:]
    return Calibration(float(best[0]), best[1:], _decision(calibrated, classes))


def _decision(calibrated: Logits, classes: NDArray[np.int64]) -> Logits:
    found: list[tuple[float, tuple[float, float]]] = []
    for s, v in product(OFFSETS.tolist(), repeat=2):
        told = (calibrated + _offsets(s, v)).argmax(axis=1)
        found.append((_mean_f1(classes, told), (s, v)))
    return _offsets(*max(found, key=lambda x: (x[0], -abs(x[1][0]) - abs(x[1][1])))[1])


def _offsets(s: float, v: float) -> Logits:
    return np.array([0.0, s, v, 0.0, 0.0])


def _mean_f1(classes: NDArray[np.int64], told: NDArray[np.intp]) -> float:
    size = len(CLASSES)
    confusion = np.bincount(classes * size + told, minlength=size * size).reshape(size, size)
    both = confusion.sum(axis=0) + confusion.sum(axis=1)
    return float((2 * np.diag(confusion) / np.maximum(both, 1))[:JUDGED].mean())


def _normal(log: Logits) -> Logits:
    """Logarithms that, raised, sum to 1."""
    log = log - log.max(axis=1, keepdims=True)
    return log - np.log(np.exp(log).sum(axis=1, keepdims=True))
