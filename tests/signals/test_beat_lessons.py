from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra train")

from signals.annotated import CLASSES, Annotated
from signals.beat_lessons import FASTEST, hastened, variants
from tests.signals.synthetic_beats import drawn


def _annotated(r: np.ndarray, kinds: list[str]) -> Annotated:
    classes = np.array([CLASSES.index(kind) for kind in kinds])
    return Annotated(drawn(r, kinds), r, classes, np.zeros((0, 2)))


def test_early_beats_keep_their_shape_and_are_called_s() -> None:
    r = np.arange(1, 400) * 0.8
    given = _annotated(r, ["N"] * len(r))
    made = hastened(given, np.random.default_rng(0))
    early = made.classes == CLASSES.index("S")
    assert 0 < early.sum() < len(r) / 2
    rr = np.diff(made.r)
    assert (rr[early[1:]] < 0.65).all()
    assert rr.min() > FASTEST - 0.01
    np.testing.assert_allclose(rr[~early[1:]], 0.8, atol=0.01)
    peaks = np.round(made.r * made.recording.rate).astype(int)
    np.testing.assert_allclose(made.recording.signal[0, peaks], 1.0, atol=0.05)


def test_ectopic_beats_and_irregular_rhythms_are_left() -> None:
    r = np.arange(1, 100) * 0.8
    assert (hastened(_annotated(r, ["V"] * 99), np.random.default_rng(0)).r == r).all()
    irregular = np.cumsum(np.random.default_rng(1).uniform(0.5, 1.1, 99))
    given = _annotated(irregular, ["N"] * 99)
    assert hastened(given, np.random.default_rng(0)) is given


def test_variants_are_the_same_each_time() -> None:
    r = np.arange(1, 100) * 0.8
    given = _annotated(r, ["N"] * 99)
    one, other = variants(given, 3), variants(given, 3)
    for a, b in zip(one, other, strict=True):
        assert (a.beats.windows == b.beats.windows).all()
        assert (a.classes == b.classes).all()
    assert len(one[0].classes) == 99
