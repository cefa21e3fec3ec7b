"""Words, numbers and punctuation marks, losslessly: `doc.text` is always the text that came in.

A plain regular expression instead of spaCy's exceptions for web prose: clinical shorthand
("r/o", "h/o", "L4-L5", "don't") is cut the same way everywhere, and no input is slow.
"""

from __future__ import annotations

import re
from typing import Any

from spacy.tokens import Doc
from spacy.util import registry
from spacy.vocab import Vocab

# A word keeps an inner apostrophe; whitespace and runs of one filler character are one token.
TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)?|\s+|([_=*.~#-])\1*|.", re.DOTALL)

_WORDS, _STARTS, _TEXT = "konsil.words", "konsil.starts", "konsil.text"
"""What the tokenizer leaves behind, because asking spaCy for it again is slow."""


def texts(doc: Doc) -> list[str]:
    """The text of every token."""
    words: list[str] | None = doc.user_data.get(_WORDS)
    return [token.text for token in doc] if words is None else words


def offsets(doc: Doc) -> list[int]:
    """Where every token begins, in characters."""
    starts: list[int] | None = doc.user_data.get(_STARTS)
    return [token.idx for token in doc] if starts is None else starts


def whole(doc: Doc) -> str:
    """`doc.text`, which spaCy puts together anew each time."""
    text: str | None = doc.user_data.get(_TEXT)
    return doc.text if text is None else text


class Tokenizer:
    """Callable spaCy expects of a tokenizer. A single blank belongs to the token before it."""

    def __init__(self, vocab: Vocab) -> None:
        self.vocab = vocab

    def __call__(self, text: str) -> Doc:
        words: list[str] = []
        spaces: list[bool] = []
        starts: list[int] = []
        for match in TOKEN.finditer(text):
            token = match.group()
            if token == " " and words and not spaces[-1] and not words[-1].isspace():
                spaces[-1] = True
            else:
                words.append(token)
                spaces.append(False)
                starts.append(match.start())
        doc = Doc(self.vocab, words=words, spaces=spaces)
        doc.user_data |= {_WORDS: words, _STARTS: starts, _TEXT: text}
        return doc

    # Nothing to save: the tokenizer has no state, and spaCy asks for these four.
    def to_bytes(self, **_: Any) -> bytes:
        return b""

    def from_bytes(self, _data: bytes, **_: Any) -> Tokenizer:
        return self

    def to_disk(self, _path: Any, **_: Any) -> None:
        return None

    def from_disk(self, _path: Any, **_: Any) -> Tokenizer:
        return self


@registry.tokenizers("konsil.tokenizer.v1")
def create_tokenizer() -> Any:
    """Factory by which a spaCy config names this tokenizer."""
    return lambda nlp: Tokenizer(nlp.vocab)
