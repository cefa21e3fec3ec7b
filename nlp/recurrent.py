"""The small reading of words: a character CNN and tables of words below a BiLSTM, in numpy.

The classic of the field (Ma and Hovy 2016): for installations without the extra `text`, and a
hundredth of the transformer's work.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.spelling import REMEMBERED, Spelling, below, hashes
from nlp.windows import Window, cut

Floats = NDArray[np.float32]

WINDOW = 120
"""Words of a window at most."""
DIRECTIONS = ("onward", "back")


def windows(words: Sequence[str], sentences: Sequence[int]) -> Iterator[Window]:
    """A document cut into windows of whole words."""
    for span in cut([1] * len(words), sentences, WINDOW):
        places = range(len(span))
        yield Window(span, places, places)


class Recurrent:
    """Words in their windows."""

    def __init__(self, given: Mapping[str, NDArray[Any]]) -> None:
        """given: as `nlp.train` saves them."""
        weights = {name: array.astype(np.float32) for name, array in given.items()}
        self._spelling = Spelling(below("spelling", weights))
        self._tables = [weights[f"tables.{i}.weight"] for i in range(4)]
        self._directions = [_Direction(below(name, weights)) for name in DIRECTIONS]
        self._known: dict[str, Floats] = {}

    def windows(self, words: Sequence[str], sentences: Sequence[int]) -> Iterator[Window]:
        """A document cut as the network reads it."""
        return windows(words, sentences)

    def __call__(
        self, batch: Sequence[tuple[Sequence[str], Window]]
    ) -> tuple[Floats, NDArray[np.intp]]:
        """What is known of each word: (B, W, 2 H), and how many words there are."""
        lengths = np.array([len(window.words) for _, window in batch])
        spans = [words[w.words.start : w.words.stop] for words, w in batch]
        known = self._written([word for span in spans for word in span])
        there = np.arange(lengths.max(initial=0)) < lengths[:, None]
        given = np.zeros((*there.shape, known.shape[1]), np.float32)
        given[there] = known
        places = turned(lengths, there.shape[1])
        rows = np.arange(len(batch))[:, None]
        onward = self._directions[0](given)
        backward = self._directions[1](given[rows, places])[rows, places]
        return np.concatenate([onward, backward], axis=-1), lengths

    def _written(self, words: Sequence[str]) -> Floats:
        """(W, ·): each word by itself."""
        if len(self._known) > REMEMBERED:
            self._known.clear()
        new = [word for word in dict.fromkeys(words) if word not in self._known]
        if new:
            rows = hashes(new).T
            word, again, start, end = (
                table[row] for table, row in zip(self._tables, rows, strict=True)
            )
            vectors = np.concatenate([word + again, start, end, self._spelling(new)], axis=-1)
            self._known.update(zip(new, vectors, strict=True))
        return np.stack([self._known[word] for word in words])


def turned(lengths: NDArray[np.intp], longest: int) -> NDArray[np.intp]:
    """(B, T): places in reverse order within each length; its own inverse."""
    places = np.arange(longest)
    back = lengths[:, None] - 1 - places
    return np.where(back >= 0, back, places)


class _Direction:
    """An LSTM (Hochreiter and Schmidhuber 1997) as torch orders its gates: i, f, g, o."""

    def __init__(self, given: Mapping[str, Floats]) -> None:
        self._given = np.ascontiguousarray(given["weight_ih_l0"].T)  # (D, 4 H)
        self._own = np.ascontiguousarray(given["weight_hh_l0"].T)  # (H, 4 H)
        self._bias = given["bias_ih_l0"] + given["bias_hh_l0"]

    def __call__(self, words: Floats) -> Floats:
        """(B, T, D) -> (B, T, H)."""
        batch, steps, _ = words.shape
        size = len(self._own)
        from_words: Floats = np.add(words @ self._given, self._bias, dtype=np.float32)
        state: Floats = np.zeros((batch, size), np.float32)
        memory: Floats = np.zeros((batch, size), np.float32)
        found = np.zeros((batch, steps, size), np.float32)
        for t in range(steps):
            gates: Floats = np.add(from_words[:, t], state @ self._own, dtype=np.float32)
            let_in, kept, let_out = (
                _sigmoid(gates[:, size * n : size * (n + 1)]) for n in (0, 1, 3)
            )
            memory = kept * memory + let_in * np.tanh(gates[:, 2 * size : 3 * size])
            state = let_out * np.tanh(memory)
            found[:, t] = state
        return found


def _sigmoid(x: Floats) -> Floats:
    half = np.float32(0.5)
    return half * np.tanh(half * x) + half
