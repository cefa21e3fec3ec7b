"""Train the tagger: `python -m nlp.train` (about an hour on two cores; needs the extra `train`).

Every window of a corpus teaches the scheme the corpus belongs to. Where a corpus does not mark a
type, a word outside its mentions may be of that type: the loss sums over all sequences of tags that
agree with what is marked (a partial CRF, Tsuboi et al. 2008).
"""

from __future__ import annotations

import argparse
import json
import os
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import AutoModel

from nlp.corpora import Annotated, brat, pubtator
from nlp.crf import NEVER
from nlp.encoder import SIZE, pretrained
from nlp.pieces import Pieces, Window, padded
from nlp.reading import places, words_of
from nlp.schemes import Scheme, schemes
from nlp.spelling import ALPHABET, characters
from nlp.tagger import FILE, digest_of

VERSION = "1"
SEED = 20_261_121
EPOCHS = 10
BATCH = 16
ENCODER_RATE, HEAD_RATE = 2e-4, 2e-3
WARM_UP = 0.1
DECAY = 0.01
DROPOUT = 0.2
LETTER, FILTERS, WIDTH = 24, 64, 3

SPLITS: dict[str, Callable[[Path], Iterator[Annotated]]] = {
    "bc5cdr": lambda data: pubtator(data / "bc5cdr" / "train.PubTator.txt"),
    "ncbi_disease": lambda data: brat(data / "ncbi_disease" / "train"),
}
"""What is learned from; the development splits are left for `konsil bench ner`.

BioRED is left out: it shares abstracts with every split of BC5CDR (44 of its 346 training documents
are in BC5CDR's development split), and what is tested on must not be learned from.
"""


@dataclass(frozen=True, slots=True)
class Example:
    """One window. words: its words. allowed: (W, K), the tags that agree with the annotators."""

    scheme: str
    window: Window
    words: Sequence[str]
    allowed: NDArray[np.bool_]


def examples(
    documents: Iterable[Annotated], corpus: str, scheme: Scheme, pieces: Pieces
) -> Iterator[Example]:
    """Windows of a corpus's documents with what they teach."""
    silent = scheme.silent(corpus)
    names = scheme.corpora[corpus]
    for document in documents:
        read = words_of(document.text)
        mentions = [
            (*place, names[entity.label])
            for entity in document.entities
            if entity.label in names and (place := places(read, entity.start, entity.end))
        ]
        tags = scheme.encode(mentions, len(read.words))
        allowed = np.eye(len(scheme.tags), dtype=np.bool_)[tags]
        allowed[tags == 0] |= silent
        for window in pieces.windows(read.words, read.sentences):
            span = slice(window.words.start, window.words.stop)
            yield Example(scheme.name, window, read.words[span], allowed[span])


class Network(nn.Module):
    """The tagger as torch trains it; `nlp.tagger` computes the same from its weights."""

    def __init__(self, heads: Sequence[Scheme]) -> None:
        super().__init__()
        self.encoder = AutoModel.from_pretrained(pretrained(), add_pooling_layer=False)
        self.encoder.embeddings.requires_grad_(False)
        self.spelling = Spelling()
        self.dropout = nn.Dropout(DROPOUT)
        self.heads = nn.ModuleDict({scheme.name: Head(scheme) for scheme in heads})

    def forward(self, batch: Sequence[Example]) -> Tensor:
        """The mean loss a word of examples of one scheme."""
        pieces, mask = map(torch.from_numpy, padded([x.window.pieces for x in batch]))
        first, there = map(torch.from_numpy, padded([x.window.first for x in batch]))
        hidden = self.encoder(input_ids=pieces, attention_mask=mask).last_hidden_state
        hidden = hidden.gather(1, first[:, :, None].expand(-1, -1, SIZE))  # (B, T, ·) -> (B, W, ·)
        known = list({word: None for x in batch for word in x.words})
        number = {word: i for i, word in enumerate(known)}
        spelled = self.spelling(torch.from_numpy(characters(known)))
        words, _ = padded([[number[word] for word in x.words] for x in batch])
        hidden = torch.cat([hidden, spelled[torch.from_numpy(words)]], dim=-1)
        allowed = np.ones((*words.shape, batch[0].allowed.shape[1]), np.bool_)
        for i, example in enumerate(batch):
            allowed[i, : len(example.allowed)] = example.allowed
        head = self.heads[batch[0].scheme]
        return head(self.dropout(hidden), torch.from_numpy(allowed), there).sum() / there.sum()


