"""Abbreviations that a text defines: "Marfan syndrome (MFS)", "MFS (Marfan syndrome)".

The algorithm of Schwartz and Hearst (Pac Symp Biocomput 2003): the letters of the short form are
looked for from the right in the words beside it, and the first must begin a word. Not in the paper:
a long form does not begin with a word such as "and".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

_BRACKETS = re.compile(r"[(\[]([^()\[\]]{2,300})[)\]]")
_CUT = re.compile(r"[;,:]\s")
_WORD = re.compile(r"\S+")
_SENTENCE = re.compile(r"[.!?;:]\s|\n\s*\n|[()\[\]]")
_LONGEST = 10  # letters and signs of a short form
_FEWEST, _MOST = 2, 10  # letters
_JOINING = frozenset(("and", "or", "of", "in", "by", "with", "for"))
_WORDS = 2  # of a short form at most


def definitions(text: str) -> dict[str, str]:
    """Short form -> the long form that is defined first."""
    found: dict[str, str] = {}
    for short, long in _pairs(text):
        found.setdefault(short, long)
    return found


def expanded(text: str, known: Mapping[str, str]) -> str:
    """The text with every defined short form in it written out ("MFS patients", "MFSs"), once:
    what a definition abbreviates in its turn stays.
    """
    if not any(short in text for short in known):
        return text
    return _any_of(tuple(known)).sub(lambda match: known[match[1]], text)


@lru_cache(maxsize=64)
def _any_of(shorts: tuple[str, ...]) -> re.Pattern[str]:
    """One of the short forms, the longest that fits, as a word or its plural."""
    ordered = sorted(shorts, key=lambda short: (-len(short), short))
    return re.compile(rf"(?<!\w)({'|'.join(map(re.escape, ordered))})s?(?!\w)")


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for match in _BRACKETS.finditer(text):
        inside = _CUT.split(match[1], maxsplit=1)[0].strip()
        before = _clause(text[max(0, match.start() - 250) : match.start()])
        if _is_short(inside):
            pair = inside, _long_form(inside, before)
        else:
            words = _WORD.findall(before)
            short = words[-1].strip("\"'") if words else ""
            pair = short, _long_form(short, inside) if _is_short(short) else ""
        if pair[1]:
            yield pair


def _clause(text: str) -> str:
    """What stands behind the last end of a sentence."""
    ends = [match.end() for match in _SENTENCE.finditer(text)]
    return text[ends[-1] if ends else 0 :].rstrip()


def _is_short(text: str) -> bool:
    return (
        2 <= len(text) <= _LONGEST
        and len(text.split()) <= _WORDS
        and text[0].isalnum()
        and _FEWEST <= sum(c.isalnum() for c in text) <= _MOST
        and any(c.isupper() for c in text)
    )


def _long_form(short: str, text: str) -> str:
    """The shortest end of `text` in which the letters of `short` occur in order; else "".

    At most min(|A| + 5, 2 |A|) words, A being the letters of the short form.
    """
    letters = [c.lower() for c in short if c.isalnum()]
    words = list(_WORD.finditer(text))
    most = min(len(letters) + 5, 2 * len(letters))
    begin = words[-most].start() if len(words) > most else 0
    lower, place = text.lower(), len(text)
    if len(lower) != len(text):  # a letter that is two in small letters would shift the places
        return ""
    for number, letter in reversed(list(enumerate(letters))):
        place -= 1
        while place >= begin and not (
            lower[place] == letter and (number > 0 or place == 0 or not lower[place - 1].isalnum())
        ):
            place -= 1
        if place < begin:
            return ""
    long = text[place:].strip(" \"'")
    said = re.findall(r"\w+", long.lower())
    nothing_new = short.lower() in said or len(long) <= len(short)
    return "" if nothing_new or said[0] in _JOINING else long
