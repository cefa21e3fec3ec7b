"""What a text abbreviates is meant by the abbreviation wherever it stands.

A tagger sees a window; that "AIPS" is a syndrome is said once, where it is defined. If the long
form was found there, every mention of the short form that was not is added.
"""

from __future__ import annotations

from collections.abc import Sequence, Set

import numpy as np
from numpy.typing import NDArray

from nlp.abbreviations import definitions
from nlp.schemes import Mention

Floats = NDArray[np.float32]
_BRACKETS = frozenset("([")


def with_short_forms(
    words: Sequence[str], mentions: Sequence[Mention], vectors: Floats
) -> tuple[list[Mention], Floats]:
    """The mentions of one scheme and those added, in reading order.

    vectors: what is known of each mention, (M, ·); an added one is known by its long form.
    """
    if not mentions or _BRACKETS.isdisjoint(words):
        return list(mentions), vectors
    said: dict[str, int] = {}
    for number, (start, stop, _) in enumerate(mentions):
        said.setdefault(" ".join(words[start:stop]).lower(), number)
    known = {
        tuple(short.split()): said[long.lower()]
        for short, long in definitions(" ".join(words)).items()
        if long.lower() in said
    }
    held = bytearray(len(words))
    for start, stop, _ in mentions:
        held[start:stop] = b"\1" * (stop - start)
    rows = list(zip(mentions, range(len(mentions)), strict=True))
    places = _places(words, {short[0] for short in known})
    for short, number in known.items():
        for start in places[short[0]]:
            stop = start + len(short)
            if tuple(words[start:stop]) == short and not any(held[start:stop]):
                held[start:stop] = b"\1" * len(short)
                rows.append(((start, stop, mentions[number][2]), number))
    rows.sort()
    return [mention for mention, _ in rows], vectors[[number for _, number in rows]]


def _places(words: Sequence[str], wanted: Set[str]) -> dict[str, list[int]]:
    """Where each of these words stands."""
    found: dict[str, list[int]] = {word: [] for word in wanted}
    for place, word in enumerate(words):
        if word in wanted:
            found[word].append(place)
    return found
