"""The network of `signals.rhythm` as it is trained: a BiGRU over heartbeats with attention."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from signals.rhythm_features import AFTER, BEFORE, FEATURES, TIMING

BEAT, STATE, SUMMARY = 32, 40, 48
"""Widths of what is kept of a beat, of the recurrent state each way, and of the features."""


class Network(nn.Module):
    """Four logits of a strip, from its beats in order and its features."""

    def __init__(self) -> None:
        super().__init__()
        self.shape = nn.Linear(2 * (BEFORE + AFTER), 64)
        self.beat = nn.Linear(64 + TIMING, BEAT)
        self.gru = nn.GRU(BEAT + TIMING, STATE, batch_first=True, bidirectional=True)
        self.weigh = nn.Linear(2 * STATE, 1)
        self.summary = nn.Linear(FEATURES, SUMMARY)
        self.out = nn.Linear(2 * STATE + SUMMARY, 4)
        self.drop = nn.Dropout(0.3)

    def forward(self, beats: Tensor, timing: Tensor, given: Tensor, features: Tensor) -> Tensor:
        """(strips, 4). beats: (strips, B, 160); timing: (strips, B, TIMING); given: (strips, B),
        whether there is a beat; features: (strips, FEATURES), about normal.
        """
        x = torch.relu(self.shape(beats))  # (S, B, 160) -> (S, B, 64)
        x = torch.relu(self.beat(torch.cat([self.drop(x), timing], -1)))  # -> (S, B, BEAT)
        lengths = given.sum(1).clamp(min=1).cpu()
        packed = nn.utils.rnn.pack_padded_sequence(
            torch.cat([x, timing], -1), lengths, batch_first=True, enforce_sorted=False
        )
        states, _ = nn.utils.rnn.pad_packed_sequence(
            self.gru(packed)[0], batch_first=True, total_length=beats.shape[1]
        )  # -> (S, B, 2 STATE)
        weights = self.weigh(torch.tanh(states)).squeeze(-1)
        weights = weights.masked_fill(~given, -1e9).softmax(1) * given.any(1, keepdim=True)
        pooled = (weights.unsqueeze(-1) * states).sum(1)  # -> (S, 2 STATE)
        summary = torch.relu(self.summary(self.drop(features)))
        return self.out(self.drop(torch.cat([pooled, summary], -1)))
