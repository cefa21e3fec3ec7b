"""Intervals of heartbeats: of one lead, and of all leads together.

What is absent stays absent: a beat without a P wave has no PR interval.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from signals.recording import Seconds
from signals.waves import Waves

Name = Literal["RR", "P", "PR", "QRS", "QT", "QTc Bazett", "QTc Fridericia"]
NAMES: tuple[Name, ...] = ("RR", "P", "PR", "QRS", "QT", "QTc Bazett", "QTc Fridericia")

POSSIBLE: Mapping[Name, tuple[float, float]] = {
    "RR": (200, math.inf),
    "P": (20, 250),
    "PR": (40, 600),
    "QRS": (30, 300),
    "QT": (150, 800),
}
"""ms, inclusive: what lies outside is a fault of the wave finder, not a measurement. Curated."""

SAME_BEAT = 0.15
"""Seconds: R peaks of one beat in different leads are closer together than this."""

Spans = Sequence[tuple[float, float]]
"""Start and end, seconds."""


@dataclass(frozen=True, slots=True)
class Intervals:
    """Of B beats, ms; (B,) each by name, NaN where a beat has none.

    RR is the one that ends with the beat: the QT interval is corrected by the RR before it.
    """

    r: Seconds
    ms: Mapping[Name, NDArray[np.float64]]

    def median(self, name: Name, *, of: NDArray[np.bool_] | None = None) -> Measured | None:
        """Over the beats, or some `of` them (B,); None where none of them has it."""
        values = self.ms[name] if of is None else self.ms[name][of]
        values = values[np.isfinite(values)]
        if not len(values):
            return None
        low, middle, high = np.quantile(values, (0.25, 0.5, 0.75))
        return Measured(name, float(middle), float(high - low), len(values))


@dataclass(frozen=True, slots=True)
class Measured:
    """value: the median of `beats` beats, ms; spread: their interquartile range, ms."""

    name: Name
    value: float
    spread: float
    beats: int


def intervals(waves: Waves, *, unread: Spans = ()) -> Intervals:
    """PR: P onset to QRS onset; QRS: its onset to its offset; QT: QRS onset to T offset.

    unread: where a beat may have been missed; no RR interval reaches across.
    """
    seconds: dict[Name, Seconds] = {
        "RR": rr_before(waves.r, unread=unread),
        "P": waves.p[:, 2] - waves.p[:, 0],
        "PR": waves.qrs[:, 0] - waves.p[:, 0],
        "QRS": waves.qrs[:, 2] - waves.qrs[:, 0],
        "QT": waves.t[:, 2] - waves.qrs[:, 0],
    }
    ms: dict[Name, NDArray[np.float64]] = {
        name: _possible(name, 1000 * length) for name, length in seconds.items()
    }
    ms["QTc Bazett"] = bazett(ms["QT"], ms["RR"])
    ms["QTc Fridericia"] = fridericia(ms["QT"], ms["RR"])
    return Intervals(waves.r, ms)


def rr_before(r: Seconds, *, unread: Spans = ()) -> Seconds:
    """(B,), seconds from the R peak before; NaN for the first, and across what was not read."""
    rr = np.diff(r, prepend=np.nan)
    for start, end in unread:
        first, last = np.searchsorted(r, (start, end))
        rr[first : last + 1] = np.nan
    return rr


def bazett(qt: NDArray[np.float64], rr: NDArray[np.float64]) -> NDArray[np.float64]:
    """QT divided by the square root of RR in seconds; all in ms. Bazett's formula."""
    return qt / np.sqrt(rr / 1000)


def fridericia(qt: NDArray[np.float64], rr: NDArray[np.float64]) -> NDArray[np.float64]:
    """QT divided by the cube root of RR in seconds; all in ms. Fridericia's formula."""
    return qt / np.cbrt(rr / 1000)


