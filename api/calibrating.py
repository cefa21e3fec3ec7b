"""Fit the calibration of the ranking on rankings of diseases that the weights had not seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from api.cases import Labelled
from engine.calibrate import (
    COVERAGE,
    SIGNALS,
    Calibration,
    Known,
    logistic,
    needed,
    signals,
    softmax,
    trusted,
)
from engine.fusion import Fusion, fold_of
from engine.rank import has_evidence, known, rank
from knowledge_graph.memory import MemoryGraph

Doubles = NDArray[np.float64]

SHARE = {"clean": 1.0, "unknown": 1.0, "labs": 0.5, "vignettes": 0.5}
"""What each disease of a set weighs; unknown ones are part of what a clinic sees."""
KEPT = 2000
"""Highest scores kept of each case while fitting: the others have no share to speak of."""
JUDGED = 10
"""Leading diseases whose probabilities must hold."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One case as ranked by weights that had not seen its disease.

    scores: (KEPT,), highest first. known: of the same diseases. places: of the right answers among
    them. whole: (D,) all scores.
    """

    case: Labelled
    weight: float
    scores: Doubles
    known: Known
    places: tuple[int, ...]
    whole: NDArray[np.float32]


def outcomes(
    cases: Sequence[Labelled], folds: Sequence[Fusion], graph: MemoryGraph
) -> Iterator[Outcome]:
    """Rank every case with the fold that did not see its disease."""
    beside = known(graph)
    times = Counter((case.name, case.disease) for case in cases)
    for case in cases:
        fusion = folds[fold_of(case.disease, len(folds))]
        ranking = rank(case.findings, case.patient, graph, top=KEPT, fusion=fusion)
        if not has_evidence(ranking):
            continue
        order = np.array(ranking.order)
        yield Outcome(
            case=case,
            weight=SHARE[case.name] / times[case.name, case.disease],
            scores=ranking.scores[order].astype(np.float64),
            known=Known(beside.late[order], beside.common[order]),
            places=tuple(np.flatnonzero(np.isin(order, case.answers)).tolist()),
            whole=ranking.scores,
        )


def calibrate(seen: Sequence[Outcome]) -> Calibration:
    """Temperature, the chance of an unknown disease and the trust by the log loss of the first
    `JUDGED`; then the reach of prediction sets, by disease.
    """
    start = [0.0, -1.0, 0.0, 0.0, 1.0, 0.0]
    log_temperature, *rest = minimize(_loss(seen), start, method="L-BFGS-B").x.tolist()
    temperature = float(np.exp(log_temperature))
    answered = [outcome for outcome in seen if outcome.case.answers]
    reached = np.array([_needed(outcome, temperature) for outcome in answered])
    weights = np.array([outcome.weight for outcome in answered])
    level = min(1.0, COVERAGE * (1 + 1 / len(answered)))
    return Calibration.of((temperature, *rest), _quantile(reached, weights, level))


def _loss(seen: Sequence[Outcome]) -> Callable[[Doubles], float]:
    """Of the temperature (ln) and the weights of `SIGNALS` and `TRUST`: the log loss of the first
    `JUDGED` probabilities, and of the chance that no disease of the graph is right.
    """
    weights = np.array([outcome.weight for outcome in seen])
    weights /= weights.sum()
    scores = np.stack([outcome.scores for outcome in seen])
    beside = Known(
        late=np.stack([outcome.known.late for outcome in seen]),
        common=np.stack([outcome.known.common for outcome in seen]),
    )
    unknown = np.array([not outcome.case.answers for outcome in seen])
    right = np.zeros((len(seen), JUDGED))
    for row, outcome in zip(right, seen, strict=True):
        row[[place for place in outcome.places if place < JUDGED]] = 1

    def loss(values: Doubles) -> float:
        shares = softmax(scores, np.exp(values[0]))
        log_odds: Doubles = values[1 : 1 + len(SIGNALS)] @ signals(shares, beside)
        trust: Doubles = values[1 + len(SIGNALS) :] @ trusted(shares, beside)
        shared = logistic(-log_odds) * logistic(trust)  # (N,)
        held: Doubles = np.clip(shares[:, :JUDGED] * shared[:, None], 1e-9, 1 - 1e-9)
        told: Doubles = -(right * np.log(held) + (1 - right) * np.log(1 - held)).sum(axis=1)
        apart: Doubles = np.logaddexp(0, np.where(unknown, -log_odds, log_odds))
        whole: Doubles = told + apart  # (N,)
        return float((weights * whole).sum())

    return loss


def _needed(outcome: Outcome, temperature: float) -> float:
    shares = softmax(outcome.whole, temperature)
    return min(needed(shares, answer) for answer in outcome.case.answers)


def _quantile(values: Doubles, weights: Doubles, level: float) -> float:
    """The least value that a share `level` of the weight does not exceed."""
    order = np.argsort(values)
    reached = np.cumsum(weights[order]) / weights.sum()
    return float(values[order][min(np.searchsorted(reached, level), values.size - 1)])
