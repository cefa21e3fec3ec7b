"""Measures of a ranking with one right answer, shared by the ranking benchmarks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.protocols import Floats

KS = (1, 3, 10)

Cluster = NDArray[np.float64]
"""One disease, the unit of the bootstrap: cases, hits at each of `KS`, sum of 1 / rank."""


def worst_rank(scores: Floats, answers: Sequence[int]) -> int:
    """Rank of the best of the right answers (positions), ties counted against it."""
    return int(np.sum(scores >= max(scores[i] for i in answers)))


def clustered(ranks: Iterable[tuple[str, int]]) -> list[Cluster]:
    """The clusters of (disease, rank from 1) pairs, in order of first appearance."""
    by_disease: dict[str, list[int]] = defaultdict(list)
    for disease, rank in ranks:
        by_disease[disease].append(rank)
    return [
        np.array([len(r), *(sum(x <= k for x in r) for k in KS), sum(1 / x for x in r)])
        for r in by_disease.values()
    ]


def top_k(clusters: Sequence[Cluster]) -> dict[str, float]:
    """Top-k and mean reciprocal rank, per case and as a mean over diseases (macro); 0 to 1."""
    table = np.array(clusters)
    total = table.sum(axis=0)
    mean = (table / table[:, :1]).mean(axis=0)
    metrics = {f"top{k}": float(total[i] / total[0]) for i, k in enumerate(KS, 1)}
    metrics["mrr"] = float(total[-1] / total[0])
    return metrics | {f"macro_top{k}": float(mean[i]) for i, k in enumerate(KS, 1)}


def gains(
    paired: Sequence[tuple[Cluster, Cluster]], keys: Sequence[str] = ("macro_top1", "macro_top10")
) -> dict[str, float]:
    """Difference of the first from the second ranking on the same cases, as "gain_<key>"."""
    ours = top_k([cluster for cluster, _ in paired])
    theirs = top_k([cluster for _, cluster in paired])
    return {f"gain_{key}": ours[key] - theirs[key] for key in keys}
