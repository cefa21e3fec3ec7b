"""The tagger, its weights and its training."""

from __future__ import annotations

import json
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

from engine.exceptions import SourceError
from nlp.deid.generate import Annotated
from nlp.deid.mentions import Mention
from nlp.deid.tagger import FILE, TAGS, Tagger, marginals, spans
from nlp.deid.tokens import tokens
from nlp.deid.train import fit, gold, own_half, packed, written

CARD = FILE.with_name("CARD.md")


def test_the_weights_are_small_and_the_card_names_them() -> None:
    assert FILE.stat().st_size < 25_000_000
    assert sha256(FILE.read_bytes()).hexdigest() in CARD.read_text("utf-8")
    with safe_open(FILE, framework="numpy") as file:
        assert list(file.metadata()) == ["konsil"]
        assert json.loads(file.metadata()["konsil"])["tags"][0] == "None"


def test_damaged_weights_say_so(tmp_path: Path) -> None:
    path = tmp_path / "deid.safetensors"
    for content in (None, b"", b"not weights at all"):
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(SourceError, match="cannot be used"):
            Tagger.load(path)


def test_marginals_are_those_of_all_paths() -> None:
    rng = np.random.default_rng(0)
    scores, steps = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
    total = np.zeros((4, 3))
    counts = np.zeros((4, 3))
    for path in np.ndindex(3, 3, 3, 3):
        weight = np.exp(
            steps[3, path[0]]
            + sum(scores[t, k] for t, k in enumerate(path))
            + sum(steps[a, b] for a, b in pairwise(path))
        )
        for t, k in enumerate(path):
            total[t, k] += weight
        counts[3, path[0]] += weight
        for a, b in pairwise(path):
            counts[a, b] += weight
    single, expected = marginals(scores, steps)
    mass = total[0].sum()
    assert np.allclose(single, total / mass)
    assert np.allclose(expected, counts / mass)


def test_training_learns_and_repeats() -> None:
    notes = list(written(30, ["The wound was clean and dry."], ["rose", "long"]))
    common = frozenset(("the", "wound", "was", "clean", "and", "dry", "seen"))
    first, second = fit(notes, common), fit(notes, common)
    assert packed(first, {}) == packed(second, {})
    words = tokens(notes[0].text)
    wrong = (first.probabilities(words).argmax(1) != gold(notes[0])).mean()
    assert wrong < 0.1
    assert first.is_word("wound")
    assert first.is_word("wounds")
    assert not first.is_word("wojcik")


def test_gold_tags_are_those_of_the_mentions() -> None:
    note = Annotated("Ann met Bob.", (Mention(0, 3, "name"), Mention(8, 11, "age")))
    assert gold(note).tolist() == [TAGS.index("name"), 0, 0, 0]


def test_spans_follow_the_boldness() -> None:
    words = tokens("one two three")
    probability = np.full((3, len(TAGS)), 0.0, np.float32)
    probability[:, 0], probability[:, 1] = [0.9, 0.5, 0.5], [0.1, 0.5, 0.5]
    (timid,) = spans(words, probability, boldness=np.full(3, 0.6, np.float32))
    assert (timid[0].start, timid[0].end) == (4, 13)
    assert not spans(words, probability, boldness=np.full(3, 0.2, np.float32))


def test_half_of_the_notes_is_never_trained_on() -> None:
    halves = [own_half(f"note {i}") for i in range(200)]
    assert 60 < sum(halves) < 140
