"""The transformer's reading of words: MiniLM at the first piece, and how the word is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.encoder import Encoder, pretrained, weights
from nlp.pieces import Pieces
from nlp.spelling import Spelling, below
from nlp.windows import Window, padded

Floats = NDArray[np.float32]


class Transformer:
    """Words in their windows."""

    def __init__(
        self, given: Mapping[str, NDArray[Any]], *, int8: bool = True, threads: int = 0
    ) -> None:
        """given: as `nlp.train` saves them. threads: 0 for as many as there are cores."""
        self._encoder = Encoder(weights(below("encoder", given)), int8=int8, threads=threads)
        self._pieces = Pieces(pretrained() / "tokenizer.json")
        self._spelling = Spelling(below("spelling", given))

    def windows(self, words: Sequence[str], sentences: Sequence[int]) -> Iterator[Window]:
        """A document cut as the network reads it."""
        return self._pieces.windows(words, sentences)

    def __call__(
        self, batch: Sequence[tuple[Sequence[str], Window]]
    ) -> tuple[Floats, NDArray[np.intp]]:
        """What is known of each word: (B, W, SIZE + letters), and how many words there are."""
        pieces, mask = padded([window.pieces for _, window in batch])
        first, _ = padded([window.first for _, window in batch])
        context = self._encoder(pieces, mask)  # (B, T, SIZE)
        context = np.take_along_axis(context, first[:, :, None], axis=1)  # -> (B, W, SIZE)
        spelling = np.zeros((*first.shape, self._spelling.size), np.float32)
        for i, (words, window) in enumerate(batch):
            spelling[i, : len(window.words)] = self._spelling([words[w] for w in window.words])
        lengths = np.array([len(window.words) for _, window in batch])
        return np.concatenate([context, spelling], axis=-1), lengths
