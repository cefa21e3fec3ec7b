"""What is looked at in each beat: its shape on a grid of its own, how it differs from the usual
beat of the recording, and how it comes in time.

Everything is relative to the recording (its usual beat, its amplitude, its RR intervals), because
patients differ more than classes do. Windows, bands and features: source: curated, unreferenced.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from signals.recording import Recording, Samples, Seconds

Floats = NDArray[np.float32]

GRID = 100.0
"""Samples a second of the windows, whatever the rate of the recording."""
BEFORE, AFTER = 30, 50
"""Samples of a window before and behind the R peak: 0.3 and 0.5 s."""
BAND = (0.5, 40.0)
"""Hz that are kept."""
QRS = slice(BEFORE - 10, BEFORE + 14)
P = slice(BEFORE - 28, BEFORE - 6)
T = slice(BEFORE + 15, BEFORE + 45)
MEASURED = 14
ALIKE, AWAY = [0, 1, 2, 3, 12, 13], [4, 5, 6]
"""Of what is measured of a shape: correlations, and distances."""
SHAPES, TIMES = MEASURED + len(ALIKE) + len(AWAY), 14
"""How many numbers `Beats.shapes` and `Beats.times` have."""
USUAL = (0.8, 1.25)
"""RR intervals before and behind a usual beat, of the local median."""
FAR = 2.0
"""Logarithms of ratios are cut here."""


@dataclass(frozen=True, slots=True)
class Beats:
    """B beats in L leads.

    windows: (B, L, 2, 80), the beat, in units of the usual height of a QRS complex in its lead, and
    the beat less the usual beat. shapes: (B, L, SHAPES), see `_shapes`; times: (B, TIMES), see
    `_times`.
    seen: (B, L), whether the lead can be read there; what cannot is 0.
    """

    windows: Floats
    shapes: Floats
    times: Floats
    seen: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.times)


def measure(recording: Recording, r: Seconds, leads: Sequence[str]) -> Beats:
    """The beats whose R peaks are at `r` (ascending, one at least), in the leads named.

    Raises:
        KeyError: a lead that the recording does not have.
    """
    times = _times(r)
    usual = _usual(r)
    found = [_lead(recording.lead(name), recording.rate, r, usual) for name in leads]
    return Beats(
        np.stack([windows for windows, _, _ in found], axis=1),
        np.stack([shapes for _, shapes, _ in found], axis=1),
        times,
        np.stack([seen for _, _, seen in found], axis=1),
    )


def _lead(
    signal: Samples, rate: float, r: Seconds, usual: NDArray[np.bool_]
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """(B, 2, 80), (B, SHAPES), (B,)."""
    size = BEFORE + AFTER
    there = np.isfinite(signal)
    seen = _cut(there.astype(np.float32), rate, r).min(axis=1, initial=1) > 0.99
    nothing = np.zeros((len(r), 2, size), np.float32), np.zeros((len(r), SHAPES), np.float32)
    if not seen.any():
        return *nothing, seen
    windows = _cut(_filtered(signal, there, rate), GRID, r)  # (B, 80)
    heights = np.ptp(windows[:, QRS], axis=1)
    height = float(np.median(heights[seen]))
    if height < 1e-3:  # a flat line
        return *nothing, np.zeros_like(seen)
    windows = np.clip(windows / height, -8, 8)
    template = _template(windows, seen & usual if (seen & usual).sum() >= 5 else seen)
    both = np.stack([windows, windows - template], axis=1)
    both[~seen] = 0
    return both, _compared(_shapes(windows, template, seen), seen), seen


def _filtered(signal: Samples, there: NDArray[np.bool_], rate: float) -> Floats:
    """At `GRID` samples a second, within `BAND`, gaps bridged."""
    from scipy.signal import butter, sosfiltfilt

    places = np.arange(len(signal))
    if not there.all():
        signal = np.interp(places, places[there], signal[there]).astype(np.float32)
    top = min(BAND[1], 0.45 * rate)
    sections = butter(2, (BAND[0], top), "bandpass", fs=rate, output="sos")
    smooth = sosfiltfilt(sections, signal, padlen=min(len(signal) - 1, int(rate)))
    grid = np.arange(int(len(signal) / rate * GRID) + 1) / GRID * rate
    return np.interp(grid, places, smooth).astype(np.float32)


def _cut(signal: Floats, rate: float, r: Seconds) -> Floats:
    """(B, 80): the signal around each R peak on the grid; linear between samples."""
    offsets = np.arange(-BEFORE, AFTER) / GRID * rate
    places = np.clip(r[:, None] * rate + offsets, 0, len(signal) - 1)
    left = np.minimum(places.astype(np.intp), max(len(signal) - 2, 0))
    right = np.minimum(left + 1, len(signal) - 1)
    share = (places - left).astype(np.float32)
    cut = signal[left] * (1 - share) + signal[right] * share
    return cut.astype(np.float32, copy=False)


def _template(windows: Floats, chosen: NDArray[np.bool_]) -> Floats:
    """(80,): the median of the beats that look like the median."""
    template = np.median(windows[chosen], axis=0)
    alike = chosen & (_correlation(windows, template) > 0.9)
    return np.median(windows[alike], axis=0) if alike.sum() >= 5 else template


def _correlation(windows: Floats, template: Floats) -> Floats:
    """(B,), -1 to 1; 0 where either is flat."""
    a = windows - windows.mean(axis=1, keepdims=True)
    b = template - template.mean()
    norm = np.sqrt((a * a).sum(axis=1) * (b * b).sum())
    return (a @ b / np.maximum(norm, 1e-6)).astype(np.float32)


def _compared(shapes: Floats, seen: NDArray[np.bool_]) -> Floats:
    """(B, MEASURED) -> (B, SHAPES): likeness and distance as logarithms, since .99 and .9 differ
    more than .8 and .7, and the same less what is usual in the lead, which may be noisy.
    """
    found = shapes.copy()
    found[:, ALIKE] = np.log(1.003 - found[:, ALIKE])
    found[:, AWAY] = np.log(0.01 + found[:, AWAY])
    logs = found[:, [*ALIKE, *AWAY]]
    unusual = logs - np.median(logs[seen], axis=0)
    return np.concatenate([found, unusual], axis=1).astype(np.float32) * seen[:, None]


def _shapes(windows: Floats, template: Floats, seen: NDArray[np.bool_]) -> Floats:
    """(B, MEASURED): how alike QRS, P, T and all are to the usual beat's, and how far from them;
    height, width and polarity of QRS; height of P; likeness to the beats before and behind.
    """
    away = windows - template
    complexes = windows[:, QRS]
    slopes = np.abs(np.gradient(windows, axis=1))
    level = 0.25 * slopes[:, QRS].max(axis=1, keepdims=True)
    width = (slopes[:, BEFORE - 15 : BEFORE + 20] > level).sum(axis=1) / GRID
    heights = np.ptp(complexes, axis=1)
    earlier, later = np.roll(windows, 1, axis=0)[:, QRS], np.roll(windows, -1, axis=0)[:, QRS]
    return np.stack(
        [
            *(_correlation(windows[:, part], template[part]) for part in (QRS, P, T)),
            _correlation(windows, template),
            *(np.sqrt(np.square(away[:, part]).mean(axis=1)) for part in (QRS, P, T)),
            np.log(np.clip(heights, 0.05, 20)),
            10 * width,
            10 * (width - np.median(width[seen])),
            complexes.sum(axis=1) / np.maximum(np.abs(complexes).sum(axis=1), 1e-6),
            windows[:, P].max(axis=1) - np.median(windows[:, P], axis=1),
            _alike(complexes, earlier),
            _alike(complexes, later),
        ],
        axis=1,
    ).astype(np.float32)


def _alike(one: Floats, other: Floats) -> Floats:
    """(B,): the correlation of each row with its counterpart."""
    a = one - one.mean(axis=1, keepdims=True)
    b = other - other.mean(axis=1, keepdims=True)
    norm = np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
    return (a * b).sum(axis=1) / np.maximum(norm, 1e-6)


def _intervals(r: Seconds) -> tuple[Seconds, Seconds]:
    """(B,) each: seconds from the beat before and to the beat behind, 0.2 to 3; ends repeat."""
    if len(r) < 2:
        return np.full(len(r), 0.8), np.full(len(r), 0.8)
    rr = np.clip(np.diff(r), 0.2, 3.0)
    return np.concatenate([rr[:1], rr]), np.concatenate([rr, rr[-1:]])


def _local(values: Seconds, beats: int) -> Seconds:
    """(B, beats + 1): the values around each."""
    padded = np.pad(
        values, (beats // 2, beats - beats // 2), mode="reflect" if len(values) > beats else "edge"
    )
    return sliding_window_view(padded, beats + 1)


def _usual(r: Seconds) -> NDArray[np.bool_]:
    """(B,): which come neither early nor late."""
    before, after = _intervals(r)
    median = np.median(_local(before, 50), axis=1)
    low, high = USUAL
    ratios = np.stack([before, after]) / median
    usual: NDArray[np.bool_] = np.logical_and.reduce((ratios > low) & (ratios < high), axis=0)
    return usual


def _times(r: Seconds) -> Floats:
    """(B, TIMES): intervals before and behind as logarithms of their ratio to the medians of 10
    and 50 beats and of all, to each other and to their neighbours; how irregular; the rate.
    """
    before, after = _intervals(r)
    near, far = np.median(_local(before, 10), axis=1), np.median(_local(before, 50), axis=1)
    changes = np.abs(np.diff(np.log(before), prepend=np.log(before[:1])))
    ratios = [
        *(x / y for x in (before, after) for y in (near, far, np.median(before))),
        before / after,
        before / np.roll(before, 1),
        after / np.roll(after, -1),
        near / far,
        far / 0.8,
    ]
    return np.stack(
        [
            *np.clip(np.log(np.stack(ratios)), -FAR, FAR),
            np.median(_local(changes, 10), axis=1),
            np.median(_local(changes, 50), axis=1),
            before,
        ],
        axis=1,
    ).astype(np.float32)
