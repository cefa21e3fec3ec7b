"""What every network sees: one lead at `RATE`, without wander of its baseline, of about unit size.

All of it is local (within `REACH` seconds), so that a day can be read in pieces.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from signals.recording import Samples

RATE = 250
"""Samples a second."""
WANDER_S = 0.8
"""The baseline is a moving mean of this many seconds, taken twice."""
SIZE_S = 6.0
"""The size is the root mean square over this many seconds."""
FLOOR_MV = 0.02
"""A lead smaller than this is not enlarged: it is no heartbeat."""
REACH = SIZE_S / 2 + WANDER_S
"""Seconds on either side that one sample depends on."""


def conditioned(signal: Samples, rate: float) -> Samples:
    """One lead in mV, (samples,) at `rate` -> (samples,) at `RATE`, without a unit.

    What is missing is bridged by a straight line.
    """
    whole = resampled(bridged(signal), rate)
    steady = whole - moving_mean(moving_mean(whole, WANDER_S), WANDER_S)
    size = np.sqrt(np.maximum(moving_mean(steady**2, SIZE_S), FLOOR_MV**2))
    return (steady / size).astype(np.float32)


def resampled(signal: Samples, rate: float) -> Samples:
    """(samples,) at `rate` -> (samples,) at `RATE`, by a polyphase filter."""
    if rate == RATE or not signal.size:
        return signal
    from scipy.signal import resample_poly

    ratio = Fraction(RATE / rate).limit_denominator(1000)
    near = resample_poly(signal, ratio.numerator, ratio.denominator)
    step = rate * ratio.numerator / ratio.denominator / RATE  # 1, but for odd rates: no drift
    if step != 1:
        places = np.arange(int(near.size / step)) * step
        near = np.interp(places, np.arange(near.size), near)
    return near.astype(np.float32)


def bridged(signal: Samples) -> Samples:
    """Without NaN: a straight line between what is there, 0 where nothing is."""
    there = np.isfinite(signal)
    if there.all():
        return signal
    if not there.any():
        return np.zeros_like(signal)
    place = np.arange(signal.size)
    return np.interp(place, place[there], signal[there]).astype(np.float32)


def moving_mean(signal: Samples, seconds: float) -> Samples:
    """The mean over `seconds` around each sample at `RATE`; over what there is near the ends."""
    half = max(int(seconds * RATE / 2), 1)
    total = np.concatenate([[0.0], np.cumsum(signal, dtype=np.float64)])
    place = np.arange(signal.size)
    start, end = np.maximum(place - half, 0), np.minimum(place + half + 1, signal.size)
    return ((total[end] - total[start]) / (end - start)).astype(np.float32)
