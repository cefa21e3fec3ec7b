"""A made-up recording in which a beat can be early, wide or both."""

from __future__ import annotations

import numpy as np

from signals.recording import Recording, Seconds


def heartbeats(seconds: float = 60.0, rr: float = 0.8) -> tuple[Seconds, list[str]]:
    """R peaks and classes: every tenth beat early, every fifteenth early and wide."""
    times, kinds, now, number = [0.5], ["N"], 0.5, 0
    while now < seconds - 1.5:
        number += 1
        kind = "V" if number % 15 == 0 else "S" if number % 10 == 0 else "N"
        now += 0.65 * rr if kind != "N" else 1.35 * rr if kinds[-1] != "N" else rr
        times.append(now)
        kinds.append(kind)
    return np.array(times), kinds


def drawn(
    r: Seconds, kinds: list[str], *, rate: float = 360.0, leads: tuple[str, ...] = ("MLII", "V1")
) -> Recording:
    """P, QRS and T as bumps; no P before V, whose QRS is wide and the other way up."""
    time = np.arange(int((r[-1] + 1.0) * rate)) / rate
    signal = np.zeros((len(leads), len(time)))
    for beat, kind in zip(r, kinds, strict=True):
        bumps = [(-0.16, 0.025, 0.12), (0.0, 0.012, 1.0), (0.27, 0.05, 0.25)]
        if kind == "V":
            bumps = [(0.0, 0.035, -1.3), (0.3, 0.06, 0.5)]
        for place, width, height in bumps:
            signal += height * np.exp(-0.5 * ((time - beat - place) / width) ** 2)
    scales = np.linspace(1.0, 0.6, len(leads))[:, None]
    return Recording("made-up", (scales * signal).astype(np.float32), rate, leads)
