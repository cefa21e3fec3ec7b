"""Long intervals between found beats in which the heart does not rest: no pauses.

In a pause the leads are still. Where they are not, beats were not found, as in ventricular flutter
and fibrillation or in noise, and nothing may be said of the rate there.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from signals.recording import Recording
from signals.waves import Waves

LONG_S = 1.5
AFTER_S, BEFORE_S = 0.5, 0.25
"""Left out at both ends: the T wave of the beat before, the P wave of the next."""
SHARE = 0.5
"""Of the usual height of a beat, from which a lead is not still. Curated, unreferenced."""
BEAT_S = 0.06


def restless(recording: Recording, beats: Waves) -> Iterator[tuple[float, float]]:
    """Seconds from one beat to the next that are long and in which most leads are not still."""
    places = np.flatnonzero(beats.rr > LONG_S)
    if not places.size:
        return
    usual = [_usual(recording, k, beats) for k in range(len(recording.leads))]
    for start, end in zip(beats.r[places].tolist(), beats.r[places + 1].tolist(), strict=True):
        shares = [
            height / usual[k]
            for k in range(len(recording.leads))
            if usual[k] > 0
            and (height := _height(recording, k, start + AFTER_S, end - BEFORE_S)) is not None
        ]
        if shares and np.median(shares) > SHARE:
            yield start, end


def _usual(recording: Recording, lead: int, beats: Waves) -> float:
    """Median height of its beats, mV; 0 where none is known."""
    found = (_height(recording, lead, r - BEAT_S, r + BEAT_S) for r in beats.r.tolist())
    known = [height for height in found if height is not None]
    return float(np.median(known)) if known else 0.0


def _height(recording: Recording, lead: int, start: float, end: float) -> float | None:
    """mV from the lowest to the highest sample; None where nothing is known."""
    first, last = max(int(start * recording.rate), 0), int(end * recording.rate) + 1
    part = recording.signal[lead, first:last]
    part = part[np.isfinite(part)]
    return float(np.ptp(part)) if part.size else None
