"""Who is named in a patient's notes: which words are names, and whose initials stand for whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from nlp.deid.lexicon import credentials, known_given, words
from nlp.deid.mentions import Mention
from nlp.deid.names import IsWord
from nlp.deid.tokens import Token, tokens

_SHORTEST = 2  # letters of a name that is looked for elsewhere
_SMALL = 4  # and of one in small letters


@dataclass(slots=True)
class Roster:
    """given, surnames: words of names, in small letters. people: (given, surname), where both."""

    given: set[str] = field(default_factory=set[str])
    surnames: set[str] = field(default_factory=set[str])
    people: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def __contains__(self, word: str) -> bool:
        return word in self.given or word in self.surnames

    def add(self, name: str) -> None:
        """Learn the words of one name as it is written."""
        parts, comma = name_words(name)
        if not parts:
            return
        if len(parts) == 1:
            if parts[0] not in self:
                (self.given if parts[0] in known_given() else self.surnames).add(parts[0])
            return
        first, last = (parts[-1], parts[0]) if comma else (parts[0], parts[-1])
        if last not in self.given:
            self.surnames.add(last)
        self.given.update(part for part in parts if part not in self.surnames)
        if (first, last) not in self.people:
            self.people.append((first, last))

    def learn(self, names: Iterable[str]) -> None:
        """Learn several names, the longest first: they tell given names from surnames."""
        for name in sorted(set(names), key=lambda name: (-len(name_words(name)[0]), name)):
            self.add(name)

    def mentions(self, found: Sequence[Token], is_word: IsWord) -> Iterator[Mention]:
        """Every other place where a word of a known name stands as one.

        A word that is also a common one counts only with a capital inside a sentence.
        """
        for i, token in enumerate(found):
            word = token.text.casefold()
            if len(word) < _SHORTEST or word not in self or not token.is_word:
                continue
            if not token.is_capitalised and (len(word) < _SMALL or is_word(word)):
                continue
            if is_word(word) and token.text.isupper():
                continue
            if is_word(word) and _begins(found, i) and not _acts(found, i):
                continue
            yield Mention(token.start, token.end, "name")


def name_words(name: str) -> tuple[list[str], bool]:
    """The words of a name in small letters, without particles; is its surname first?"""
    skipped = words("names", "particles")
    parts: list[str] = []
    comma = False
    for token in tokens(name):
        if token.text == "," and parts:
            comma = True
        if not token.is_word or len(token.text) < 2 or token.text.upper() in credentials():
            continue
        if token.text.casefold() not in skipped:
            parts.append(token.text.casefold())
    return parts, comma


_VERBS = words("names", "verbs")


def _acts(found: Sequence[Token], i: int) -> bool:
    """Does somebody own or do something right behind this word?"""
    following = found[i + 1].text.lower() if i + 1 < len(found) else ""
    return following in ("'s", "’s") or following in _VERBS


def _begins(found: Sequence[Token], i: int) -> bool:
    return i == 0 or found[i - 1].text[0] in ".\n:;!?•-*"
