"""Boosted trees in numpy, as scikit-learn's histogram boosting grows them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from signals.layers import Floats

Places = NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Trees:
    """T trees of at most N nodes; tree t speaks for class t % classes.

    feature, threshold, left, right, value: (T, N). A leaf is its own left and right; only leaves
    have a value. start: (classes,), what every sum starts with.
    """

    feature: Places
    threshold: Floats
    left: Places
    right: Places
    value: Floats
    start: Floats

    def __call__(self, x: Floats) -> Floats:
        """Logits, (S, classes). x: (S, features), finite."""
        rows, trees = np.arange(len(x))[:, None], np.arange(len(self.feature))
        node = np.zeros((len(x), len(trees)), np.int16)
        while True:
            low = x[rows, self.feature[trees, node]] <= self.threshold[trees, node]
            below = np.where(low, self.left[trees, node], self.right[trees, node])
            if (below == node).all():
                break
            node = below
        values = self.value[trees, node]  # (S, T)
        return self.start + values.reshape(len(x), -1, len(self.start)).sum(1)
