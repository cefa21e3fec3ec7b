"""Fits and measures the rule for noise of `signals.quality`: `python -m signals.train_quality`.

CinC 2017: records their readers called too noisy (~) against all others. Every record is judged in
stretches of ten seconds; the label is that of the whole record, so a clean stretch of a noisy one
counts as an error. Five folds by record; the cut leaves `SPECIFICITY` of the others' stretches.

Measured on the folds not fitted, stretches (records with half of theirs) called noisy: of 244 noisy
records .467 (.467); N .031 (.020), A .030 (.024), O .029 (.025).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from signals.quality import STRETCH_S, properties
from signals.read import read

FOLDS, SEED, SPECIFICITY = 5, 7, 0.97
Values = NDArray[np.float64]


def main() -> None:
    """Prints what to write into `signals.quality`, and how well it does on records not fitted."""
    folder = Path(os.environ.get("KONSIL_DATA", "../shared/data")) / "signals" / "cinc2017"
    stretches = list(_stretches(folder))
    x = np.stack([s[2] for s in stretches])
    names, record = np.unique([s[0] for s in stretches], return_inverse=True)
    label = np.array([s[1] for s in stretches])
    noisy = label == "~"
    fold = np.random.default_rng(SEED).integers(0, FOLDS, len(names))[record]
    called = np.zeros(len(x), bool)
    for k in range(FOLDS):
        weights, cut = fit(x[fold != k], noisy[fold != k])
        mean, spread = x[fold != k].mean(axis=0), x[fold != k].std(axis=0)
        called[fold == k] = (x[fold == k] - mean) / spread @ weights > cut
    share = np.bincount(record, called) / np.bincount(record)
    kind = np.array([label[record == i][0] for i in range(len(names))])
    for of in ("N", "A", "O", "~"):
        stretch, whole = called[label == of].mean(), (share[kind == of] >= 0.5).mean()
        print(
            f"{of}: stretches called noisy {stretch:.3f}, records {whole:.3f}, n {sum(kind == of)}"
        )
    weights, cut = fit(x, noisy)
    print("MEAN", x.mean(axis=0).round(4), "SPREAD", x.std(axis=0).round(4))
    print("WEIGHTS", weights.round(4), "CUT", round(cut, 4))


def fit(x: Values, noisy: NDArray[np.bool_]) -> tuple[Values, float]:
    """Weights (3,) of the standardised properties, both classes weighing the same, and the cut."""
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    sign = np.where(noisy, 1.0, -1.0)
    each = np.where(noisy, 0.5 / noisy.mean(), 0.5 / (1 - noisy.mean()))

    def loss(w: Values) -> float:
        return float(np.mean(each * np.logaddexp(0, -sign * (z @ w[1:] + w[0]))) + 1e-3 * w @ w)

    weights: Values = minimize(loss, np.zeros(1 + x.shape[1])).x[1:]
    return weights, float(np.quantile((z @ weights)[~noisy], SPECIFICITY))


def _stretches(folder: Path) -> Iterator[tuple[str, str, Values]]:
    rows = (folder / "REFERENCE-v3.csv").read_text().split()
    for name, label in (row.split(",")[:2] for row in rows):
        recording = read(folder / f"{name}.hea")
        step = round(STRETCH_S * recording.rate)
        for first in range(0, max(recording.signal.shape[1] - step // 2, 1), step):
            part = recording.signal[0, first : first + step].astype(np.float64)
            seen = properties(np.nan_to_num(part), recording.rate)
            if seen is not None:
                yield name, label, seen


if __name__ == "__main__":
    main()
