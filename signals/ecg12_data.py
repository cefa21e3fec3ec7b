"""What the reader of twelve leads learns from: PTB-XL, and the beats of LUDB before it."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.exceptions import InputError
from engine.types import Issue
from signals.average import AFTER, BEFORE, RATE, AverageBeat, Floats, resampled
from signals.ecg12_model import FIRST, GAIN, STEP, STOP, digest_of, measures_of, waves_of
from signals.ptbxl import CLASSES, Entry, recorded
from signals.twelve_leads import read


@dataclass(frozen=True, slots=True)
class Learnt:
    """N records as the readers see them, those without any superclass left out. raw: (N, F);
    waves: (N, 12, 80); labels: (N, 5); group: (N,), of folds; seen: (N,), `digest_of` each.
    """

    beats: Sequence[AverageBeat]
    names: Sequence[str]
    raw: Floats
    waves: NDArray[np.float32]
    labels: Floats
    group: NDArray[np.intp]
    seen: NDArray[np.int64]


def group_of(fold: int, groups: int) -> int:
    """Which group a fold of PTB-XL, from 1, is joined to."""
    return (fold - 1) % groups


def data_folder() -> Path:
    """Where the shared signals are, unless told otherwise."""
    shared = Path(os.environ.get("KONSIL_DATA", Path(__file__).parents[2] / "shared" / "data"))
    return shared / "signals"


def gathered(records: Sequence[Entry], groups: int) -> Learnt:
    """The records that can be read and have a superclass."""
    beats, measures, labels, group, seen = [], [], [], [], []
    for entry in records:
        recording = entry.recording()
        found = read(recording)
        if isinstance(found, Issue) or not entry.classes:
            continue
        beats.append(found.beat)
        measures.append(measures_of(found.beat, entry.sex, entry.age_years))
        labels.append([float(name in entry.classes) for name in CLASSES])
        group.append(group_of(entry.fold, groups))
        seen.append(digest_of(recording))
    names = list(measures[0])
    return Learnt(
        beats,
        names,
        np.array([[one[name] for name in names] for one in measures]),
        np.stack([*map(waves_of, beats)]),
        np.array(labels),
        np.array(group),
        np.array(seen, np.int64),
    )


def patient_apart(records: Sequence[Entry]) -> Sequence[Entry]:
    """The records, when each patient is in one fold.

    Raises:
        InputError: a patient is in two.
    """
    fold: dict[str, int] = {}
    for entry in records:
        if fold.setdefault(entry.patient, entry.fold) != entry.fold:
            raise InputError(
                f"patient {entry.patient} is in two folds",
                where="ptbxl_database.csv",
                fix="use the strat_fold of PTB-XL",
            )
    return records


def other_beats(folder: Path) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Single beats of LUDB's recordings, (B, 12, 80), and what its table says of them, (B, L)."""
    with (folder / "ludb.csv").open(newline="", encoding="utf-8") as lines:
        rows = {row["ID"].strip(): row for row in csv.DictReader(lines)}
    beats, labels = [], []
    for file in sorted((folder / "data").glob("*.hea"), key=lambda file: int(file.stem)):
        for beat in _single(file):
            beats.append(beat)
            labels.append(_said(rows[file.stem]))
    return np.stack(beats), np.array(labels, np.float32)


def _said(row: Mapping[str, str]) -> list[float]:
    """What a row of LUDB's table says, as numbers; the choice of words is ours."""
    conduction, hypertrophy = row["Conduction abnormalities"], row["Hypertrophies"]
    ischaemia, repolarisation = row["Ischemia"], row["Non-specific repolarization abnormalities"]
    return [
        float(any(word in (text or "").lower() for word in words))
        for text, words in (
            (conduction, ("bundle", "hemiblock", "block", "intravint")),
            (conduction, ("left bundle",)),
            (conduction, ("right bundle",)),
            (conduction, ("hemiblock",)),
            (hypertrophy, ("ventricular hyper",)),
            (hypertrophy, ("atrial",)),
            (ischaemia, ("scar", "stemi")),
            (f"{ischaemia} {repolarisation}", ("ischemia", "repol")),
            (row["Rhythms"], ("fibrill", "flutter")),
        )
    ]


def _single(file: Path) -> Iterator[NDArray[np.float32]]:
    """The usual beats of one recording, each as the network reads an average."""
    recording = recorded(file.with_suffix(""), file.stem)
    found = read(recording)
    if isinstance(found, Issue):
        return
    start = round(found.start_s * recording.rate)
    stop = start + round(10 * recording.rate)
    rows = resampled(recording.signal[:, start:stop], recording.rate)
    beat = found.beat
    for r in np.round(beat.r[beat.usual] * RATE).astype(int):
        one = rows[:, r - BEFORE : r + AFTER]
        level = np.median(one[:, max(beat.onset - 12, 0) : beat.onset], axis=1, keepdims=True)
        yield (GAIN * (one - level)[:, FIRST:STOP:STEP]).astype(np.float32)
