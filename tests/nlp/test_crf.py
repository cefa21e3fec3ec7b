"""Viterbi against trying every sequence."""

from __future__ import annotations

from itertools import product

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nlp.crf import Floats, viterbi

TAGS = 3


def score(emissions: Floats, moves: Floats, tags: tuple[int, ...]) -> float:
    before = (TAGS, *tags[:-1])
    return sum(
        float(emissions[t, tag] + moves[b, tag])
        for t, (b, tag) in enumerate(zip(before, tags, strict=True))
    )


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(0, 4), min_size=1, max_size=4))
def test_no_sequence_is_better(seed: int, lengths: list[int]) -> None:
    chance = np.random.default_rng(seed)
    emissions = chance.normal(size=(len(lengths), max(lengths), TAGS)).astype(np.float32)
    moves = chance.normal(size=(TAGS + 1, TAGS)).astype(np.float32)
    found = viterbi(emissions, moves, np.array(lengths))
    for row, tags, length in zip(emissions, found, lengths, strict=True):
        assert len(tags) == length
        if length:
            best = max(product(range(TAGS), repeat=length), key=lambda t: score(row, moves, t))
            assert abs(score(row, moves, tuple(tags)) - score(row, moves, best)) < 1e-4
