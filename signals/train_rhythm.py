"""Teach what judges a rhythm: `python -m signals.train_rhythm` (needs the extra `train` and
scikit-learn, which grows the trees).

Each of a few pairs of a network and trees is taught without a part of the records; on those parts
is learned how much either counts and how sure they may be.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import fields
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file
from scipy.special import ndtri
from torch import Tensor, nn

from signals.folds import fold_of
from signals.layers import Floats
from signals.rhythm import KINDS
from signals.rhythm_corpus import labelled
from signals.rhythm_model import LAYERS, WEIGHTS, Look, log_softmax, look, normal, padded
from signals.rhythm_network import Network
from signals.trees import Trees

VERSION = "2"
"""To be raised with every change of what is learned that no constant here tells."""
SEED = 20_261_122
MEMBERS, PARTS = 2, 5
"""Pairs, each of which leaves out another of so many parts."""
EPOCHS, BATCH, RATE, DECAY = 12, 64, 3e-3, 0.02
GROWTH: dict[str, Any] = {
    "max_iter": 120,
    "learning_rate": 0.08,
    "max_leaf_nodes": 10,
    "l2_regularization": 1.0,
    "max_features": 0.3,
}
"""Of the boosted trees."""
MOST = 48
"""Beats of a record in a step: at random which, when it has more."""
SHAKE = 0.05
"""Standard deviation of what is added to beats, in heights of a QRS complex."""
KNOTS = 65

Labels = NDArray[np.int64]


@cache
def looks(folder: Path) -> tuple[list[Look], Labels]:
    """What the network sees of each record, whole, and its label."""
    records = labelled([folder])
    seen: list[Look] = []
    for record in records:
        recording = record.recording()
        seen.append(look(recording.signal[0], recording.rate, 0.0))
    return seen, np.array([KINDS.index(record.kind) for record in records])


def learn(given: Sequence[Look], labels: Labels, groups: Sequence[str]) -> dict[str, Floats]:
    """Weights as `rhythm_model.Network` takes them. groups: the name of each look's record."""
    numbers = np.stack([one.numbers for one in given]).astype(np.float32)
    scores = ndtri((np.arange(KNOTS) + 0.5) / KNOTS).astype(np.float32)
    knots = np.quantile(numbers, (np.arange(KNOTS) + 0.5) / KNOTS, axis=0).T.astype(np.float32)
    steady = normal(numbers, knots, scores)
    parts = np.array([fold_of(f"part {group}", PARTS) for group in groups])
    members: list[Network] = []
    forest: list[Trees] = []
    answers: list[Tensor] = []
    truth: list[Labels] = []
    for member in range(MEMBERS):
        inside, outside = np.flatnonzero(parts != member), np.flatnonzero(parts == member)
        network = _taught(given, steady, labels, inside, SEED + member)
        members.append(network)
        forest.append(grown(numbers[inside], labels[inside], SEED + member))
        by_network = _answers(network, given, steady, outside)
        by_trees = torch.from_numpy(log_softmax(forest[-1](numbers[outside])))
        answers.append(torch.stack([by_network, by_trees], dim=1))
        truth.append(labels[outside])
    scale, shift = _calibration(torch.cat(answers), torch.from_numpy(np.concatenate(truth)))
    stacked = {
        name: torch.stack([member.state_dict()[name] for member in members]).numpy()
        for name in members[0].state_dict()
    }
    stacked |= {
        f"trees.{field.name}": np.stack([getattr(trees, field.name) for trees in forest])
        for field in fields(Trees)
    }
    return stacked | {
        "calibration.scale": scale,
        "calibration.shift": shift,
        "features.knots": knots,
        "features.scores": scores,
    }


