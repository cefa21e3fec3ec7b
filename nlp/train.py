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
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch
from safetensors.numpy import load_file as load_numpy
from safetensors.torch import load_file, save_file
from torch import nn

from nlp.corpora import Annotated, ade, brat, pubtator
from nlp.encoder import pretrained
from nlp.folds import fold_of
from nlp.lessons import Example, related, unrelated, windows
from nlp.network import Network
from nlp.pairs import relations
from nlp.pieces import Pieces
from nlp.reading import words_of
from nlp.schemes import schemes
from nlp.tagger import FILE, Tagger, digest_of

VERSION = "1"
SEED = 20_261_121
EPOCHS, FURTHER = 10, 6
"""Of the two stages."""
BATCH = 16
ENCODER_RATE, FURTHER_RATE, HEAD_RATE = 2e-4, 1e-4, 2e-3
WARM_UP = 0.1
DECAY = 0.01
TAUGHT_BY = ("train.py", "lessons.py", "network.py", "pairs.py", "entities.toml", "relations.toml")
SHARES = {"reports": 1.0, "abstracts": 1.0, "ncbi": 0.25, "causing": 0.5, "silent": 0.5}
"""How much is told in an epoch of the second stage."""

Corpus = Callable[[Path], Iterator[Annotated]]

FIRST: dict[str, Corpus] = {
    "bc5cdr": lambda data: pubtator(data / "bc5cdr" / "train.PubTator.txt"),
    "ncbi_disease": lambda data: brat(data / "ncbi_disease" / "train"),
}
"""What is learned from first; the development splits are left for `konsil bench ner`.

BioRED is left out: it shares abstracts with every split of BC5CDR (44 of its 346 training documents
are in BC5CDR's development split), and what is tested on must not be learned from.
"""
THEN: dict[str, Corpus] = {
    "maccrobat2020": lambda data: brat(data / "maccrobat2020"),
    "ade_v2": lambda data: ade(data / "ade_v2"),
}
"""What is learned from then: whole corpora, so that only `--cv` measures on them."""


def batches(given: Sequence[Example], chance: random.Random) -> list[list[Example]]:
    """Of one scheme and about one length each, in random order."""
    order = sorted(given, key=lambda x: (x.scheme, x.length + chance.uniform(-8, 8)))
    found: list[list[Example]] = []
    room = 0
    for example in order:
        if room <= 0 or found[-1][0].scheme != example.scheme:
            found.append([])
            room = BATCH
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
    rate: float = ENCODER_RATE,
    checkpoints: Path | None = None,
) -> Network:
    """A network trained on the lessons, the same each time on one machine.

    rate: of the encoder. checkpoints: folder that gets the state after every epoch; training that
    was broken off goes on from there and ends as if it had not been.
    """
    torch.manual_seed(SEED)
    chance = random.Random(SEED)
    steps = epochs * len(batches(lessons(chance), chance))
    state = State(fresh(), steps=steps, rate=rate)
    file = None if checkpoints is None else checkpoints / "state.pt"
    if file is not None and file.exists():
        state.restore(torch.load(file, weights_only=False))
    while state.epoch < epochs:
        state.learn(batches(lessons(state.chance), state.chance))
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            torch.save(state.saved(), file)
    return state.network


class State:
    """Everything that the next step depends on."""

    def __init__(self, network: Network, *, steps: int, rate: float) -> None:
        self.chance = random.Random(SEED)
        self.epoch = 0
        self.network = network
        tuned = [p for p in network.encoder.parameters() if p.requires_grad]
        parts = (network.spelling, network.heads, network.relations)
        others = [parameter for part in parts for parameter in part.parameters()]
        self.optimiser = torch.optim.AdamW(
            [{"params": tuned, "lr": rate}, {"params": others, "lr": HEAD_RATE}],
            weight_decay=DECAY,
            fused=True,
        )
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimiser, lambda step: min((step + 1) / (WARM_UP * steps), 1 - step / steps)
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
                print(json.dumps(told | {"seconds": round(perf_counter() - began)}), flush=True)
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
    save_file({n: t.contiguous() for n, t in kept.items()}, file, metadata={"model": VERSION})


