"""A document cut into windows that a network reads whole.

A window holds whole sentences as far as there is room, so that a mention is seen with what stands
around it; only a sentence longer than that is cut.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Window:
    """words: positions of its words in the list of words. pieces: what the network reads, as
    numbers. first: where in `pieces` each word begins.
    """

    words: range
    pieces: Sequence[int]
    first: Sequence[int]


def cut(sizes: Sequence[int], sentences: Sequence[int], room: int) -> Iterator[range]:
    """Ranges of words. sizes: of each word, at most `room`. sentences: where each begins."""
    starts = set(sentences)
    begin = filled = last = 0
    for place, size in enumerate(sizes):
        if place in starts:
            last = place
        while filled + size > room:
            stop = last if last > begin else place
            yield range(begin, stop)
            begin, filled = stop, sum(sizes[stop:place])
        filled += size
    if begin < len(sizes):
        yield range(begin, len(sizes))


def padded(rows: Sequence[Sequence[int]]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Rows of one length, filled with 0, and 1 where they were not: (B, T) each."""
    length = max(map(len, rows), default=0)
    filled = np.zeros((len(rows), length), np.int64)
    mask = np.zeros((len(rows), length), np.float32)
    for i, row in enumerate(rows):
        filled[i, : len(row)] = row
        mask[i, : len(row)] = 1
    return filled, mask
