"""Intervals of heartbeats: of one lead, and of all leads together.

What is absent stays absent: a beat without a P wave has no PR interval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from signals.recording import Seconds
from signals.waves import Waves

Name = Literal["RR", "P", "PR", "QRS", "QT", "QTc Bazett", "QTc Fridericia"]
NAMES: tuple[Name, ...] = ("RR", "P", "PR", "QRS", "QT", "QTc Bazett", "QTc Fridericia")

POSSIBLE: Mapping[Name, tuple[float, float]] = {
    "RR": (200, 3000),
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
    ms = {name: _possible(name, 1000 * length) for name, length in seconds.items()}
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
    times = np.concatenate([w.r for w in leads.values()] or [np.empty(0)])
    rows = np.concatenate([_rows(w) for w in leads.values()] or [np.empty((0, 10))])
    lead = np.repeat(np.arange(len(leads)), [len(w) for w in leads.values()])
    order = np.argsort(times, kind="stable")
    times, rows, lead = times[order], rows[order], lead[order]
    starts = np.flatnonzero(np.diff(times, prepend=-np.inf) > SAME_BEAT)
    spans = [(unread or {}).get(name, ()) for name in leads]
    beats: list[tuple[float, NDArray[np.float64]]] = []
    for beat in np.split(np.arange(len(times)), starts[1:]):
        time = float(np.median(times[beat])) if len(beat) else np.nan
        able = sum(not _inside(time, x) for x in spans)
        if len(beat) and 2 * len(set(lead[beat])) >= able:
            beats.append((time, _one_beat(rows[beat])))
    r = np.array([time for time, _ in beats], np.float64)
    merged = np.array([row for _, row in beats], np.float64).reshape(-1, 10)
    p, qrs, t = (merged[:, k : k + 3] for k in (0, 3, 6))
    return Waves(r, p, qrs, t, merged[:, 9])


def in_all(unread: Sequence[Spans]) -> Spans:
    """Where every one of these has a stretch: what no lead tells."""
    if not unread:
        return ()
    common: Spans = unread[0]
    for other in unread[1:]:
        pairs = [(max(a, c), min(b, d)) for a, b in common for c, d in other]
        common = [(start, end) for start, end in pairs if start < end]
    return sorted(common)


def _inside(time: float, spans: Spans) -> bool:
    return any(start <= time <= end for start, end in spans)


def _rows(waves: Waves) -> NDArray[np.float64]:
    """(B, 10): P, QRS, T and the certainty."""
    return np.hstack([waves.p, waves.qrs, waves.t, waves.certainty[:, None]])


def _one_beat(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """(leads, 10) -> (10,)."""
    beat = np.full(10, np.nan)
    for wave in (0, 3, 6):
        seen = rows[np.isfinite(rows[:, wave : wave + 3]).all(axis=1), wave : wave + 3]
        if len(seen) and 2 * len(seen) >= len(rows):
            beat[wave : wave + 3] = np.median(seen, axis=0)
    beat[9] = np.median(rows[:, 9])
    return beat


def _possible(name: Name, values: NDArray[np.float64]) -> NDArray[np.float64]:
    low, high = POSSIBLE[name]
    return np.where((values >= low) & (values <= high), values, np.nan)
