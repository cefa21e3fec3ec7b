"""Drawn heartbeats for tests: no patient's."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from signals.recording import Recording


def drawn(
    r: NDArray[np.float64],
    *,
    seconds: float,
    rate: float = 300.0,
    p_waves: bool = True,
    seed: int = 0,
) -> Recording:
    """A lead "I" in mV with P, QRS and T around each R peak (s), and a little noise."""
    time = np.arange(round(seconds * rate)) / rate
    x = 0.01 * np.random.default_rng(seed).standard_normal(len(time))
    waves = [(0.0, 1.0, 0.012), (-0.03, -0.1, 0.01), (0.03, -0.2, 0.012), (0.26, 0.25, 0.05)]
    for at, height, width in [*waves, *([(-0.16, 0.12, 0.025)] if p_waves else [])]:
        for peak in r:
            x += height * np.exp(-0.5 * ((time - peak - at) / width) ** 2)
    return Recording("drawn", x[None].astype(np.float32), rate, ("I",))


def steady(seconds: float, *, rr: float = 0.85) -> NDArray[np.float64]:
    """R peaks of a regular rhythm with a breath's variation."""
    beats = np.arange(0.5, seconds - 0.5, rr)
    return beats + 0.015 * np.sin(2 * np.pi * beats / 4)


def irregular(seconds: float, *, seed: int = 1) -> NDArray[np.float64]:
    """R peaks as in atrial fibrillation: no two intervals alike."""
    chance = np.random.default_rng(seed)
    beats = 0.5 + np.cumsum(chance.uniform(0.42, 1.05, round(3 * seconds)))
    return beats[beats < seconds - 0.5]
