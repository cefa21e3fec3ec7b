"""The learned tagger: encoder, character CNN and a CRF for each scheme, in numpy and ONNX Runtime.

Lample et al. 2016 put a CRF on what a network says of each word; Chiu and
Nichols 2016 read a word's characters with a CNN. Here a transformer stands for
the LSTM. Trained by `python -m nlp.train`; nlp/CARD.md has data and numbers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open

from engine.exceptions import SourceError
from engine.types import ModelRef
from nlp.crf import NEVER, viterbi
from nlp.encoder import Encoder, pretrained, weights
from nlp.pieces import Pieces, Window, padded
from nlp.schemes import Mention, Scheme, schemes
from nlp.spelling import characters

FILE = Path(__file__).parent / "weights" / "ner.safetensors"
BATCH = 16
"""Windows read at once."""
REMEMBERED = 100_000
"""Words whose spelling is kept as the character CNN sees it."""

Floats = NDArray[np.float32]
Arrays = Mapping[str, NDArray[Any]]


class Tagger:
    """Words in sentences in, mentions out."""

    def __init__(self, given: Arrays, *, int8: bool = True, threads: int = 0) -> None:
        """given: as `nlp.train` saves them."""
        self.seen: frozenset[int] = (
            frozenset(given["seen"].tolist()) if "seen" in given else frozenset()
        )
        """`digest_of` the texts it learned from."""
        heads = {name.split(".")[1] for name in given if name.startswith("heads.")}
        self.schemes: tuple[Scheme, ...] = tuple(
            scheme for name, scheme in schemes().items() if name in heads
        )
        self._encoder = Encoder(weights(_below("encoder", given)), int8=int8, threads=threads)
        self._pieces = Pieces(pretrained() / "tokenizer.json")
        self._spelling = _Spelling(_below("spelling", given))
        self._heads = {
            scheme.name: _Head(scheme, _below(f"heads.{scheme.name}", given))
            for scheme in self.schemes
        }

    def read(
        self, documents: Sequence[tuple[Sequence[str], Sequence[int]]]
    ) -> list[dict[str, list[Mention]]]:
        """Mentions of every document by scheme; their places count words.

        documents: words, and where among them each sentence begins.
        """
        windows = [
            (number, window)
            for number, (words, starts) in enumerate(documents)
            for window in self._pieces.windows(words, starts)
        ]
        windows.sort(key=lambda pair: len(pair[1].pieces))
        found: list[dict[str, list[Mention]]] = [
            {scheme.name: [] for scheme in self.schemes} for _ in documents
        ]
        for start in range(0, len(windows), BATCH):
            batch = windows[start : start + BATCH]
            hidden, lengths = self._hidden([(documents[n][0], window) for n, window in batch])
            for name, head in self._heads.items():
                for (number, window), mentions in zip(
                    batch, head.mentions(hidden, lengths), strict=True
                ):
                    offset = window.words.start
                    found[number][name].extend((s + offset, e + offset, k) for s, e, k in mentions)
        for mentions in (listed for by_scheme in found for listed in by_scheme.values()):
            mentions.sort()
        return found

    def _hidden(self, batch: Sequence[tuple[Sequence[str], Window]]) -> tuple[Floats, Any]:
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


class _Spelling:
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


class _Head:
    """What one scheme makes of the words."""

    def __init__(self, scheme: Scheme, given: Arrays) -> None:
        self._scheme = scheme
        self._matrix = given["out.weight"].astype(np.float32).T
        self._bias = given["out.bias"].astype(np.float32)
        moves = given["moves"].astype(np.float32)
        self._moves: Floats = np.where(scheme.forbidden(), NEVER, moves)

    def mentions(self, words: Floats, lengths: NDArray[np.intp]) -> Iterator[list[Mention]]:
        """Of each row of words, (B, W, SIZE + letters)."""
        emissions = words @ self._matrix + self._bias  # (B, W, K)
        for tags in viterbi(emissions, self._moves, lengths):
            yield self._scheme.decode(tags)


@cache
def trained() -> tuple[Tagger, ModelRef]:
    """The packaged tagger and what it is.

    Raises:
        MissingExtraError: the encoder's package is not installed.
        SourceError: the weights are missing.
    """
    if not FILE.is_file():
        raise SourceError(f"{FILE.name} is missing", fix="install konsil again, with its weights")
    with safe_open(FILE, framework="np") as stored:
        version = (stored.metadata() or {}).get("model", "")
        names: list[str] = stored.keys()
        given = {name: stored.get_tensor(name) for name in names}
    digest = hashlib.sha256(FILE.read_bytes()).hexdigest()
    return Tagger(given), ModelRef("nlp.ner", version, digest)


def digest_of(text: str) -> int:
    """Names a text by its content: 8 bytes of sha256, as a signed number."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big", signed=True)


def _below(prefix: str, given: Arrays) -> dict[str, NDArray[Any]]:
    start = f"{prefix}."
    return {name[len(start) :]: a for name, a in given.items() if name.startswith(start)}
