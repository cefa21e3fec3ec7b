"""Words and sentences of a text as the learned parts see them, and where they stand in it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import spacy
from numpy.typing import NDArray
from spacy.language import Language
from spacy.tokens import Doc
from spacy.vocab import Vocab

from nlp import sections, sentences
from nlp.schemes import Mention
from nlp.sentences import bounds
from nlp.tokenizer import Tokenizer, offsets, texts

FACTORIES = (sections, sentences)


Marked = Mapping[str, Sequence[Mention]]
"""Mentions by scheme; their places count words."""


@dataclass(frozen=True, slots=True)
class Read:
    """A document as it was read. vectors: by scheme, what is known of each mention, (M, ·)."""

    mentions: Marked
    vectors: Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Words:
    """words: without whitespace. tokens: place of each among the tokens. starts, ends: characters.
    sentences: where each sentence begins, in words.
    """

    words: Sequence[str]
    tokens: Sequence[int]
    starts: Sequence[int]
    ends: Sequence[int]
    sentences: Sequence[int]


def words(doc: Doc) -> Words:
    """Those of a document whose sentences are known."""
    written, begins = texts(doc), offsets(doc)
    tokens = [i for i, text in enumerate(written) if not text.isspace()]
    place = {token: i for i, token in enumerate(tokens)}
    first = (next((t for t in range(a, b) if t in place), None) for a, b in bounds(doc))
    return Words(
        words=[written[i] for i in tokens],
        tokens=tokens,
        starts=[begins[i] for i in tokens],
        ends=[begins[i] + len(written[i]) for i in tokens],
        sentences=[place[token] for token in first if token is not None],
    )


def words_of(text: str) -> Words:
    """Those of a text."""
    return words(_cutter()(text))


def places(read: Words, start: int, end: int) -> tuple[int, int] | None:
    """The words (first, behind the last) that characters touch; None where there is none."""
    first, stop = bisect_right(read.ends, start), bisect_left(read.starts, end)
    return (first, stop) if first < stop else None


@cache
def _cutter() -> Language:
    cutter = spacy.blank("en", vocab=Vocab())
    cutter.tokenizer = Tokenizer(cutter.vocab)
    cutter.max_length = 1 << 31
    for name in ("konsil_sections", "konsil_sentences"):
        cutter.add_pipe(name)
    return cutter
