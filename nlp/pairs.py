"""Pairs of mentions that may be related, and what is seen of a pair beside its two mentions.

`relations.toml` says which pairs. A relation within a sentence is asked of every pair of mentions
there; one within a document of every pair of concepts, from all places where both are mentioned not
too far apart (Verga et al. 2018 pool over mentions so).
"""

from __future__ import annotations

import tomllib
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nlp.schemes import Mention

TABLE_FILE = Path(__file__).with_name("relations.toml")
FAR = 20
"""Sentences between two mentions that are still looked at together."""
_STEPS = (1, 2, 3, 4, 5, 7, 10, 15, 25, 50)  # words between the starts of two mentions
_MOST = 4  # mentions between two, counted up to this
_SENTENCES = (0, 1, 2, 4, 8)  # sentences between two mentions

SEEN = 8
"""What is seen of a pair of concepts: see `_seen`."""

Key = str
"""Names what is related: a concept of a document, or a single mention."""


@dataclass(frozen=True, slots=True)
class Relation:
    """What may be related. corpora: corpus -> its label. pairs: tail type -> head types."""

    name: str
    entities: str
    reach: str
    corpora: Mapping[str, str]
    pairs: Mapping[str, Sequence[str]]

    @property
    def kinds(self) -> list[tuple[str, str]]:
        """(head type, tail type) that may be related, in a fixed order."""
        return [(head, tail) for tail, heads in self.pairs.items() for head in heads]

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many values each column of `Pairs.features` can have."""
        return (
            2 * (len(_STEPS) + 1),
            _MOST + 1,
            _MOST + 1,
            len(_SENTENCES) + 1,
            len(self.kinds),
        )


@cache
def relations() -> Mapping[str, Relation]:
    """Every relation by name."""
    table = tomllib.loads(TABLE_FILE.read_text("utf-8"))
    return {name: Relation(name, **entry) for name, entry in table.items()}


@dataclass(frozen=True, slots=True)
class Pairs:
    """P pairs of mentions that speak for or against G relations.

    heads, tails: (P,), positions of mentions. features: (P, columns), below `Relation.sizes`.
    groups: (P,), which relation, 0 to G - 1. names: the two keys of each relation. seen: (G, SEEN),
    zeros within sentences.
    """

    heads: NDArray[np.int64]
    tails: NDArray[np.int64]
    features: NDArray[np.int64]
    groups: NDArray[np.int64]
    names: Sequence[tuple[Key, Key]]
    seen: NDArray[np.float32]


def pairs_of(
    relation: Relation,
    mentions: Sequence[Mention],
    sentences: Sequence[int],
    keys: Sequence[Sequence[Key]],
) -> Pairs:
    """The pairs of a document.

    mentions: in reading order. sentences: where each begins, in words. keys: of each mention; more
    than one where it names several concepts.
    """
    place = [bisect_right(sentences, start) for start, _, _ in mentions]
    number = {kind: i for i, kind in enumerate(relation.kinds)}
    found: dict[tuple[Key, Key], list[tuple[int, int]]] = {}
    for head, tail in _near(place, 0 if relation.reach == "sentence" else FAR):
        if (mentions[head][2], mentions[tail][2]) in number:
            for pair in product(keys[head], keys[tail]):
                found.setdefault(pair, []).append((head, tail))
    flat = [pair for pairs in found.values() for pair in pairs]
    both = np.array(flat, np.int64).reshape(-1, 2)
    features = [_features(head, tail, mentions, place, number) for head, tail in flat]
    if relation.reach == "sentence":
        seen = np.zeros((len(found), SEEN), np.float32)
    else:
        seen = _seen(found, keys, place)
    return Pairs(
        heads=both[:, 0],
        tails=both[:, 1],
        features=np.array(features, np.int64).reshape(-1, len(relation.sizes)),
        groups=np.repeat(np.arange(len(found)), [len(pairs) for pairs in found.values()]),
        names=list(found),
        seen=seen,
    )


def _near(place: Sequence[int], far: int) -> Iterator[tuple[int, int]]:
    """Ordered pairs of two mentions at most `far` sentences apart."""
    begin = 0
    for late in range(len(place)):
        while place[late] - place[begin] > far:
            begin += 1
        for early in range(begin, late):
            yield early, late
            yield late, early


def _features(
    head: int,
    tail: int,
    mentions: Sequence[Mention],
    place: Sequence[int],
    number: Mapping[tuple[str, str], int],
) -> tuple[int, ...]:
    apart = abs(mentions[head][0] - mentions[tail][0])
    step = bisect_right(_STEPS, apart)
    between = range(min(head, tail) + 1, max(head, tail))
    alike = sum(mentions[i][2] == mentions[tail][2] for i in between[:50])
    return (
        step + (len(_STEPS) + 1 if head > tail else 0),
        min(len(between), _MOST),
        min(alike, _MOST),
        bisect_right(_SENTENCES, abs(place[head] - place[tail]) - 1),
        number[mentions[head][2], mentions[tail][2]],
    )


def _seen(
    found: Mapping[tuple[Key, Key], Sequence[tuple[int, int]]],
    keys: Sequence[Sequence[Key]],
    place: Sequence[int],
) -> NDArray[np.float32]:
    """Of head and tail: ln of mentions, in the first sentence, mentioned most; then ln of the
    sentences they share, and whether there is none.
    """
    where: dict[Key, list[int]] = {}
    for mention, these in enumerate(keys):
        for key in these:
            where.setdefault(key, []).append(mention)
    most = [max((len(where[pair[end]]) for pair in found), default=0) for end in range(2)]
    rows: list[tuple[float, ...]] = []
    for pair, near in found.items():
        both = [where[key] for key in pair]
        shared = len({place[head] for head, tail in near if place[head] == place[tail]})
        rows.append(
            (
                *(float(np.log(len(mentions))) for mentions in both),
                *(float(place[mentions[0]] == 1) for mentions in both),
                *(float(len(m) == n) for m, n in zip(both, most, strict=True)),
                float(np.log1p(shared)),
                float(shared == 0),
            )
        )
    return np.array(rows, np.float32).reshape(-1, SEEN)
