"""`bench rhythm`: the rhythm of records as CinC 2017 scores it, mean F1 of N, A and O, and whether
the probability of atrial fibrillation is one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from engine.evaluate import BenchReport, bootstrap_ci
from engine.exceptions import InputError
from engine.types import Issue
from signals.calibration_scores import BINS, brier_skill, ece, slope
from signals.folds import fold_of, without
from signals.rhythm import KINDS, Rhythm, classify
from signals.rhythm_corpus import LABELS, Labelled, labelled
from signals.rhythm_model import Network, seen, trained

KEYS = dict(zip(KINDS, ("n", "a", "o", "noisy"), strict=True))
AF = KINDS.index("atrial fibrillation")


@dataclass(frozen=True, slots=True)
class _Scored:
    """A record, the probabilities of `KINDS`, and why none were told (then it counts as noise)."""

    record: Labelled
    chances: NDArray[np.float64]
    issue: Issue | None


def run(
    paths: Sequence[Path] | Path, graph: object = None, *, cv: int | None = None
) -> BenchReport:
    """F1 of each rhythm, and calibration of atrial fibrillation.

    graph: not needed; accepted so that all benches look alike. cv: judge each record with networks
    taught without its fold.

    Raises:
        InputError: no labels or records, or fewer than two folds.
        MissingExtraError: a fold is not in the cache and cannot be taught.
    """
    paths = [paths] if isinstance(paths, Path) else paths
    scored: list[_Scored] = []
    models: list[str] = []
    overlap, seconds, judged = 0, 0.0, 0.0
    for network, name, known, records in _parts(labelled(paths), cv):
        models.append(name)
        overlap += sum(record.name in known for record in records)
        for record in records:
            recording = record.recording()
            start = perf_counter()
            found = classify(recording, recording.leads[0], network=network)
            seconds += perf_counter() - start
            judged += recording.seconds
            scored.append(_scored(record, found))
    return BenchReport(
        bench="rhythm",
        n=len(scored),
        metrics={**_scores(scored), "x_real_time": judged / seconds},
        ci95=bootstrap_ci(_scores, scored, n=500),
        seconds=seconds,
        provenance={
            "konsil": version("konsil"),
            "model": "; ".join(models),
            "paths": [str(path) for path in paths],
            "trained_on_overlap": overlap,
        }
        | ({} if cv is None else {"folds": f"{cv} folds by record (its name)"}),
        misses=[_miss(one) for one in scored if _told(one) != one.record.kind],
        notes=[
            "f1_nao: mean F1 of normal, atrial fibrillation and other, the challenge's score",
            "f1_noisy: a lead that cannot be judged counts as told to be noise "
            f"({sum(one.issue is not None for one in scored)} records)",
            f"_af: Brier skill over a constant, slope of the log odds, ECE in {BINS} bins",
        ],
    )


def _parts(
    records: Sequence[Labelled], folds: int | None
) -> Iterator[tuple[Network, str, frozenset[str], Sequence[Labelled]]]:
    """Networks, their names, names of the records they were taught with, and what they judge."""
    if not records:
        raise InputError("no records", where="PATH", fix="give a folder with labelled records")
    if folds is None:
        network = trained()
        name = f"{network.ref.name} {network.ref.version} {network.ref.sha256}"
        yield network, name, seen(), records
        return
    if folds < 2:
        raise InputError(f"{folds} folds", where="--cv", fix="give 2 or more")
    for number in range(folds):
        given = [record for record in records if fold_of(record.name, folds) == number]
        if given:
            file = without(number, folds, what="rhythm")
            digest = sha256(file.read_bytes()).hexdigest()
            name = f"signals.rhythm without fold {number} of {folds} {digest}"
            yield trained(file), name, seen(file), given


def _scored(record: Labelled, found: Rhythm | Issue) -> _Scored:
    if isinstance(found, Issue):
        noise = np.eye(len(KINDS))[KINDS.index("noise")]
        return _Scored(record, noise, found)
    chances = np.array([found.probabilities[kind] for kind in KINDS])
    return _Scored(record, chances, None)


def _told(one: _Scored) -> str:
    return KINDS[int(one.chances.argmax())]


def _scores(scored: Sequence[_Scored]) -> dict[str, float]:
    truth = np.array([KINDS.index(one.record.kind) for one in scored])
    chances = np.stack([one.chances for one in scored])
    told = chances.argmax(1)
    f1 = {
        f"f1_{KEYS[kind]}": 2
        * float(np.sum((told == i) & (truth == i)))
        / max(int(np.sum(told == i) + np.sum(truth == i)), 1)
        for i, kind in enumerate(KINDS)
    }
    mean = float(np.mean([f1["f1_n"], f1["f1_a"], f1["f1_o"]]))
    return {"f1_nao": mean, **f1, **_calibration(chances[:, AF], truth == AF)}


def _calibration(chance: NDArray[np.float64], right: NDArray[np.bool_]) -> dict[str, float]:
    """Of one kind: Brier skill over a constant, slope of the log odds, calibration error."""
    return {
        "brier_skill_af": brier_skill(chance, right),
        "slope_af": slope(chance, right),
        "ece_af": ece(chance, right),
    }


def _miss(one: _Scored) -> dict[str, object]:
    told = dict(zip(LABELS, one.chances.round(3).tolist(), strict=True))
    why = {} if one.issue is None else {"issue": one.issue.message}
    return {"record": one.record.name, "is": one.record.kind, "told": _told(one), **told, **why}
