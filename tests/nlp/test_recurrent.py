"""The small reading of words: torch and numpy say the same, whatever stands beside a window."""

from __future__ import annotations

import numpy as np
import torch

from nlp.network import Recurrent as Trained
from nlp.recurrent import WINDOW, Recurrent
from nlp.schemes import schemes

TEXT = "Aspirin caused GASTRIC bleeding in 3 of Müller's patients 🩸 ."
WORDS = TEXT.split()


def both() -> tuple[Trained, Recurrent]:
    torch.manual_seed(3)
    network = Trained([schemes()["ncbi"]]).eval()
    return network, Recurrent({n: t.numpy() for n, t in network.state_dict().items()})


def test_torch_and_numpy_say_the_same() -> None:
    network, recurrent = both()
    documents = [WORDS, WORDS[3:], ["NO", "fever"]]
    windows = [window for words in documents for window in recurrent.windows(words, [0])]
    with torch.no_grad():
        expected = network.words(windows, [word for words in documents for word in words]).numpy()
    found, lengths = recurrent(list(zip(documents, windows, strict=True)))
    assert lengths.tolist() == [len(words) for words in documents]
    for row, other, length in zip(found, expected, lengths, strict=True):
        assert np.allclose(row[:length], other[:length], atol=1e-5)


def test_a_window_is_read_alike_alone_and_beside_longer_ones() -> None:
    _, recurrent = both()
    (short,), (long,) = recurrent.windows(WORDS[:3], [0]), recurrent.windows(WORDS, [0])
    alone, _ = recurrent([(WORDS[:3], short)])
    beside, _ = recurrent([(WORDS, long), (WORDS[:3], short)])
    assert np.allclose(alone[0], beside[1, :3], atol=1e-6)


def test_windows_hold_whole_sentences_and_every_word_once() -> None:
    _, recurrent = both()
    words = ["word"] * (3 * WINDOW)
    windows = list(recurrent.windows(words, [0, 50, 110, WINDOW + 60]))
    assert [place for window in windows for place in window.words] == list(range(len(words)))
    assert windows[0].words == range(110)
    assert max(len(window.words) for window in windows) == WINDOW
