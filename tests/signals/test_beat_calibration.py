from __future__ import annotations

import numpy as np

from signals.beat_calibration import learned


def test_scale_and_bias_are_found_again() -> None:
    chance = np.random.default_rng(0)
    true = chance.normal(0, 2, (20_000, 5))
    p = np.exp(true) / np.exp(true).sum(axis=1, keepdims=True)
    classes = (p.cumsum(axis=1) > chance.random((len(p), 1))).argmax(axis=1)
    bias = np.array([0.0, 1.0, -0.5, 0.3, 0.0])
    found = learned((true - bias) / 0.5, classes)
    assert abs(found.scale - 0.5) < 0.05
    told = found.probabilities((true - bias) / 0.5)
    np.testing.assert_allclose(told.sum(axis=1), 1)
    assert np.abs(told - p).mean() < 0.01
