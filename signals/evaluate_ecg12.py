"""`bench ecg12`: the superclasses of PTB-XL by record, told from its own statements."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from engine.evaluate import BenchReport, bootstrap_ci
from engine.exceptions import InputError, MissingExtraError
from engine.types import Issue
from signals.calibration_scores import auc, brier_skill, ece, slope
from signals.ecg12_data import data_folder, group_of
from signals.ecg12_model import TwelveModel, digest_of, loaded, packaged
from signals.evaluate_twelve_rules import rule_scores
from signals.ptbxl import CLASSES, Entry, entries
from signals.twelve import TwelveLead, classify
from signals.twelve_rules import statements

AGES = ((0.0, 50.0, "under_50"), (50.0, 70.0, "50_to_69"), (70.0, math.inf, "70_and_over"))
"""Years: from, below, and how the keys are named."""


@dataclass(frozen=True, slots=True)
class _Scored:
    """One record: what was said of each of `CLASSES` and what the database says, (5,), and the
    names of the criteria that hold.
    """

    entry: Entry
    said: np.ndarray
    true: np.ndarray
    rules: tuple[str, ...]


def run(
    paths: Sequence[Path] | Path, graph: object = None, *, cv: int | None = None
) -> BenchReport:
    """AUC of each superclass and their mean, how far the probabilities hold, by sex and age.

    paths: folders with ptbxl_database.csv, scp_statements.csv and records100. graph: not needed;
    accepted so that all benches look alike. cv: ask models trained without the record's own group
    of folds; PTB-XL's folds are joined to so many groups.

    Raises:
        InputError: no such folder, no record with a superclass, or fewer than two groups.
        MissingExtraError: a model must be trained and torch is not installed.
    """
    paths = [paths] if isinstance(paths, Path) else list(paths)
    every = [entry for path in paths for entry in entries(path)]
    models = _models(every, cv)
    told, unread, overlap, seconds = list[_Scored](), list[dict[str, Any]](), 0, 0.0
    for entry in every:
        recording = entry.recording()
        model = models[entry.fold][0]
        overlap += digest_of(recording) in model.seen
        start = perf_counter()
        found = classify(recording, explain=False, model=model)
        seconds += perf_counter() - start
        if isinstance(found, Issue):
            unread.append({"record": entry.id, "kind": "not read", "reason": found.message})
        else:
            told.append(_scored(entry, found))
    scored = [one for one in told if one.entry.classes]
    if not scored:
        raise InputError(
            "no record with a superclass could be read",
            where=", ".join(map(str, paths)),
            fix="give folders with ptbxl_database.csv and its records",
        )
    return BenchReport(
        bench="ecg12",
        n=len(scored),
        metrics=_metrics(scored)
        | rule_scores((one.rules, one.entry.axis, one.entry.codes) for one in told),
        ci95=bootstrap_ci(lambda drawn: _metrics([*chain(*drawn)]), _by_patient(scored)),
        seconds=seconds,
        provenance={
            "konsil": version("konsil"),
            "model": "; ".join(sorted({name for _, name in models.values()})),
            "paths": [str(path) for path in paths],
            "trained_on_overlap": overlap,
        }
        | ({} if cv is None else {"folds": f"strat_fold joined to {cv} groups; by patient"}),
        misses=unread + [miss for one in scored for miss in _misses(one)],
        notes=_notes(every, scored, unread, paths),
    )


def _scored(entry: Entry, found: TwelveLead) -> _Scored:
    return _Scored(
        entry,
        np.array([found.probabilities[name] for name in CLASSES]),
        np.array([name in entry.classes for name in CLASSES]),
        tuple(one.name for one in statements(found.read, found.measures)),
    )


def _models(every: Sequence[Entry], cv: int | None) -> dict[int, tuple[TwelveModel, str]]:
    """Fold -> what reads its records, and its name."""
    folds = sorted({entry.fold for entry in every})
    if cv is None:
        model, name = packaged()
        return dict.fromkeys(folds, (model, f"{name.name} {name.version} {name.sha256}"))
    if cv < 2:
        raise InputError(f"{cv} groups of folds", where="--cv", fix="give 2 to 10")
    try:
        from signals import train_ecg12 as training  # torch: only who trains pays
    except ImportError as missing:
        raise MissingExtraError("training without a fold", extra="train") from missing
    folder = training.folds_folder()
    files = {fold: folder / f"{group_of(fold, cv)}of{cv}.safetensors" for fold in folds}
    if not all(file.is_file() for file in files.values()):
        training.train(data_folder(), cv, folder)
    # of a group that nothing was learned from, what learned from everything knows nothing either
    files = {f: x if x.is_file() else folder / "all.safetensors" for f, x in files.items()}
    read = {file: loaded(file)[0] for file in set(files.values())}
    return {
        fold: (read[file], f"{file.stem} {sha256(file.read_bytes()).hexdigest()}")
        for fold, file in files.items()
    }


def _by_patient(scored: Sequence[_Scored]) -> list[list[_Scored]]:
    patients: dict[str, list[_Scored]] = defaultdict(list)
    for one in scored:
        patients[one.entry.patient].append(one)
    return list(patients.values())


def _metrics(scored: Sequence[_Scored]) -> dict[str, float]:
    said, true = np.stack([one.said for one in scored]), np.stack([one.true for one in scored])
    areas = _areas(said, true)
    metrics = {"macro_auc": float(np.mean(areas))}
    for name, area, p, yes in zip(CLASSES, areas, said.T, true.T, strict=True):
        metrics[f"auc_{name.lower()}"] = area
        metrics[f"brier_skill_{name.lower()}"] = brier_skill(p, yes)
        metrics[f"slope_{name.lower()}"] = slope(p, yes)
        metrics[f"ece_{name.lower()}"] = ece(p, yes)
    for part, chosen in _groups(scored).items():
        areas = _areas(said[chosen], true[chosen])
        metrics[f"macro_auc_{part}"] = float(np.mean(areas))
        for name, area in zip(CLASSES, areas, strict=True):
            metrics[f"auc_{name.lower()}_{part}"] = area
    return {key: value for key, value in metrics.items() if np.isfinite(value)}


def _areas(said: np.ndarray, true: np.ndarray) -> list[float]:
    return [auc(p, yes) for p, yes in zip(said.T, true.T, strict=True)]


def _groups(scored: Sequence[_Scored]) -> dict[str, list[int]]:
    """Places of the records of each sex and age."""
    groups: dict[str, list[int]] = defaultdict(list)
    for place, one in enumerate(scored):
        if one.entry.sex:
            groups[one.entry.sex].append(place)
        age = one.entry.age_years
        for low, high, name in AGES:
            if age is not None and low <= age < high:
                groups[name].append(place)
    return dict(groups)


def _misses(one: _Scored) -> list[dict[str, Any]]:
    """Classes said with more than even odds and not there, or the other way round."""
    return [
        {
            "record": one.entry.id,
            "kind": "missed" if yes else "invented",
            "class": name,
            "probability": round(float(p), 3),
            "statements": sorted(one.entry.codes),
        }
        for name, p, yes in zip(CLASSES, one.said, one.true, strict=True)
        if bool(p > 0.5) != bool(yes)
    ]


def _notes(
    every: Sequence[Entry],
    scored: Sequence[_Scored],
    unread: Sequence[dict[str, Any]],
    paths: Sequence[Path],
) -> list[str]:
    counts = [f"{name} {sum(name in one.entry.classes for one in scored)}" for name in CLASSES]
    groups = _groups(scored)
    return [
        f"{len(scored)} records of {len({one.entry.patient for one in scored})} patients of"
        f" {', '.join(map(str, paths))}: {', '.join(counts)}; intervals resample patients",
        "a record has a superclass when one of its diagnostic statements belongs to it, whatever"
        f" the likelihood; {len(every) - sum(bool(e.classes) for e in every)} records without any"
        " are left out",
        f"{len(unread)} records could not be read and are left out (see the misses)",
        "by group: " + ", ".join(f"{name} {len(places)}" for name, places in groups.items()),
        "se_, ppv_ and n_: criteria of twelve_rules beside the statements, all records that could"
        " be read; the axis only where the database states one",
        "a group without both a yes and a no for a class has no AUC of it, and no mean",
    ]
