"""What is told of each beat against what was annotated, by class."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from signals.annotated import CLASSES
from signals.calibration_scores import brier_skill, slope

OTHER = len(CLASSES)
"""Row of beats that were found and not annotated; column of beats that were not found."""
Confusion = NDArray[np.int64]


def confusion(annotated: NDArray[np.integer], told: NDArray[np.integer]) -> Confusion:
    """(6, 6): rows as annotated, columns as told; places in `CLASSES`, or `OTHER`."""
    size = OTHER + 1
    counts = np.bincount(annotated * size + told, minlength=size * size)
    return counts.reshape(size, size).astype(np.int64)


def by_class(counts: Confusion) -> dict[str, float]:
    """Sensitivity, precision and F1 of N, S, V and F; the mean F1 of N, S and V; j-kappa.

    Precision counts every beat told so: also a fusion beat told to be V. `v_ppv_ec57` and
    `v_f1_ec57` leave those out, as AAMI recommends (so github.com/mondejar/ecg-classification,
    python/evaluation_AAMI.py).
    """
    hit = np.diag(counts).astype(float)
    annotated, told = counts.sum(axis=1), counts.sum(axis=0)
    found: dict[str, float] = {}
    for place, name in enumerate(CLASSES[:4].lower()):
        found |= {
            f"{name}_se": _share(hit[place], annotated[place]),
            f"{name}_ppv": _share(hit[place], told[place]),
            f"{name}_f1": _share(2 * hit[place], annotated[place] + told[place]),
        }
    v, f = CLASSES.index("V"), CLASSES.index("F")
    without = told[v] - counts[f, v]
    return found | {
        "macro_f1": float(np.mean([found[f"{name}_f1"] for name in "nsv"])),
        "v_ppv_ec57": _share(hit[v], without),
        "v_f1_ec57": _share(2 * hit[v], annotated[v] + without),
        **_j_kappa(counts, found),
    }


def _j_kappa(counts: Confusion, found: dict[str, float]) -> dict[str, float]:
    """j = Se S + Se V + PPV S + PPV V, and j-kappa = kappa / 2 + j / 8 with Cohen's kappa over N,
    S, V and F, as github.com/mondejar/ecg-classification computes them (evaluation_AAMI.py); beats
    not found or not annotated have no part in kappa.
    """
    square = counts[:4, :4].astype(float)
    total = max(square.sum(), 1.0)
    agreed = np.trace(square) / total
    by_chance = float(square.sum(axis=0) @ square.sum(axis=1)) / total**2
    kappa = (agreed - by_chance) / (1 - by_chance) if by_chance < 1 else 0.0
    j = sum(found[f"{name}_{what}"] for name in "sv" for what in ("se", "ppv"))
    return {"kappa": float(kappa), "j": j, "j_kappa": float(kappa / 2 + j / 8)}


def _share(part: float, whole: float) -> float:
    """0 to 1; 0 of nothing."""
    return float(part / whole) if whole else 0.0


BINS = 10
"""Of the expected calibration error, of equal width."""


def calibration(probability: NDArray[np.float64], present: NDArray[np.bool_]) -> dict[str, float]:
    """Brier skill against the share of beats, calibration slope (of the log odds) and ECE.

    Empty where all beats or none are of the class: there is nothing to compare.
    """
    if not 0 < present.sum() < len(present):
        return {}
    bins = np.minimum((probability * BINS).astype(int), BINS - 1)
    sums = np.bincount(bins, probability - present, minlength=BINS)
    return {
        "brier_skill": brier_skill(probability, present),
        "slope": slope(probability, present),
        "ece": float(np.abs(sums).sum() / len(present)),
    }
