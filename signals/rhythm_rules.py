"""Rhythm by rule: what R peaks, and the labels of the beats, say about rate and order.

Times are seconds from the start of the recording. An RR interval that reaches across a stretch
where no beat could be read is none: it is neither a pause nor slow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from signals.intervals import Spans, rr_before
from signals.recording import Seconds

Kind = Literal[
    "slow",
    "fast",
    "pause",
    "couplet",
    "bigeminy",
    "trigeminy",
    "idioventricular",
    "ventricular tachycardia",
    "supraventricular run",
]
PAUSE = 2.0
"""Seconds of an RR interval from which it is called a pause. Curated."""
RUN = 3
"""Beats in a row that make a run, and repetitions that make a bigeminy or trigeminy. Curated."""
TACHYCARDIA = 100.0
"""Beats a minute from which a run is a tachycardia."""
SMOOTHED = 5
"""RR intervals whose median is the rate of a stretch: one early beat does not make it fast."""


@dataclass(frozen=True, slots=True)
class Episode:
    """start_s, end_s: first and last R peak. rate: beats a minute, the mean within the episode; of
    slow and fast stretches by the median interval, as that is what makes them.

    beats: that make it; of a couplet, run or -geminy the ectopic ones. first, last: places of the
    first and last R peak in it.
    """

    kind: Kind
    start_s: float
    end_s: float
    beats: int
    rate: float
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Irregularity:
    """Of n RR intervals: mean, sd and rmssd in ms; rmssd also as a share of the mean; pnn50: the
    share of differences between neighbours above 50 ms."""

    n: int
    mean: float
    sd: float
    rmssd: float
    pnn50: float

    @property
    def rmssd_share(self) -> float:
        """0 is a clock."""
        return self.rmssd / self.mean


def irregularity(r: Seconds, *, unread: Spans = ()) -> Irregularity | None:
    """None below three neighbouring RR intervals."""
    rr = 1000 * rr_before(r, unread=unread)
    known = rr[np.isfinite(rr)]
    steps = np.diff(rr)
    steps = steps[np.isfinite(steps)]
    if len(steps) < 2:
        return None
    return Irregularity(
        n=len(known),
        mean=float(known.mean()),
        sd=float(known.std(ddof=1)),
        rmssd=float(np.sqrt((steps**2).mean())),
        pnn50=float((np.abs(steps) > 50).mean()),
    )


def rate(r: Seconds, *, unread: Spans = ()) -> float | None:
    """Beats a minute by the median RR interval; None without any."""
    rr = rr_before(r, unread=unread)
    rr = rr[np.isfinite(rr)]
    return 60 / float(np.median(rr)) if len(rr) else None


def pauses(r: Seconds, *, unread: Spans = ()) -> tuple[Episode, ...]:
    """RR intervals above `PAUSE` seconds."""
    rr = rr_before(r, unread=unread)
    places: list[int] = np.flatnonzero(rr > PAUSE).tolist()
    return tuple(_episode("pause", r, k - 1, k, 2) for k in places)


def rates(
    r: Seconds, *, slow: float | None, fast: float | None, unread: Spans = ()
) -> tuple[Episode, ...]:
    """Stretches of at least `SMOOTHED` RR intervals below `slow` or above `fast` a minute."""
    if not len(r):
        return ()
    smooth = _running_median(rr_before(r, unread=unread))
    marks = np.full(len(r), "", dtype=object)
    if slow is not None:
        marks[smooth > 60 / slow] = "slow"
    if fast is not None:
        marks[smooth < 60 / fast] = "fast"
    return tuple(
        _episode(mark, r, first - 1, last, last - first + 2)
        for mark, first, last in _stretches(marks)
        if mark and last - first + 1 >= SMOOTHED
    )


def ectopy(r: Seconds, labels: Sequence[str], *, unread: Spans = ()) -> tuple[Episode, ...]:
    """Couplets, runs, bigeminy and trigeminy of beats labelled N, S, V, F or Q, in order of time.

    A run of V at `TACHYCARDIA` or more is a ventricular tachycardia, else idioventricular; runs of
    S are told from the same rate on. Bigeminy is (N V) at least `RUN` times, trigeminy (N N V).

    Raises:
        ValueError: there is not one label for every R peak.
    """
    if len(labels) != len(r):
        raise ValueError("one label for every R peak")
    breaks = ~np.isfinite(rr_before(r, unread=unread))
    found = [*_runs(r, labels, breaks)]
    found += _geminy(r, labels, breaks, 2, "bigeminy")
    found += _geminy(r, labels, breaks, 3, "trigeminy")
    return tuple(sorted(found, key=lambda x: (x.start_s, x.end_s)))


def _runs(r: Seconds, labels: Sequence[str], breaks: NDArray[np.bool_]) -> Iterator[Episode]:
    pieces = np.cumsum(breaks)
    for (label, _), group in groupby(range(len(r)), key=lambda k: (labels[k], pieces[k])):
        run = list(group)
        if label not in ("S", "V") or len(run) < 2:
            continue
        beat = 60 * (len(run) - 1) / float(r[run[-1]] - r[run[0]])
        kind: Kind | None = None
        if label == "V" and len(run) == 2:
            kind = "couplet"
        elif label == "V" and len(run) >= RUN:
            kind = "ventricular tachycardia" if beat >= TACHYCARDIA else "idioventricular"
        elif len(run) >= RUN and beat >= TACHYCARDIA:
            kind = "supraventricular run"
        if kind:
            yield _episode(kind, r, run[0], run[-1], len(run))


def _geminy(
    r: Seconds, labels: Sequence[str], breaks: NDArray[np.bool_], period: int, kind: Kind
) -> Iterator[Episode]:
    """V at every `period`-th beat with only normal ones between, without a break."""
    ventricular = [k for k, label in enumerate(labels) if label == "V"]
    chain = ventricular[:1]
    for k in [*ventricular[1:], -1]:
        between = labels[chain[-1] + 1 : k] if chain else ()
        joined = k - period == chain[-1] if chain else False
        if joined and set(between) == {"N"} and not breaks[chain[-1] + 1 : k + 1].any():
            chain.append(k)
            continue
        if len(chain) >= RUN:
            yield _episode(kind, r, max(chain[0] - period + 1, 0), chain[-1], len(chain))
        chain = [k]


def _running_median(rr: Seconds) -> Seconds:
    """(B,) -> (B,): over `SMOOTHED` RR intervals around each, fewer at breaks; NaN stays NaN."""
    half, known = SMOOTHED // 2, np.isfinite(rr)
    padded = np.pad(rr, half, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, SMOOTHED)
    smooth = np.full(len(rr), np.nan)
    smooth[known] = np.nanmedian(windows[known], axis=1)
    return smooth


def _stretches(marks: NDArray[np.object_]) -> Iterator[tuple[Kind, int, int]]:
    """Mark, first and last place of every stretch of equal marks."""
    place = 0
    for mark, group in groupby(marks):
        count = len(list(group))
        yield mark, place, place + count - 1
        place += count


def _episode(kind: Kind, r: Seconds, first: int, last: int, beats: int) -> Episode:
    apart = np.diff(r[first : last + 1])
    usual = float(np.median(apart) if kind in ("slow", "fast") else apart.mean())
    return Episode(kind, float(r[first]), float(r[last]), beats, 60 / usual, first, last)
