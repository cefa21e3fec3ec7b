"""Notes all in capitals or all in small letters, written as others are; every offset stays.

Common words become small, other words get a capital, so that rules and tagger see what they know.
"""

from __future__ import annotations

import re
from functools import cache

from nlp.deid.lexicon import MONTHS, WEEKDAYS, credentials, eponyms, phrases, words
from nlp.deid.names import IsWord

_WORD = re.compile(r"[^\W_]+(?:['’](?!s\b)[^\W_]+)*", re.IGNORECASE)
_MANY, _FEW = 0.85, 0.01  # share of capitals among letters
_ENOUGH = 20  # letters


def recased(text: str, is_word: IsWord) -> str:
    """The text in usual case if it has but one case, else as it is; the length stays."""
    letters = [c for c in text if c.isalpha()]
    share = sum(c.isupper() for c in letters) / max(len(letters), 1)
    if len(letters) < _ENOUGH or _FEW < share < _MANY:
        return text
    shouted = share >= _MANY

    def usual(match: re.Match[str]) -> str:
        word = match.group()
        low = word.lower()
        if any(c.isdigit() for c in word):
            new = low if re.fullmatch(r"\d+(?:st|nd|rd|th|yo?)", low) else word.upper()
        elif low in _named():
            new = low.capitalize()
        elif word.upper() in _capitals() and (shouted or _behind_comma(text, match.start())):
            new = word.upper()
        elif is_word(low) or low in words("names", "stop") or low in _heads():
            new = low
        else:
            new = word if shouted and len(word) < 3 else low.capitalize()
        return new if len(new) == len(word) else word

    written = _CODE.sub(lambda m: m[0].upper(), _WORD.sub(usual, text))
    written = _INITIAL.sub(lambda m: m[0].upper(), written)
    written = _SECOND.sub(lambda m: _second(m, is_word), written)
    return _organisation().sub(
        lambda m: m.group().title() if m.group().isascii() else m[0], written
    )


_CODE = re.compile(
    r"\b(?:[A-Za-z]{1,3}(?=-\d{2})|(?!to|of|on|in|at|for|and|the)[a-z]{2,3}(?= \d{5}))"
)
_INITIAL = re.compile(r"(?<![\w.])[a-z](?=\.\s?[A-Z][a-z])")
_SECOND = re.compile(
    r"(?<=\b)(?P<first>[A-Z][a-z'’-]{2,} )(?P<word>[a-z]{3,})(?=[ ]?[,;(|)\n]|\.?$|[ ]{2})"
)


def _second(match: re.Match[str], is_word: IsWord) -> str:
    """A word that ends a clause behind one that is no word: "Moira small," has a surname."""
    first, word = match["first"], match["word"]
    kept = word in words("names", "stop") or word in words("protected", "heads") or word in _heads()
    if kept or is_word(first.strip().lower()) or first.strip().lower() in eponyms():
        return match[0]
    return first + word.capitalize()


@cache
def _named() -> frozenset[str]:
    """Months, weekdays and states: capitalised whatever else they may mean."""
    states = {w.lower() for state in phrases("places", "states") for w in state.split()}
    return frozenset(
        {*MONTHS, *WEEKDAYS, *states} - {"may", "march", "new", "north", "south", "west"}
    )


@cache
def _capitals() -> frozenset[str]:
    return (
        credentials()
        | words("places", "abbreviations")
        | {"NHS", "MRN", "SSN", "GMC", "NPI", "DEA"}
    )


@cache
def _heads() -> frozenset[str]:
    both = (*phrases("organisations", "heads"), *phrases("organisations", "tails"))
    return frozenset(word.lower() for phrase in both for word in phrase.split())


@cache
def _organisation() -> re.Pattern[str]:
    """A name and the words behind it that make it one of an organisation."""
    both = (*phrases("organisations", "heads"), *phrases("organisations", "tails"))
    every = "|".join(
        re.escape(p.lower()).replace(r"\ ", r"\s") for p in sorted(both, key=len, reverse=True)
    )
    stop = "|".join(map(re.escape, sorted(words("names", "stop"))))
    middle = "|".join(
        sorted(
            words("organisations", "common") - {"the", "a", "from", "at", "in", "to", "and", "of"}
        )
    )
    return re.compile(
        rf"\b[A-Z][\w'’.]+(?:\s(?:{middle}|[A-Z][\w'’]+|(?!(?:{stop})\b)[a-z]{{3,}})){{0,2}}\s(?:{every})\b(?:,?\s(?:{every})\b){{0,2}}"
    )


def _behind_comma(text: str, start: int) -> bool:
    return text[max(0, start - 2) : start] == ", "
