"""From scores to probabilities, prediction sets, and how likely it is that no candidate is right.

Temperature scaling: a softmax of the scores over a temperature. A logistic part says how likely it
is that none of the graph's diseases is right; the rest of the probability is shared out by the
softmax. Prediction sets: adaptive prediction sets (Romano, Sesia, Candes 2020,
doi:10.48550/arXiv.2006.02544), split conformal and without randomisation: the diseases in order
until their share reaches what the right disease needed in nine of ten calibration cases.

Fitted on cases of diseases that the weights used had not seen (`api.training`); every number is
stored beside the weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

COVERAGE = 0.9
"""Share of the patients with a known disease whose disease a prediction set is to hold."""
SIGNALS = ("constant", "entropy", "novelty")
"""What speaks for a disease that the graph does not know: `signals`."""
NAMES = ("temperature", *SIGNALS, "reach")
LISTED = 100
"""Diseases of a prediction set that are named; its size is always stated."""

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Calibration:
    """temperature: above 0. elsewhere: weights of `SIGNALS`, log odds. reach: 0 to 1."""

    temperature: float
    elsewhere: tuple[float, ...]
    reach: float


@dataclass(frozen=True, slots=True)
class Probabilities:
    """shares: (D,), what each candidate gets of the probability that one of them is right; they sum
    to 1. elsewhere: probability that none is. log_total: ln of the softmax's sum, scores over the
    temperature, over 1 - elsewhere: ln posterior = score / temperature - log_total.
    """

    shares: Doubles
    elsewhere: float
    log_total: float


def log_sum(values: Doubles) -> float:
    """ln of the sum of exp; values may hold -inf, and 0 stands for a sum of nothing."""
    highest = float(values.max(initial=-np.inf))
    if not np.isfinite(highest):
        return 0.0
    return highest + float(np.log(np.exp(values - highest).sum()))


def probabilities(
    scores: NDArray[np.float32], late: NDArray[np.float32], calibration: Calibration
) -> Probabilities:
    """Calibrated probabilities of the candidates (finite scores), (D,).

    late: how recently each disease was described, `KnowledgeGraph.standing`.
    """
    scaled = scores.astype(np.float64) / calibration.temperature
    total = log_sum(scaled)
    shares = np.exp(scaled - total)
    log_odds = float(np.dot(calibration.elsewhere, signals(shares, late)))
    elsewhere = 1 / (1 + float(np.exp(-log_odds)))
    return Probabilities(shares, elsewhere, total - float(np.log1p(-elsewhere)))


def signals(shares: Doubles, late: NDArray[np.floating[Any]]) -> Doubles:
    """`SIGNALS` of a ranking: 1, the entropy of the shares in nats, and how recently described the
    diseases are that lead (mean of `late`, weighted by share).
    """
    held = shares[shares > 0]
    return np.array([1.0, float(-(held * np.log(held)).sum()), float(shares @ late)])


def needed(shares: Doubles, disease: int) -> float:
    """Share that a prediction set must reach to hold a disease (by position), 0 to 1."""
    return float(shares[shares >= shares[disease]].sum())


def prediction_set(shares: Doubles, reach: float) -> NDArray[np.intp]:
    """Positions of the diseases, best first, until their shares reach; at least one."""
    order = np.argsort(-shares, kind="stable")
    reached = np.cumsum(shares[order])
    count = int(np.searchsorted(reached, min(reach, reached[-1]))) + 1
    return order[:count]
