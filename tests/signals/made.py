"""Heartbeats made for tests, and those that cardiologists marked in LUDB."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from engine.types import ModelRef
from signals.parts import Label, Labels, Parts
from signals.recording import STANDARD, Recording, Seconds
from signals.waves import Waves

BY = ModelRef("made", "1")


def waves(
    r: ArrayLike,
    *,
    pr: float = 0.16,
    qrs: float = 0.08,
    qt: float = 0.38,
    p: float | None = 0.1,
) -> Waves:
    """Beats with these intervals, seconds; p: how long the P wave is, None without one."""
    peaks = np.asarray(r, np.float64)
    onset = peaks - qrs / 2
    start = onset - pr
    absent = np.full((len(peaks), 3), np.nan)
    return Waves(
        r=peaks,
        p=absent if p is None else np.column_stack([start, start + p / 2, start + p]),
        qrs=np.column_stack([onset, peaks, onset + qrs]),
        t=np.column_stack([onset + qt - 0.16, onset + qt - 0.08, onset + qt]),
        certainty=np.ones(len(peaks)),
    )


def drawn(
    found: Waves,
    *,
    height: Mapping[str, float],
    seconds: float = 10.0,
    rate: float = 500.0,
    id: str = "made",
) -> Recording:
    """A triangle of `height` mV for every QRS complex of each lead; the rest is 0."""
    signal = np.zeros((len(height), round(seconds * rate)), np.float32)
    times = np.arange(signal.shape[1]) / rate
    for onset, peak, offset in found.qrs:
        shape = np.interp(times, [onset, peak, offset], [0, 1, 0], left=0, right=0)
        signal += np.outer(list(height.values()), shape).astype(np.float32)
    return Recording(id, signal, rate, tuple(height))


def parts(found: Waves, *, labels: str | None = None, sure: float = 1.0) -> Parts:
    """Parts that see these waves in every lead, and these labels ("NNVN")."""

    def named(_: Recording, beats: Waves) -> Labels:
        letters: dict[str, Label] = {"N": "N", "S": "S", "V": "V", "F": "F", "Q": "Q"}
        assert labels is not None
        assert len(labels) == len(beats)
        return Labels(tuple(letters[x] for x in labels), np.full(len(beats), sure), BY)

    def no_source(_: object) -> Recording:
        raise AssertionError("nothing is read here")

    return Parts(
        read=no_source,
        unreadable=lambda _: (),
        delineate=lambda _recording, _lead: found,
        delineated_by=BY,
        label=None if labels is None else named,
    )


def ludb(record: Path) -> tuple[Recording, dict[str, Waves]]:
    """A recording of LUDB, named without a suffix, and the waves marked in each of its leads."""
    import wfdb

    read: Any = wfdb.rdrecord(str(record))
    names = {lead.lower(): lead for lead in STANDARD}
    leads = tuple(names[lead] for lead in read.sig_name)
    recording = Recording(record.name, read.p_signal.T.astype(np.float32), read.fs, leads)
    marked: dict[str, Waves] = {}
    for lead in read.sig_name:
        notes: Any = wfdb.rdann(str(record), lead)
        marked[names[lead]] = _marked(notes.sample / read.fs, list(notes.symbol))
    return recording, marked


def _marked(times: Seconds, symbols: list[str]) -> Waves:
    """A P wave belongs to the next QRS complex, a T wave to the one before."""
    rows = {
        kind: [
            (times[k - 1], times[k], times[k + 1])
            for k, symbol in enumerate(symbols)
            if symbol == kind and symbols[k - 1 : k + 2 : 2] == ["(", ")"]
        ]
        for kind in "pNt"
    }
    found = waves([row[1] for row in rows["N"]], p=None)
    p, t = np.full((len(found), 3), np.nan), np.full((len(found), 3), np.nan)
    for row in rows["p"]:
        beat = int(np.searchsorted(found.r, row[1]))
        if beat < len(found) and found.r[beat] - row[1] < 0.6:
            p[beat] = row
    for row in rows["t"]:
        beat = int(np.searchsorted(found.r, row[1])) - 1
        if beat >= 0:
            t[beat] = row
    return replace(found, p=p, qrs=np.array(rows["N"]), t=t)
