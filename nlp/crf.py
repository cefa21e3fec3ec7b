"""The best sequence of tags under a linear-chain CRF (Viterbi), for many sequences at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

NEVER = np.float32(-1e4)
"""Score of a transition that is forbidden."""


def viterbi(emissions: Floats, moves: Floats, lengths: NDArray[np.intp]) -> list[list[int]]:
    """Tags of each sequence with the highest sum of scores.

    Args:
        emissions: (B, T, K), behind a sequence's length anything.
        moves: (K + 1, K), from tag to tag; the last row from the start.
        lengths: (B,), 0 to T.
    """
    batch, steps, tags = emissions.shape
    if steps == 0:
        return [[] for _ in range(batch)]
    score = emissions[:, 0] + moves[-1]  # (B, K)
    back = np.zeros((batch, steps, tags), np.int64)
    for t in range(1, steps):
        reached = score[:, :, None] + moves[:-1]  # (B, from, to)
        best = reached.argmax(axis=1)
        further = np.take_along_axis(reached, best[:, None], axis=1)[:, 0] + emissions[:, t]
        goes_on = (t < lengths)[:, None]
        score = np.where(goes_on, further, score)
        back[:, t] = np.where(goes_on, best, np.arange(tags))
    tag = score.argmax(axis=1)
    path = np.zeros((batch, steps), np.int64)
    path[:, -1] = tag
    for t in range(steps - 1, 0, -1):
        tag = back[np.arange(batch), t, tag]
        path[:, t - 1] = tag
    return [row[:length] for row, length in zip(path.tolist(), lengths.tolist(), strict=True)]
