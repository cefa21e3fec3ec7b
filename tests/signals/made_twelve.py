"""Twelve-lead recordings made of Gaussian waves, so that tests need no data."""

from __future__ import annotations

import numpy as np

from signals.recording import STANDARD, Recording

WAVES = {  # centre and width in seconds around R, mV by lead I, II, V1 to V6
    "P": (-0.16, 0.022, (0.08, 0.12, 0.05, 0.06, 0.07, 0.07, 0.07, 0.06)),
    "Q": (-0.025, 0.009, (-0.05, -0.08, 0.0, 0.0, 0.0, -0.05, -0.06, -0.06)),
    "R": (0.0, 0.011, (0.7, 1.0, 0.25, 0.4, 0.8, 1.2, 1.1, 0.9)),
    "S": (0.028, 0.011, (-0.1, -0.15, -0.9, -1.1, -0.7, -0.4, -0.2, -0.05)),
    "T": (0.27, 0.045, (0.2, 0.3, 0.05, 0.3, 0.35, 0.35, 0.3, 0.2)),
}


def twelve(
    seconds: float = 10.0,
    *,
    rate: float = 500.0,
    rr: float = 0.85,
    noise: float = 0.01,
    seed: int = 0,
) -> Recording:
    """A plain sinus rhythm."""
    time = np.arange(round(seconds * rate)) / rate
    eight = np.zeros((8, len(time)))
    for r in np.arange(0.5, seconds, rr):
        for centre, width, heights in WAVES.values():
            wave = np.exp(-(((time - r - centre) / width) ** 2) / 2)
            eight += np.asarray(heights)[:, None] * wave
    chance = np.random.default_rng(seed)
    eight += chance.normal(0, noise, (8, 1)) + noise * chance.normal(size=eight.shape)
    one, two = eight[:2]
    limbs = np.stack([one, two, two - one, -(one + two) / 2, one - two / 2, two - one / 2])
    signal = np.concatenate([limbs, eight[2:]]).astype(np.float32)
    return Recording("made", signal, rate, STANDARD, sex="male", age_years=45.0)
