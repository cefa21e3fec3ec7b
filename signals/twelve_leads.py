"""From a recording to its average beat of twelve leads, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engine.types import Issue
from signals.average import AverageBeat, average, resampled
from signals.recording import STANDARD, Recording, Samples

SHORTEST, LONGEST = 4.0, 10.0
"""Seconds: what is read at least, and at most."""
RATES = (80.0, 4000.0)
"""Samples a second."""
NOISIEST = (0.12, 0.15)
"""How far beats may be from their average in any lead, as a median: mV, and as a share of the
height of that lead's average; the larger counts."""
FLAT = 0.01
"""mV: a lead that moves less was not connected."""


@dataclass(frozen=True, slots=True)
class Read:
    """The average beat of part of a recording. start_s: where that part begins; r peaks of the beat
    count from there. derived: limb leads that were computed from two others.
    """

    beat: AverageBeat
    start_s: float
    derived: tuple[str, ...]


def read(recording: Recording) -> Read | Issue:
    """The average beat of the first ten seconds in which all twelve leads can be read.

    Leads that are missing or flat are named in the issue; III, aVR, aVL and aVF come from I and II
    where they are not there (Einthoven, Goldberger), and I, II and III from any two of them.
    """
    if not RATES[0] <= recording.rate <= RATES[1]:
        return _issue(recording, f"{recording.rate:g} samples a second", "record 100 to 1000")
    signal, derived = _completed(recording)
    missing = [lead for lead, row in zip(STANDARD, signal, strict=True) if row is None]
    if missing:
        return _issue(
            recording,
            f"twelve leads are not all there: {', '.join(missing)} missing or flat",
            "send all of I, II and V1 to V6; a reading of fewer leads is not built in",
        )
    rows = np.stack([row for row in signal if row is not None])
    stretches = _stretches(rows, recording.rate)
    if not stretches:
        return _issue(
            recording,
            f"no {SHORTEST:g} seconds in which all twelve leads are recorded",
            "record ten seconds without a gap",
        )
    wrong = ""
    for start, stop in stretches:
        found = _beat(rows[:, start:stop], recording.rate)
        if not isinstance(found, str):
            return Read(found, start / recording.rate, derived)
        wrong = wrong or found
    return _issue(recording, wrong, "record again with better contact and at rest")


def _issue(recording: Recording, message: str, fix: str) -> Issue:
    return Issue("warning", recording.id, f"twelve leads not read: {message}", fix)


def _completed(recording: Recording) -> tuple[list[Samples | None], tuple[str, ...]]:
    """The standard leads, None where one is neither recorded nor derived, and what was derived."""
    known = {
        lead: recording.lead(lead)
        for lead in STANDARD
        if lead in recording.leads and _alive(recording.lead(lead))
    }
    there = set(known)
    if "III" in known:
        if "I" in known and "II" not in known:
            known["II"] = known["I"] + known["III"]
        if "II" in known and "I" not in known:
            known["I"] = known["II"] - known["III"]
    if "I" in known and "II" in known:
        one, two = known["I"], known["II"]
        sums = {
            "III": two - one,
            "aVR": -(one + two) / 2,
            "aVL": one - two / 2,
            "aVF": two - one / 2,
        }
        known = sums | known
    derived = tuple(lead for lead in STANDARD if lead in known and lead not in there)
    return [known.get(lead) for lead in STANDARD], derived


def _alive(row: Samples) -> bool:
    seen = row[np.isfinite(row)]
    return bool(seen.size) and float(np.subtract(*np.percentile(seen, [99.5, 0.5]))) > FLAT


def _stretches(rows: Samples, rate: float) -> list[tuple[int, int]]:
    """Up to six stretches, first and last sample, in which every lead is recorded."""
    whole: NDArray[np.bool_] = np.asarray(np.isfinite(rows).all(axis=0))
    edges = [0, *(np.flatnonzero(np.diff(whole.astype(int))) + 1).tolist(), len(whole)]
    size = int(LONGEST * rate)
    cut = [
        (first, min(first + size, stop))
        for start, stop in pairwise(edges)
        if stop > start and whole[start]
        for first in range(start, stop, size)
    ]
    return [(a, b) for a, b in cut if b - a >= SHORTEST * rate][:6]


def _beat(rows: Samples, rate: float) -> AverageBeat | str:
    """The average beat, or why there is none."""
    beat = average(resampled(rows, rate))
    if beat is None:
        return "fewer than three beats that look alike"
    if beat.usual.mean() < 0.4:
        return "the beats do not look alike"
    limits = np.maximum(NOISIEST[0], NOISIEST[1] * np.ptp(beat.signal, axis=1))
    noisy = [lead for lead, high in zip(STANDARD, beat.noise > limits, strict=True) if high]
    if noisy:
        return f"too noisy in {', '.join(noisy)}"
    if beat.r[-1] - beat.r[0] < SHORTEST / 4 or len(beat.r) < 3:
        return "too few heartbeats"
    return beat
