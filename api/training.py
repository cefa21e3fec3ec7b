"""Train the weights of the ranking: `python -m api.training` (a few minutes on two cores).

Reads the development cases of `KONSIL_DATA` (default ../shared/data), writes
engine/weights/ranking.safetensors and prints out-of-fold results. A conditional logit (McFadden):
the right disease against the hardest others of the same patient, every disease weighing the same
within its set, pulled towards plain likelihood ratios. Folds are by disease.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save
from scipy.optimize import minimize

from api.benchmarks.metrics import worst_rank
from api.calibrating import SHARE, Outcome, calibrate, outcomes
from api.cases import Labelled, chosen, known_cases, unknown_cases
from engine.calibrate import NAMES as MEASURES
from engine.fusion import ABSENT, FILE, NAMES, NOT_NEGATIVE, SIGNS, Fusion, fold_of
from engine.protocols import Floats
from engine.rank import Features, features, has_evidence
from knowledge_graph.memory import MemoryGraph

VERSION = "2026.11"
FOLDS = 5
AGAINST = 100
"""Other diseases each right one is set against: the hardest, found anew in each round."""
ROUNDS = 2
HOPELESS = 150
"""A case whose disease ranks below this by the plain ratios teaches only noise: left out."""
SETS = {"clean": 1.0, "seen": 0.3, "labs": 0.5, "vignettes": 1.0}
"""What each set of cases weighs."""
PULL = 0.003
"""Ridge penalty towards the plain weights, on features scaled to unit deviation."""
PLAIN = Fusion(tuple(0.8 if name in ("ratio", "prior") else 0.0 for name in NAMES))


@dataclass(frozen=True, slots=True)
class Choice:
    """The right disease (row 0) and those against it. table: (1 + AGAINST, N) by `NAMES`."""

    case: Labelled
    table: Floats


def main() -> None:
    """Train, write, and say how well the held-out folds do."""
    data = Path(os.environ.get("KONSIL_DATA", "../shared/data"))
    graph = MemoryGraph.packaged()
    write(PLAIN, (PLAIN,) * FOLDS, ())  # reading the notes ranks them as well
    cases = list(chosen(known_cases(data, graph)))
    sets = Counter(case.name for case in cases)
    print(f"{len(cases)} cases: {dict(sets)}", flush=True)
    fusion, folds = learned(cases, graph)
    unknown = list(unknown_cases(data, graph))
    asked = [*(case for case in cases if case.name in SHARE), *unknown]
    fusion, folds = with_calibration(fusion, folds, list(outcomes(asked, folds, graph)))
    write(fusion, folds, [case.digest for case in (*cases, *unknown)])
    for name, weight in zip(NAMES, fusion.weights, strict=True):
        print(f"  {name:<14} {weight:+.3f}")


def learned(cases: Sequence[Labelled], graph: MemoryGraph) -> tuple[Fusion, tuple[Fusion, ...]]:
    """Weights from all cases, and for each fold those from the cases of the other folds."""
    fusion, folds = PLAIN, (PLAIN,) * FOLDS
    for number in range(ROUNDS):
        choices = list(gathered(cases, graph, fusion))
        fusion = fit(choices)
        folds = tuple(
            fit([c for c in choices if fold_of(c.case.disease, FOLDS) != fold])
            for fold in range(FOLDS)
        )
        print(f"round {number + 1}: {len(choices)} choices, {_out_of_fold(choices, folds)}")
    return fusion, folds


def with_calibration(
    fusion: Fusion, folds: Sequence[Fusion], held: Sequence[Outcome]
) -> tuple[Fusion, tuple[Fusion, ...]]:
    """The same weights, calibrated on all held-out rankings; each fold on those of the others."""
    every = calibrate(held)
    print(f"{len(held)} rankings calibrated: {every}")
    others = (
        [outcome for outcome in held if fold_of(outcome.case.disease, FOLDS) != number]
        for number in range(len(folds))
    )
    return replace(fusion, calibration=every), tuple(
        replace(fold, calibration=calibrate(seen)) for fold, seen in zip(folds, others, strict=True)
    )


def gathered(cases: Sequence[Labelled], graph: MemoryGraph, fusion: Fusion) -> Iterator[Choice]:
    """Each case against the diseases that these weights rank highest."""
    for case in cases:
        given = features(case.findings, case.patient, graph)
        if not has_evidence(given):
            continue
        table = _table(given)
        plain = _scores(table, PLAIN, given)
        if worst_rank(plain, case.answers) > HOPELESS:
            continue
        scores = _scores(table, fusion, given)
        right = max(case.answers, key=lambda answer: scores[answer])
        scores[list(case.answers)] = -np.inf
        hardest = np.argsort(-scores, kind="stable")[:AGAINST]
        yield Choice(case, table[:, [right, *hardest]].T.copy())


def _table(given: Features) -> Floats:
    """(N, D): the features by `NAMES`, findings added up."""
    diseases = given.candidate.size
    present = np.zeros((len(SIGNS), diseases), np.float32)
    absent = np.zeros((len(ABSENT), diseases), np.float32)
    for finding, signs in zip(given.findings, given.signs, strict=True):
        total = absent if finding.status == "absent" else present
        total += signs
    return np.concatenate(
        [present, absent, given.raised.sum(axis=0)[None], given.picture, given.prior]
    )


def _scores(table: Floats, fusion: Fusion, given: Features) -> Floats:
    scores = np.array(fusion.weights, np.float32) @ table
    scores[~given.candidate] = -np.inf
    return scores


def fit(choices: Sequence[Choice]) -> Fusion:
    """The weights that make the right diseases most likely among those against them."""
    tables = np.stack([choice.table for choice in choices]).astype(np.float64)
    scale = tables.std(axis=(0, 1)) + 1e-9
    tables /= scale
    weight = weights_of([choice.case for choice in choices])
    start = np.array(PLAIN.weights) * scale

    def loss(values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scores = tables @ values
        scores -= scores.max(axis=1, keepdims=True)
        shares = np.exp(scores)
        total = shares.sum(axis=1, keepdims=True)
        shares /= total
        likelihood = weight @ (scores[:, 0] - np.log(total[:, 0]))
        shares[:, 0] -= 1
        slope = np.einsum("i,ik,ikn->n", weight, shares, tables)
        away = values - start
        return PULL * float(away @ away) - float(likelihood), slope + 2 * PULL * away

    bounds = [(0.0 if name in NOT_NEGATIVE else None, None) for name in NAMES]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return Fusion(tuple((found.x / scale).tolist()))


def weights_of(cases: Sequence[Labelled]) -> NDArray[np.float64]:
    """Of each case; they sum to 1. Diseases of a set weigh the same, sets as `SETS` says."""
    times = Counter((case.name, case.disease) for case in cases)
    diseases = Counter(name for name, _ in times)
    raw = [SETS[case.name] / diseases[case.name] / times[case.name, case.disease] for case in cases]
    return np.array(raw) / sum(raw)


def _out_of_fold(choices: Sequence[Choice], folds: Sequence[Fusion]) -> str:
    """Of each set the macro top-1 and log loss among the candidates gathered, out of fold."""
    right: dict[str, dict[str, list[tuple[bool, float]]]] = {}
    for choice in choices:
        fusion = folds[fold_of(choice.case.disease, FOLDS)]
        scores = choice.table @ np.array(fusion.weights, np.float32)
        hits = right.setdefault(choice.case.name, {}).setdefault(choice.case.disease, [])
        loss = np.logaddexp.reduce(scores.astype(np.float64)) - scores[0]
        hits.append((bool(scores[0] > scores[1:].max()), float(loss)))
    told: list[str] = []
    for name, diseases in right.items():
        top1, loss = np.mean([np.mean(hits, axis=0) for hits in diseases.values()], axis=0)
        told.append(f"{name} {top1:.3f} ({loss:.3f})")
    return ", ".join(told)


def write(fusion: Fusion, folds: Sequence[Fusion], seen: Sequence[int]) -> None:
    """The packaged file; the same cases give the same bytes (more than one entry of metadata would
    be stored in an order drawn anew by each process).
    """
    FILE.parent.mkdir(exist_ok=True)
    tensors = {
        "weights": np.array([f.weights for f in (fusion, *folds)]),
        "calibration": np.array([_measures(f) for f in (fusion, *folds)]),
        "seen": np.array(sorted(set(seen)), np.uint64),
    }
    FILE.write_bytes(save(tensors, metadata={"model": f"{VERSION}:{','.join(NAMES)}"}))


def _measures(fusion: Fusion) -> list[float]:
    """The numbers of a calibration in the order of `engine.calibrate.NAMES`; NaN without one."""
    held = fusion.calibration
    return [float("nan")] * len(MEASURES) if held is None else [*held.measures]


if __name__ == "__main__":
    main()
