"""From the network's logits to probabilities that mean what they say.

Learned on beats of patients that the network did not see. Temperature and bias by class are the
"vector scaling" of few parameters (source: curated, unreferenced).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from signals.annotated import CLASSES

Logits = NDArray[np.float64]
PRIOR = 1e-3
"""Weight of the wish that scale is 1 and bias 0, a beat."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """log probability = scale * logits + bias, up to a constant. bias: (5,)."""

    scale: float
    bias: Logits

    def probabilities(self, logits: Logits) -> Logits:
        """(B, 5) -> (B, 5), rows that sum to 1."""
        return np.exp(_normal(self.scale * logits + self.bias))


def learned(logits: Logits, classes: NDArray[np.int64]) -> Calibration:
    """The likeliest scale and bias."""
    from scipy.optimize import minimize

    def cost(free: Logits) -> float:
        log = _normal(free[0] * logits + free[1:])
        away = (free[0] - 1) ** 2 + float(np.square(free[1:]).sum())
        return float(-log[np.arange(len(log)), classes].mean() + PRIOR * away)

    start = np.concatenate([[1.0], np.zeros(len(CLASSES))])
    best = minimize(cost, start, method="L-BFGS-B").x
    return Calibration(float(best[0]), best[1:])


def _normal(log: Logits) -> Logits:
    """Logarithms that, raised, sum to 1."""
    log = log - log.max(axis=1, keepdims=True)
    return log - np.log(np.exp(log).sum(axis=1, keepdims=True))
