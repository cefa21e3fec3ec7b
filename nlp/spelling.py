"""How a word is written: its characters, as numbers, for the character CNN.

The encoder reads lower case; whether "NO" or "no" stands there is told by the characters.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

LETTERS = 20
"""Characters read of a word: a longer one's first and last half."""
ALPHABET = 130
"""0 nothing, 1 any character beyond ASCII, then ASCII."""


def characters(words: Sequence[str]) -> NDArray[np.int64]:
    """(W, LETTERS), 0 to ALPHABET - 1."""
    half = LETTERS // 2
    table = np.zeros((len(words), LETTERS), np.int64)
    for row, word in zip(table, words, strict=True):
        kept = word if len(word) <= LETTERS else word[:half] + word[-half:]
        numbers = [ord(c) + 2 if ord(c) < 128 else 1 for c in kept]
        row[: len(numbers)] = numbers
    return table
