"""Word pieces of the transformer: words are the pipeline's tokens, tagged at their first piece."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from tokenizers import Tokenizer

from nlp.windows import Window, cut

WINDOW = 160
"""Pieces of a window at most, its two marks included."""
LONGEST = 24
"""Pieces of a word at most: the rest of a longer one (base64, a line of dashes) is not read."""


class Pieces:
    """Cuts words into pieces, each word once."""

    def __init__(self, tokenizer_file: Path) -> None:
        self._tokenizer = Tokenizer.from_file(str(tokenizer_file))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        marks = self._tokenizer.get_vocab()
        self._begin, self._end, self._unknown = (marks[m] for m in ("[CLS]", "[SEP]", "[UNK]"))
        self._known: dict[str, list[int]] = {}

    def windows(self, words: Sequence[str], sentences: Sequence[int]) -> Iterator[Window]:
        """Windows in order. sentences: where each begins, in words."""
        pieces = self._cut(words)
        for span in cut([len(these) for these in pieces], sentences, WINDOW - 2):
            yield self._window(pieces, span)

    def _window(self, cut_words: Sequence[Sequence[int]], span: range) -> Window:
        pieces, first = [self._begin], list[int]()
        for word in cut_words[span.start : span.stop]:
            first.append(len(pieces))
            pieces.extend(word)
        return Window(span, [*pieces, self._end], first)

    def _cut(self, words: Sequence[str]) -> list[list[int]]:
        new = [word for word in dict.fromkeys(words) if word not in self._known]
        if len(self._known) + len(new) > 200_000:
            self._known.clear()
            new = list(dict.fromkeys(words))
        encoded = self._tokenizer.encode_batch_fast(new, add_special_tokens=False)
        for word, encoding in zip(new, encoded, strict=True):
            self._known[word] = encoding.ids[:LONGEST] or [self._unknown]
        return [self._known[word] for word in words]
