"""The recurrent reader of `ecg12_model` in torch: only who trains imports this."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTH, HIDDEN, STEPS = 48, 32, 20
"""Channels that the GRU reads, its state in each direction, its steps along a beat."""
HIDE_LEADS, HIDE_STEPS = 0.3, 0.25
"""Shares hidden while it learns, without labels, to fill them in."""
RATE, BATCH = 3e-3, 48


class BeatNetwork(nn.Module):
    """An average beat and its measurements to log odds of the five superclasses."""

    def __init__(self, measures: int) -> None:
        super().__init__()
        self.first = nn.Conv1d(12, 32, 7, stride=2, padding=3)
        self.second = nn.Conv1d(32, WIDTH, 5, stride=2, padding=2)
        self.gru = nn.GRU(WIDTH, HIDDEN, batch_first=True, bidirectional=True)
        self.beside = nn.Linear(measures, 48)
        self.out = nn.Linear(4 * HIDDEN + 48, 5)
        self.drop = nn.Dropout(0.4)
        self.drop_measures = nn.Dropout(0.3)

    def states(self, waves: Tensor) -> Tensor:
        """(B, 12, 80) -> (B, STEPS, 2 HIDDEN)."""
        x = functional.relu(self.second(functional.relu(self.first(waves))))  # (B, WIDTH, STEPS)
        return self.gru(x.transpose(1, 2))[0]

    def forward(self, waves: Tensor, scaled: Tensor) -> Tensor:
        """(B, 12, 80), (B, F) -> (B, 5)."""
        known = functional.relu(self.beside(self.drop_measures(scaled)))
        return self.out(self.drop(torch.cat([_pooled(self.states(waves)), known], 1)))


def _pooled(states: Tensor) -> Tensor:
    return torch.cat([states.mean(1), states.max(1).values], 1)  # (B, T, H) -> (B, 2 H)


def varied(waves: Tensor, chance: torch.Generator) -> Tensor:
    """Beats as another electrode, another chest and another alignment would show them."""
    count = len(waves)
    gain = torch.exp(torch.randn(count, 1, 1, generator=chance) * 0.15)
    gain = gain * torch.exp(torch.randn(count, 12, 1, generator=chance) * 0.08)
    noise = torch.randn(count, 12, 1, generator=chance) + torch.randn(waves.shape, generator=chance)
    moved = waves * gain + 0.06 * noise
    return torch.roll(moved, int(torch.randint(-2, 3, (1,), generator=chance)), 2)


def pretrained(
    waves: Tensor, labels: Tensor, *, measures: int, passes: int = 12, seed: int = 0
) -> Mapping[str, Tensor]:
    """Convolutions and GRU that fill in hidden leads and moments of beats, (B, 12, 80), and tell
    apart what another database says of them, (B, L).
    """
    torch.manual_seed(seed)
    chance = torch.Generator().manual_seed(seed)
    network = BeatNetwork(measures)
    fill, tell = nn.Linear(2 * HIDDEN, 48), nn.Linear(4 * HIDDEN, labels.shape[1])
    learned = [*network.parameters(), *fill.parameters(), *tell.parameters()]
    optimiser = torch.optim.AdamW(learned, lr=RATE, weight_decay=0.01)
    for batch in _batches(optimiser, len(waves), passes, chance):
        x = varied(waves[batch], chance)
        hidden = _hidden(len(x), chance)
        states = network.states(x.masked_fill(hidden, 0))
        wrong = ((fill(states) - _by_step(x)) ** 2)[_by_step(hidden)].mean()
        told = functional.binary_cross_entropy_with_logits(tell(_pooled(states)), labels[batch])
        (wrong + 0.5 * told).backward()
        optimiser.step()
    kept = ("first.", "second.", "gru.")
    return {name: x for name, x in network.state_dict().items() if name.startswith(kept)}


def _hidden(count: int, chance: torch.Generator) -> Tensor:
    """(B, 12, 80), what the network must fill in."""
    leads = torch.rand(count, 12, 1, generator=chance) < HIDE_LEADS
    steps = torch.rand(count, 1, STEPS, generator=chance) < HIDE_STEPS
    return (leads | steps.repeat_interleave(4, 2)).expand(-1, 12, 80)


def _by_step(x: Tensor) -> Tensor:
    """(B, 12, 80) -> (B, STEPS, 48), what lies below each step of the GRU."""
    return x.reshape(len(x), 12, STEPS, 4).permute(0, 2, 1, 3).reshape(len(x), STEPS, 48)


def fitted(
    waves: Tensor,
    scaled: Tensor,
    labels: Tensor,
    start: Mapping[str, Tensor],
    *,
    passes: int = 30,
    seed: int = 0,
) -> BeatNetwork:
    """A network trained on beats, (B, 12, 80) and (B, F), and their superclasses, (B, 5)."""
    torch.manual_seed(seed)
    chance = torch.Generator().manual_seed(seed)
    network = BeatNetwork(scaled.shape[1]).train()
    network.load_state_dict(dict(start), strict=False)
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=0.05)
    for batch in _batches(optimiser, len(waves), passes, chance):
        blurred = scaled[batch] + 0.15 * torch.randn(scaled[batch].shape, generator=chance)
        said = network(varied(waves[batch], chance), blurred)
        functional.binary_cross_entropy_with_logits(said, labels[batch]).backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
    return network.eval()


def _batches(
    optimiser: torch.optim.Optimizer, count: int, passes: int, chance: torch.Generator
) -> Iterator[Tensor]:
    """Places of each batch; gradients are cleared before it and the rate moved after it."""
    steps = passes * -(-count // BATCH)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    for _ in range(passes):
        for batch in torch.randperm(count, generator=chance).split(BATCH):
            optimiser.zero_grad()
            yield batch
            rate.step()
