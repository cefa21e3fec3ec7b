"""What a cardiologist looks at in a rhythm strip, as numbers: irregularity, P waves, fibrillatory
waves, shapes of beats, noise.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.signal import welch

Array = NDArray[np.float64]

RATE = 100
"""Samples a second of the strip that is looked at."""
BEFORE, AFTER = 30, 50
"""Samples of a beat around its R peak."""
FEATURES, TIMING = 142, 6
"""How many numbers describe a strip, and the moment of a beat."""
BANDS = ((0.5, 1.5), (1.5, 4), (4, 9), (9, 15), (15, 25), (25, 40))
"""Hz; atrial fibrillation is in the third."""


def features(strip: Array, r: Array) -> Array:
    """(features,), finite, of a strip (samples,) at `RATE`, upright, typical QRS of height 1.

    r: (beats,), seconds of its R peaks.
    """
    beats = cut(strip, r)
    found = np.concatenate(
        [
            irregularity(np.diff(r)),
            ectopy(np.diff(r)),
            shapes(beats),
            atrial(strip, beats, r),
            noise(strip, r),
        ]
    )
    return np.nan_to_num(found, nan=0.0, posinf=0.0, neginf=0.0)


def beats_of(strip: Array, r: Array) -> tuple[Array, Array, Array]:
    """R peaks of the beats that are wholly in the strip (B,), the beats and how they differ from
    the typical one (B, 2 * (BEFORE + AFTER)), and the intervals around each (B, TIMING).
    """
    places = np.round(r * RATE).astype(int)
    whole = (places >= BEFORE) & (places + AFTER <= len(strip))
    if not whole.any():
        return np.zeros(0), np.zeros((0, 2 * (BEFORE + AFTER))), np.zeros((0, TIMING))
    beats = cut(strip, r)
    rr = np.diff(r)
    middle = float(np.median(rr)) if len(rr) else 1.0
    before, after = np.r_[middle, rr][whole], np.r_[rr, middle][whole]
    timing = np.stack(
        [
            before - 0.8,
            after - 0.8,
            3 * np.log(before / middle),
            3 * np.log(after / middle),
            3 * np.log(after / before),
            np.full(len(before), middle - 0.8),
        ],
        axis=1,
    )
    beats = np.concatenate([beats, beats - np.median(beats, axis=0)], axis=1)
    return r[whole], beats, np.clip(timing, -3, 3)


def cut(strip: Array, r: Array) -> Array:
    """(beats, BEFORE + AFTER), those that are wholly in the strip."""
    places = np.round(r * RATE).astype(int)
    places = places[(places >= BEFORE) & (places + AFTER <= len(strip))]
    return strip[places[:, None] + np.arange(-BEFORE, AFTER)]


def irregularity(rr: Array) -> Array:
    """How the intervals between beats vary, in seconds and shares. (27,)"""
    if len(rr) < 3:
        return np.zeros(27)
    middle, change = np.median(rr), np.diff(rr)
    relative = np.abs(change) / middle
    low, high = np.quantile(rr, [0.1, 0.9])
    return np.array(
        [
            middle,
            low,
            high,
            rr.min(),
            rr.max(),
            rr.std() / middle,
            np.median(np.abs(rr - middle)) / middle,
            (high - low) / middle,
            np.sqrt(np.mean(change**2)) / middle,
            np.median(np.abs(change)) / middle,
            *(np.mean(relative > limit) for limit in (0.02, 0.05, 0.1, 0.2, 0.4)),
            relative.max(),
            *(entropy(rr, 1, limit) for limit in (0.03, 0.06)),
            entropy(rr, 2, 0.06),
            *turning(rr),
            *sarkar(change),
            *(_correlation(rr, lag) for lag in (1, 2, 3)),
            np.log(len(rr)),
        ]
    )


def entropy(rr: Array, length: int, limit: float) -> float:
    """Sample entropy, nats: of runs alike within `limit` seconds, how few go on alike."""
    runs = len(rr) - length
    if runs < 3:
        return 0.0
    near = np.abs(rr[:, None] - rr[None, :]) < limit
    alike = np.ones((runs, runs), bool)
    for i in range(length):
        alike &= near[i : i + runs, i : i + runs]
    longer = alike & near[length:, length:]
    pairs = np.triu(np.ones((runs, runs), bool), 1)
    return float(np.log((alike[pairs].sum() + 1) / (longer[pairs].sum() + 1)))


def turning(rr: Array) -> tuple[float, float]:
    """Share of intervals longer or shorter than both neighbours, and longest steady run (share)."""
    change = np.diff(rr)
    steady = np.abs(change) < 0.05 * np.median(rr)
    longest = run = 0
    for one in steady:
        run = run + 1 if one else 0
        longest = max(longest, run)
    return float(np.mean(change[1:] * change[:-1] < 0)), longest / len(steady)


def sarkar(change: Array) -> tuple[float, float, float]:
    """Of the plane of each change of interval and the next, in squares of 25 ms: share of occupied
    squares, share of points at the origin, and share of points where one is long and one short.
    """
    if len(change) < 2:
        return 0.0, 1.0, 0.0
    x, y = change[1:], change[:-1]
    origin = np.hypot(x, y) < 0.04
    squares = {(int(a // 0.025), int(b // 0.025)) for a, b in zip(x, y, strict=True)}
    opposed = (x * y < 0) & (np.minimum(np.abs(x), np.abs(y)) > 0.1)
    return len(squares) / len(x), float(origin.mean()), float(opposed.mean())


def _correlation(values: Array, lag: int) -> float:
    if len(values) < lag + 4:
        return 0.0
    a, b = values[lag:] - values.mean(), values[:-lag] - values.mean()
    return float((a * b).sum() / (np.sqrt((a**2).sum() * (b**2).sum()) + 1e-6))


def ectopy(rr: Array) -> Array:
    """Early beats, pauses, and what is left of the irregularity without them. (11,)"""
    if len(rr) < 4:
        return np.zeros(11)
    around = np.array([np.median(rr[max(0, i - 4) : i + 5]) for i in range(len(rr))])
    ratio = rr / around
    early = ratio[:-1] < 0.85
    paused = early & (ratio[1:] > 1.08)
    kept = rr[(ratio > 0.88) & (ratio < 1.12)]
    change = np.diff(kept)
    steady = np.abs(change) / np.median(rr) if len(change) else np.zeros(1)
    return np.array(
        [
            early.mean(),
            paused.mean(),
            (early & ~paused).mean(),
            np.mean(ratio > 1.5),
            float(early.any()),
            float(paused.sum() == 1),
            ratio.max(),
            ratio.min(),
            len(kept) / len(rr),
            np.sqrt(np.mean(steady**2)),
            np.median(steady),
        ]
    )


def shapes(beats: Array) -> Array:
    """The typical beat and how the others differ from it. (16 + 20 + 40,)"""
    if len(beats) < 2:
        return np.zeros(76)
    typical = np.median(beats, axis=0)
    qrs = slice(BEFORE - 8, BEFORE + 9)
    whole, narrow = _alike(beats, typical), _alike(beats[:, qrs], typical[qrs])
    sharp = np.abs(np.diff(beats, axis=1))
    height = np.ptp(beats[:, qrs], axis=1)
    width = (np.abs(beats - np.median(beats, axis=1, keepdims=True))[:, 15:60] > 0.35).sum(1)
    steep = np.abs(np.diff(typical))
    wide = np.flatnonzero(steep[10:60] > 0.15 * steep.max())
    spread = np.quantile(np.abs(beats - typical), 0.75, axis=0)
    return np.array(
        [
            *(f(narrow) for f in (np.mean, np.min, np.std)),
            *(f(whole) for f in (np.mean, np.min, np.std)),
            np.mean(narrow < 0.8),
            np.mean(whole < 0.7),
            height.std() / (height.mean() + 1e-3),
            np.ptp(width),
            np.median(width),
            np.mean(width > np.median(width) + 4),
            wide[-1] - wide[0] if len(wide) else 0,
            steep.max(),
            np.std(sharp.max(1)),
            np.log(spread.mean() + 1e-3),
            *spread.reshape(20, 4).mean(1),
            *typical.reshape(40, 2).mean(1),
        ]
    )


def _alike(beats: Array, typical: Array) -> Array:
    """Correlation of each beat with the typical one. (beats,)"""
    a = beats - beats.mean(1, keepdims=True)
    b = typical - typical.mean()
    return (a @ b) / (np.sqrt((a**2).sum(1) * (b**2).sum()) + 1e-6)


def atrial(strip: Array, beats: Array, r: Array) -> Array:
    """P waves before the QRS, and waves of 4 to 9 Hz between the beats. (12,)"""
    if len(beats) < 3:
        return np.zeros(12)
    before = beats[:, 4:24]  # 260 to 60 ms before R
    before = before - before.mean(1, keepdims=True)
    mean = np.median(before, axis=0)
    alike = _alike(before, mean)
    left = (before - mean).std()
    apart = _between(strip, r)
    power = np.zeros(3)
    peak = spread = 0.0
    if len(apart) > 64:
        hertz, density = welch(apart, RATE, nperseg=min(256, len(apart)))
        total = density[(hertz > 1) & (hertz < 30)].sum() + 1e-9
        inside = (hertz >= 4) & (hertz <= 10)
        power = np.array([density[(hertz > a) & (hertz <= b)].sum() / total for a, b in BANDS[1:4]])
        peak = float(hertz[inside][density[inside].argmax()])
        share = density[inside] / (density[inside].sum() + 1e-9)
        spread = float(-(share * np.log(share + 1e-9)).sum())
    return np.array(
        [
            np.mean(alike),
            np.quantile(alike, 0.2),
            np.ptp(mean),
            mean.std() / (left + 1e-3),
            float(mean.argmax()),
            mean.max() - (mean[0] + mean[-1]) / 2,
            np.log(left + 1e-3),
            *power,
            peak,
            spread,
        ]
    )


def _between(strip: Array, r: Array) -> Array:
    """What is between the T wave of a beat and the QRS of the next, less its mean, joined."""
    parts: list[Array] = []
    for one, other in pairwise(r):
        start, stop = round((one + 0.45 * (other - one) + 0.1) * RATE), round((other - 0.08) * RATE)
        if stop - start > 15:
            parts.append(strip[start:stop] - strip[start:stop].mean())
    return np.concatenate(parts) if parts else np.zeros(0)


def noise(strip: Array, r: Array) -> Array:
    """Shares of power by frequency, and how even the strip is. (15,)"""
    hertz, density = welch(strip, RATE, nperseg=min(512, len(strip)))
    total = density[hertz < 45].sum() + 1e-9
    pieces = strip[: len(strip) // RATE * RATE].reshape(-1, RATE)
    swing = pieces.std(1)
    return np.array(
        [
            *(np.log(density[(hertz > a) & (hertz <= b)].sum() / total + 1e-4) for a, b in BANDS),
            np.log(strip.std() + 1e-3),
            np.log(swing.max() + 1e-3),
            np.log(swing.min() + 1e-3),
            np.log(swing.std() / (swing.mean() + 1e-3) + 1e-3),
            np.mean(np.abs(strip) > 2),
            np.mean(np.abs(np.diff(strip)) < 0.002),
            np.log(np.mean(strip**4) / (np.mean(strip**2) ** 2 + 1e-9)),
            np.mean(np.diff(np.sign(np.diff(strip))) != 0),
            len(r) / (len(strip) / RATE),
        ]
    )
