"""When are two words of a name the same word? Spelling, inflection, derivation, Latin for English.

`light` undoes spelling and plural only ("anaemias" -> "anemia"); `stem` goes on to a stem shared by
noun and adjective ("cerebellum", "cerebellar" -> "cerebell"), and to one word per concept ("renal",
"kidney" -> "kidney"). Both sides of a comparison pass through here, so a stem need not be a word.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import lru_cache
from pathlib import Path

WORDS_FILE = Path(__file__).with_name("words.toml")

# British spelling -> American, applied in this order to every word.
_SPELLING = tuple(
    (re.compile(pattern), to)
    for pattern, to in (
        ("(?<=[a-z])ae(?=[a-z])|^ae(?=[a-z]{3})", "e"),
        ("(?<=[a-z])oe(?=a|[a-z]{2})|^oe(?=[a-z]{3})", "e"),
        ("(?<=[a-z]{3})our(?=$|less|ed|ing|al)", "or"),
        ("is(?=e$|ed$|ation$|ing$)", "iz"),
        ("ys(?=e$|ed$|ing$)", "yz"),
        ("^leuc", "leuk"),
        ("sulph", "sulf"),
        ("(?<=[a-z]{2}[bt])re$", "er"),
        ("ll(?=ed$|ing$)", "l"),
    )
)
_PLURAL = tuple(
    (re.compile(pattern), to)
    for pattern, to in (
        ("(?<=[a-z]{2})ies$", "y"),
        ("(?<=[oye])ses$", "sis"),
        ("(?<=sta)ses$", "sis"),
        ("(?<=ss|sh|ch)es$|(?<=x)es$", ""),
        ("(?<=ma)ta$", ""),
        ("(?<=[a-z]{3})ae$", "a"),
        ("(?<=[a-z]{2}[bcdhlmnprtv])i$", "us"),
        ("(?<=[a-z]{2}[^sui])s$", ""),
    )
)
_KINSHIP = tuple(
    (re.compile(pattern), to)
    for pattern, to in (
        ("([aeoy])tic$", r"\1sis"),
        ("plastic$", "plasia"),
        ("if(ication|ied)$", "ify"),
    )
)
_SUFFIX = re.compile(
    "(?<=.{4})(?:ational|ically|atous|ative|ation|ition|ously|icity|ement|ical|osis|esis|ness|ment|ance"
    "|ence|ancy|ency|able|ible|ally|ary|ial|ian|ion|ive|ous|ity|ety|ism|ing|ant|ent|ic|ia|al|ar|ed|ly"
    "|us|um|is|a|e|y)$"
)


LONGEST_WORD = 60
"""Letters; anything longer is no word and is compared as it stands."""

_TABLE = tomllib.loads(WORDS_FILE.read_text("utf-8"))
_IRREGULAR: dict[str, str] = _TABLE["irregular"]
STOP_WORDS: frozenset[str] = frozenset(_TABLE["stop"].split())
PREFIXES: frozenset[str] = frozenset(_TABLE["prefixes"].split())


def fold(word: str) -> str:
    """Case, width, accents and the possessive taken away ("Sjögren’s" -> "sjogren")."""
    if not word.isascii():
        decomposed = unicodedata.normalize("NFKD", word.replace("’", "'"))
        word = "".join(c for c in decomposed if not unicodedata.combining(c))
    word = word.casefold()
    return word[:-2] if word.endswith("'s") else word.replace("'", "")


@lru_cache(maxsize=100_000)
def light(word: str) -> str:
    """The word in American spelling and singular."""
    word = fold(word)
    if len(word) > LONGEST_WORD:
        return word
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    for pattern, to in _PLURAL:
        word, changed = pattern.subn(to, word)
        if changed:
            break
    for pattern, to in _SPELLING:
        word = pattern.sub(to, word)
    return word


def _bare(word: str) -> str:
    """Suffixes off until at least four letters are left and none comes off any more."""
    for pattern, to in _KINSHIP if len(word) <= LONGEST_WORD else ():
        word = pattern.sub(to, word)
    while len(word) <= LONGEST_WORD and (shorter := _SUFFIX.sub("", word)) != word:
        word = shorter
    return word


_SAME: dict[str, str] = {
    _bare(light(word)): key
    for key, others in _TABLE["same"].items()
    for word in (key, *others.split())
}


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """What the word shares with its noun, adjective or Latin counterpart."""
    bare = _bare(light(word))
    return _SAME.get(bare, bare)
