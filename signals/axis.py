"""The frontal axis: the direction in which the ventricles are activated, seen from the front."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from signals.recording import Recording, Samples
from signals.waves import Waves

BASELINE = 0.02
"""Seconds before the QRS complex whose mean is its zero."""
UNDECIDED = 0.15
"""Net areas below this share of the QRS complexes' whole area point nowhere."""


def frontal_axis(recording: Recording, waves: Waves) -> float | None:
    """Degrees, above -180 to 180: 0 points to the left, +90 downwards.

    Of the median net QRS areas in I and aVF (from II where aVF is missing). In Einthoven's triangle
    aVF = (II + III) / 2 is the vertical part of the vector times sqrt(3) / 2. None without these
    leads, without QRS complexes, or where the areas cancel out in both.
    """
    vertical = _vertical(recording)
    if vertical is None or "I" not in recording.leads:
        return None
    across, down = (_areas(x, recording.rate, waves) for x in (recording.lead("I"), vertical))
    if across is None or down is None:
        return None
    x, y = across[0], down[0] * 2 / math.sqrt(3)
    if math.hypot(x, y) <= UNDECIDED * math.hypot(across[1], down[1]):
        return None
    return math.degrees(math.atan2(y, x))


def _vertical(recording: Recording) -> Samples | None:
    if "aVF" in recording.leads:
        return recording.lead("aVF")
    if {"I", "II"} <= set(recording.leads):
        return (recording.lead("II") - recording.lead("I") / 2).astype(np.float32)
    return None


def _areas(signal: Samples, rate: float, waves: Waves) -> tuple[float, float] | None:
    """Median net and whole area of the QRS complexes, mV s; None where there is none."""
    heights = list(complexes(signal, rate, waves))
    if not heights:
        return None
    net = np.median([height.sum() for height in heights]) / rate
    return float(net), float(np.median([np.abs(height).sum() for height in heights]) / rate)


def complexes(signal: Samples, rate: float, waves: Waves) -> Iterator[Samples]:
    """Each QRS complex of a lead, mV above the level just before it; none with missing samples."""
    for onset, _, offset in waves.qrs[np.isfinite(waves.qrs).all(axis=1)]:
        start, stop = round(onset * rate), round(offset * rate)
        before = signal[max(start - max(round(BASELINE * rate), 1), 0) : max(start, 0)]
        qrs = signal[max(start, 0) : stop + 1]
        if len(before) and len(qrs) and np.isfinite(before).all() and np.isfinite(qrs).all():
            yield qrs - before.mean()
