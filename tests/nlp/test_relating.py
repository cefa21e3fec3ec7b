"""Pairs of mentions, and torch and numpy saying the same of them."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from nlp.network import PairHead
from nlp.pairs import AROUND, BESIDE, FAR, SEEN, pairs_of, relations
from nlp.relating import Relater
from nlp.schemes import Mention

WIDE = 12
MODIFIES, INDUCES = relations()["modifies"], relations()["induces"]


def mentions(*kinds: str) -> list[Mention]:
    return [(3 * i, 3 * i + 1, kind) for i, kind in enumerate(kinds)]


def numbered(count: int) -> list[tuple[str]]:
    return [(str(i),) for i in range(count)]


def test_within_a_sentence_only_types_that_can_be_related_are_paired() -> None:
    given = mentions("severity", "symptom", "drug", "dose", "severity")
    pairs = pairs_of(MODIFIES, given, [0, 12], numbered(5))
    # the last severity stands in a sentence of its own; a severity does not modify a drug
    assert sorted(pairs.names) == [("0", "1"), ("3", "2")]
    assert not pairs.seen.any()


def test_in_a_document_every_mention_of_two_concepts_speaks_for_them() -> None:
    given = mentions("drug", "disease", "drug", "disease")
    keys = [("aspirin",), ("ulcer", "bleeding"), ("aspirin",), ("ulcer",)]
    pairs = pairs_of(INDUCES, given, [0, 6], keys)
    said: defaultdict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for head, tail, group in zip(pairs.heads, pairs.tails, pairs.groups, strict=True):
        said[pairs.names[group]].append((int(head), int(tail)))
    assert {name: sorted(places) for name, places in said.items()} == {
        ("aspirin", "ulcer"): [(0, 1), (0, 3), (2, 1), (2, 3)],
        ("aspirin", "bleeding"): [(0, 1), (2, 1)],
    }
    ulcer = pairs.seen[pairs.names.index(("aspirin", "ulcer"))]
    # ln 2 mentions each, both in the first sentence, both mentioned most, two sentences shared
    expected = [np.log(2), np.log(2), 1, 1, 1, 1, np.log(3), 0]
    assert np.allclose(ulcer, expected)


def test_mentions_too_far_apart_are_not_looked_at_together() -> None:
    given = [(0, 1, "drug"), (FAR + 1, FAR + 2, "disease")]
    assert not pairs_of(INDUCES, given, range(FAR + 2), numbered(2)).names
    assert pairs_of(INDUCES, given, range(2, FAR + 2), numbered(2)).names


def test_a_list_of_hundreds_is_not_asked_of_all_its_pairs() -> None:
    listed = mentions(*["severity", "symptom"] * 500)
    pairs = pairs_of(MODIFIES, listed, [0], numbered(1000))
    assert len(pairs.names) < 2 * 1000 * BESIDE
    assert np.abs(pairs.heads - pairs.tails).max() == BESIDE
    drugs = mentions(*["drug", "disease"] * 500)
    assert len(pairs_of(INDUCES, drugs, [0], numbered(1000)).names) < 1000 * AROUND


def test_what_stands_between_two_mentions_is_counted() -> None:
    listed = [(0, 1, "severity"), (2, 3, "symptom"), (5, 6, "drug"), (9, 10, "symptom")]
    pairs = pairs_of(MODIFIES, listed, [0, 8], numbered(4))
    assert pairs.names == [("0", "1")]  # a drug is not modified so, the last stands elsewhere
    pairs = pairs_of(MODIFIES, listed, [0], numbered(4))
    seen = dict(zip(pairs.names, pairs.features.tolist(), strict=True))
    kind = MODIFIES.kinds.index(("severity", "symptom"))
    assert seen["0", "1"] == [2, 0, 0, 0, kind]  # two words apart
    assert seen["0", "3"] == [6, 2, 1, 0, kind]  # nine words, two mentions, one of them a symptom


@given(st.lists(st.sampled_from(["drug", "disease"]), max_size=12))
def test_torch_and_numpy_say_the_same(kinds: list[str]) -> None:
    torch.manual_seed(len(kinds))
    head = PairHead(INDUCES, WIDE).eval()
    keys = [(str(i % 4),) for i in range(len(kinds))]
    pairs = pairs_of(INDUCES, mentions(*kinds), [0, 9], keys)
    vectors = torch.randn(len(kinds), WIDE)
    arrays = (pairs.heads, pairs.tails, pairs.features, pairs.groups, pairs.seen)
    with torch.no_grad():
        expected = head(vectors, *map(torch.from_numpy, arrays)).numpy()
    weights = {name: tensor.numpy() for name, tensor in head.state_dict().items()}
    assert np.allclose(Relater(INDUCES, weights)(vectors.numpy(), pairs), expected, atol=1e-4)
    assert pairs.seen.shape == (len(pairs.names), SEEN)
