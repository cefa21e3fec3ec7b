"""The finder of waves as torch trains it: a U-Net over one lead. `signals.delineate` computes the
same from its weights.

Ronneberger's U-Net in one dimension; its sizes are chosen so that a core reads thousands of times
faster than real time.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from signals.delineate import CLASSES, DEPTHS, STEM, WIDTH


class Block(nn.Sequential):
    """A convolution with batch normalisation, which is folded into it when it is saved."""

    def __init__(self, given: int, out: int, width: int = WIDTH, stride: int = 1) -> None:
        super().__init__(
            nn.Conv1d(given, out, width, stride, (width - 1) // 2, bias=False),
            nn.BatchNorm1d(out),
            nn.ReLU(),
        )


class WaveNetwork(nn.Module):
    """(B, T) at `condition.RATE` -> (B, 1 + `CLASSES`, T / 2): a logit of the R peak, then those of
    nothing, P, QRS, T. T is a multiple of 2 ** len(DEPTHS).
    """

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.ModuleList()
        given = 1
        for level, depth in enumerate(DEPTHS):
            width = STEM if level == 0 else WIDTH
            self.down.append(nn.Sequential(Block(given, depth, width, 2), Block(depth, depth)))
            given = depth
        self.bottom = Block(given, given)
        self.up = nn.ModuleList(
            Block(below + beside, beside)
            for below, beside in zip(DEPTHS[:0:-1], DEPTHS[-2::-1], strict=True)
        )
        self.head = nn.Conv1d(DEPTHS[0], 1 + CLASSES, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = x[:, None]  # (B, T) -> (B, 1, T)
        seen: list[Tensor] = []
        for down in self.down:
            x = down(x)  # (B, C, T) -> (B, C', T / 2)
            seen.append(x)
        x = self.bottom(x)
        for up, beside in zip(self.up, seen[-2::-1], strict=True):
            x = up(torch.cat([x.repeat_interleave(2, dim=-1), beside], dim=1))
        return self.head(x)

    def folded(self) -> dict[str, Tensor]:
        """Weights and biases by name, batch normalisation folded into the convolutions."""
        given: dict[str, Tensor] = {}
        for name, part in self.named_modules():
            if isinstance(part, Block):
                convolution, norm = part[0], part[1]
                assert isinstance(convolution, nn.Conv1d)
                assert isinstance(norm, nn.BatchNorm1d)
                assert norm.running_var is not None
                assert norm.running_mean is not None
                scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
                given[f"{name}.weight"] = convolution.weight * scale[:, None, None]
                given[f"{name}.bias"] = norm.bias - norm.running_mean * scale
        given |= {f"head.{name}": value for name, value in self.head.named_parameters()}
        return {name: value.detach().contiguous() for name, value in given.items()}
