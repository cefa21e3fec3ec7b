"""Words of a note with their offsets, as rules and tagger see them."""

from __future__ import annotations

import re
from dataclasses import dataclass

# A word keeps an inner apostrophe (O'Brien) but not a possessive; a line break is a token.
_TOKEN = re.compile(r"[^\W_]+(?:['’](?![sS]\b)[^\W_]+)*|['’][sS]\b|\n+|_+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Token:
    """Characters [start, end) of the text."""

    text: str
    start: int
    end: int

    @property
    def is_word(self) -> bool:
        return self.text[0].isalpha()

    @property
    def is_capitalised(self) -> bool:
        return self.text[0].isupper()


def tokens(text: str) -> list[Token]:
    """Everything but blanks, in reading order."""
    return [Token(m.group(), m.start(), m.end()) for m in _TOKEN.finditer(text)]