class Spelling(nn.Module):
    """Character CNN, (W, LETTERS) -> (W, FILTERS)."""

    def __init__(self) -> None:
        super().__init__()
        self.letters = nn.Embedding(ALPHABET, LETTER, padding_idx=0)
        self.filters = nn.Conv1d(LETTER, FILTERS, WIDTH, padding=WIDTH // 2)

    def forward(self, letters: Tensor) -> Tensor:
        return self.filters(self.letters(letters).transpose(1, 2)).amax(dim=-1)


class Head(nn.Module):
    """Scores of tags and of moves between them: a CRF."""

    forbidden: Tensor

    def __init__(self, scheme: Scheme) -> None:
        super().__init__()
        tags = len(scheme.tags)
        self.out = nn.Linear(SIZE + FILTERS, tags)
        self.moves = nn.Parameter(torch.zeros(tags + 1, tags))
        self.register_buffer("forbidden", torch.from_numpy(scheme.forbidden()), persistent=False)

    def forward(self, hidden: Tensor, allowed: Tensor, there: Tensor) -> Tensor:
        """-ln of the probability of all allowed sequences, (B,).

        hidden: (B, W, ·). allowed: (B, W, K). there: (B, W), 1 for a word, 0 behind the end.
        """
        scores = self.out(hidden)  # (B, W, K)
        moves = self.moves.masked_fill(self.forbidden, float(NEVER))
        kept = scores.masked_fill(~allowed, float(NEVER))
        return _total(scores, moves, there) - _total(kept, moves, there)


def _total(scores: Tensor, moves: Tensor, there: Tensor) -> Tensor:
    """ln of the sum over all sequences of exp of their score, (B,)."""
    total = scores[:, 0] + moves[-1]  # (B, K)
    for t in range(1, scores.shape[1]):
        further = torch.logsumexp(total[:, :, None] + moves[:-1], dim=1) + scores[:, t]
        total = torch.where(there[:, t, None] > 0, further, total)
    return torch.logsumexp(total, dim=-1)


def batches(given: Sequence[Example], chance: random.Random) -> list[list[Example]]:
    """Of one scheme and about one length each, in random order."""
    order = sorted(given, key=lambda x: (x.scheme, len(x.window.pieces) + chance.uniform(-8, 8)))
    found: list[list[Example]] = []
    for example in order:
        if not found or len(found[-1]) == BATCH or found[-1][0].scheme != example.scheme:
            found.append([])
        found[-1].append(example)
    chance.shuffle(found)
    return found


def train(
    given: Sequence[Example],
    heads: Sequence[Scheme],
    *,
    epochs: int = EPOCHS,
    checkpoints: Path | None = None,
) -> Network:
    """A network trained on the examples, the same each time on one machine.

    checkpoints: folder that gets the weights and the state after every epoch; training that was
    broken off goes on from there and ends as if it had not been.
    """
    torch.manual_seed(SEED)
    state = State(heads, steps=epochs * len(batches(given, random.Random(SEED))))
    file = None if checkpoints is None else checkpoints / "state.pt"
    if file is not None and file.exists():
        state.restore(torch.load(file, weights_only=False))
    while state.epoch < epochs:
        state.learn(batches(given, state.chance))
        if checkpoints is not None and file is not None:
            save(state.network, checkpoints / f"epoch{state.epoch}.safetensors", ())
            torch.save(state.saved(), file)
    return state.network


class State:
    """Everything that the next step depends on."""

    def __init__(self, heads: Sequence[Scheme], *, steps: int) -> None:
        self.chance = random.Random(SEED)
        self.epoch = 0
        self.network = Network(heads)
        tuned = [p for p in self.network.encoder.parameters() if p.requires_grad]
        others = [*self.network.spelling.parameters(), *self.network.heads.parameters()]
        self.optimiser = torch.optim.AdamW(
            [{"params": tuned, "lr": ENCODER_RATE}, {"params": others, "lr": HEAD_RATE}],
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


def main(arguments: Sequence[str] | None = None) -> None:
    """Train on the shared corpora and save the weights."""
    parser = argparse.ArgumentParser(prog="python -m nlp.train", description=__doc__)
    default = Path(__file__).parents[2] / "shared" / "data"
    parser.add_argument("--data", type=Path, default=os.environ.get("KONSIL_DATA", default))
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--out", type=Path, default=FILE)
    parser.add_argument("--checkpoints", type=Path, help="folder to go on from if broken off")
    given = parser.parse_args(arguments)
    pieces = Pieces(pretrained() / "tokenizer.json")
    used = [scheme for scheme in schemes().values() if scheme.corpora.keys() & SPLITS.keys()]
    corpora = {name: list(read(given.data / "nlp")) for name, read in SPLITS.items()}
    found = [
        example
        for scheme in used
        for corpus in scheme.corpora
        if corpus in corpora
        for example in examples(corpora[corpus], corpus, scheme, pieces)
    ]
    print(json.dumps({"windows": len(found)}), flush=True)
    network = train(found, used, epochs=given.epochs, checkpoints=given.checkpoints)
    save(network, given.out, {d.text for documents in corpora.values() for d in documents})


if __name__ == "__main__":
    main()