def _taught(
    given: Sequence[Look], numbers: Floats, labels: Labels, inside: Labels, seed: int
) -> Network:
    torch.manual_seed(seed)
    chance = np.random.default_rng(seed)
    network = Network()
    optimiser = torch.optim.AdamW(network.parameters(), RATE, weight_decay=DECAY)
    steps = EPOCHS * -(-len(inside) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    for _ in range(EPOCHS):
        network.train()
        order = chance.permutation(inside)
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            beats, timing, there = padded([_part(given[i], chance) for i in chosen])
            shaken = torch.from_numpy(beats)
            shaken = shaken + SHAKE * torch.randn_like(shaken)
            answer = network(shaken, *map(torch.from_numpy, (timing, there, numbers[chosen])))
            loss = nn.functional.cross_entropy(answer, torch.from_numpy(labels[chosen]))
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
    return network.eval()


def grown(numbers: Floats, labels: Labels, seed: int) -> Trees:
    """Trees for every label that there is. numbers: (records, FEATURES)."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        **GROWTH | {"early_stopping": False, "random_state": seed}
    )
    model.fit(numbers, labels)
    nodes: list[Any] = [tree.nodes for trees in model._predictors for tree in trees]
    size = 2 * model.max_leaf_nodes - 1
    rows = [np.concatenate([n, np.zeros(size - len(n), n.dtype)]) for n in nodes]
    every: Any = np.stack(rows)
    leaf = every["is_leaf"] | (np.arange(size) >= np.array([len(n) for n in nodes])[:, None])
    own = np.broadcast_to(np.arange(size), leaf.shape)
    return Trees(
        feature=np.where(leaf, 0, every["feature_idx"]).astype(np.int16),
        threshold=np.where(leaf, 0, every["num_threshold"]).astype(np.float32),
        left=np.where(leaf, own, every["left"]).astype(np.int16),
        right=np.where(leaf, own, every["right"]).astype(np.int16),
        value=np.where(leaf, every["value"], 0).astype(np.float32),
        start=np.ravel(model._baseline_prediction).astype(np.float32),
    )


def _part(one: Look, chance: np.random.Generator) -> Look:
    """With at most `MOST` of its beats, one after another."""
    if len(one.r) <= MOST:
        return one
    start = chance.integers(0, len(one.r) - MOST + 1)
    kept = slice(start, start + MOST)
    return Look(one.start, one.end, one.r[kept], one.beats[kept], one.timing[kept], one.numbers)


def _answers(network: Network, given: Sequence[Look], numbers: Floats, which: Labels) -> Tensor:
    """Logarithms of probabilities, (records, 4)."""
    found: list[Tensor] = []
    with torch.no_grad():
        for start in range(0, len(which), BATCH):
            chosen = which[start : start + BATCH]
            arrays = (*padded([given[i] for i in chosen]), numbers[chosen])
            found.append(network(*map(torch.from_numpy, arrays)).log_softmax(-1))
    return torch.cat(found)


def _calibration(answers: Tensor, labels: Tensor) -> tuple[Floats, Floats]:
    """A logistic regression, drawn a little to equal parts: scale (2, 4) of what networks and trees
    answer, (records, 2, 4), and shift (4,) of each kind.
    """
    scale, shift = torch.full((2, 4), 0.5, requires_grad=True), torch.zeros(4, requires_grad=True)
    optimiser = torch.optim.LBFGS([scale, shift], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        wrong = nn.functional.cross_entropy((answers * scale).sum(1) + shift, labels)
        wrong = wrong + 0.02 * (((scale - scale.mean()) ** 2).mean() + (shift**2).mean())
        wrong.backward()
        return wrong

    optimiser.step(loss)
    return scale.detach().numpy(), shift.detach().numpy()


def data_folder() -> Path:
    """Where the records are, unless told otherwise."""
    data = Path(os.environ.get("KONSIL_DATA", Path(__file__).parents[2] / "shared" / "data"))
    return data / "signals" / "cinc2017"


def digest() -> str:
    """Names what is learned, and how."""
    how = (VERSION, SEED, GROWTH, MEMBERS, PARTS, EPOCHS, BATCH, RATE, DECAY, MOST, SHAKE, KNOTS)
    return sha256(repr(how).encode()).hexdigest()[:16]


def save(weights: dict[str, Floats], file: Path, seen: Sequence[str]) -> None:
    """The networks in half precision. seen: names of the records, for benchmarks to count them."""
    file.parent.mkdir(parents=True, exist_ok=True)
    kept = {
        name: np.ascontiguousarray(value, np.float16 if name.startswith(LAYERS) else value.dtype)
        for name, value in weights.items()
    }  # safetensors writes memory as it lies: a transposed array would come back scrambled
    save_file(kept, file, metadata={"seen": " ".join(sorted(seen))})


def main(arguments: Sequence[str] | None = None) -> None:
    """Teach it on the shared records and save the weights."""
    parser = argparse.ArgumentParser(prog="python -m signals.train_rhythm", description=__doc__)
    parser.add_argument("--data", type=Path, default=data_folder())
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--fold", type=int, nargs=2, metavar=("NUMBER", "OF"), help="leave it out")
    given = parser.parse_args(arguments)
    every, labels = looks(given.data)
    records = labelled([given.data])
    kept = [
        i
        for i, record in enumerate(records)
        if given.fold is None or fold_of(record.name, given.fold[1]) != given.fold[0]
    ]
    names = [records[i].name for i in kept]
    save(learn([every[i] for i in kept], labels[kept], names), given.out, names)


if __name__ == "__main__":
    main()
