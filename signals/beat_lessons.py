"""What the beat classifier learns from: annotated recordings, and strips whose rhythm is known."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.exceptions import InputError
from signals import corpora
from signals.annotated import CLASSES, Annotated
from signals.beat_features import Beats, measure
from signals.beat_scaling import Scaling
from signals.delineate import peaks

JITTERS = (0.0, 0.008, 0.015)
"""Seconds, deviation of R peaks in the variants of a recording: what finds them is no expert."""
FURTHEST = 0.03
"""Seconds that a peak is moved at most."""
MISSED = 0.003
"""Share of beats left out in variants, as a detector would."""
SINGLE, RUNS = 0.015, 0.002
"""Chance of a beat to be made early, and of a run of early beats to begin with it."""
EARLY, FASTEST = (0.5, 0.8), 0.3
"""Their intervals, of what they were, and in seconds at least."""
IRREGULAR = 0.1
"""Median change of RR (logarithm) of a rhythm in which no beat can be called early."""
NOT_S = -1
"""The class of a beat of which only that is known."""
STRIPS = {"A": 300, "N": 200}
"""How many strips of a rhythm (atrial fibrillation, sinus) are taken of CinC 2017."""
SHORTEST = 24
"""Beats of a strip at least."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """A recording's beats, and their classes (B,), or `NOT_S`."""

    beats: Beats
    classes: NDArray[np.int64]


def variants(given: Annotated, seed: int) -> list[Lesson]:
    """The recording as annotated, and with R peaks moved, beats missed and leads inverted."""
    chance = np.random.default_rng([seed, given.digest])
    recording = given.recording
    found = [Lesson(measure(recording, given.r, recording.leads), given.classes)]
    for jitter in JITTERS[1:]:
        made = hastened(given, chance)
        recording = made.recording
        kept = chance.random(len(made.r)) > MISSED
        moved = np.clip(chance.normal(0, jitter, kept.sum()), -FURTHEST, FURTHEST)
        signs = chance.choice([-1, 1], (len(recording.signal), 1)).astype(np.float32)
        turned = replace(recording, signal=recording.signal * signs)
        r = np.maximum.accumulate(made.r[kept] + moved)
        found.append(Lesson(measure(turned, r, recording.leads), made.classes[kept]))
    return found


def hastened(given: Annotated, chance: np.random.Generator) -> Annotated:
    """With some normal beats made to come early, single ones and runs, and called S: what lies
    before them is cut out of the signal. An irregular rhythm is left: there nothing is early.
    """
    rr = np.diff(given.r)
    if len(rr) < 2 or np.median(np.abs(np.diff(np.log(rr)))) > IRREGULAR:
        return given
    share = np.ones(len(given.r))  # of the interval before each beat
    early = chance.random(len(rr)) < SINGLE
    share[1:][early] = chance.uniform(*EARLY, size=int(early.sum()))
    for start in np.flatnonzero(chance.random(len(rr)) < RUNS).tolist():
        share[start + 1 : start + 1 + int(chance.integers(3, 30))] = chance.uniform(*EARLY)
    before = np.concatenate([[1.0], rr])
    normal = (given.classes == 0) & (np.roll(given.classes, 1) == 0) & (before * share > FASTEST)
    share[~normal] = 1.0
    rate = given.recording.rate
    gone = np.round(before * (1 - share) * rate).astype(np.intp)
    ends = np.round((given.r - chance.uniform(0.1, 0.22, len(share))) * rate).astype(np.intp)
    kept = np.ones(given.recording.signal.shape[1], np.bool_)
    for end, length in zip(ends[gone > 0].tolist(), gone[gone > 0].tolist(), strict=True):
        kept[max(end - length, 0) : end] = False
    recording = replace(given.recording, signal=given.recording.signal[:, kept])
    removed = np.concatenate([[0], np.cumsum(~kept)])[np.round(given.r * rate).astype(np.intp)]
    classes = np.where(gone > 0, CLASSES.index("S"), given.classes)
    return replace(given, recording=recording, r=given.r - removed / rate, classes=classes)


def strips(folder: Path, seed: int) -> list[Lesson]:
    """Single-lead strips of CinC 2017, R peaks by `signals.delineate`. In sinus rhythm every beat
    is taken for N (a few are not); in atrial fibrillation none can be S.

    Raises:
        InputError: the folder is not there.
    """
    table = folder / "REFERENCE-v3.csv"
    if not table.is_file():
        raise InputError("no strips", where=str(table), fix="set KONSIL_DATA to the data folder")
    with table.open(encoding="utf-8", newline="") as file:
        rhythm = {row[0]: row[1] for row in csv.reader(file) if len(row) > 1}
    chance = np.random.default_rng(seed)
    found: list[Lesson] = []
    for kind, most in STRIPS.items():
        names = sorted(name for name, told in rhythm.items() if told == kind)
        for name in chance.permutation(names)[:most].tolist():
            recording = corpora.recording(folder / name)
            r = peaks(recording, recording.leads[0])
            if len(r) >= SHORTEST:
                classes = np.full(len(r), NOT_S if kind == "A" else 0)
                found.append(Lesson(measure(recording, r, recording.leads), classes))
    return found


Ready = tuple[Tensor, Tensor, Tensor, Tensor]
"""Of B beats: (B, L, WIDTH), (B, TIMES), (B, L) and the classes (B,); or a batch of such."""


def ready(lesson: Lesson, scaling: Scaling) -> Ready:
    """As the network takes it."""
    each, times = scaling(lesson.beats)
    return (
        torch.from_numpy(each),
        torch.from_numpy(times),
        torch.from_numpy(lesson.beats.seen.astype(np.float32)),
        torch.from_numpy(lesson.classes),
    )


def stacked(sequences: Sequence[Ready]) -> Ready:
    """A batch of sequences of one length."""
    each, times, seen, classes = (torch.stack(x) for x in zip(*sequences, strict=True))
    return each, times, seen, classes


def cut(given: Ready, start: int, length: int) -> Ready:
    """`length` beats from `start` on."""
    each, times, seen, classes = (part[start : start + length] for part in given)
    return each, times, seen, classes


def batches(
    given: Sequence[Sequence[Ready]],
    chance: np.random.Generator,
    *,
    steps: int,
    batch: int,
    alone: float,
) -> Iterator[Ready]:
    """An epoch: each recording in one of its variants, cut into sequences of `steps` beats at
    random places. alone: share of the sequences that are read in one lead only.
    """
    sequences: list[Ready] = []
    for each in given:
        recording = each[int(chance.integers(len(each)))]
        starts = range(int(chance.integers(steps)), len(recording[-1]) - steps + 1, steps)
        sequences += [cut(recording, start, steps) for start in starts]
    order = chance.permutation(len(sequences))
    for start in range(0, len(order), batch):
        x, times, seen, classes = stacked([sequences[i] for i in order[start : start + batch]])
        yield x, times, _one_lead(seen, chance, alone), classes


def _one_lead(seen: Tensor, chance: np.random.Generator, share: float) -> Tensor:
    """(R, B, L): a share of the rows with one lead only."""
    rows, _, leads = seen.shape
    kept = np.ones((rows, leads), np.float32)
    alone = chance.random(rows) < share
    kept[alone] = np.eye(leads, dtype=np.float32)[chance.integers(leads, size=int(alone.sum()))]
    return seen * torch.from_numpy(kept)[:, None]
