"""Is a document in a language this package reads (English)? Cheap, and unsure means yes.

The stated language wins. Otherwise the script of the letters and the most frequent function words
decide; a short or telegraphic note has too few of either and is taken as English.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

_WORD = re.compile(r"[^\W\d_]+")
_SAMPLE = 20_000
"""Characters looked at; the beginning of a document tells its language."""

# The commonest function words that are no English words.
_FUNCTION_WORDS = {
    "en": "the of and to in with is was for on her his no has had patient she he are by or not",
    "de": "der die das und ist mit ein eine nicht den von zu auf im bei wurde kein keine dem des"
    " sich",
    "fr": "le la les des et une est dans du pas pour avec au aux sur il elle qui chez sans",
    "es": "el la los las y una es del por con para se que sin su al paciente lo como fue",
    "it": "il lo gli della di che una per con non del nel alla dei sono paziente ed si da",
    "pt": "o os um uma da do das dos em com que para por sem se ao paciente foi na",
    "nl": "de het een van en niet met zijn op voor bij werd geen ook aan dat er patiënt",
}
# Of the English ones, those that no other of these languages has.
_SOLELY_ENGLISH = "the of and to with for his has she he are by not this without"
_ONLY_ENGLISH = frozenset(_SOLELY_ENGLISH.split())
_WORDS = {language: frozenset(words.split()) for language, words in _FUNCTION_WORDS.items()}
_SURE_OF_ENGLISH = 0.04  # chosen: English prose has five times as many
_HINTS = 2
_MIN_WORDS = 3  # chosen: two can be a name ("de la Cruz")


def other_language(text: str, stated: str | None = None) -> str | None:
    """Name of the language when it is not English, else None.

    stated: BCP-47 tag from the sender. A script other than Latin is named as such ("cyrillic").
    """
    if stated:
        return None if stated.lower().replace("_", "-").split("-")[0] == "en" else stated
    words = [word.lower() for word in _WORD.findall(text[:_SAMPLE])]
    ascii_only = text[:_SAMPLE].isascii()
    return (None if ascii_only else _script(words)) or _function_words(words)


def hardly_english(text: str) -> bool:
    """Do fewer English function words occur than even a telegraphic English note has?"""
    words = [word.lower() for word in _WORD.findall(text[:_SAMPLE])]
    return sum(word in _ONLY_ENGLISH for word in words) <= _SURE_OF_ENGLISH * len(words)


def leaning(text: str) -> str | None:
    """The language of a text that has function words of it and none of English; a mere hint."""
    words = {word.lower() for word in _WORD.findall(text[:_SAMPLE])}
    score = {language: len(words & members) for language, members in _WORDS.items()}
    best = max(score, key=lambda language: score[language])
    return best if score[best] >= _HINTS and not words & _ONLY_ENGLISH else None


def _script(words: list[str]) -> str | None:
    scripts = Counter(unicodedata.name(c, "OTHER").split()[0].lower() for w in words for c in w)
    if not scripts:
        return None
    script, count = scripts.most_common(1)[0]
    return script if script != "latin" and 2 * count > scripts.total() else None


def _function_words(words: list[str]) -> str | None:
    counts = Counter(words)
    score = {
        language: sum(counts[word] for word in members) for language, members in _WORDS.items()
    }
    best = max(score, key=lambda language: score[language])
    return best if score[best] >= _MIN_WORDS and score[best] > 2 * score["en"] else None
