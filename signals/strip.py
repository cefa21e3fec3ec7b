"""A rhythm strip: one lead at 100 Hz, upright, its typical QRS complex of height 1; its R peaks.

Own peaks rather than `signals.delineate`: the rhythm network was taught with these, and what it
knows of their faults on noisy strips is part of it.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from scipy.signal import butter, find_peaks, resample_poly, sosfiltfilt

from signals.recording import Samples
from signals.rhythm_features import RATE, Array

WIDE, QRS = (
    butter(2, band, "bandpass", fs=RATE, output="sos") for band in ((0.5, 40.0), (8.0, 25.0))
)
LIMIT = 4.0
"""Heights of a QRS complex at which a strip is cut off."""
FLAT_MV = 0.005
"""A strip whose typical second is lower shows nothing."""
SHARE, LEAST = 0.45, 0.15
"""How high a beat's energy is, of the high ones within 2.5 s and of the typical one."""
REFRACTORY_S = 0.25


def strip(signal: Samples, rate: float) -> tuple[Array, Array] | None:
    """The strip (samples,) and its R peaks (beats,) in seconds; None when the lead is flat.

    signal: (samples,), mV, nothing missing, 2 s or longer. The same for an inverted lead.
    """
    ratio = Fraction(RATE / rate).limit_denominator(1000)
    given = signal.astype(np.float64) - np.median(signal)
    x = resample_poly(given, ratio.numerator, ratio.denominator, padtype="line")
    x = sosfiltfilt(WIDE, x)
    seconds = x[: len(x) // RATE * RATE].reshape(-1, RATE)
    height = np.median(np.abs(seconds).max(1))
    if height < FLAT_MV:
        return None
    sharp = sosfiltfilt(QRS, x)
    r = peaks(sharp)
    return np.clip(_sign(sharp, r) * x / height, -LIMIT, LIMIT), r


def peaks(sharp: Array) -> Array:
    """R peaks in seconds: where the energy of 8 to 25 Hz stands out. sharp: that band."""
    energy = np.sqrt(np.convolve(sharp**2, np.ones(11) / 11, "same"))
    places, _ = find_peaks(energy, distance=int(REFRACTORY_S * RATE))
    if len(places) < 3:
        return np.zeros(0)
    heights = energy[places]
    near = np.abs(places[:, None] - places) < 2.5 * RATE
    level = np.array([_high(heights[row]) for row in near])
    high = heights > SHARE * level
    high &= heights > LEAST * np.median(heights[high])
    found = [_summit(np.abs(sharp), place) for place in places[high]]
    return np.unique(found) / RATE


def _high(heights: Array) -> float:
    """`np.quantile(heights, 0.85)`, ten times as fast on few."""
    ordered = np.sort(heights)
    place = 0.85 * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return float(ordered[below] + (place - below) * (ordered[above] - ordered[below]))


def _summit(height: Array, place: int) -> float:
    """The highest sample within 80 ms, between samples by a parabola."""
    start = max(1, place - 8)
    top = start + int(height[start : place + 9].argmax())
    if top + 1 >= len(height):
        return float(top)
    before, at, after = height[top - 1 : top + 2]
    bend = before - 2 * at + after
    return top + float(np.clip((before - after) / (2 * bend), -0.5, 0.5)) if bend else float(top)


def _sign(sharp: Array, r: Array) -> float:
    """1 when the QRS complexes point up in most beats, else -1."""
    places = np.round(r * RATE).astype(int)
    places = places[(places >= 6) & (places < len(sharp) - 6)]
    around = sharp[places[:, None] + np.arange(-6, 7)] if len(places) else sharp[None]
    lean = (around**3).sum(1) / (np.abs(around) ** 3).sum(1).clip(1e-12)
    return 1.0 if np.median(lean) >= 0 else -1.0
