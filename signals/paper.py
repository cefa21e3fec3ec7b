"""ECG paper: what is drawn where, in millimetres. `signals.plot` writes it as SVG or PNG.

25 mm are a second, 10 mm a millivolt; squares are 1 and 5 mm. Twelve leads stand in three rows of
four, 2.5 s each, over a rhythm strip of 10 s; other recordings have a strip of 10 s for each lead.
Longer ones go on below, up to `ROWS` strips.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from signals.recording import STANDARD, Recording

MM_PER_S = 25.0
MM_PER_MV = 10.0
STRIP_S = 10.0
"""Seconds of one strip."""
ROWS = 20
"""Strips drawn at most."""
ROW_MM = 30.0
HEAD_MM, FOOT_MM, MARGIN_MM = 20.0, 10.0, 5.0
PULSE_MM = 15.0
"""Room for the calibration pulse in front of each strip."""
COLUMN_S = STRIP_S / 4
RHYTHM_LEAD = "II"
LABEL_MM = 3.0
"""Height of a line of labels."""

Pen = Literal["fine", "coarse", "trace", "mark", "text"]
Points = tuple[tuple[float, float], ...]
Item: TypeAlias = "Line | Box | Words"


@dataclass(frozen=True, slots=True)
class Line:
    """A line through points (x, y), mm from the upper left corner."""

    points: Points
    pen: Pen


@dataclass(frozen=True, slots=True)
class Box:
    """A filled rectangle, mm."""

    x: float
    y: float
    width: float
    height: float
    pen: Pen = "mark"


@dataclass(frozen=True, slots=True)
class Words:
    """Text whose baseline begins at (x, y); size: mm."""

    x: float
    y: float
    text: str
    size: float


@dataclass(frozen=True, slots=True)
class Paper:
    """A drawing of width x height mm, in the order of painting. seconds: those drawn."""

    width: float
    height: float
    items: tuple[Item, ...]
    seconds: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Mark:
    """Seconds to be marked. lead: None for all."""

    lead: str | None
    start_s: float
    end_s: float
    label: str


@dataclass(frozen=True, slots=True)
class _Cell:
    """A piece of a lead: from `start` to `end` s, which begins at (x, middle of the row).

    last: whether it is the lowest strip of its ten seconds.
    """

    lead: str
    start: float
    end: float
    x: float
    y: float
    last: bool = False

    def across(self, second: float) -> float:
        return self.x + MM_PER_S * (second - self.start)


def paper(
    recording: Recording,
    *,
    marks: Sequence[Mark] = (),
    leads: Sequence[str] = (),
    start: float = 0.0,
    end: float | None = None,
) -> Paper:
    """The drawing of some leads (default: all) from `start` to `end` s (default: what fits).

    Each lead is drawn around its median. Where nothing was recorded nothing is drawn.

    Raises:
        KeyError: there is no such lead.
        ValueError: no second of the recording lies between start and end.
    """
    for lead in leads:
        recording.lead(lead)
    chosen = tuple(leads) or recording.leads
    if not 0 <= start < min(recording.seconds, end or recording.seconds):
        raise ValueError(f"seconds from 0 to {recording.seconds:.1f}, the start before the end")
    rows_each = 4 if _standard(chosen) else len(chosen)
    last = start + STRIP_S * max(ROWS // rows_each, 1)
    stop = min(recording.seconds, last, recording.seconds if end is None else end)
    cells = list(_cells(chosen, start, stop))
    blocks = int(np.ceil(round((stop - start) / STRIP_S, 6)))
    width = 2 * MARGIN_MM + PULSE_MM + MM_PER_S * STRIP_S
    height = HEAD_MM + ROW_MM * rows_each * blocks + FOOT_MM
    items = (
        *_grid(width, height),
        *_marks(cells, marks),
        *_pulses(rows_each * blocks),
        *(x for cell in cells for x in _trace(recording, cell, start, stop)),
        *_words(recording, start, stop, height),
    )
    return Paper(width, height, items, (start, stop))


def _standard(leads: Sequence[str]) -> bool:
    return set(leads) == set(STANDARD)


def _cells(leads: Sequence[str], start: float, stop: float) -> Iterator[_Cell]:
    row = 0
    for begin in np.arange(start, stop - 1e-9, STRIP_S).tolist():
        if _standard(leads):
            for place, lead in enumerate(STANDARD):
                column, line = divmod(place, 3)
                first = begin + COLUMN_S * column
                if first < stop:
                    x = _left() + MM_PER_S * COLUMN_S * column
                    yield _Cell(lead, first, min(first + COLUMN_S, stop), x, _middle(row + line))
            yield _Cell(
                RHYTHM_LEAD, begin, min(begin + STRIP_S, stop), _left(), _middle(row + 3), True
            )
            row += 4
            continue
        for lead in leads:
            end, last = min(begin + STRIP_S, stop), lead == leads[-1]
            yield _Cell(lead, begin, end, _left(), _middle(row), last)
            row += 1


def _left() -> float:
    return MARGIN_MM + PULSE_MM


def _middle(row: int) -> float:
    return HEAD_MM + ROW_MM * (row + 0.5)


def _grid(width: float, height: float) -> Iterator[Line]:
    """From edge to edge, fine lines first; every fifth is coarse."""
    pens: tuple[tuple[Pen, int, int | None], ...] = (("fine", 1, 5), ("coarse", 5, None))
    for pen, step, skipped in pens:
        for x in range(0, int(width) + 1, step):
            if skipped is None or x % skipped:
                yield Line(((x, 0.0), (x, height)), pen)
        for y in range(0, int(height) + 1, step):
            if skipped is None or y % skipped:
                yield Line(((0.0, y), (width, y)), pen)


def _pulses(rows: int) -> Iterator[Line]:
    """1 mV for 0.2 s in front of each strip."""
    for row in range(rows):
        x, y = MARGIN_MM, _middle(row)
        top, wide = y - MM_PER_MV, 0.2 * MM_PER_S
        steps = ((0, y), (2.5, y), (2.5, top), (2.5 + wide, top), (2.5 + wide, y), (10, y))
        yield Line(tuple((x + dx, height) for dx, height in steps), "trace")


def _trace(recording: Recording, cell: _Cell, start: float, stop: float) -> Iterator[Line | Words]:
    yield Words(cell.x + 1, cell.y - ROW_MM / 2 + 5, cell.lead, 4)
    if cell.x > _left():
        yield Line(((cell.x, cell.y - 3), (cell.x, cell.y + 3)), "trace")
    whole = _piece(recording, cell.lead, start, stop)
    known = whole[np.isfinite(whole)]
    if not len(known):
        return
    first = int(np.ceil(cell.start * recording.rate - 1e-6))
    height = _piece(recording, cell.lead, cell.start, cell.end) - np.median(known)
    x = cell.x + MM_PER_S * ((first + np.arange(len(height))) / recording.rate - cell.start)
    y = cell.y - MM_PER_MV * height
    edges = np.flatnonzero(np.diff(np.isfinite(height))) + 1
    for part in np.split(np.arange(len(height)), edges):
        if len(part) and np.isfinite(height[part[0]]):
            points = zip(x[part].tolist(), y[part].tolist(), strict=True)
            yield Line(tuple(points), "trace")


def _piece(recording: Recording, lead: str, start: float, end: float) -> NDArray[np.float64]:
    """The samples from start (inclusive) to end (inclusive: strips join)."""
    first = int(np.ceil(start * recording.rate - 1e-6))
    last = int(np.floor(end * recording.rate + 1e-6))
    return recording.lead(lead)[first : last + 1].astype(np.float64)


def _marks(cells: Sequence[_Cell], marks: Iterable[Mark]) -> Iterator[Box | Words]:
    """A bar under the seconds and its label beside it, in a line of its own where they would meet.

    What is of all leads is marked under the last strip of ten seconds.
    """
    taken: dict[float, list[tuple[float, float, int]]] = {}
    for mark in marks:
        for cell in cells:
            start, end = max(mark.start_s, cell.start), min(mark.end_s, cell.end)
            meant = cell.last if mark.lead is None else cell.lead == mark.lead
            if meant and start < end:
                x, right = cell.across(start), cell.across(end)
                line, beside = _free(taken.setdefault(cell.y, []), x, right, mark.label)
                y = cell.y + ROW_MM / 2 - LABEL_MM * line
                yield Box(x, y - 1.2, right - x, 1.0)
                yield Words(beside, y - 0.2, mark.label, LABEL_MM - 0.5)


def _free(
    taken: list[tuple[float, float, int]], x: float, right: float, label: str
) -> tuple[int, float]:
    """The lowest line where bar and label meet nothing, and where the label begins.

    It stands behind the bar; before it where the paper ends.
    """
    wide = 0.6 * (LABEL_MM - 0.5) * len(label)
    beside = right + 0.5
    if beside + wide > 2 * MARGIN_MM + PULSE_MM + MM_PER_S * STRIP_S:
        beside = max(x - 0.5 - wide, 0.0)
    left, end = min(x, beside), max(right, beside + wide)
    used = {line for start, stop, line in taken if start < end and left < stop}
    line = next(k for k in range(len(taken) + 1) if k not in used)
    taken.append((left, end, line))
    return line, beside


def _words(recording: Recording, start: float, stop: float, height: float) -> Iterator[Words]:
    began = f", {recording.start:%Y-%m-%d %H:%M:%S}" if recording.start else ""
    yield Words(MARGIN_MM, 7, f"{recording.id}{began}", 4)
    shown = f"{start:g} to {stop:g} s of {recording.seconds:.1f} s, {recording.rate:g} Hz"
    yield Words(MARGIN_MM, 13, shown, 3)
    scale = f"{MM_PER_S:g} mm/s   {MM_PER_MV:g} mm/mV   research use only"
    yield Words(MARGIN_MM, height - 4, scale, 3)
