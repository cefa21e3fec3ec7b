"""Measurements of an average twelve-lead beat, as a cardiologist takes them, by name.

Criteria and limits: source: curated, unreferenced.
"""

from __future__ import annotations

import math

import numpy as np

from signals.average import BEFORE, INDEPENDENT, RATE, AverageBeat, Floats, velocity
from signals.recording import STANDARD


def measured(beat: AverageBeat) -> dict[str, float]:
    """Amplitudes in mV, times in ms, angles in degrees; NaN what cannot be told (no P, no PR)."""
    by_lead = {
        f"{name} {lead}": value
        for lead, wave in zip(STANDARD, beat.signal, strict=True)
        for name, value in _lead(wave, beat.onset, beat.offset).items()
    }
    return by_lead | _times(beat) | _voltages(by_lead) | _axes(beat) | _rhythm(beat)


def _lead(wave: Floats, onset: int, offset: int) -> dict[str, float]:
    """One lead: Q, R, S, ST and T."""
    inside = wave[onset : offset + 1]
    last = len(wave) - 1
    inner = inside[1:-1]  # an R is a peak, not a rise that goes on into the ST segment
    peaks = 1 + np.flatnonzero((inner >= inside[:-2]) & (inner > inside[2:]) & (inner > 0))
    top = int(peaks[np.argmax(inside[peaks])]) if len(peaks) else 0
    r = max(float(inside[top]), 0.0)
    before, after = inside[: top + 1], inside[top:]
    q = -min(float(before.min() if r > 0.05 else inside.min()), 0.0)
    trough = int(np.argmin(after)) + top
    later = peaks[peaks > trough]
    tail = wave[offset + 40 : min(offset + 190, last)]
    atrial = wave[max(onset - 100, 0) : max(onset - 15, 1)]
    return {
        "Q": q,
        "Q ms": float(np.sum(before < -0.03)) * 1000 / RATE,
        "R": r,
        "R ms": float(top) * 1000 / RATE,
        "S": -min(float(after.min()), 0.0) if r > 0.05 else 0.0,
        "R'": float(inside[later].max()) if len(later) else 0.0,
        "QS": float(r < 0.05 and q > 0.1),
        "QRS area": float(inside.sum()) / RATE,
        "notches": float(_turns(inside)),
        "J": float(wave[offset]),
        "ST60": float(wave[min(offset + 30, last)]),
        "ST80": float(wave[min(offset + 40, last)]),
        "ST slope": float(wave[min(offset + 40, last)] - wave[offset]),
        "T": float(tail[int(np.argmax(np.abs(tail)))]),
        "T area": float(tail.sum()) / RATE,
        "T top": float(tail.max()),
        "T bottom": float(tail.min()),
        "P": float(atrial.max()),
        "P bottom": float(atrial.min()),
    }


def _turns(inside: Floats) -> int:
    """Changes of direction of more than 0.03 mV."""
    turns, way, last = 0, 0, float(inside[0])
    for value in inside[1:]:
        step = float(value) - last
        if way * step < 0 and abs(step) > 0.03:
            turns, way, last = turns + 1, int(np.sign(step)), float(value)
        elif way == 0 and abs(step) > 0.03:
            way, last = int(np.sign(step)), float(value)
        elif way * step > 0:
            last = float(value)
    return turns


def _times(beat: AverageBeat) -> dict[str, float]:
    rr = float(np.median(np.diff(beat.r)))
    end = t_end(beat)
    p = p_onset(beat)
    qt = (end - beat.onset) / RATE
    speed = velocity(beat.signal)[beat.onset : beat.offset]
    return {
        "QRS ms": (beat.offset - beat.onset) * 1000 / RATE,
        "QRS early": (BEFORE - beat.onset) * 1000 / RATE,
        "QRS speed": float(speed.mean()) if len(speed) else 0.0,
        "QT ms": qt * 1000,
        "QTc ms": qt / rr ** (1 / 3) * 1000,
        "PR ms": math.nan if p is None else (beat.onset - p) * 1000 / RATE,
        "P seen": float(p is not None),
        "RR ms": rr * 1000,
        "rate": 60 / rr,
    }


