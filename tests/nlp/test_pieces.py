"""Windows: every word once, in order, none longer than the encoder is asked to read."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nlp.encoder import pretrained
from nlp.pieces import LONGEST, WINDOW, Pieces
from nlp.windows import padded

PIECES = Pieces(pretrained() / "tokenizer.json")
WORD = st.one_of(
    st.sampled_from(["fever", "thrombocytopenia", ",", "."]), st.text(min_size=1, max_size=40)
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(WORD, min_size=1, max_size=60), max_size=8))
def test_windows_hold_every_word_once(sentences: list[list[str]]) -> None:
    words = [word for sentence in sentences for word in sentence]
    starts = np.cumsum([0, *map(len, sentences)])[:-1].tolist()
    windows = list(PIECES.windows(words, starts))
    assert [i for window in windows for i in window.words] == list(range(len(words)))
    for window in windows:
        assert len(window.pieces) <= WINDOW
        assert len(window.first) == len(window.words)
        assert all(0 < place < len(window.pieces) - 1 for place in window.first)
        assert list(window.first) == sorted(set(window.first))


def test_a_sentence_is_cut_only_when_it_is_longer_than_a_window() -> None:
    sentence = ["fever"] * 50
    windows = list(PIECES.windows(sentence * 10, list(range(0, 500, 50))))
    assert all(window.words.start % 50 == 0 for window in windows)
    assert len(windows) < 10  # several sentences share one
    long = list(PIECES.windows(["fever"] * 400, [0]))
    assert [len(window.words) for window in long] == [158, 158, 84]


def test_endless_words_are_cut_and_strange_ones_are_unknown() -> None:
    window = next(PIECES.windows(["ab" * 5000, "\u0000"], [0]))
    assert len(window.pieces) <= LONGEST + 3
    assert len(window.first) == 2


def test_padding_is_marked() -> None:
    filled, mask = padded([[5, 6], [7]])
    assert filled.tolist() == [[5, 6], [7, 0]]
    assert mask.tolist() == [[1, 1], [1, 0]]
    assert padded([])[0].shape == (0, 0)
