from __future__ import annotations

import spacy
from hypothesis import given
from hypothesis import strategies as st

from nlp.tokenizer import Tokenizer, texts

TOKENIZE = Tokenizer(spacy.blank("en").vocab)


@given(st.text())
def test_the_text_comes_back_whole(text: str) -> None:
    doc = TOKENIZE(text)
    assert doc.text == text
    assert texts(doc) == [token.text for token in doc]


def test_shorthand_is_cut_the_same_way_everywhere() -> None:
    assert texts(TOKENIZE("r/o MI, don't")) == ["r", "/", "o", "MI", ",", "don't"]