def together(leads: Mapping[str, Waves], *, unread: Mapping[str, Spans] | None = None) -> Waves:
    """The beats that at least half of the leads show, timed by the median over these.

    unread: by lead, where it cannot be read; there the other leads decide.

    A wave is there when at least half of the leads that show the beat show it. The median, not the
    earliest onset to the latest offset: the usual ranges were made in single leads. On the
    annotations of LUDB (140 records) a QRS above 120 ms is found in all 7 with a complete bundle
    branch block either way, and in 8 by the median but 68 by the extremes of the other 133.
    """
    if not leads:
        return Waves(*(np.empty(shape) for shape in (0, (0, 3), (0, 3), (0, 3), 0)))
    times = np.concatenate([w.r for w in leads.values()])
    lead = np.repeat(np.arange(len(leads)), [len(w) for w in leads.values()])
    order = np.argsort(times, kind="stable")
    beat = np.empty(len(times), np.intp)
    beat[order] = np.cumsum(np.diff(times[order], prepend=-np.inf) > SAME_BEAT) - 1
    rows = np.full((beat.max(initial=-1) + 1, len(leads), 11), np.nan)
    rows[beat, lead] = np.concatenate([_rows(w) for w in leads.values()])
    shown = np.isfinite(rows[:, :, 0]).sum(axis=1)
    r = _median(rows[:, :, :1])[:, 0]
    dark = [inside(r, (unread or {}).get(name, ())) for name in leads]
    able = len(leads) - np.sum(dark, axis=0)
    kept = 2 * shown >= able
    p, qrs, t = (_joined(rows[kept, :, k : k + 3], shown[kept]) for k in (2, 5, 8))
    return Waves(r[kept], p, qrs, t, _median(rows[kept, :, 1:2])[:, 0])


def union(spans: Iterable[tuple[float, float]]) -> Spans:
    """The same seconds in order of time; what overlaps or touches is one."""
    joined: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def in_all(unread: Sequence[Spans]) -> Spans:
    """Where every one of these has a stretch: what no lead tells. Each as `union` gives it."""
    if not unread:
        return ()
    common = list(unread[0])
    for other in unread[1:]:
        both, k, j = list[tuple[float, float]](), 0, 0
        while k < len(common) and j < len(other):
            start, end = max(common[k][0], other[j][0]), min(common[k][1], other[j][1])
            if start < end:
                both.append((start, end))
            if common[k][1] < other[j][1]:
                k += 1
            else:
                j += 1
        common = both
    return common


def inside(times: Seconds, spans: Spans) -> NDArray[np.bool_]:
    """(B,): whether each time lies in one of the spans."""
    lies = np.zeros(len(times), np.bool_)
    for start, end in spans:
        lies |= (times >= start) & (times <= end)
    return lies


def _rows(waves: Waves) -> NDArray[np.float64]:
    """(B, 11): R, the certainty, P, QRS, T."""
    return np.hstack([waves.r[:, None], waves.certainty[:, None], waves.p, waves.qrs, waves.t])


def _joined(wave: NDArray[np.float64], shown: NDArray[np.int_]) -> NDArray[np.float64]:
    """(beats, leads, 3) -> (beats, 3): NaN where fewer than half of the leads `shown` have it."""
    whole = np.all(np.isfinite(wave), axis=2)
    joined = _median(np.where(np.expand_dims(whole, 2), wave, np.nan))
    joined[2 * whole.sum(axis=1) < shown] = np.nan
    return joined


def _median(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """(beats, leads, n) -> (beats, n): over the leads that have it; NaN where none has."""
    median = np.full((len(rows), rows.shape[2]), np.nan)
    some = np.isfinite(rows).any(axis=(1, 2))
    median[some] = np.nanmedian(rows[some], axis=1)
    return median


def _possible(name: Name, values: NDArray[np.float64]) -> NDArray[np.float64]:
    low, high = POSSIBLE[name]
    return np.where((values >= low) & (values <= high), values, np.nan)
