"""Word pieces: a document cut into windows that the encoder reads whole.

Words are the pipeline's tokens; each is tagged at its first piece. A window holds whole sentences
up to `WINDOW` pieces, so that a mention is seen with what stands around it; only a sentence longer
than that is cut.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

WINDOW = 160
"""Pieces of a window at most, its two marks included."""
LONGEST = 24
"""Pieces of a word at most: the rest of a longer one (base64, a line of dashes) is not read."""

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Window:
    """words: positions of its words in the list of words. pieces: ids, marks included. first:
    where in `pieces` each word begins.
    """

    words: range
    pieces: Sequence[int]
    first: Sequence[int]


class Pieces:
    """Cuts words into pieces, each word once."""

    def __init__(self, tokenizer_file: Path) -> None:
        self._tokenizer = Tokenizer.from_file(str(tokenizer_file))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        marks = self._tokenizer.get_vocab()
        self._begin, self._end, self._unknown = (marks[m] for m in ("[CLS]", "[SEP]", "[UNK]"))
        self._known: dict[str, list[int]] = {}

    def windows(self, words: Sequence[str], sentences: Sequence[int]) -> Iterator[Window]:
        """Windows in order. sentences: where each begins, in words."""
        cut = self._cut(words)
        starts = set(sentences)
        begin = size = last = 0
        for place, pieces in enumerate(cut):
            if place in starts:
                last = place
            if size + len(pieces) > WINDOW - 2:
                stop = last if last > begin else place
                yield self._window(cut, begin, stop)
                begin, size = stop, sum(map(len, cut[stop:place]))
            size += len(pieces)
        if begin < len(cut):
            yield self._window(cut, begin, len(cut))

    def _window(self, cut: Sequence[Sequence[int]], begin: int, stop: int) -> Window:
        pieces, first = [self._begin], list[int]()
        for word in cut[begin:stop]:
            first.append(len(pieces))
            pieces.extend(word)
        return Window(range(begin, stop), [*pieces, self._end], first)

    def _cut(self, words: Sequence[str]) -> list[list[int]]:
        new = [word for word in dict.fromkeys(words) if word not in self._known]
        if len(self._known) + len(new) > 200_000:
            self._known.clear()
            new = list(dict.fromkeys(words))
        encoded = self._tokenizer.encode_batch_fast(new, add_special_tokens=False)
        for word, encoding in zip(new, encoded, strict=True):
            self._known[word] = encoding.ids[:LONGEST] or [self._unknown]
        return [self._known[word] for word in words]


def padded(rows: Sequence[Sequence[int]]) -> tuple[Ints, NDArray[np.float32]]:
    """Rows of one length, filled with 0, and 1 where they were not: (B, T) each."""
    length = max(map(len, rows), default=0)
    filled = np.zeros((len(rows), length), np.int64)
    mask = np.zeros((len(rows), length), np.float32)
    for i, row in enumerate(rows):
        filled[i, : len(row)] = row
        mask[i, : len(row)] = 1
    return filled, mask
