"""How a word is written: its characters, as numbers, for the character CNN.

The encoder reads lower case; whether "NO" or "no" stands there is told by the characters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Arrays = Mapping[str, NDArray[Any]]

LETTERS = 20
"""Characters read of a word: a longer one's first and last half."""
ALPHABET = 130
"""0 nothing, 1 any character beyond ASCII, then ASCII."""
REMEMBERED = 100_000
"""Words whose spelling is kept as the character CNN sees it."""

ROWS = (16_384, 16_384, 2_048, 8_192)
"""Rows of the tables that a word, a word again, its beginning and its end are looked up in."""


def hashes(words: Sequence[str]) -> NDArray[np.int64]:
    """(W, 4): rows in those tables. Two words seldom share both of the first two, so that no
    vocabulary is needed (Bloom embeddings: Serrà and Karatzoglou 2017).
    """
    lower = [word.lower() for word in words]
    parts = [(word, f"again {word}", word[:3], word[-4:]) for word in lower]
    found = [
        [crc32(part.encode()) % rows for part, rows in zip(these, ROWS, strict=True)]
        for these in parts
    ]
    return np.array(found, np.int64).reshape(-1, len(ROWS))


def characters(words: Sequence[str]) -> NDArray[np.int64]:
    """(W, LETTERS), 0 to ALPHABET - 1."""
    half = LETTERS // 2
    table = np.zeros((len(words), LETTERS), np.int64)
    for row, word in zip(table, words, strict=True):
        kept = word if len(word) <= LETTERS else word[:half] + word[-half:]
        numbers = [ord(c) + 2 if ord(c) < 128 else 1 for c in kept]
        row[: len(numbers)] = numbers
    return table


class Spelling:
    """The character CNN: the highest answer of each filter anywhere in the word."""

    def __init__(self, given: Arrays) -> None:
        self._letters = given["letters.weight"].astype(np.float32)  # (ALPHABET, C)
        filters = given["filters.weight"].astype(np.float32)  # (F, C, width)
        self._filters = filters.transpose(2, 1, 0).reshape(-1, filters.shape[0])
        self._width = filters.shape[2]
        self._bias = given["filters.bias"].astype(np.float32)
        self._known: dict[str, Floats] = {}

    @property
    def size(self) -> int:
        """Filters."""
        return self._bias.size

    def __call__(self, words: Sequence[str]) -> Floats:
        """(W, F)."""
        if len(self._known) > REMEMBERED:
            self._known.clear()
        new = [word for word in dict.fromkeys(words) if word not in self._known]
        if new:
            self._known.update(zip(new, self._read(new), strict=True))
        return np.stack([self._known[word] for word in words])

    def _read(self, words: Sequence[str]) -> Floats:
        letters = self._letters[characters(words)]  # (W, L, C)
        margin = self._width // 2
        letters = np.pad(letters, ((0, 0), (margin, margin), (0, 0)))
        seen = np.lib.stride_tricks.sliding_window_view(letters, self._width, axis=1)
        seen = seen.transpose(0, 1, 3, 2).reshape(len(words), -1, len(self._filters))
        return (seen @ self._filters).max(axis=1) + self._bias  # (W, L, width * C) -> (W, F)


def below(prefix: str, given: Arrays) -> dict[str, NDArray[Any]]:
    """Weights whose name begins with the prefix, without it."""
    start = f"{prefix}."
    return {name[len(start) :]: a for name, a in given.items() if name.startswith(start)}
