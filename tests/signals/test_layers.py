"""The layers compute what torch computes."""

from __future__ import annotations

import numpy as np
import pytest

from signals.layers import conv, gru, sigmoid, softmax


@pytest.mark.parametrize(
    ("width", "stride", "length"), [(1, 1, 5), (7, 1, 64), (5, 2, 64), (9, 2, 33)]
)
def test_a_convolution_is_that_of_torch(width: int, stride: int, length: int) -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    layer = torch.nn.Conv1d(3, 4, width, stride, padding=(width - 1) // 2)
    x = torch.randn(2, 3, length)
    ours = conv(
        x.numpy(), layer.weight.detach().numpy(), layer.bias.detach().numpy(), stride=stride
    )
    np.testing.assert_allclose(ours, layer(x).detach().numpy(), atol=1e-5)
    np.testing.assert_allclose(
        conv(
            x[0].numpy(), layer.weight.detach().numpy(), layer.bias.detach().numpy(), stride=stride
        ),
        ours[0],
        atol=1e-5,
    )


def test_a_gru_is_that_of_torch_in_both_directions() -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    layer = torch.nn.GRU(3, 4, batch_first=True, bidirectional=True)
    x = torch.randn(2, 9, 3)
    given = {name: value.detach().numpy() for name, value in layer.named_parameters()}
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    there = gru(x.numpy(), *(given[name] for name in names))
    back = gru(x.numpy(), *(given[f"{name}_reverse"] for name in names), back=True)
    np.testing.assert_allclose(
        np.concatenate([there, back], axis=-1), layer(x)[0].detach().numpy(), atol=1e-5
    )


def test_shares_sum_to_one_and_nothing_overflows() -> None:
    far = np.array([[-1e4, 0.0, 1e4]], np.float32)
    np.testing.assert_allclose(softmax(far), [[0, 0, 1]])
    np.testing.assert_allclose(sigmoid(far), [[0, 0.5, 1]])
