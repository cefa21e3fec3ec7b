"""What the benchmarks of this package share: counts, their ratios, and what was run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

Unit = TypeVar("Unit")
Counts = tuple[int, int, int]
"""True positives, false positives, false negatives of one unit."""


def grouped(units: Iterable[Unit], key: Callable[[Unit], str]) -> list[list[Unit]]:
    """Units that belong together, as `bootstrap_ci` draws them."""
    groups: dict[str, list[Unit]] = {}
    for unit in units:
        groups.setdefault(key(unit), []).append(unit)
    return list(groups.values())


def ratio(counts: Sequence[Counts]) -> tuple[float, float, float]:
    """Micro precision, recall and F1; 0 where nothing was predicted or expected."""
    tp, fp, fn = (sum(column) for column in zip(*counts, strict=True)) if counts else (0, 0, 0)
    precision = tp / (tp + fp) if tp + fp else 0.0
    recall = tp / (tp + fn) if tp + fn else 0.0
    return precision, recall, 2 * tp / (2 * tp + fp + fn) if tp else 0.0


def named(prefix: str) -> Callable[[Sequence[Counts]], dict[str, float]]:
    """The statistic of `bootstrap_ci` with metric names that begin with `prefix`."""
    return lambda counts: {
        prefix + name: value
        for name, value in zip(("precision", "recall", "f1"), ratio(counts), strict=True)
    }


def provenance(paths: Sequence[Path]) -> dict[str, Any]:
    """Versions of what ran, and what it ran on."""
    return {
        "konsil": version("konsil"),
        "spacy": version("spacy"),
        "paths": [str(path) for path in paths],
    }
