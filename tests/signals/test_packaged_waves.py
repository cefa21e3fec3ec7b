"""The weights that ship are those of their cards."""

from __future__ import annotations

from hashlib import sha256

import pytest

from signals.delineate import WEIGHTS, trained


@pytest.mark.parametrize("name", ["waves", "beats", "rhythm", "ecg12"])
def test_the_card_names_the_weights(name: str) -> None:
    data = (WEIGHTS.parent / f"{name}.safetensors").read_bytes()
    assert sha256(data).hexdigest() in (WEIGHTS.parent / f"{name.upper()}.md").read_text("utf-8")
    assert len(data) < 25_000_000


def test_the_finder_of_waves_says_what_it_has_seen() -> None:
    assert trained().ref.sha256 == sha256(WEIGHTS.read_bytes()).hexdigest()
    assert {"ludb", "mitdb"} <= set(trained().seen)
