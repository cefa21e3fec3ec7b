"""Surrogate names: each word of a name has its own, so "John Smith" and "Mr. Smith" agree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from nlp.deid.draw import Draw
from nlp.deid.lexicon import credentials, given, words
from nlp.deid.roster import Roster
from nlp.deid.tokens import tokens

_SPACED = re.compile(r"[^\W\d_](?:[ .]{1,3}[^\W\d_.]){3,}")
_INITIALS = 4  # letters written as one word that can only be initials, at most
_TRIES = 40


@dataclass(slots=True)
class People:
    """given, surnames: word -> its surrogate, in small letters, filled as they are asked for.

    Two words share no surrogate, nor is one a name of the notes: where a draw is taken, the next
    is tried, so such a pair depends on the order in which they were met.
    """

    draw: Draw
    roster: Roster
    given: dict[str, str] = field(default_factory=dict[str, str])
    surnames: dict[str, str] = field(default_factory=dict[str, str])

    def surrogate(self, name: str) -> str:
        """Another name in the form of this one: case, initials, particles and punctuation."""
        if _SPACED.fullmatch(name):
            return self._spaced(name)
        found = tokens(name)
        alone = [token for token in found if token.is_word]
        if len(alone) == 1 and self._are_initials(name):
            return self._initials(name)
        text, position = "", 0
        for i, token in enumerate(found):
            text += name[position : token.start]
            position = token.end
            if (
                not token.is_word
                or token.text.lower() in words("names", "particles")
                or (
                    token.text.upper() in credentials()
                    and i
                    and token.text.isupper()
                    and len(token.text) > 1
                )
            ):
                text += token.text
            elif len(token.text) == 1:
                text += self._initial(token.text, [t.text.casefold() for t in found])
            else:
                text += _like(token.text, self.word(token.text.casefold()))
        return text + name[position:]

    def word(self, word: str) -> str:
        """The surrogate of one word of a name."""
        is_given = word in self.roster.given and word not in self.roster.surnames
        used = self.given if is_given else self.surnames
        if word not in used:
            taken = {*self.given.values(), *self.surnames.values()}
            options = (self._drawn(word, is_given, n) for n in range(_TRIES))
            free = (o for o in options if o not in taken and o not in self.roster and o != word)
            used[word] = next(free, self._drawn(word, is_given, _TRIES))
        return used[word]

    def _drawn(self, word: str, is_given: bool, attempt: int) -> str:
        if not is_given:
            start = self.draw.choice(
                sorted(words("surrogates", "starts")), "name", word, str(attempt)
            )
            end = self.draw.choice(
                sorted(words("surrogates", "surname")), "end", word, str(attempt)
            )
            return (start + end).lower()
        sexes = [sex for sex in ("female", "male") if word in {n.casefold() for n in given(sex)}]
        pool = [
            n
            for sex in sexes or ("female", "male")
            for n in given(sex)
            if n.isascii() and n.isalpha()
        ]
        return self.draw.choice(pool, "given", word, str(attempt)).lower()

    def _are_initials(self, name: str) -> bool:
        """Capitals like "JS" that stand for somebody named, or that are too few for a name."""
        if not (name.isupper() and name.isalpha() and 1 < len(name) <= _INITIALS):
            return False
        if name.casefold() in self.roster:
            return False
        return len(name) <= 3 or any(_stands_for(name, *who) for who in self.roster.people)

    def _initials(self, name: str) -> str:
        """Those of the surrogate of whoever is meant; else any."""
        for first, last in self.roster.people:
            if _stands_for(name, first, last):
                middle = self.draw.shape(name[1:-1], "middle", first, last)
                return (self.word(first)[0] + middle + self.word(last)[0]).upper()
        return self.draw.shape(name, "initials", name)

    def _initial(self, letter: str, name: list[str]) -> str:
        """ "J." of "J. Smith" is that of John's surrogate, if a John Smith is known."""
        for first, last in self.roster.people:
            if last in name and first[0] == letter.casefold() and first not in name:
                return _like(letter, self.word(first)[0])
        return self.draw.shape(letter, "initial", letter.casefold(), *name)

    def _spaced(self, name: str) -> str:
        """J O H N  S M I T H: letters apart, words further apart."""
        parts = re.split(r"(\s{2,})", name)
        written: list[str] = []
        for part in parts:
            letters = "".join(c for c in part if c.isalpha())
            if not letters:
                written.append(part)
                continue
            gap = "".join(c for c in part[1:] if not c.isalpha())[:1]
            written.append(gap.join(_like(letters, self.word(letters.casefold()))))
        return "".join(written)


def unspaced(name: str) -> str:
    """The name that is written with its letters apart; any other as it is."""
    if not _SPACED.fullmatch(name):
        return name
    return " ".join(_letters(name))


def _letters(name: str) -> Iterator[str]:
    for part in re.split(r"\s{2,}", name):
        yield "".join(c for c in part if c.isalpha())


def _stands_for(initials: str, first: str, last: str) -> bool:
    return (initials[0] + initials[-1]).casefold() == first[0] + last[0]


def _like(old: str, new: str) -> str:
    """`new` in the case of `old`."""
    if old.isupper():
        return new.upper()
    return new if old.islower() else new.capitalize()
