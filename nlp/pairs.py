"""Pairs of mentions that may be related, and what is seen of a pair beside its two mentions.

`relations.toml` says which pairs. A relation within a sentence is asked of every pair of mentions
there; one within a document of every pair of concepts, from all places where both are mentioned not
too far apart (Verga et al. 2018 pool over mentions so).
"""

from __future__ import annotations

import tomllib
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
BESIDE, AROUND = 12, 80
"""Mentions between two, at most, in a sentence and in a document: what a list of hundreds holds is
not asked of all its pairs.
"""
_STEPS = (1, 2, 3, 4, 5, 7, 10, 15, 25, 50)  # words between the starts of two mentions
_MOST = 4  # mentions between two, counted up to this
_SENTENCES = (0, 1, 2, 4, 8)  # sentences between two mentions

Ints = NDArray[np.int64]

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
    place = np.searchsorted(sentences, [start for start, _, _ in mentions], side="right")
    heads, tails, features = _near(relation, mentions, place)
    found: dict[tuple[Key, Key], list[int]] = {}
    for row in range(len(heads)):
        for pair in product(keys[int(heads[row])], keys[int(tails[row])]):
            found.setdefault(pair, []).append(row)
    rows = np.array([row for these in found.values() for row in these], np.int64)
    if relation.reach == "sentence":
        seen = np.zeros((len(found), SEEN), np.float32)
    else:
        near = {
            pair: [(int(heads[row]), int(tails[row])) for row in these]
            for pair, these in found.items()
        }
        seen = _seen(near, keys, place.tolist())
    return Pairs(
        heads=heads[rows],
        tails=tails[rows],
        features=features[rows],
        groups=np.repeat(np.arange(len(found)), [len(these) for these in found.values()]),
        names=list(found),
        seen=seen,
    )


def _near(
    relation: Relation, mentions: Sequence[Mention], place: NDArray[np.intp]
) -> tuple[Ints, Ints, Ints]:
    """Heads, tails and features of the ordered pairs of mentions near each other."""
    types = sorted({kind for *_, kind in mentions})
    kind = np.array([types.index(kind) for *_, kind in mentions], np.int64)
    number = np.full((len(types), len(types)), -1)
    for i, (head, tail) in enumerate(relation.kinds):
        if head in types and tail in types:
            number[types.index(head), types.index(tail)] = i
    within = relation.reach == "sentence"
    far, most = (0, BESIDE) if within else (FAR, AROUND)
    early, late = (np.concatenate(part) for part in zip(*_steps(place, far, most), strict=True))
    heads, tails = np.concatenate([early, late]), np.concatenate([late, early])
    kept = number[kind[heads], kind[tails]] >= 0
    heads, tails = heads[kept], tails[kept]
    before = np.zeros((len(types), len(mentions) + 1), np.int64)  # of each type, before a mention
    before[:, 1:] = (kind == np.arange(len(types))[:, None]).cumsum(axis=1)
    first, last = np.minimum(heads, tails), np.maximum(heads, tails)
    starts = np.array([start for start, *_ in mentions], np.int64)
    step = np.searchsorted(_STEPS, np.abs(starts[heads] - starts[tails]), side="right")
    features = (
        step + (len(_STEPS) + 1) * (heads > tails),
        np.minimum(last - first - 1, _MOST),
        np.minimum(before[kind[tails], last] - before[kind[tails], first + 1], _MOST),
        np.searchsorted(_SENTENCES, np.abs(place[heads] - place[tails]) - 1, side="right"),
        number[kind[heads], kind[tails]],
    )
    return heads, tails, np.stack(features, axis=1)


def _steps(place: NDArray[np.intp], far: int, most: int) -> Iterator[tuple[Ints, Ints]]:
    """Pairs (earlier, later) of mentions at most `far` sentences and `most` mentions apart."""
    yield np.zeros(0, np.int64), np.zeros(0, np.int64)
    for apart in range(1, min(most + 1, len(place))):
        early = np.flatnonzero(place[apart:] - place[:-apart] <= far)
        yield early, early + apart


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
