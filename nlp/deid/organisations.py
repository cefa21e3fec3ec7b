"""Hospitals, practices, employers and schools by the words that end their names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from nlp.deid.lexicon import credentials, phrases, words
from nlp.deid.mentions import Mention

_CAP = r"(?<!\w)[A-Z\u00C0-\u00DE][\w'’-]{0,30}"
_LINK = r"(?:of|the|and|&|for|at|in|de|del|la|on)"


@cache
def _pattern() -> re.Pattern[str]:
    heads = "|".join(
        r"[ \n]".join(_title(word) for word in phrase.split())
        for phrase in phrases("organisations", "heads")
    )
    tails = "|".join(
        form
        for phrase in phrases("organisations", "tails")
        for form in (re.escape(phrase), re.escape(phrase.upper()))
    )
    name = (
        rf"(?:[Ss][Tt]\.[ ])?{_CAP}(?:[ \n](?:(?:{_LINK})[ ])?(?:[Ss][Tt]\.[ ])?{_CAP}|[ ]&"
        rf"[ ]{_CAP}){{0,5}}?"
    )
    return re.compile(
        rf"(?<![\w.])(?P<own>{name})[ \n](?P<head>{heads})(?![\w'’-]|\s*(?:[Nn]o\b|[Nn]umber|#|:"
        rf"|ID))(?:[ ](?:of|at)[ ](?:the[ ])?{_CAP}"
        rf"(?:[ ]{_CAP}){{0,2}})?(?:,?[ ](?:{tails})(?!\w))*"
        rf"|(?<![\w.])(?P<firm>{name}),?[ ](?:{tails})(?!\w)"
        rf"|(?<![\w.])(?P<of>{heads})[ ]of[ ](?:the[ ])?(?P<whose>{_CAP}(?:[ ]{_CAP}){{0,3}})"
    )


def _title(word: str) -> str:
    return rf"(?:{re.escape(word.capitalize())}|{re.escape(word.upper())})"


def find(text: str) -> Iterator[Mention]:
    """Every name that ends as an organisation's does and has a word of its own before that."""
    position = 0
    while match := _pattern().search(text, position):
        position = match.end()
        if "\n" in match.group() and _breaks(match.group()):
            position = match.start() + match.group().index("\n")
            continue
        words_ = (match["own"] or match["firm"] or match["whose"] or "").split()
        generic = words("organisations", "common")
        first = 0
        while first < len(words_) - 1 and words_[first].lower() in ("a", "at", "to", "of", "and"):
            first += 1
        if match["whose"] and all(_plain(word) in generic for word in words_):
            continue
        if all(_plain(word) in generic for word in words_):
            continue
        start = match.start() if match["of"] else match.start() + match.group().index(words_[first])
        yield Mention(start, match.end(), "organisation")


def _breaks(found: str) -> bool:
    """Does a line of a form or signature end here, not a wrapped line of prose?"""
    return found.split("\n")[0].split()[-1].upper().replace("-", "") in credentials()


def _plain(word: str) -> str:
    return word.lower().strip(".,'’")
