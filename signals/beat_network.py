"""The network of `signals.beats` in torch, for training: a beat in its leads, then in time."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from signals.annotated import CLASSES
from signals.beat_features import TIMES
from signals.beat_scaling import WIDTH

WIDE, NARROW, HIDDEN = 48, 32, 32
"""Units: of a beat in one lead (two layers), and of the GRU in each direction."""


class Network(nn.Module):
    """One small network reads every lead; what it says is pooled over the leads that can be read,
    so that their number and order do not matter. A BiGRU reads the beats in their order.
    """

    def __init__(self, *, dropout: float = 0.3) -> None:
        super().__init__()
        self.first = nn.Linear(WIDTH, WIDE)
        self.second = nn.Linear(WIDE, NARROW)
        self.joined = nn.Linear(2 * NARROW + TIMES, WIDE)
        self.gru = nn.GRU(WIDE, HIDDEN, batch_first=True, bidirectional=True)
        self.out = nn.Linear(WIDE + 2 * HIDDEN, len(CLASSES))
        self.dropout = nn.Dropout(dropout)

    def forward(self, each: Tensor, times: Tensor, seen: Tensor) -> Tensor:
        """Logits. (R, B, L, WIDTH), (R, B, TIMES), (R, B, L) of 0 and 1 -> (R, B, 5)."""
        x = self.dropout(torch.relu(self.first(each)))
        x = torch.relu(self.second(x)) * seen[..., None]  # (R, B, L, NARROW), 0 where unseen
        mean = x.sum(dim=2) / seen.sum(dim=2).clamp(min=1)[..., None]
        x = torch.cat([mean, x.amax(dim=2), times], dim=-1)
        x = self.dropout(torch.relu(self.joined(x)))  # (R, B, WIDE)
        context, _ = self.gru(x)  # (R, B, 2 HIDDEN)
        return self.out(torch.cat([x, self.dropout(context)], dim=-1))
