"""The graph written from weights computes what transformers computes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import AutoModel

from engine.exceptions import MissingExtraError
from nlp import encoder
from nlp.encoder import SIZE, Encoder, pretrained, weights
from nlp.windows import padded


@pytest.fixture(scope="module")
def rows() -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(0)
    pieces = chance.integers(1000, 20000, (3, 40))
    mask = np.ones((3, 40), np.float32)
    mask[1, 25:] = 0
    return pieces, mask


def test_hidden_states_are_those_of_transformers(rows: tuple[np.ndarray, np.ndarray]) -> None:
    pieces, mask = rows
    model = AutoModel.from_pretrained(pretrained(), add_pooling_layer=False).eval()
    with torch.no_grad():
        expected = model(torch.tensor(pieces), torch.tensor(mask)).last_hidden_state.numpy()
    hidden = Encoder(weights({}), int8=False)(pieces, mask)
    assert hidden.shape == (3, 40, SIZE)
    assert np.abs(hidden - expected)[mask > 0].max() < 1e-4


def test_int8_is_close(rows: tuple[np.ndarray, np.ndarray]) -> None:
    whole, small = (Encoder(weights({}), int8=int8)(*rows) for int8 in (False, True))
    there = rows[1] > 0
    assert np.corrcoef(whole[there].ravel(), small[there].ravel())[0, 1] > 0.98


def test_what_is_padded_changes_nothing(rows: tuple[np.ndarray, np.ndarray]) -> None:
    pieces, mask = rows
    reader = Encoder(weights({}), int8=False)
    alone = reader(pieces[1:2, :25], mask[1:2, :25])
    assert np.abs(reader(pieces, mask)[1, :25] - alone[0]).max() < 1e-4


def test_a_missing_package_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder, "PACKAGE", "no_such_package")
    with pytest.raises(MissingExtraError) as said:
        pretrained()
    assert "uv sync --extra text" in said.value.fix


def test_in_int8_a_window_is_read_alike_alone_and_beside_others() -> None:
    encoder = Encoder(weights({}))
    chance = np.random.default_rng(5)
    short, long = chance.integers(1000, 20_000, 9), chance.integers(1000, 20_000, 40)
    alone = encoder(short[None], np.ones((1, 9), np.float32))
    pieces, mask = padded([short.tolist(), long.tolist()])
    beside = encoder(pieces, mask)
    assert np.allclose(alone[0], beside[0, :9], atol=1e-4)
