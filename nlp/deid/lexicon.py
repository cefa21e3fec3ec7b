"""The word lists of this package, read once: `words.toml`, and the names the tagger learned."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from nlp.deid.generate import TRAINING, table

WORDS_FILE = Path(__file__).with_name("words.toml")


@cache
def _tables() -> dict[str, dict[str, str]]:
    return tomllib.loads(WORDS_FILE.read_text("utf-8"))


def listed(part: str, key: str) -> tuple[str, ...]:
    """The single words of a list, in its order."""
    return tuple(_tables()[part][key].split())


@cache
def words(part: str, key: str) -> frozenset[str]:
    """The single words of a list, as they are written there."""
    return frozenset(listed(part, key))


@cache
def phrases(part: str, key: str) -> tuple[str, ...]:
    """The phrases of a list, longest first."""
    found = (" ".join(phrase.split()) for phrase in _tables()[part][key].split("|"))
    return tuple(sorted(found, key=lambda phrase: (-len(phrase), phrase)))


@cache
def credentials() -> frozenset[str]:
    """Degrees and professions behind a name, in capitals and without dots or hyphens."""
    return frozenset(word.upper().replace("-", "") for word in words("names", "credentials"))


@cache
def eponyms() -> frozenset[str]:
    """Curated eponyms, in small letters."""
    return frozenset(word.casefold() for word in words("protected", "eponyms"))


@cache
def given(sex: str) -> tuple[str, ...]:
    """Given names of one sex ("female" or "male")."""
    return tuple(table(TRAINING)["people"][sex])


@cache
def known_given() -> frozenset[str]:
    """Every listed given name, in small letters."""
    return frozenset(name.casefold() for sex in ("female", "male") for name in given(sex))


@cache
def known_surnames() -> frozenset[str]:
    """Every word of a listed surname, in small letters."""
    names: list[str] = table(TRAINING)["people"]["surnames"]
    return frozenset(word.casefold() for name in names for word in name.split() if len(word) > 2)


MONTHS = listed("dates", "months")
WEEKDAYS = listed("dates", "weekdays")
ORDINALS = listed("dates", "ordinals")
"""Of days in words; the first is 1."""
