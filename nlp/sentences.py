"""Sentences of clinical notes: full stops, but also lines, bullets, headings and blank lines.

A line break inside a sentence is common (notes are wrapped at 60 to 80 columns) and so is a line
that is a statement of its own without a full stop. A break is taken as wrapping when the line is
long or the sentence is visibly unfinished.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import numpy as np
from spacy.attrs import SENT_START
from spacy.language import Language
from spacy.tokens import Doc

from nlp.sections import HEADINGS
from nlp.sections import KEY as SECTIONS
from nlp.tokenizer import texts

# Chosen, not tuned: half of a 100-column line; shorter lines are statements of their own.
WRAPPED_LINE = 50
LONGEST_SENTENCE = 500
"""Tokens: text without any sentence end (tables, junk) is cut at multiples of this."""
_UNFINISHED_WORDS = (
    ", and or of the a an in with without to for no not by from at on is was has had"
)
_ABBREVIATED = """dr mr mrs ms prof st jr sr vs eg ie e.g i.e fig figs ref approx ca cf al
    pt pts dept resp temp wt ht hx dx tx rx fx inc ltd vol ed eds etc"""
_ANSWERS = frozenset(("yes", "no", "y", "n", "none", "denies", "denied"))
_ITEM = 4  # words of an item of a form, at most
_UNFINISHED = frozenset(_UNFINISHED_WORDS.split())
_ABBREVIATIONS = frozenset(_ABBREVIATED.split())
_BULLET = re.compile(r"[-*•·–+#>]|\d{1,2}[.)]")


def _stops(doc: Doc, tokens: list[str], i: int) -> bool:
    """Does the full stop, question or exclamation mark at i end its sentence?"""
    if i + 1 >= len(tokens):
        return False
    following = tokens[i + 1]
    if not doc[i].whitespace_ and not following.isspace():
        return following == "," or (following[0].isupper() and i > 0 and tokens[i - 1].islower())
    if tokens[i] != ".":  # an answer belongs to its question
        return tokens[i] != "?" or following.lower() not in _ANSWERS
    before = tokens[i - 1] if i else ""
    if following[0].islower() or before.lower() in _ABBREVIATIONS:
        return False
    if before.lower() in ("no", "nos") and following[0].isdigit():  # number
        return False
    list_number = before.isdigit() and (i < 2 or tokens[i - 2].isspace())
    initial = len(before) == 1 and before.isupper() and following[0].isalpha()
    initial &= i < 2 or tokens[i - 2] != "/"  # "mmol/L." is a unit
    return not list_number and not initial


def _breaks(tokens: list[str], i: int, line_length: int) -> bool:
    """Does the whitespace token at i, which holds a line break, end its sentence?"""
    if tokens[i].count("\n") > 1 or i + 1 >= len(tokens):
        return True
    following = "".join(tokens[i + 1 : i + 3])
    if _BULLET.match(following):
        return True
    before = tokens[i - 1].lower() if i else ""
    answered = i > 1 and tokens[i - 2] in ":?"  # "Fever: no" is finished
    wrapped = line_length >= WRAPPED_LINE or (before in _UNFINISHED and not answered)
    return not wrapped and not (following[0].islower() and line_length >= WRAPPED_LINE // 2)


def bounds(doc: Doc) -> list[tuple[int, int]]:
    """Tokens [start, end) of every sentence."""
    starts = np.flatnonzero(doc.to_array([SENT_START]).ravel() == 1).tolist()
    starts = starts if starts[:1] == [0] else [0, *starts]
    return list(pairwise([*starts, len(doc)])) if len(doc) else []


def _answers(tokens: list[str], i: int) -> bool:
    """Is the word after the colon at i an answer, and the next item of a form right behind it?

    "Fever: no Cough: yes" are two statements; "Limbs: no edema Neuro: intact" is none of them.
    """
    if tokens[i + 1 : i + 2] == [] or tokens[i + 1].lower() not in _ANSWERS:
        return False
    words = tokens[i + 2 : i + 3 + _ITEM]
    colon = words.index(":") if ":" in words else 0
    answer = "".join(tokens[i + 3 + colon : i + 4 + colon]).lower()
    return colon > 0 and all(word.isalpha() for word in words[:colon]) and answer in _ANSWERS


class SentenceSplitter:
    """Sets `token.is_sent_start` for every token."""

    def __call__(self, doc: Doc) -> Doc:
        tokens = texts(doc)
        starts = [False] * (len(tokens) + 1)
        line_start = 0
        for i, text in enumerate(tokens):
            if text in (".", "?", "!"):
                starts[i + 1] |= _stops(doc, tokens, i)
            elif text == ":" and _answers(tokens, i):
                starts[i + 2] = True
            elif "\n" in text and text.isspace():
                starts[i + 1] |= _breaks(tokens, i, doc[i].idx - line_start)
                line_start = doc[i].idx + len(text)
        for section in doc.spans.get(SECTIONS, ()):
            starts[section.end] = True
        starts[::LONGEST_SENTENCE] = [True] * len(starts[::LONGEST_SENTENCE])
        for heading in doc.spans.get(HEADINGS, ()):
            starts[heading.start] = starts[heading.end] = True
        # One call for all tokens; a token at a time costs spaCy a check of the whole document.
        signs = [1 if start else -1 for start in starts[: len(tokens)]]
        marks: Any = np.array(signs, dtype=np.int64).view(np.uint64)
        return doc.from_array([SENT_START], marks) if tokens else doc


@Language.factory("konsil_sentences", assigns=["token.is_sent_start"])
def create_sentences(nlp: Language, name: str) -> SentenceSplitter:
    """spaCy factory."""
    return SentenceSplitter()
