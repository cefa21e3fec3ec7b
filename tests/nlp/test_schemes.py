"""Tags and mentions say the same, and what no corpus marks is never taught."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.schemes import Mention, Scheme, schemes

LITERATURE = schemes()["literature"]


@st.composite
def apart(draw: st.DrawFn, scheme: Scheme = LITERATURE) -> tuple[list[Mention], int]:
    """Mentions that do not overlap, in order, and the number of words."""
    found: list[Mention] = []
    place = 0
    for _ in range(draw(st.integers(0, 6))):
        start = place + draw(st.integers(0, 3))
        place = start + draw(st.integers(1, 4))
        found.append((start, place, draw(st.sampled_from(scheme.types))))
    return found, place + draw(st.integers(0, 3))


@given(apart())
def test_what_is_encoded_is_decoded(case: tuple[list[Mention], int]) -> None:
    mentions, length = case
    tags = LITERATURE.encode(mentions, length)
    assert LITERATURE.decode(tags.tolist()) == mentions


@given(apart())
def test_encoded_tags_are_never_forbidden(case: tuple[list[Mention], int]) -> None:
    tags = LITERATURE.encode(*case).tolist()
    forbidden = LITERATURE.forbidden()
    before = [len(LITERATURE.tags), *tags[:-1]]  # the last row is the start
    assert not any(forbidden[i, j] for i, j in zip(before, tags, strict=bool(tags)))


def test_inside_may_only_follow_its_own_type() -> None:
    forbidden = LITERATURE.forbidden()
    tags = LITERATURE.tags
    allowed = {
        (before, after)
        for i, before in enumerate((*tags, "start"))
        for j, after in enumerate(tags)
        if after.startswith("I-") and not forbidden[i, j]
    }
    assert allowed == {(f"{p}-{kind}", f"I-{kind}") for kind in LITERATURE.types for p in "BI"}
    assert not forbidden[:, ::2][:, 0].any()  # "O" may follow everything


def test_of_overlapping_mentions_the_longest_is_kept() -> None:
    tags = LITERATURE.encode([(1, 2, "drug"), (0, 3, "disease"), (2, 4, "drug")], 5)
    assert LITERATURE.decode(tags.tolist()) == [(0, 3, "disease")]


def test_a_corpus_is_silent_about_the_types_it_does_not_mark() -> None:
    silent = LITERATURE.silent("biored")
    assert [t for t, s in zip(LITERATURE.tags, silent, strict=True) if s] == [
        "B-disease",
        "I-disease",
    ]
    assert not LITERATURE.silent("bc5cdr").any()


@pytest.mark.parametrize("scheme", schemes().values(), ids=schemes())
def test_corpora_speak_of_known_types(scheme: Scheme) -> None:
    for names in scheme.corpora.values():
        assert set(names.values()) <= set(scheme.types)