def t_end(beat: AverageBeat) -> int:
    """Where the T wave ends: the tangent at its steepest fall, over all leads."""
    size = np.sqrt(np.mean(beat.signal[list(INDEPENDENT)] ** 2, axis=0))
    rr = float(np.median(np.diff(beat.r))) * RATE
    stop = int(min(beat.onset + max(0.65 * rr, 150), len(size) - 10))
    start = min(beat.offset + 35, stop - 20)
    peak = start + int(np.argmax(size[start:stop]))
    fall = np.diff(size[peak : min(peak + 75, len(size))])
    if not len(fall) or fall.min() >= 0:
        return peak
    steep = int(np.argmin(fall))
    floor = float(size[peak : min(peak + 110, len(size))].min())
    return min(peak + steep + round((size[peak + steep] - floor) / -fall[steep]), len(size) - 1)


def p_onset(beat: AverageBeat) -> int | None:
    """Where the P wave begins; None when nothing stands out between the T wave and the QRS."""
    from scipy.ndimage import uniform_filter1d

    rr = float(np.median(np.diff(beat.r))) * RATE
    first = max(round(t_end(beat) - rr) + 10, 5)
    part = beat.signal[list(INDEPENDENT), first : beat.onset - 10]
    if part.shape[1] < 30:
        return None
    level = np.median(part, axis=1, keepdims=True)
    size = uniform_filter1d(np.sqrt(np.mean((part - level) ** 2, axis=0)), 10)
    top = int(np.argmax(size[10:])) + 10
    lowest = int(np.argmin(size[:top]))
    if size[top] < 0.025 or size[lowest] > 0.6 * size[top]:
        return None
    low = size[:top] < max(0.3 * size[top], 1.001 * size[lowest])
    return first + int(np.flatnonzero(low)[-1])


def _voltages(by_lead: dict[str, float]) -> dict[str, float]:
    """Criteria of hypertrophy and how R grows over the chest leads."""
    r, s = ({lead: by_lead[f"{wave} {lead}"] for lead in STANDARD} for wave in ("R", "S"))
    s = {lead: max(s[lead], by_lead[f"Q {lead}"] * by_lead[f"QS {lead}"]) for lead in STANDARD}
    chest = STANDARD[6:]
    return {
        "Sokolow-Lyon": max(s["V1"], s["V2"]) + max(r["V5"], r["V6"]),
        "Cornell": r["aVL"] + s["V3"],
        "Lewis": r["I"] + s["III"] - r["III"] - s["I"],
        "R I + S III": r["I"] + s["III"],
        "R aVL": r["aVL"],
        "Peguero": max(s[x] for x in chest) + s["V4"],
        "R V1 share": r["V1"] / (r["V1"] + s["V1"] + 0.05),
        "R V2 share": r["V2"] / (r["V2"] + s["V2"] + 0.05),
        "R V3 share": r["V3"] / (r["V3"] + s["V3"] + 0.05),
        "R V4 share": r["V4"] / (r["V4"] + s["V4"] + 0.05),
        "low voltage": max(r[x] + s[x] for x in STANDARD[:6]),
    }


def _axes(beat: AverageBeat) -> dict[str, float]:
    """Frontal axes from the areas in I and aVF, and the angle between QRS and T in space."""
    chosen = beat.signal[list(INDEPENDENT)]
    depolarised = chosen[:, beat.onset : beat.offset].sum(axis=1)
    repolarised = chosen[:, beat.offset + 30 : t_end(beat)].sum(axis=1)
    axis = {}
    for name, area in (("QRS", depolarised), ("T", repolarised)):
        angle = math.atan2((2 * area[1] - area[0]) / math.sqrt(3), area[0])
        axis |= {f"{name} axis": math.degrees(angle)}
        axis |= {f"{name} axis sin": math.sin(angle), f"{name} axis cos": math.cos(angle)}
    size = np.linalg.norm(depolarised) * np.linalg.norm(repolarised)
    return axis | {"QRS-T cos": float(depolarised @ repolarised / max(size, 1e-9))}


def _rhythm(beat: AverageBeat) -> dict[str, float]:
    rr = np.diff(beat.r)
    return {
        "RR spread": float(np.std(rr) / rr.mean()),
        "RR step": float(np.median(np.abs(np.diff(rr))) / rr.mean()) if len(rr) > 1 else 0.0,
        "unusual": float(1 - beat.usual.mean()),
    }
