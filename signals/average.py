"""The average heartbeat of a twelve-lead recording: what most beats look like, without the noise.

Everything is brought to `RATE` through 100 samples a second, so that a recording looks the same
whatever rate it was sampled at. Wave borders come from the spatial velocity, the speed at which the
vector of the eight independent leads moves. source: curated, unreferenced.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from signals.recording import Samples

RATE = 500
"""Samples a second of the average."""
BEFORE, AFTER = 200, 300
"""Samples of the average before and after the R peak."""
INDEPENDENT = (0, 1, 6, 7, 8, 9, 10, 11)
"""I, II, V1 to V6: the others are sums of these."""
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AverageBeat:
    """signal: (12, BEFORE + AFTER), mV above the level just before the QRS, in the order of
    `STANDARD`. onset, offset: of its QRS, in samples. r: (B,), seconds, R peaks of all beats;
    usual: (B,), whether a beat looks like the average and is part of it. noise: (12,), mV, how far
    its beats usually are from it.
    """

    signal: Floats
    onset: int
    offset: int
    r: Floats
    usual: NDArray[np.bool_]
    noise: Floats


def resampled(signal: Samples, rate: float) -> Floats:
    """(leads, samples) at `rate` -> the same at `RATE`, only what is between 0.5 and 50 Hz."""
    from scipy.signal import butter, resample_poly, sosfiltfilt

    down = Fraction(100 / rate).limit_denominator(1000)
    x = np.asarray(signal, dtype=float)
    if down != 1:
        x = resample_poly(x, down.numerator, down.denominator, axis=1, padtype="line")
    x = resample_poly(x, RATE // 100, 1, axis=1, padtype="line")
    return sosfiltfilt(butter(2, 0.5, "highpass", fs=RATE, output="sos"), x, axis=1)


def beats(x: Floats) -> NDArray[np.intp]:
    """(leads, samples) at `RATE` -> samples of the QRS complexes, by their energy in all leads."""
    from scipy.ndimage import uniform_filter1d
    from scipy.signal import butter, find_peaks, sosfiltfilt

    steep = sosfiltfilt(butter(2, (8, 30), "bandpass", fs=RATE, output="sos"), x, axis=1)
    scale = np.percentile(np.abs(steep), 98, axis=1, keepdims=True)
    energy = np.sqrt(np.mean(np.minimum(np.abs(steep) / np.maximum(scale, 1e-3), 3) ** 2, axis=0))
    energy = uniform_filter1d(energy, RATE // 12)
    peaks, found = find_peaks(energy, distance=RATE // 4, height=0)
    height = found["peak_heights"]
    if not len(peaks):
        return peaks
    return peaks[height > 0.45 * np.percentile(height, 90)]


def average(x: Floats) -> AverageBeat | None:
    """The average of (12, samples) at `RATE`; None with fewer than three beats that are alike."""
    places = beats(x)
    places = places[(places >= BEFORE + 20) & (places < x.shape[1] - AFTER - 20)]
    if len(places) < 3:
        return None
    places = _aligned(x, places)
    windows = _windows(x, places)  # (B, 12, T)
    usual = _alike(windows[:, :, BEFORE - 60 : BEFORE + 60])
    if usual.sum() < 3:
        return None
    signal = np.median(windows[usual], axis=0)
    noise = np.median(np.abs(windows[usual] - signal), axis=(0, 2))
    onset, offset = qrs(signal)
    signal = signal - np.median(signal[:, max(onset - 12, 0) : onset], axis=1, keepdims=True)
    return AverageBeat(signal, onset, offset, places / RATE, usual, noise)


def _windows(x: Floats, places: NDArray[np.intp]) -> Floats:
    return np.stack([x[:, place - BEFORE : place + AFTER] for place in places])


def _aligned(x: Floats, places: NDArray[np.intp]) -> NDArray[np.intp]:
    """Beats moved by up to 40 ms to where they fit the median of all of them best."""
    reach = range(-20, 21)
    for _ in range(2):
        model = np.median(_windows(x, places)[:, :, BEFORE - 50 : BEFORE + 50], axis=0)
        fits = [
            [float(np.sum(model * x[:, place + move - 50 : place + move + 50])) for move in reach]
            for place in places
        ]
        places = places + np.array([reach[int(np.argmax(fit))] for fit in fits])
        places = np.clip(places, BEFORE + 20, x.shape[1] - AFTER - 20)
    # the R peak of the average: where the vector is longest
    model = np.median(_windows(x, places), axis=0)[list(INDEPENDENT)]
    around = np.sum((model - np.median(model, axis=1, keepdims=True)) ** 2, axis=0)
    move = int(np.argmax(around[BEFORE - 40 : BEFORE + 41])) - 40
    return np.clip(places + move, BEFORE, x.shape[1] - AFTER)


def _alike(windows: Floats) -> NDArray[np.bool_]:
    """(B, 12, T) -> (B,), the largest group of beats that correlate with one of them above .9."""
    flat = windows - windows.mean(axis=2, keepdims=True)
    flat = flat.reshape(len(flat), -1)
    flat = flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-9)
    alike = flat @ flat.T > 0.9
    return alike[int(np.argmax(alike.sum(axis=1)))]


def velocity(signal: Floats) -> Floats:
    """(12, T) -> (T,), mV a second: how fast the vector of the independent leads moves."""
    from scipy.ndimage import uniform_filter1d

    moved = np.gradient(signal[list(INDEPENDENT)], axis=1) * RATE
    return uniform_filter1d(np.sqrt(np.sum(moved**2, axis=0)), 6)


def qrs(signal: Floats) -> tuple[int, int]:
    """On- and offset of the QRS in an average beat, in samples."""
    speed = velocity(signal)
    near = slice(BEFORE - 60, BEFORE + 60)
    top = int(np.argmax(speed[near])) + near.start
    rest = np.percentile(speed[BEFORE - 110 : BEFORE + 150], 15)
    slow = speed < rest + 0.08 * (speed[top] - rest)
    run = 6
    onset = next((i for i in range(top, BEFORE - 110, -1) if slow[i - run : i].all()), BEFORE - 30)
    offset = next(
        (i for i in range(max(top, BEFORE), BEFORE + 130) if slow[i : i + run].all()), BEFORE + 30
    )
    return onset, offset
