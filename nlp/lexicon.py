"""The dictionary: every name of every term, keyed so that word order and inflection do not matter.

A name is reduced to the sum of the 64-bit hashes of its word stems. Addition forgets order, so
"atrophy of the cerebellum" and "cerebellar atrophy" meet at one key, and a window over a text is
looked up in constant time while it grows word by word. Two different bags of stems share a sum
with probability of about 1e-10 for the whole of HPO and a long note.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b, sha256
from pathlib import Path

from engine.protocols import Label, LabelKind
from nlp.normalise import PREFIXES, STOP_WORDS, WORDS_FILE, light, stem
from nlp.tokenizer import TOKEN

NAMES_FILE = Path(__file__).with_name("names.toml")
_RANK: dict[LabelKind, int] = {"name": 0, "exact": 1, "narrow": 2, "related": 3, "broad": 4}
_GRADES = ("borderline", "mild", "moderate", "severe", "profound")
_SYSTEM = re.compile(r"(?i:Abnormality of the \w+ system)")
_SIGNS = ("sign", "symptom")
MAX_WORDS = 12
"""Longest name that is matched, in words that count."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word that counts: tokens [start, end), keys of its stem and of its spelling."""

    start: int
    end: int
    text: str
    stem: int
    spelling: int


@lru_cache(maxsize=200_000)
def keys(word: str) -> tuple[int, int]:
    """Hashes of (stem, spelling) of a word; the same on every machine."""
    return _hash("stem " + stem(word)), _hash("word " + light(word))


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=7).digest())


def words(tokens: Sequence[str], start: int = 0, end: int | None = None) -> Iterator[Word]:
    """The words of tokens [start, end) that count; a hyphenated prefix is joined to its word.

    A capital A behind a word in small letters is a letter ("vitamin A"), no article.
    """
    position, end = start, len(tokens) if end is None else end
    before = ""
    while position < end:
        text, first = tokens[position], position
        position += 1
        if not text[0].isalnum():
            continue
        lower = text.lower()
        lettered, before = text == "A" and before[-1:].islower(), text
        if lower in STOP_WORDS and not lettered:
            continue
        if (
            lower in PREFIXES
            and position + 1 < end
            and tokens[position] == "-"
            and tokens[position + 1][0].isalpha()
        ):
            text += tokens[position + 1]
            position += 2
        yield Word(first, position, text, *keys(text))


@dataclass(slots=True)
class Lexicon:
    """Compiled names. Build it with `compile_lexicon`.

    bags: names of two and more words, by the sum of their stems. singles: one-word names, by
    spelling. acronyms: names that count only as written ("COPD"). guarded: acronyms and
    words that mean the term only beside one of the words given. stems: every stem of any name;
    a window never reaches across a word that is not among them. sha256: of labels and word tables.
    """

    bags: dict[int, str] = field(default_factory=dict[int, str])
    singles: dict[int, str] = field(default_factory=dict[int, str])
    acronyms: dict[str, str] = field(default_factory=dict[str, str])
    guarded: dict[str, list[tuple[frozenset[str], str]]] = field(
        default_factory=dict[str, list[tuple[frozenset[str], str]]]
    )
    stems: set[int] = field(default_factory=set[int])
    sha256: str = ""


def is_acronym(text: str) -> bool:
    """Written in capitals and short, so that lower-casing it would change its meaning."""
    return len(text) <= 6 and " " not in text and sum(c.isupper() for c in text) >= 2


def compile_lexicon(labels: Iterable[Label]) -> Lexicon:
    """Names, our own phrases, synonyms by scope; the first to claim a key keeps it."""
    lexicon = Lexicon()
    table = tomllib.loads(NAMES_FILE.read_text("utf-8"))
    digest = sha256(WORDS_FILE.read_bytes() + NAMES_FILE.read_bytes())
    terms: dict[str, str] = {}
    ranked = sorted(labels, key=lambda label: (_RANK[label.kind], label.term, label.text))
    for label in ranked:
        digest.update(f"{label.term}\t{label.kind}\t{label.text}\n".encode())
        terms.setdefault(label.text.casefold(), label.term)
    phrases = [(phrase, terms.get(name.casefold())) for phrase, name in table["phrases"].items()]
    names = [(label.text, label.term) for label in ranked if label.kind == "name"]
    synonyms = [(label.text, label.term) for label in ranked if label.kind != "name"]
    for text, term in (*names, *phrases, *synonyms):
        if term is not None:
            _add(lexicon, text, term)
    known = [(_stems(text), term) for text, term in (*names, *synonyms) if not is_acronym(text)]
    systems = {term for text, term in (*names, *synonyms) if _SYSTEM.fullmatch(text)}
    for total, term in (*_graded(known), *_signs(known, systems)):
        lexicon.bags.setdefault(total, term)
    lexicon.stems.update(keys(word)[0] for word in _SIGNS)
    for written, name in table["abbreviations"].items():
        if term := terms.get(name.casefold()):
            lexicon.acronyms[written] = term
    for guard in table["guarded"]:
        lexicon.acronyms.pop(guard["written"], None)
        if not is_acronym(guard["written"]):
            lexicon.singles.pop(keys(guard["written"])[1], None)
        if term := terms.get(guard["name"].casefold()):
            near = frozenset(guard["near"].split())
            lexicon.guarded.setdefault(guard["written"], []).append((near, term))
    lexicon.sha256 = digest.hexdigest()
    return lexicon


def _add(lexicon: Lexicon, text: str, term: str) -> None:
    if is_acronym(text):
        lexicon.acronyms.setdefault(text, term)
        return
    name = _words(text)
    if len(name) == 1:
        lexicon.singles.setdefault(name[0].spelling, term)
    elif 1 < len(name) <= MAX_WORDS:
        lexicon.bags.setdefault(sum(word.stem for word in name), term)
        lexicon.stems.update(word.stem for word in name)


def _words(text: str) -> list[Word]:
    return list(words([match.group() for match in TOKEN.finditer(text)]))


def _stems(text: str) -> list[int]:
    return [word.stem for word in _words(text)]


def _graded(names: list[tuple[list[int], str]]) -> Iterator[tuple[int, str]]:
    """Keys of a grade and any name of the term that it grades.

    "Severe global developmental delay" is also a "severe developmental delay", because a global
    developmental delay is called so.
    """
    term_of: dict[int, str] = {}
    keys_of: dict[str, list[int]] = {}
    for stems, term in names:
        term_of.setdefault(sum(stems), term)
        keys_of.setdefault(term, []).append(sum(stems))
    grades = {keys(grade)[0] for grade in _GRADES}
    for stems, term in names:
        for grade in grades.intersection(stems) if len(stems) > 1 else ():
            plain = term_of.get(sum(stems) - grade, term)
            if plain != term:
                yield from ((key + grade, term) for key in keys_of[plain])


def _signs(names: list[tuple[list[int], str]], systems: set[str]) -> Iterator[tuple[int, str]]:
    """Keys of "neurological signs" and "signs of the nervous system" for its abnormality."""
    abnormal, system = keys("abnormality")[0], keys("system")[0]
    for stems, term in names:
        for word in _SIGNS if term in systems and abnormal in stems else ():
            key = sum(stems) - abnormal + keys(word)[0]
            yield key, term
            if system in stems:
                yield key - system, term
