"""Training: the partial CRF's loss, and torch and numpy saying the same."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from nlp.corpora import Annotated, Entity
from nlp.crf import NEVER
from nlp.encoder import pretrained
from nlp.lessons import Example, windows
from nlp.network import Head, Transformer
from nlp.pieces import Pieces
from nlp.schemes import schemes
from nlp.tagger import Tagger, digest_of
from nlp.train import State, save, train

SCHEME = schemes()["literature"]
TEXT = "Aspirin caused gastric bleeding. No bleeding was seen with heparin."


def annotated(text: str, *marked: tuple[str, str]) -> Annotated:
    entities = [
        Entity(text.index(words), text.index(words) + len(words), label) for words, label in marked
    ]
    return Annotated("1", "1", text, tuple(entities))


def test_the_loss_sums_over_the_sequences_that_agree() -> None:
    torch.manual_seed(0)
    head = Head(SCHEME, 8)
    torch.nn.init.normal_(head.moves)
    tags = range(len(SCHEME.tags))
    hidden = torch.randn(1, 3, head.out.in_features)
    allowed = torch.rand(1, 3, len(tags)) < 0.5
    allowed[..., 0] = True
    there = torch.ones(1, 3, dtype=torch.float32)
    with torch.no_grad():
        loss = head(hidden, allowed, there).item()
        scores = head.out(hidden)[0].numpy()
        moves = np.where(SCHEME.forbidden(), NEVER, head.moves.numpy())
    every = {
        path: sum(
            scores[t, tag] + moves[before, tag]
            for t, (before, tag) in enumerate(zip((len(tags), *path), path, strict=False))
        )
        for path in product(tags, repeat=3)
    }
    agree = [
        s for path, s in every.items() if all(allowed[0, t, tag] for t, tag in enumerate(path))
    ]
    expected = np.logaddexp.reduce([*every.values()]) - np.logaddexp.reduce(agree)
    assert loss == pytest.approx(expected, abs=1e-3)


def test_what_stands_behind_the_end_does_not_count() -> None:
    torch.manual_seed(0)
    head = Head(SCHEME, 8)
    hidden = torch.randn(1, 4, head.out.in_features)
    allowed = torch.ones(1, 4, len(SCHEME.tags), dtype=torch.bool)
    allowed[0, 0] = False
    allowed[0, 0, 1] = True
    there = torch.tensor([[1.0, 1.0, 0.0, 0.0]])
    with torch.no_grad():
        long = head(hidden, allowed, there)
        short = head(hidden[:, :2], allowed[:, :2], there[:, :2])
    assert long.item() == pytest.approx(short.item(), abs=1e-5)


def test_a_corpus_without_a_type_does_not_teach_its_absence() -> None:
    pieces = Pieces(pretrained() / "tokenizer.json")
    document = annotated(TEXT, ("Aspirin", "ChemicalEntity"))
    (example,) = windows([document], "biored", SCHEME, pieces.windows)
    aspirin, gastric = example.allowed[0], example.allowed[2]
    disease = [SCHEME.tags.index(tag) for tag in ("B-disease", "I-disease")]
    assert gastric[[0, *disease]].all()
    assert not gastric[SCHEME.tags.index("B-drug")]
    assert aspirin.tolist() == [tag == "B-drug" for tag in SCHEME.tags]


@pytest.mark.slow
def test_training_goes_on_where_it_was_broken_off(tmp_path: Path) -> None:
    pieces = Pieces(pretrained() / "tokenizer.json")
    document = annotated(TEXT, ("Aspirin", "Chemical"))
    given = list(windows([document] * 20, "bc5cdr", SCHEME, pieces.windows))
    whole = train(
        lambda: Transformer([SCHEME]), lambda _: given, epochs=2, checkpoints=tmp_path / "whole"
    )
    state = torch.load(tmp_path / "whole" / "state.pt", weights_only=False)
    assert state["epoch"] == 2
    broken = tmp_path / "broken"
    stop = RuntimeError("broken off")

    def learn_once(self: State, batches: Sequence[Sequence[Example]]) -> None:
        if self.epoch == 1:
            raise stop
        learn(self, batches)

    learn = State.learn
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(State, "learn", learn_once)
        with pytest.raises(RuntimeError):
            train(lambda: Transformer([SCHEME]), lambda _: given, epochs=2, checkpoints=broken)
    again = train(lambda: Transformer([SCHEME]), lambda _: given, epochs=2, checkpoints=broken)
    for one, other in zip(whole.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.slow
def test_it_learns_and_numpy_reads_what_torch_wrote(tmp_path: Path) -> None:
    pieces = Pieces(pretrained() / "tokenizer.json")
    document = annotated(
        TEXT, ("Aspirin", "Chemical"), ("gastric bleeding", "Disease"), ("heparin", "Chemical")
    )
    given = list(windows([document] * 16, "bc5cdr", SCHEME, pieces.windows))
    network = train(lambda: Transformer([SCHEME]), lambda _: given, epochs=25)
    save(network, tmp_path / "w.safetensors", [TEXT])
    read = given[0]
    for int8 in (False, True):
        tagger = Tagger(load_file(tmp_path / "w.safetensors"), int8=int8)
        (found,) = tagger.read([(read.words, [0])])
        assert found.mentions["literature"] == [(0, 1, "drug"), (2, 4, "disease"), (10, 11, "drug")]
    assert tagger.seen == {digest_of(TEXT)}
