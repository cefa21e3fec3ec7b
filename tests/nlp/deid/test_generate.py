"""The templates: kept apart, and annotated exactly."""

from __future__ import annotations

import random
from itertools import combinations
from pathlib import Path

import pytest

from nlp.deid.generate import EVALUATION, TRAINING, Writer, table
from nlp.deid.lexicon import eponyms, known_given, known_surnames, words
from nlp.deid.mentions import KINDS

HELD = EVALUATION.with_name("held.toml")
FILES = (TRAINING, EVALUATION, HELD)
NATIONAL = ("ssn", "nhs", "zip", "postcode", "plate")
"""Numbers whose one shape the law sets."""


def people(file: Path) -> set[str]:
    """Every word of a name that is longer than a particle."""
    lists = table(file)["people"].values()
    parts = (w for names in lists for name in names for w in name.replace("-", " ").split())
    kept = words("names", "particles") | {"st."}
    return {word.casefold() for word in parts if word.casefold() not in kept}


@pytest.mark.parametrize(("one", "other"), [*combinations(FILES, 2)])
def test_no_name_template_or_format_is_shared(one: Path, other: Path) -> None:
    first, second = table(one), table(other)
    assert not people(one) & people(other)
    for key in ("sentences", "templates"):
        assert not set(first["inserts"][key]) & set(second["inserts"][key])
    for part in ("organisations", "clinical"):
        for key in first[part]:
            assert not set(first[part][key]) & set(second[part][key])
    for key in ("cities", "streets", "states"):
        assert not set(first["places"][key]) & set(second["places"][key])
    for key in first["formats"]:
        if key not in NATIONAL:
            assert not set(first["formats"][key]) & set(second["formats"][key])


def test_the_product_lists_know_no_name_of_an_evaluation() -> None:
    for file in (EVALUATION, HELD):
        assert not people(file) & (known_given() | known_surnames())


def test_the_check_can_fail() -> None:
    assert people(TRAINING) & known_given()
    assert "babinski" in eponyms()


@pytest.mark.parametrize("file", FILES)
def test_annotations_cover_words(file: Path) -> None:
    writer = Writer(file, random.Random(7))
    for _ in range(40):
        note = writer.note()
        assert "<" not in note.text
        for mention in note.mentions:
            words_ = note.text[mention.start : mention.end]
            assert words_ == words_.strip()
            assert words_
            assert mention.kind in KINDS


def test_the_same_seed_writes_the_same_notes() -> None:
    first, second = (Writer(EVALUATION, random.Random(3)) for _ in range(2))
    assert [first.note() for _ in range(5)] == [second.note() for _ in range(5)]
