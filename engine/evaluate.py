"""What every benchmark returns, and the bootstrap interval they share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

Unit = TypeVar("Unit")


@dataclass(frozen=True)
class BenchReport:
    """One run of a benchmark.

    n: scored units (cases, documents, sentences). metrics: fractions from 0 to 1 unless the key
    names a unit ("ms_per_case", "docs_per_s"). ci95: the 95 % interval of some of them. seconds:
    wall-clock time of the work measured, without loading. provenance: versions, hashes, arguments.
    misses: one record per error, for reading. notes: what was skipped or assumed. compared: the
    methods measured on the same units, as what the keys of their metrics begin with ("" for ours)
    -> name.
    """

    bench: str
    n: int
    metrics: dict[str, float]
    ci95: dict[str, tuple[float, float]]
    seconds: float
    provenance: dict[str, Any]
    misses: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    notes: list[str] = field(default_factory=list[str])
    compared: dict[str, str] = field(default_factory=dict[str, str])


def as_dict(report: BenchReport) -> dict[str, Any]:
    """What `konsil bench --json` prints. The misses are left out: they have a file of their own."""
    return {
        "bench": report.bench,
        "n": report.n,
        "metrics": report.metrics,
        "ci95": report.ci95,
        "seconds": report.seconds,
        "provenance": report.provenance,
        "notes": report.notes,
        "compared": report.compared,
    }


def bootstrap_ci(
    statistic: Callable[[Sequence[Unit]], Mapping[str, float]],
    units: Sequence[Unit],
    *,
    n: int = 1000,
    seed: int = 0,
) -> dict[str, tuple[float, float]]:
    """95 % percentile intervals of what `statistic` computes, resampling units with replacement.

    A unit is whatever is independent: a document, or all cases of one disease (a cluster). Keys
    are those of the statistic; a replicate in which a value is not finite is left out of its key.
    """
    rng = np.random.default_rng(seed)
    replicates: dict[str, list[float]] = {}
    for _ in range(n if units else 0):
        places: list[int] = rng.integers(0, len(units), len(units)).tolist()
        drawn = [units[i] for i in places]
        for key, value in statistic(drawn).items():
            if np.isfinite(value):
                replicates.setdefault(key, []).append(value)
    return {
        key: (float(np.quantile(values, 0.025)), float(np.quantile(values, 0.975)))
        for key, values in replicates.items()
    }
