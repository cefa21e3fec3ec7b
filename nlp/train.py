"""Train the tagger and the relations: `python -m nlp.train` (about an hour and a half on two cores;
needs the extra `train`).

First what the literature marks in abstracts (BC5CDR, NCBI), then everything else, with what was
learned first told again. Where a corpus does not mark a type, a word outside its mentions may be of
that type: the loss sums over all sequences of tags that agree with what is marked (a partial CRF,
Tsuboi et al. 2008).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch
from safetensors.numpy import load_file as load_numpy
from safetensors.torch import load_file, save_file
from torch import nn

from nlp import recurrent
from nlp.curriculum import Corpora
from nlp.encoder import pretrained
from nlp.folds import fold_of
from nlp.lessons import Example
from nlp.network import Network, Recurrent, Transformer
from nlp.pairs import TABLE_FILE as RELATIONS_FILE
from nlp.pairs import relations
from nlp.pieces import Pieces
from nlp.schemes import TABLE_FILE as ENTITIES_FILE
from nlp.schemes import schemes
from nlp.tagger import FILES, Tagger, digest_of

VERSION = "1"
"""To be raised with every change of what is learned that no constant here tells: folds are kept
under both.
"""
SEED = 20_261_121
EPOCHS, FURTHER, SMALL = 10, 5, 10
"""Of the two stages, and of the small network."""
BATCH = 16
ENCODER_RATE, HEAD_RATE = 2e-4, 2e-3
WARM_UP = 0.1
DECAY = 0.01
SHARES = {"reports": 2.0, "abstracts": 1.0, "ncbi": 0.5, "causing": 0.5, "silent": 0.25}
"""How much is told in an epoch of the second stage."""
ABSTRACTS = ("abstracts", "ncbi")
SMALL_SHARES = {
    "reports": 1.0,
    "abstracts": 1.0,
    "ncbi": 1.0,
    "causing": 0.5,
    "silent": 0.5,
    "retold literature": 0.2,
    "retold ncbi": 0.1,
    "retold clinical": 0.2,
}
"""How much is told in an epoch of the small network."""


def batches(given: Sequence[Example], chance: random.Random, windows: int) -> list[list[Example]]:
    """Of one scheme and about one length each, in random order."""
    order = sorted(given, key=lambda x: (x.scheme, x.length + chance.uniform(-8, 8)))
    found: list[list[Example]] = []
    room = 0
    for example in order:
        if room <= 0 or found[-1][0].scheme != example.scheme:
            found.append([])
            room = windows
        found[-1].append(example)
        room -= len(example.windows)
    chance.shuffle(found)
    return found


Lessons = Callable[[random.Random], Sequence[Example]]
"""The examples of an epoch."""


def train(
    fresh: Callable[[], Network],
    lessons: Lessons,
    *,
    epochs: int,
    batch: int = BATCH,
    checkpoints: Path | None = None,
) -> Network:
    """A network trained on the lessons, the same each time on one machine.

    batch: windows of a step. checkpoints: folder that gets the state after every epoch; training
    that was broken off goes on from there and ends as if it had not been.
    """
    torch.manual_seed(SEED)
    chance = random.Random(SEED)
    steps = epochs * len(batches(lessons(chance), chance, batch))
    state = State(fresh(), steps=steps)
    file = None if checkpoints is None else checkpoints / "state.pt"
    if file is not None and file.exists():
        state.restore(torch.load(file, weights_only=False))
    while state.epoch < epochs:
        state.learn(batches(lessons(state.chance), state.chance, batch))
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            torch.save(state.saved(), file.with_suffix(".part"))
            file.with_suffix(".part").replace(file)
    return state.network


class State:
    """Everything that the next step depends on."""

    def __init__(self, network: Network, *, steps: int) -> None:
        self.chance = random.Random(SEED)
        self.epoch = 0
        self.network = network
        tuned, others = list[nn.Parameter](), list[nn.Parameter]()
        for name, parameter in network.named_parameters():
            if parameter.requires_grad:
                (tuned if name.startswith("encoder.") else others).append(parameter)
        self.optimiser = torch.optim.AdamW(
            [{"params": tuned, "lr": ENCODER_RATE}, {"params": others, "lr": HEAD_RATE}],
            weight_decay=DECAY,
            fused=True,
        )
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimiser,
            lambda step: min((step + 1) / (WARM_UP * steps), max(0.0, 1 - step / steps)),
        )

    @property
    def _parts(self) -> dict[str, Any]:
        return {
            "network": self.network,
            "optimiser": self.optimiser,
            "schedule": self.schedule,
        }

    def learn(self, given: Sequence[Sequence[Example]]) -> None:
        """One epoch; a line of the log every 50 steps."""
        self.network.train()
        losses: list[float] = []
        began = perf_counter()
        for batch in given:
            loss = self.network(batch)
            self.optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
            self.optimiser.step()
            self.schedule.step()
            losses.append(loss.item())
            if len(losses) % 50 == 0:
                told = {"epoch": self.epoch, "step": len(losses), "of": len(given)}
                told |= {"loss": round(float(np.mean(losses[-50:])), 4)}
                print(
                    json.dumps(told | {"seconds": round(perf_counter() - began)}),
                    file=sys.stderr,
                    flush=True,
                )
        self.epoch += 1

    def saved(self) -> dict[str, Any]:
        """For `restore`."""
        return {name: part.state_dict() for name, part in self._parts.items()} | {
            "epoch": self.epoch,
            "chance": self.chance.getstate(),
            "torch": torch.get_rng_state(),
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """As it was after an epoch."""
        for name, part in self._parts.items():
            part.load_state_dict(saved[name])
        self.epoch = saved["epoch"]
        self.chance.setstate(saved["chance"])
        torch.set_rng_state(saved["torch"])


def save(network: Network, file: Path, texts: Iterable[str]) -> None:
    """What training changed: the encoder's layers in half precision, the rest as it is.

    texts: what it learned from, kept as digests.
    """
    kept = {
        name: tensor.half() if name.startswith("encoder.") else tensor
        for name, tensor in network.state_dict().items()
        if not name.startswith("encoder.embeddings.")
    }
    kept["seen"] = torch.tensor(sorted(map(digest_of, texts)))
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    save_file({n: t.contiguous() for n, t in kept.items()}, part, metadata={"model": VERSION})
    part.replace(file)


def first_stage(corpora: Corpora, checkpoints: Path, epochs: int) -> Network:
    """The network that knows what the literature marks."""
    known = schemes()
    given = corpora.abstracts()
    _say("first", {"windows": given})
    return train(
        lambda: Transformer([known["literature"], known["ncbi"]]),
        lambda _: given,
        epochs=epochs,
        checkpoints=checkpoints,
    )


def second_stage(
    corpora: Corpora, first: Path, checkpoints: Path, epochs: int, *, fold: bool
) -> Network:
    """The network that knows everything. first: weights of the first stage.

    fold: without the abstracts, which have splits of their own to be measured on.
    """
    given = corpora.everything(Tagger(load_numpy(first)))
    if fold:
        given = {name: told for name, told in given.items() if name not in ABSTRACTS}
    _say("second", given)

    def fresh() -> Network:
        network = Transformer([*schemes().values()], [*relations().values()])
        told = load_file(first)
        told.pop("seen")
        network.load_state_dict(network.state_dict() | told)
        network.settle()
        return network

    return train(
        fresh, _drawn(given, SHARES), epochs=epochs, batch=BATCH // 2, checkpoints=checkpoints
    )


def small(corpora: Corpora, teacher: Tagger, checkpoints: Path, epochs: int) -> Network:
    """The network without a transformer, taught by the corpora and by the one with it."""
    given = corpora.everything(teacher) | corpora.retold(teacher)
    _say("small", given)
    return train(
        lambda: Recurrent([*schemes().values()], [*relations().values()]),
        _drawn(given, SMALL_SHARES),
        epochs=epochs,
        checkpoints=checkpoints,
    )


def _drawn(given: Mapping[str, Sequence[Example]], shares: Mapping[str, float]) -> Lessons:
    return lambda chance: [
        example for name, told in given.items() for example in _times(told, shares[name], chance)
    ]


def _times(told: Sequence[Example], share: float, chance: random.Random) -> list[Example]:
    """All of them as often as the share says, and a sample for what is left of it."""
    often, rest = divmod(round(share * len(told)), max(len(told), 1))
    return [*told] * often + chance.sample(told, rest)


def _say(stage: str, given: Mapping[str, Sequence[Example]]) -> None:
    _log({"stage": stage} | {name: len(examples) for name, examples in given.items()})


def _log(values: Mapping[str, Any]) -> None:
    """Beside the output: a benchmark that trains its folds writes JSON there."""
    print(json.dumps(values), file=sys.stderr, flush=True)


def data_folder() -> Path:
    """Where the corpora are, unless told otherwise."""
    return Path(os.environ.get("KONSIL_DATA", Path(__file__).parents[2] / "shared" / "data"))


def digest() -> str:
    """Names what is learned, and how."""
    tables = b"".join(file.read_bytes() for file in (ENTITIES_FILE, RELATIONS_FILE))
    how = (VERSION, SEED, EPOCHS, FURTHER, BATCH, ENCODER_RATE, HEAD_RATE, WARM_UP, DECAY, SHARES)
    return sha256(repr(how).encode() + tables).hexdigest()[:16]


def main(arguments: Sequence[str] | None = None) -> None:
    """Train on the shared corpora and save the weights."""
    parser = argparse.ArgumentParser(prog="python -m nlp.train", description=__doc__)
    parser.add_argument("--data", type=Path, default=data_folder())
    parser.add_argument("--epochs", type=int, nargs=3, default=(EPOCHS, FURTHER, SMALL))
    parser.add_argument("--out", type=Path, help="default: where the weights are installed")
    parser.add_argument("--small", action="store_true", help="the network without a transformer")
    parser.add_argument(
        "--checkpoints", type=Path, required=True, help="folder to go on from if broken off"
    )
    parser.add_argument("--fold", type=int, nargs=2, metavar=("NUMBER", "OF"), help="leave it out")
    given = parser.parse_args(arguments)
    if given.small and given.fold:
        parser.error("--small has no folds: its teacher has seen every document")
    if given.fold and not 0 <= given.fold[0] < given.fold[1]:
        parser.error("--fold NUMBER OF: the first is 0, the last is OF - 1")
    left_out = given.fold and (lambda d: fold_of(d.group, given.fold[1]) == given.fold[0])
    corpora = Corpora(
        given.data / "nlp",
        recurrent.windows if given.small else Pieces(pretrained() / "tokenizer.json").windows,
        without=left_out,
    )
    folder = given.checkpoints / (
        "whole" if given.fold is None else "fold{}of{}".format(*given.fold)
    )
    if given.small:
        network = small(
            corpora, Tagger(load_numpy(FILES["transformer"])), folder / "small", given.epochs[2]
        )
    else:
        first = given.checkpoints / "first.safetensors"
        if not first.exists():
            save(first_stage(corpora, given.checkpoints / "first", given.epochs[0]), first, ())
        fold = given.fold is not None
        network = second_stage(corpora, first, folder / "second", given.epochs[1], fold=fold)
    out = given.out or FILES["recurrent" if given.small else "transformer"]
    save(network, out, corpora.texts)


if __name__ == "__main__":
    main()
