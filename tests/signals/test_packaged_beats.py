"""The weights that are shipped: they tell wide early beats, and their card names them."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from engine.exceptions import SourceError
from signals import beats
from signals.annotated import CLASSES, read
from signals.beats import FILE, classify, packaged
from tests.signals.synthetic_beats import drawn, heartbeats


def test_the_card_names_the_weights() -> None:
    digest = sha256(FILE.read_bytes()).hexdigest()
    assert digest in (FILE.parent / "BEATS.md").read_text("utf-8")
    assert packaged()[1].sha256 == digest
    assert FILE.stat().st_size < 1_000_000


@pytest.mark.parametrize("leads", [("MLII", "V1"), ("I",)])
@pytest.mark.parametrize("rate", [250.0, 500.0])
def test_made_up_beats_are_told(leads: tuple[str, ...], rate: float) -> None:
    r, kinds = heartbeats(120)
    found = classify(drawn(r, kinds, rate=rate, leads=leads), r)
    right = found.labels == np.array(kinds)
    assert right.mean() > 0.9


def test_a_training_record_is_read(data: Path) -> None:
    (given,) = read([data / "signals" / "mitdb" / "119"])
    found = classify(given.recording, given.r)
    told = np.array([CLASSES.index(label) for label in found.labels.tolist()])
    assert (told == given.classes).mean() > 0.95
    assert given.digest in packaged()[0].seen


def test_without_weights_it_says_how_to_get_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(beats, "FILE", tmp_path / "none.safetensors")
    packaged.cache_clear()
    with pytest.raises(SourceError) as raised:
        packaged()
    packaged.cache_clear()
    assert "train_beats" in raised.value.fix
