"""Taggers for tests, which stand for the learned one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from zlib import crc32

import numpy as np

from nlp.pairs import Pairs, Relation
from nlp.reading import Read
from nlp.relating import Floats, Relater
from nlp.schemes import Mention, Scheme, schemes

Documents = Sequence[tuple[Sequence[str], Sequence[int]]]


class Always(Relater):
    """Relates every pair."""

    def __init__(self, relation: Relation, score: float = 1.0) -> None:
        self.relation = relation
        self.score = score

    def __call__(self, mentions: Floats, pairs: Pairs) -> Floats:
        assert len(mentions) > max([*pairs.heads, *pairs.tails], default=-1)
        return np.full(len(pairs.names), self.score, np.float32)


class WordTagger:
    """Knows phrases by heart, as mentions of the clinical scheme."""

    seen = frozenset[int]()

    def __init__(self, known: Mapping[str, str], relaters: Sequence[Relater] = ()) -> None:
        """known: words, separated by blanks -> type."""
        self._known = {tuple(phrase.split()): kind for phrase, kind in known.items()}
        self.relaters = tuple(relaters)

    @property
    def schemes(self) -> tuple[Scheme, ...]:
        return tuple(schemes().values())

    def read(self, documents: Documents) -> list[Read]:
        empty = {scheme.name: list[Mention]() for scheme in self.schemes}
        return [self._read(empty | {"clinical": self._mentions(words)}) for words, _ in documents]

    @staticmethod
    def _read(mentions: Mapping[str, list[Mention]]) -> Read:
        return Read(mentions, {n: np.zeros((len(m), 1), "f4") for n, m in mentions.items()})

    def _mentions(self, words: Sequence[str]) -> list[Mention]:
        return [
            (start, start + len(phrase), kind)
            for start in range(len(words))
            for phrase, kind in self._known.items()
            if tuple(words[start : start + len(phrase)]) == phrase
        ]


class WildTagger(WordTagger):
    """Marks every few words as something, always the same of the same words."""

    def __init__(self) -> None:
        super().__init__({})

    def _mentions(self, words: Sequence[str]) -> list[Mention]:
        kinds = schemes()["clinical"].types
        drawn = [crc32(word.encode()) for word in words]
        return [
            (at, min(at + 1 + number % 3, len(words)), kinds[number // 3 % len(kinds)])
            for at, number in enumerate(drawn)
            if number % 5 < 2
        ]
