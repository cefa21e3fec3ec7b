"""Whether what is mentioned is related: the heads of `nlp.network` in numpy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.pairs import Pairs, Relation

Floats = NDArray[np.float32]

SLICE = 1 << 14
"""Pairs looked at at once: a note of a megabyte has millions."""


class Relater:
    """Log odds of relations of one kind."""

    def __init__(self, relation: Relation, given: Mapping[str, NDArray[Any]]) -> None:
        """given: the weights of `nlp.network.PairHead`."""
        self.relation = relation
        weights = {name: array.astype(np.float32) for name, array in given.items()}
        self._head, self._bias = weights["head.weight"].T, weights["head.bias"]
        self._tail = weights["tail.weight"].T
        self._both = weights["head_for_tail.weight"].T, weights["tail_for_head.weight"].T
        self._features = [weights[f"features.{i}.weight"] for i in range(len(relation.sizes))]
        self._out, self._shift = weights["out.weight"][0], weights["out.bias"][0]
        self._seen = weights["seen.weight"][0]

    def __call__(self, mentions: Floats, pairs: Pairs) -> Floats:
        """(G,): above 0, related rather than not. mentions: (M, ·), what is known of each."""
        if not pairs.names:
            return np.zeros(0, np.float32)
        head, tail = mentions @ self._head + self._bias, mentions @ self._tail
        both = mentions @ self._both[0], mentions @ self._both[1]
        spoken = np.zeros(len(pairs.heads), np.float32)
        for begin in range(0, len(spoken), SLICE):
            part = slice(begin, begin + SLICE)
            heads, tails = pairs.heads[part], pairs.tails[part]
            pair = head[heads] + tail[tails] + both[0][heads] * both[1][tails]
            for column, table in enumerate(self._features):
                pair += table[pairs.features[part, column]]
            spoken[part] = np.maximum(pair, 0) @ self._out + self._shift
        starts = np.flatnonzero(np.diff(pairs.groups, prepend=-1))
        pooled: Floats = np.logaddexp.reduceat(spoken, starts)
        return pooled + pairs.seen @ self._seen
