"""From scores to probabilities, prediction sets, and how likely it is that no candidate is right.

Temperature scaling: a softmax of the scores over a temperature. A logistic part says how likely it
is that none of the graph's diseases is right, another how far the scores are to be trusted if one
is; what both leave is shared out by the softmax, and the rest is given to nobody. Prediction sets:
adaptive prediction sets (Romano, Sesia, Candes 2020, doi:10.48550/arXiv.2006.02544), split
conformal and without randomisation: the diseases in order until their share reaches what the right
disease needed in nine of ten calibration cases.

Fitted on cases of diseases that the weights used had not seen (`api.training`); every number is
stored beside the weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

COVERAGE = 0.9
"""Share of the patients with a known disease whose disease a prediction set is to hold."""
SIGNALS = ("constant", "entropy", "novelty")
"""What speaks for a disease that the graph does not know: `signals`."""
TRUST = ("always", "common")
"""What speaks for trusting the scores: 1, and how common the leading diseases are (`signals`)."""
NAMES = ("temperature", *SIGNALS, *TRUST, "reach")
LISTED = 100
"""Diseases of a prediction set that are named; its size is always stated."""

LEAST_SHARE = 1e-300

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Calibration:
    """temperature: above 0. elsewhere, trust: weights of `SIGNALS` and of `TRUST`, log odds. reach:
    0 to 1.
    """

    temperature: float
    elsewhere: tuple[float, ...]
    trust: tuple[float, ...]
    reach: float

    @classmethod
    def of(cls, measures: Sequence[float], reach: float) -> Calibration:
        """From its numbers in the order of `NAMES`, without the reach."""
        temperature, *weights = measures
        return cls(
            temperature, tuple(weights[: len(SIGNALS)]), tuple(weights[len(SIGNALS) :]), reach
        )

    @property
    def measures(self) -> tuple[float, ...]:
        """Its numbers in the order of `NAMES`."""
        return (self.temperature, *self.elsewhere, *self.trust, self.reach)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of every disease beside its score, (D,): late, how recently it was described
    (`KnowledgeGraph.standing`), and common, 1 for one of the curated common conditions.
    """

    late: NDArray[np.floating[Any]]
    common: NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Probabilities:
    """shares: (D,), what each candidate gets of the probability that is shared out; they sum to 1.
    elsewhere: probability that no candidate is right. shared: probability that is shared out, less
    than 1 - elsewhere, as the findings of some patients mislead. log_total: ln of the softmax's
    sum, scores over the temperature, over `shared`: ln posterior = score / temperature - log_total.
    """

    shares: Doubles
    elsewhere: float
    shared: float
    log_total: float


def log_sum(values: Doubles) -> float:
    """ln of the sum of exp; values may hold -inf, and 0 stands for a sum of nothing."""
    highest = float(values.max(initial=-np.inf))
    if not np.isfinite(highest):
        return 0.0
    return highest + float(np.log(np.exp(values - highest).sum()))


def probabilities(
    scores: NDArray[np.float32], known: Known, calibration: Calibration
) -> Probabilities:
    """Calibrated probabilities of the candidates (finite scores), (D,)."""
    shares = softmax(scores, calibration.temperature)
    elsewhere = float(logistic(np.dot(calibration.elsewhere, signals(shares, known))))
    trust = float(logistic(np.dot(calibration.trust, trusted(shares, known))))
    shared = (1 - elsewhere) * trust
    total = log_sum(scores.astype(np.float64) / calibration.temperature)
    return Probabilities(shares, elsewhere, shared, total - float(np.log(shared)))


def softmax(scores: NDArray[np.floating[Any]], temperature: float) -> Doubles:
    """Shares by score over the temperature, (..., D) -> (..., D); -inf gets none."""
    scaled = scores.astype(np.float64) / temperature
    shares = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return shares / shares.sum(axis=-1, keepdims=True)


def logistic(log_odds: float | Doubles) -> Doubles:
    """Probability of log odds."""
    return 1 / (1 + np.exp(-np.asarray(log_odds)))


def signals(shares: Doubles, known: Known) -> Doubles:
    """`SIGNALS` of rankings, (..., D) -> (3, ...): 1, the entropy of the shares in nats, and how
    recently described the diseases are that lead (mean weighted by share).
    """
    entropy = -(shares * np.log(np.maximum(shares, LEAST_SHARE))).sum(axis=-1)
    return np.stack([np.ones_like(entropy), entropy, (shares * known.late).sum(axis=-1)])


def trusted(shares: Doubles, known: Known) -> Doubles:
    """`TRUST` of rankings, (..., D) -> (2, ...)."""
    common = (shares * known.common).sum(axis=-1)
    return np.stack([np.ones_like(common), common])


def needed(shares: Doubles, disease: int) -> float:
    """Share that a prediction set must reach to hold a disease (by position), 0 to 1."""
    return float(shares[shares >= shares[disease]].sum())


def prediction_set(shares: Doubles, reach: float) -> NDArray[np.intp]:
    """Positions of the diseases, best first, until their shares reach; at least one."""
    order = np.argsort(-shares, kind="stable")
    reached = np.cumsum(shares[order])
    count = int(np.searchsorted(reached, min(reach, reached[-1]))) + 1
    return order[:count]
