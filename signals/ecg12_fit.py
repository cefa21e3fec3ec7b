"""The parts of `ecg12_model` that are fitted without a network: scaling, ridge and calibration."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from signals.average import Floats
from signals.ecg12_model import Scaling

FEATURES = 1024
"""Random Fourier features; the more, the closer to the Gaussian kernel."""
WIDTH, PENALTY = 1.0, 1.0
"""Of the kernel, as a share of the usual distance of two records; of the ridge regression."""


def scaling(measures: Floats) -> Scaling:
    """Median and spread (from the quartiles) of measurements, (B, F)."""
    quarter, centre, above = np.nanpercentile(measures, [25, 50, 75], axis=0)
    deviation = np.maximum(np.nanstd(measures, axis=0), 1e-6)
    spread = (above - quarter) / 1.35
    spread = np.where(spread > 1e-6, spread, deviation)
    return Scaling(centre, np.maximum(spread, 0.3 * deviation))


def ridge(scaled: Floats, labels: Floats, *, seed: int = 0) -> dict[str, NDArray[np.float32]]:
    """What `ecg12_model.Smooth` reads, from (B, F) and (B, 5)."""
    chance = np.random.default_rng(seed)
    length = np.sum(scaled**2, axis=1)
    apart = length[:, None] + length - 2 * scaled @ scaled.T  # (B, B), squared distances
    width = np.sqrt(WIDTH * np.median(apart) / 2 / 0.7)
    turn = chance.normal(size=(scaled.shape[1], FEATURES)) / width
    turn = turn.astype(np.float16).astype(float)  # as stored
    shift = chance.uniform(0, 2 * np.pi, FEATURES)
    seen = np.cos(scaled @ turn + shift) * np.sqrt(2 / FEATURES)  # (B, D)
    base = labels.mean(axis=0)
    alike = seen @ seen.T
    weight = seen.T @ np.linalg.solve(alike + PENALTY * np.eye(len(seen)), labels - base)
    return {
        "smooth.turn": turn.astype(np.float16),
        "smooth.shift": shift.astype(np.float32),
        "smooth.weight": (weight * np.sqrt(2 / FEATURES)).astype(np.float32),
        "smooth.base": base.astype(np.float32),
    }


def calibration(scores: Floats, labels: Floats, *, penalty: float = 0.5) -> Floats:
    """(B, 5, 2) of records the readers had not seen, and (B, 5) -> (5, 3): by class a logistic
    regression of both scores, no weight below 0.
    """
    return np.stack([_logistic(scores[:, c], labels[:, c], penalty) for c in range(5)])


def _logistic(scores: Floats, labels: Floats, penalty: float) -> Floats:
    from scipy.optimize import minimize

    size = scores.std(axis=0)
    given = np.c_[scores / size, np.ones(len(scores))]

    def loss(weights: Floats) -> tuple[float, Floats]:
        odds = given @ weights
        slope = given.T @ (1 / (1 + np.exp(-odds)) - labels)
        slope[:2] += penalty * weights[:2]
        cost = np.logaddexp(0, odds).sum() - odds @ labels + penalty / 2 * weights[:2] @ weights[:2]
        return float(cost), slope

    bounds = [(0, None), (0, None), (None, None)]
    found = minimize(loss, np.array([1.0, 1.0, -1.0]), jac=True, method="L-BFGS-B", bounds=bounds)
    return found.x / np.r_[size, 1.0]
