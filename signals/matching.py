"""Which found beats are which annotated ones, one to one, and what is counted from it.

EC57 compares beat by beat within 150 ms and leaves out the first five minutes, in which a method
may learn. Source: curated, unreferenced (the standard is not at hand; `BENCHMARKS.md` asks so).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from signals.recording import Seconds

TOLERANCES = (0.15, 0.05)
"""Seconds."""
LEARNING = 300.0
"""Seconds at the start that are not scored."""


@dataclass(frozen=True, slots=True)
class Matched:
    """pairs: (M, 2), places in what was annotated and in what was found; missed, extra: places in
    either that have no partner.
    """

    pairs: NDArray[np.intp]
    missed: NDArray[np.intp]
    extra: NDArray[np.intp]


def match(annotated: Seconds, found: Seconds, *, tolerance: float) -> Matched:
    """As many pairs as can be made in order of time, none further apart than `tolerance` seconds.

    annotated, found: ascending. Pairs never need to cross, so the earliest two that fit are one,
    unless a closer partner comes next that nobody else could have.
    """
    pairs: list[tuple[int, int]] = []
    i = j = 0
    while i < len(annotated) and j < len(found):
        if abs(annotated[i] - found[j]) > tolerance:
            i, j = (i + 1, j) if annotated[i] < found[j] else (i, j + 1)
            continue
        j = _closest(annotated[i : i + 2], found, j, tolerance)
        i = _closest(found[j : j + 2], annotated, i, tolerance)
        pairs.append((i, j))
        i, j = i + 1, j + 1
    matched = np.array(pairs, np.intp).reshape(-1, 2)
    return Matched(
        matched,
        np.setdiff1d(np.arange(len(annotated)), matched[:, 0]),
        np.setdiff1d(np.arange(len(found)), matched[:, 1]),
    )


def _closest(ahead: Seconds, others: Seconds, at: int, tolerance: float) -> int:
    """The place in `others`, from `at` on, closest to the first of `ahead`, free of the second."""
    while at + 1 < len(others) and abs(others[at + 1] - ahead[0]) < abs(others[at] - ahead[0]):
        if len(ahead) > 1 and abs(ahead[1] - others[at + 1]) <= tolerance:
            break
        at += 1
    return at


@dataclass(frozen=True, slots=True)
class Counts:
    """Beats on which both sides agree, that were missed, and that were found and are not there."""

    hit: int
    missed: int
    extra: int

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.hit + other.hit, self.missed + other.missed, self.extra + other.extra)

    @property
    def sensitivity(self) -> float:
        """Share of what was annotated, 0 to 1; 0 when there is none."""
        return self.hit / max(self.hit + self.missed, 1)

    @property
    def precision(self) -> float:
        """Share of what was found, 0 to 1; 0 when there is none."""
        return self.hit / max(self.hit + self.extra, 1)

    @property
    def f1(self) -> float:
        """2 hits over all that was annotated and all that was found."""
        return 2 * self.hit / max(2 * self.hit + self.missed + self.extra, 1)


def scored(times: Seconds, unreadable: Seconds) -> NDArray[np.bool_]:
    """(B,): which moments count: behind the learning minutes, in no stretch (K, 2) of flutter."""
    inside = (times[:, None] >= unreadable[:, 0]) & (times[:, None] <= unreadable[:, 1])
    return (times >= LEARNING) & ~inside.any(axis=1)


def count(annotated: Seconds, found: Seconds, unreadable: Seconds, *, tolerance: float) -> Counts:
    """Beats are matched in the whole recording, so that none is cut from its partner; what counts
    is told by the annotated beat of a pair.
    """
    matched = match(annotated, found, tolerance=tolerance)
    known, seen = scored(annotated, unreadable), scored(found, unreadable)
    return Counts(
        int(known[matched.pairs[:, 0]].sum()),
        int(known[matched.missed].sum()),
        int(seen[matched.extra].sum()),
    )
