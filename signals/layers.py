"""Layers of the signal networks in numpy, as torch trains them: reading a signal imports no torch.

Arrays are float32. Convolutions pad with zeros, so that T samples stay T (or T / stride).
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def conv(x: Floats, weight: Floats, bias: Floats, *, stride: int = 1) -> Floats:
    """`torch.nn.Conv1d(C, O, K, stride, padding=(K - 1) // 2)`: (C, T) -> (O, T'), or with a batch
    in front of both. weight: (O, C, K), K odd. bias: (O,).
    """
    out, channels, width = weight.shape
    edge = (width - 1) // 2
    padded = np.pad(x, [(0, 0)] * (x.ndim - 1) + [(edge, edge)])
    seen = sliding_window_view(padded, width, axis=-1)[..., ::stride, :]  # (..., C, T', K)
    columns = np.moveaxis(seen, -1, -2)  # (..., C, K, T')
    columns = columns.reshape(*x.shape[:-2], channels * width, seen.shape[-2])
    result = weight.reshape(out, -1) @ columns
    result += bias[:, None]
    return result


def relu(x: Floats) -> Floats:
    """max(x, 0), in place."""
    return np.maximum(x, 0, out=x)


def sigmoid(x: NDArray[np.floating]) -> Floats:
    """1 / (1 + exp(-x)), without overflow."""
    return (0.5 * (1 + np.tanh(0.5 * x))).astype(np.float32)


def softmax(x: Floats, *, axis: int = -1) -> Floats:
    """Sums to 1 along an axis."""
    raised = np.exp(x - x.max(axis=axis, keepdims=True))
    return raised / raised.sum(axis=axis, keepdims=True)


def gru(
    x: Floats,
    inward: Floats,
    onward: Floats,
    bias_in: Floats,
    bias_on: Floats,
    *,
    back: bool = False,
) -> Floats:
    """One direction of `torch.nn.GRU(C, H, batch_first=True)`: (B, T, C) -> (B, T, H).

    inward: (3 H, C), `weight_ih`; onward: (3 H, H), `weight_hh`; rows in torch's order reset,
    update, new. back: from the last step to the first, as `_reverse` of a bidirectional GRU; the
    result is in the order of x.
    """
    hidden = onward.shape[1]
    given = x @ inward.T + bias_in  # (B, T, 3 H)
    state = np.zeros((len(x), hidden), np.float32)
    result = np.empty((*x.shape[:2], hidden), np.float32)
    for step in reversed(range(x.shape[1])) if back else range(x.shape[1]):
        kept = state @ onward.T + bias_on
        gates = sigmoid(given[:, step, : 2 * hidden] + kept[:, : 2 * hidden])
        reset, update = gates[:, :hidden], gates[:, hidden:]
        new = np.tanh(given[:, step, 2 * hidden :] + reset * kept[:, 2 * hidden :])
        state = new + update * (state - new)
        result[:, step] = state
    return result
