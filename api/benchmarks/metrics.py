"""Measures of a ranking with one right answer, shared by the ranking benchmarks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from engine.protocols import Floats

Cluster = Sequence[int]
"""Ranks (from 1) of the cases of one disease: the unit of the bootstrap."""


def worst_rank(scores: Floats, answers: Sequence[int]) -> int:
    """Rank of the best of the right answers (positions), ties counted against it."""
    return int(np.sum(scores >= max(scores[i] for i in answers)))


def clustered(ranks: Iterable[tuple[str, int]]) -> list[Cluster]:
    """One list of ranks for every disease, in order of first appearance."""
    clusters: dict[str, list[int]] = defaultdict(list)
    for disease, rank in ranks:
        clusters[disease].append(rank)
    return list(clusters.values())


def top_k(clusters: Sequence[Cluster]) -> dict[str, float]:
    """Top-k and mean reciprocal rank, per case and as a mean over diseases (macro); 0 to 1."""
    ranks = [np.array(cluster) for cluster in clusters]
    everyone = np.concatenate(ranks)
    metrics = {f"top{k}": float(np.mean(everyone <= k)) for k in (1, 3, 10)}
    metrics["mrr"] = float(np.mean(1 / everyone))
    for k in (1, 3, 10):
        metrics[f"macro_top{k}"] = float(np.mean([np.mean(r <= k) for r in ranks]))
    return metrics


def gains(
    paired: Sequence[tuple[Cluster, Cluster]], keys: Sequence[str] = ("macro_top1", "macro_top10")
) -> dict[str, float]:
    """Difference of the first from the second ranking on the same cases, as "gain_<key>"."""
    ours = top_k([cluster for cluster, _ in paired])
    theirs = top_k([cluster for _, cluster in paired])
    return {f"gain_{key}": ours[key] - theirs[key] for key in keys}
