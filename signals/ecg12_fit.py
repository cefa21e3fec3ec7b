"""The parts of `ecg12_model` that are fitted without a network: scaling, ridge and calibration."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from signals.average import Floats
from signals.ecg12_model import Scaling, waved

DIRECTIONS = 512
"""Of the random Fourier features; the more, the closer to the Gaussian kernel."""
WIDTH, PENALTY = 0.7, 1.0
"""Of the kernel, as a share of the usual squared distance of two records; of the regression."""
MIX = (0.7, 0.3)
"""What the ridge regression and the network count, each over its spread."""


def scaling(measures: Floats) -> Scaling:
    """Median and spread (from the quartiles) of measurements, (B, F)."""
    quarter, centre, above = np.nanpercentile(measures, [25, 50, 75], axis=0)
    deviation = np.maximum(np.nanstd(measures, axis=0), 1e-6)
    spread = (above - quarter) / 1.35
    spread = np.where(spread > 1e-6, spread, deviation)
    return Scaling(centre, np.maximum(spread, 0.3 * deviation))


def ridge(scaled: Floats, labels: Floats, *, seed: int = 0) -> dict[str, NDArray[np.generic]]:
    """What `ecg12_model.Smooth` reads, from (B, F) and (B, 5)."""
    length = np.sum(scaled**2, axis=1)
    apart = length[:, None] + length - 2 * scaled @ scaled.T  # (B, B), squared distances
    turn = _directions(scaled.shape[1], seed) / np.sqrt(WIDTH * np.median(apart))
    turn = turn.astype(np.float16)
    seen = waved(scaled, turn.astype(float))  # (B, 2 D)
    base = labels.mean(axis=0)
    alike = seen @ seen.T
    weight = seen.T @ np.linalg.solve(alike + PENALTY * np.eye(len(seen)), labels - base)
    return {
        "smooth.turn": turn,
        "smooth.weight": weight.astype(np.float32),
        "smooth.base": base.astype(np.float32),
    }


def _directions(measures: int, seed: int) -> Floats:
    """(F, DIRECTIONS), as if drawn from a normal distribution, but at right angles to each other as
    far as there is room: the kernel is met more closely.
    """
    chance = np.random.default_rng(seed)
    blocks = [
        np.linalg.qr(chance.normal(size=(measures, measures)))[0]
        * np.sqrt(chance.chisquare(measures, measures))
        for _ in range(-(-DIRECTIONS // measures))
    ]
    return np.concatenate(blocks, axis=1)[:, :DIRECTIONS]


def calibration(scores: Floats, labels: Floats) -> Floats:
    """(B, 5, 2) of records the readers had not seen, and (B, 5) -> (5, 3): by class what each score
    counts, and a constant. Their mix is the same for all classes, as the rarest has few records;
    only a slope and the constant are fitted.
    """
    return np.stack([_platt(scores[:, c], labels[:, c]) for c in range(5)])


def _platt(scores: Floats, labels: Floats) -> Floats:
    from scipy.optimize import minimize

    mix = np.array(MIX) / scores.std(axis=0)
    given = np.stack([scores @ mix, np.ones(len(scores))], axis=1)

    def loss(weights: Floats) -> tuple[float, Floats]:
        odds = given @ weights
        slope = given.T @ (1 / (1 + np.exp(-odds)) - labels)
        return float(np.logaddexp(0, odds).sum() - odds @ labels), slope

    found = minimize(loss, np.array([1.0, -1.0]), jac=True, method="L-BFGS-B").x
    return np.r_[found[0] * mix, found[1]]
