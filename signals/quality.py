"""How readable a recording is: a state for every lead and every ten seconds.

The rules and limits below are curated and unreferenced, except that for noise: three properties of
the stretch weighed by a logistic function that was fitted to the records of CinC 2017 that their
readers called too noisy (`signals.train_quality`, which also measures it).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from signals.recording import Recording, Samples

State = Literal["ok", "noisy", "saturated", "flat", "missing"]
Values = NDArray[np.float64]

STRETCH_S = 10.0
SHORTEST_S = 2.0
"""Stretches below this are not judged for noise: they hold too few beats to compare."""

MISSING = 0.2
"""Share of missing samples from which a stretch is not read."""

FLAT_MV, FLAT_SHARE = 0.02, 0.5
"""A second moves less than this; so many of its seconds make a stretch flat. Whether an electrode
is off or the heart stands still cannot be told from one lead."""

CLIPPED_RANGE, CLIPPED_S, CLIPPED_SHARE, CLIPPED_FAR = 1e-3, 0.02, 0.01, 0.25
"""Held at its highest or lowest value (within this share of its range) for so long at a time, and
in so many of its samples; and that value is so far from the resting line, as a share of the range,
because a clean resting line can be the lowest there is."""

LARGEST_MV = 20.0
"""What moves more than this within a stretch is no heart."""

SLOWEST_HZ = 50.0
"""Below this many samples a second a QRS complex cannot be told from noise."""

MEAN = (0.7248, 2.2246, 2.6286)
SPREAD = (0.2770, 0.5585, 0.4189)
WEIGHTS = (-1.0879, -1.2581, 0.5610)
CUT = 3.2806
"""Of `properties`: what is subtracted, divided by and multiplied with; a sum above the cut is
noise. Fitted by `python -m signals.train_quality`."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """One lead from start_s to end_s. missing: share of its samples without a value, 0 to 1."""

    lead: str
    start_s: float
    end_s: float
    state: State
    missing: float


def quality(recording: Recording, *, stretch_s: float = STRETCH_S) -> tuple[Stretch, ...]:
    """The state of every lead in every stretch, lead by lead; a short rest joins the last one."""
    edges = _edges(recording, stretch_s)
    return tuple(
        Stretch(lead, a / recording.rate, b / recording.rate, *_state(row[a:b], recording.rate))
        for lead, row in zip(recording.leads, recording.signal, strict=True)
        for a, b in edges
    )


def readable(recording: Recording, *, stretch_s: float = STRETCH_S) -> NDArray[np.bool_]:
    """(leads, samples): where `quality` says "ok" and there is a sample."""
    good = np.isfinite(recording.signal)
    for stretch in quality(recording, stretch_s=stretch_s):
        if stretch.state != "ok":
            a, b = (round(s * recording.rate) for s in (stretch.start_s, stretch.end_s))
            good[recording.leads.index(stretch.lead), a:b] = False
    return good


def properties(x: Values, rate: float) -> Values | None:
    """What tells heartbeats from noise in one stretch; None when there is nothing to measure.

    (3,): the share of beats that look like their median, how far beats stand out of what is between
    them (ln), and how peaked the band of the QRS complex is (ln kurtosis).
    """
    band = qrs_band(x, rate)
    envelope, places = beats_in(band[None], rate)
    if not envelope.max() > 0:
        return None
    standing = np.median(envelope[places]) / (np.median(envelope) + 1e-9) if len(places) else 1.0
    squares = (band - band.mean()) ** 2
    peaked = np.mean(squares * squares) / (squares.mean() ** 2 + 1e-12)
    alike = _alike(band, places, int(0.12 * rate))
    return np.array([alike, np.log(standing), np.log(peaked + 1e-9)])


def beats_in(band: Values, rate: float) -> tuple[Values, NDArray[np.intp]]:
    """Where beats may be, to judge quality by and for nothing else: there is a detector for that.

    band: (leads, samples), see `qrs_band`. Returns the envelope over all leads, (samples,), and the
    places of its peaks.
    """
    from scipy.ndimage import uniform_filter1d
    from scipy.signal import find_peaks

    summed = np.abs(band).sum(axis=0)  # (leads, samples) -> (samples,)
    envelope: Values = uniform_filter1d(summed, max(1, int(0.08 * rate)), mode="constant")
    apart, least = max(1, int(0.28 * rate)), 0.45 * float(np.percentile(envelope, 95))
    return envelope, find_peaks(envelope, distance=apart, height=least)[0]


def qrs_band(x: Values, rate: float) -> Values:
    """5 to 25 Hz of (..., samples), where QRS complexes are and T waves and hum are not."""
    from scipy.signal import sosfiltfilt

    return np.asarray(sosfiltfilt(_band(rate), x, axis=-1), np.float64)


def _alike(band: Values, peaks: NDArray[np.intp], reach: int) -> float:
    """Share of beats that correlate above 0.8 with their median; 0 of fewer than three."""
    inside = peaks[(peaks >= reach) & (peaks < len(band) - reach)]
    if len(inside) < 3 or reach < 2:
        return 0.0
    beats = np.stack([band[p - reach : p + reach] for p in inside])  # (beats, samples)
    beats = beats - beats.mean(axis=1, keepdims=True)
    median = np.median(beats, axis=0)
    norms = np.linalg.norm(beats, axis=1) * np.linalg.norm(median) + 1e-9
    return float(np.mean((beats @ median) / norms > 0.8))


def _state(row: Samples, rate: float) -> tuple[State, float]:
    there = np.isfinite(row)
    missing = float(1 - there.mean()) if len(row) else 1.0
    if missing > MISSING:
        return "missing", missing
    x = row.astype(np.float64)
    x = np.interp(np.arange(len(x)), np.flatnonzero(there), x[there])
    if _flat(x, rate):
        return "flat", missing
    if _saturated(x, rate):
        return "saturated", missing
    return ("noisy" if _noisy(x, rate) else "ok"), missing


def _flat(x: Values, rate: float) -> bool:
    seconds = np.array_split(x, max(1, round(len(x) / rate)))
    return float(np.mean([np.ptp(s) < FLAT_MV for s in seconds])) > FLAT_SHARE


def _saturated(x: Values, rate: float) -> bool:
    span, rest = float(np.ptp(x)), float(np.median(x))
    held = sum(
        run
        for extreme in (x.max(), x.min())
        if abs(extreme - rest) > CLIPPED_FAR * span
        for run in _runs(np.abs(x - extreme) <= CLIPPED_RANGE * span)
        if run >= max(3, CLIPPED_S * rate)
    )
    return held > CLIPPED_SHARE * len(x)


def _runs(mask: NDArray[np.bool_]) -> Iterator[int]:
    """Lengths of the runs of True."""
    steps = np.diff(np.concatenate([[0], mask.astype(np.int8), [0]]))
    yield from (np.flatnonzero(steps < 0) - np.flatnonzero(steps > 0)).tolist()


def _noisy(x: Values, rate: float) -> bool:
    if np.ptp(x) > LARGEST_MV or rate < SLOWEST_HZ:
        return True
    if len(x) < SHORTEST_S * rate:
        return False
    seen = properties(x, rate)
    return seen is None or float((seen - MEAN) / SPREAD @ np.array(WEIGHTS)) > CUT


def _edges(recording: Recording, stretch_s: float) -> list[tuple[int, int]]:
    samples, step = recording.signal.shape[1], max(1, round(stretch_s * recording.rate))
    begins = list(range(0, samples, step))
    if len(begins) > 1 and samples - begins[-1] < step / 2:
        begins.pop()
    return [(a, b) for a, b in zip(begins, [*begins[1:], samples], strict=False) if a < b]


@cache
def _band(rate: float) -> Any:
    from scipy.signal import butter

    return butter(2, [5.0, min(25.0, 0.4 * rate)], "band", fs=rate, output="sos")
