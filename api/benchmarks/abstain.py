"""`konsil bench abstain`: does it say when the right disease is not among those it knows?

Solved phenopackets, some of whose diseases the graph does not know; which is never told by the name
of the file. Of a folder `seen.*` is skipped: their publications are cited by the graph. Every
disease weighs the same, and intervals resample diseases.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from api.benchmarks.held import Held, case_digest
from api.benchmarks.metrics import worst_rank
from api.benchmarks.rank import Case, read_cases
from engine.calibrate import prediction_set
from engine.evaluate import BenchReport, bootstrap_ci
from engine.exceptions import InputError
from engine.rank import chances, has_evidence, rank
from knowledge_graph.memory import MemoryGraph

BINS = 10
"""Equally heavy bins of the calibration error."""
COLUMNS = ("absent", "elsewhere", "covered", "size", "top", "right")
Cluster = NDArray[np.float64]
"""The cases of one disease, (cases, `COLUMNS`)."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One case. elsewhere: the result's chance that no disease of the graph is right. covered: the
    prediction set holds the right disease. size: of that set. top: posterior of the first disease.
    rank: of the right one, None when the graph does not know it.
    """

    case: Case
    elsewhere: float
    covered: bool
    size: int
    top: float
    rank: int | None


def run(paths: Sequence[Path], graph: MemoryGraph, cv: int | None = None) -> BenchReport:
    """Judge every solved phenopacket of the given files or folders."""
    held = Held(graph, cv)
    cases = [case for path in paths for file in _files(path) for case in read_cases(file, graph)]
    start = time.perf_counter()
    judged = [one for case in cases if (one := _judge(case, held)) is not None]
    seconds = time.perf_counter() - start
    known = sum(one.rank is not None for one in judged)
    if known in (0, len(judged)):
        raise InputError(
            "abstaining needs cases of known and of unknown diseases",
            where=", ".join(map(str, paths)),
            fix="give clean.* and unknown.* together",
        )
    clusters = _clustered(judged)
    return BenchReport(
        bench="abstain",
        n=len(judged),
        metrics=measures(clusters)
        | {"known": float(known), "diseases": float(len(clusters))}
        | {"median_set_size": float(np.median([one.size for one in judged]))},
        ci95=bootstrap_ci(measures, clusters, n=300),
        seconds=seconds,
        provenance=held.provenance(case_digest(c.findings, c.patient) for c in cases),
        misses=[
            {"case": one.case.id, "truth": one.case.truth, "rank": one.rank, "size": one.size}
            for one in judged
            if one.rank is not None and not one.covered
        ],
        notes=[
            "means over diseases; auroc: the chance stated for a disease outside the graph",
            "coverage, set_size, top1: of cases whose disease is known; brier_skill, slope, ece: of"
            " the first disease's posterior, over all cases",
        ],
    )


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for file in sorted(path.rglob("*.json*")):
        if not file.name.startswith("seen."):
            yield file


def _judge(case: Case, held: Held) -> Judged | None:
    """None where nothing could be ranked."""
    graph = held.graph
    fusion = held.fusion(case.answers, otherwise=case.truth)
    ranking = rank(case.findings, case.patient, graph, fusion=fusion)
    chance = chances(ranking, graph)
    if chance is None or fusion.calibration is None or not has_evidence(ranking):
        return None
    chosen = prediction_set(chance.shares, fusion.calibration.reach)
    return Judged(
        case=case,
        elsewhere=chance.elsewhere,
        covered=bool(np.isin(case.answers, chosen).any()),
        size=chosen.size,
        top=float(chance.shares.max()) * chance.shared,
        rank=worst_rank(ranking.scores, case.answers) if case.answers else None,
    )


def _clustered(judged: Sequence[Judged]) -> list[Cluster]:
    rows: dict[str, list[list[float]]] = defaultdict(list)
    for one in judged:
        right = one.rank == 1
        rows[one.case.truth].append(
            [one.rank is None, one.elsewhere, one.covered, one.size, one.top, right]
        )
    return [np.array(cases, np.float64) for cases in rows.values()]


def measures(clusters: Sequence[Cluster]) -> dict[str, float]:
    """All measures, every disease weighing the same; NaN where a draw has only one kind of case."""
    table = np.concatenate(clusters)
    weight = np.concatenate([np.full(len(c), 1 / len(c)) for c in clusters])
    absent, elsewhere, covered, size, top, right = table.T
    known = absent == 0
    mean = float(np.average(right, weights=weight))
    brier = float(np.average((top - right) ** 2, weights=weight))
    return {
        "auroc": auroc(elsewhere, ~known, weight),
        "coverage": _mean(covered, weight, known),
        "set_size": _mean(size, weight, known),
        "top1": _mean(right, weight, known),
        "brier_skill": 1 - brier / (mean * (1 - mean)) if 0 < mean < 1 else float("nan"),
        "slope": slope(top, right, weight),
        "ece": calibration_error(top, right, weight),
    }


def _mean(values: Cluster, weight: Cluster, where: NDArray[np.bool_]) -> float:
    return float(np.average(values[where], weights=weight[where])) if where.any() else float("nan")


def auroc(score: Cluster, positive: NDArray[np.bool_], weight: Cluster) -> float:
    """Area under the ROC curve of weighted cases, ties counting half; NaN with one class only."""
    if positive.all() or not positive.any():
        return float("nan")
    _, place = np.unique(score, return_inverse=True)
    yes = np.bincount(place, weights=weight * positive)
    no = np.bincount(place, weights=weight * ~positive)
    below = np.cumsum(no) - no
    return float((yes * (below + no / 2)).sum() / (yes.sum() * no.sum()))


def slope(chance: Cluster, right: Cluster, weight: Cluster) -> float:
    """Calibration slope: the coefficient of a logistic regression on the log odds; 1 is ideal."""
    held = np.clip(chance, 1e-6, 1 - 1e-6)
    x = np.stack([np.ones_like(held), np.log(held / (1 - held))], axis=1)
    beta = np.array([0.0, 1.0])
    for _ in range(25):
        fitted = 1 / (1 + np.exp(-np.clip(x @ beta, -30, 30)))
        curve = (x * (weight * fitted * (1 - fitted))[:, None]).T @ x + 1e-9 * np.eye(2)
        beta = beta + np.linalg.solve(curve, x.T @ (weight * (right - fitted)))
    return float(beta[1])


def calibration_error(chance: Cluster, right: Cluster, weight: Cluster) -> float:
    """Expected calibration error over `BINS` bins of equal weight, 0 to 1."""
    order = np.argsort(chance, kind="stable")
    reached = np.cumsum(weight[order]) / weight.sum()
    place = np.minimum((reached * BINS - 1e-9).astype(int), BINS - 1)
    total = np.bincount(place, weights=weight[order], minlength=BINS)
    gap = np.bincount(place, weights=(weight * (chance - right))[order], minlength=BINS)
    return float(np.abs(gap).sum() / total.sum())