class Corpora:
    """What is taught, read once."""

    def __init__(self, data: Path, *, without: Callable[[Annotated], bool] | None = None) -> None:
        """data: folder of the corpora. without: documents of the second stage to leave out."""
        self.pieces = Pieces(pretrained() / "tokenizer.json")
        self.first = {name: list(read(data)) for name, read in FIRST.items()}
        self.then = {
            name: [document for document in read(data) if not (without and without(document))]
            for name, read in THEN.items()
        }

    @property
    def texts(self) -> set[str]:
        """All that was learned from."""
        both = (*self.first.values(), *self.then.values())
        return {document.text for documents in both for document in documents}

    def abstracts(self) -> list[Example]:
        """Of the first stage: every window."""
        known = schemes()
        return [
            example
            for scheme in (known["literature"], known["ncbi"])
            for corpus in scheme.corpora
            if corpus in self.first
            for example in windows(self.first[corpus], corpus, scheme, self.pieces)
        ]

    def everything(self, tagger: Tagger) -> dict[str, list[Example]]:
        """Of the second stage, by what of it is told in an epoch: see `SHARES`.

        tagger: finds the drugs and diseases of the sentences in which none causes the other.
        """
        known, asked = schemes(), relations()
        ade_documents = self.then["ade_v2"]
        causing = [document for document in ade_documents if document.relations]
        silent = [words_of(document.text) for document in ade_documents if not document.relations]
        found = tagger.read([(words.words, words.sentences) for words in silent])
        scheme = known["adverse"]
        beside = (
            unrelated(
                words,
                [
                    (start, stop, "drug" if kind == "drug" else "effect")
                    for start, stop, kind in one.mentions["literature"]
                ],
                scheme,
                asked["causes"],
                self.pieces,
            )
            for words, one in zip(silent, found, strict=True)
        )
        clinical = known["clinical"], asked["modifies"]
        literature = known["literature"], asked["induces"]
        abstracts, reports = self.first["bc5cdr"], self.then["maccrobat2020"]
        ncbi = self.first["ncbi_disease"]
        return {
            "reports": list(related(reports, "maccrobat2020", *clinical, self.pieces)),
            "abstracts": list(related(abstracts, "bc5cdr", *literature, self.pieces)),
            "ncbi": list(windows(ncbi, "ncbi_disease", known["ncbi"], self.pieces)),
            "causing": list(related(causing, "ade_v2", scheme, asked["causes"], self.pieces)),
            "silent": [example for example in beside if example is not None],
        }


def first_stage(corpora: Corpora, checkpoints: Path | None, epochs: int) -> Network:
    """The network that knows what the literature marks."""
    known = schemes()
    given = corpora.abstracts()
    print(json.dumps({"stage": 1, "windows": len(given)}), flush=True)
    return train(
        lambda: Network([known["literature"], known["ncbi"]]),
        lambda _: given,
        epochs=epochs,
        checkpoints=checkpoints and checkpoints / "first",
    )


def second_stage(corpora: Corpora, first: Path, checkpoints: Path | None, epochs: int) -> Network:
    """The network that knows everything. first: weights of the first stage."""
    given = corpora.everything(Tagger(load_numpy(first)))
    print(json.dumps({"stage": 2} | {name: len(told) for name, told in given.items()}), flush=True)

    def fresh() -> Network:
        network = Network([*schemes().values()], [*relations().values()])
        told = load_file(first)
        told.pop("seen")
        network.load_state_dict(network.state_dict() | told)
        return network

    def lessons(chance: random.Random) -> list[Example]:
        return [
            example
            for name, told in given.items()
            for example in chance.sample(told, round(SHARES[name] * len(told)))
        ]

    return train(fresh, lessons, epochs=epochs, rate=FURTHER_RATE, checkpoints=checkpoints)


def digest() -> str:
    """Names this way of training: its code and tables."""
    folder = Path(__file__).parent
    return sha256(b"".join((folder / name).read_bytes() for name in TAUGHT_BY)).hexdigest()[:16]


def main(arguments: Sequence[str] | None = None) -> None:
    """Train on the shared corpora and save the weights."""
    parser = argparse.ArgumentParser(prog="python -m nlp.train", description=__doc__)
    default = Path(__file__).parents[2] / "shared" / "data"
    parser.add_argument("--data", type=Path, default=os.environ.get("KONSIL_DATA", default))
    parser.add_argument("--epochs", type=int, nargs=2, default=(EPOCHS, FURTHER))
    parser.add_argument("--out", type=Path, default=FILE)
    parser.add_argument(
        "--checkpoints", type=Path, required=True, help="folder to go on from if broken off"
    )
    parser.add_argument("--fold", type=int, nargs=2, metavar=("NUMBER", "OF"), help="leave it out")
    given = parser.parse_args(arguments)
    left_out = given.fold and (lambda d: fold_of(d.group, given.fold[1]) == given.fold[0])
    corpora = Corpora(given.data / "nlp", without=left_out)
    first = given.checkpoints / "first.safetensors"
    if not first.exists():
        save(first_stage(corpora, given.checkpoints, given.epochs[0]), first, ())
    folder = given.checkpoints / (
        "second" if given.fold is None else "fold{}of{}".format(*given.fold)
    )
    network = second_stage(corpora, first, folder, given.epochs[1])
    save(network, given.out, corpora.texts)


if __name__ == "__main__":
    main()
