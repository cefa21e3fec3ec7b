"""`bench episodes`: how much of the annotated atrial fibrillation of long recordings is found, and
how much of what is found is annotated, by duration. `signals.rhythm` was not taught with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.evaluate import BenchReport, bootstrap_ci
from engine.exceptions import InputError
from engine.types import Issue
from signals.corpora import record_paths, recording
from signals.recording import Recording
from signals.rhythm import classify
from signals.rhythm_model import trained

FIBRILLATION = frozenset(("(AFIB",))
UNSCORED = frozenset(("(AFL",))
"""Flutter: not told apart from either by those who labelled the training records."""
GRID = 10
"""Moments a second that are compared."""


@dataclass(frozen=True, slots=True)
class _Compared:
    """Moments of a record: whether annotated and found, where both were judged."""

    record: str
    marked: NDArray[np.bool_]
    found: NDArray[np.bool_]


def run(
    paths: Sequence[Path] | Path, graph: object = None, *, cv: int | None = None
) -> BenchReport:
    """Sensitivity and positive predictive value by duration, over all records, first lead.

    graph: not needed. cv: not needed: no record of these was learned from.

    Raises:
        InputError: no record with annotations (`.atr`).
    """
    paths = [paths] if isinstance(paths, Path) else paths
    records = [path for folder in paths for path in record_paths(folder, "atr")]
    if not records:
        fix = "give a folder of WFDB records with annotations (.atr)"
        raise InputError("no annotated record", where=", ".join(map(str, paths)), fix=fix)
    start = perf_counter()
    compared = [_compared(path) for path in records]
    return BenchReport(
        bench="episodes",
        n=len(compared),
        metrics=_scores(compared),
        ci95=bootstrap_ci(_scores, compared, n=500),
        seconds=perf_counter() - start,
        provenance={
            "konsil": version("konsil"),
            "model": f"signals.rhythm {trained().ref.sha256}",
            "paths": [str(path) for path in paths],
            "trained_on_overlap": 0,
        },
        misses=[
            {
                "record": one.record,
                "annotated_s": float(one.marked.sum() / GRID),
                "missed_s": float((one.marked & ~one.found).sum() / GRID),
                "invented_s": float((one.found & ~one.marked).sum() / GRID),
            }
            for one in compared
            if (one.marked != one.found).any()
        ],
        notes=[
            f"AFIB against everything else; flutter ({', '.join(UNSCORED)}) is left out",
            "intervals resample records, of which few have atrial fibrillation",
        ],
    )


def _compared(path: Path) -> _Compared:
    read = recording(path)
    marked, scored = _marked(path, read)
    found = np.zeros(len(marked), bool)
    told = classify(read, read.leads[0])
    for episode in () if isinstance(told, Issue) else told.episodes:
        if episode.kind == "atrial fibrillation":
            found[round(episode.start * GRID) : round(episode.end * GRID)] = True
    return _Compared(path.name, marked[scored], found[scored])


def _marked(path: Path, read: Recording) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether each moment is annotated as fibrillation, and whether it is scored."""
    import wfdb

    notes: Any = wfdb.rdann(str(path), "atr")
    changes = [
        (sample / read.rate, text.strip("\x00 "))
        for sample, symbol, text in zip(notes.sample, notes.symbol, notes.aux_note, strict=True)
        if symbol == "+" and text.startswith("(")
    ]
    marked = np.zeros(round(read.seconds * GRID), bool)
    scored = np.zeros_like(marked)
    ends = [at for at, _ in changes[1:]] + [read.seconds]
    for (at, rhythm), end in zip(changes, ends, strict=True):
        span = slice(round(at * GRID), round(end * GRID))
        marked[span] = rhythm in FIBRILLATION
        scored[span] = rhythm not in UNSCORED
    return marked, scored


def _scores(compared: Sequence[_Compared]) -> dict[str, float]:
    marked = np.concatenate([one.marked for one in compared])
    found = np.concatenate([one.found for one in compared])
    both = float((marked & found).sum())
    return {
        "af_sensitivity": both / marked.sum() if marked.any() else float("nan"),
        "af_ppv": both / found.sum() if found.any() else float("nan"),
    }
