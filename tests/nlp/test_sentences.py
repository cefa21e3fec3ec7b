from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.lexicon import Lexicon
from nlp.pipeline import build
from nlp.sentences import bounds

PIPELINE = build(Lexicon())


def sentences(text: str) -> list[str]:
    return [sentence.text.strip() for sentence in PIPELINE(text).sents if sentence.text.strip()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("No fever. Cough since May.", ["No fever.", "Cough since May."]),
        ("Seen by Dr. Smith today.", ["Seen by Dr. Smith today."]),
        ("Sodium 3.5 mmol/L. Fine.", ["Sodium 3.5 mmol/L.", "Fine."]),
        ("No fever\nCough", ["No fever", "Cough"]),
        ("- no fever\n- cough", ["- no fever", "- cough"]),
        ("1. Asthma\n2. Cough", ["1. Asthma", "2. Cough"]),
        ("Fever\n\ncough", ["Fever", "cough"]),
        # wrapped at a column, or visibly unfinished
        ("He denies fever,\nchills and cough", ["He denies fever,\nchills and cough"]),
        (
            "The patient is a pleasant man who denies any fever or\nchills today",
            ["The patient is a pleasant man who denies any fever or\nchills today"],
        ),
        ("PMH: Asthma", ["PMH:", "Asthma"]),
        ("Well.,EXAM:, Thin", ["Well.", ",", "EXAM:", ", Thin"]),
        ("Fever: no\nCough: yes", ["Fever: no", "Cough: yes"]),
        ("Fever: no Cough: yes", ["Fever: no", "Cough: yes"]),
        ("Fever? No. Cough?", ["Fever? No.", "Cough?"]),
        ("Is it asthma? Perhaps!", ["Is it asthma?", "Perhaps!"]),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@given(st.text())
def test_bounds_cover_the_document(text: str) -> None:
    doc = PIPELINE(text)
    assert [i for start, end in bounds(doc) for i in range(start, end)] == list(range(len(doc)))
    assert bounds(doc) == [(sentence.start, sentence.end) for sentence in doc.sents]
