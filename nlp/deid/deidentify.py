"""A note in, the same note about nobody out, and an exact account of what was replaced."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from engine.types import Issue
from nlp.deid.dates import REMOVED, Calendar
from nlp.deid.draw import Draw
from nlp.deid.finder import Finder, Guards, as_guards
from nlp.deid.mentions import Kind, Mention
from nlp.deid.people import unspaced
from nlp.deid.roster import Roster
from nlp.deid.surrogates import How, Surrogates
from nlp.deid.tokens import tokens
from nlp.language import hardly_english, other_language

_OLD = 90  # years
_NEAR = 24  # characters
_YEAR = re.compile(r"(?<!\d)(?:18|19|20)\d\d(?!\d)")
_BORN = re.compile(r"\b(?:dob|d\.o\.b\.?|born|birth|birthdate)\b[\s:.(]*(?:on\s+)?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Replacement:
    """Characters [start, end) of the note became [out_start, out_end) of what was written."""

    kind: Kind
    how: How
    start: int
    end: int
    out_start: int
    out_end: int


@dataclass(frozen=True, slots=True)
class Deidentified:
    """text: None where the note was not read. issues: why not, and what was removed."""

    text: str | None
    replaced: tuple[Replacement, ...] = ()
    issues: tuple[Issue, ...] = ()


@dataclass(slots=True)
class Patient:
    """All notes of one patient share this. language: BCP-47 tag of the notes, if stated."""

    finder: Finder
    draw: Draw
    language: str | None = None
    roster: Roster = field(default_factory=Roster)
    surrogates: Surrogates = field(init=False)

    def __post_init__(self) -> None:
        self.surrogates = Surrogates(self.draw, self.roster)

    def meet(self, text: str) -> None:
        """Learn the names of a note before any is written, so that every note knows them all."""
        if unreadable("", text, self.language) is None:
            self._find(text)

    def write(self, name: str, text: str) -> Deidentified:
        """The note with surrogates. name: the note's, for issues."""
        if issue := unreadable(name, text, self.language):
            return Deidentified(None, issues=(issue,))
        found = self._find(text)
        calendar = Calendar.of(text)
        position = 0
        replaced: list[Replacement] = []
        pieces: list[str] = []
        length = 0
        for mention in found:
            words = text[mention.start : mention.end]
            made, how = self.surrogates.of(words, mention.kind, calendar)
            if mention.kind == "date" and _tells_age_over_89(text, mention):
                made, how = REMOVED, "removed"
            before = text[position : mention.start]
            start = length + len(before)
            length = start + len(made)
            pieces += [before, made]
            replaced.append(
                Replacement(mention.kind, how, mention.start, mention.end, start, length)
            )
            position = mention.end
        written = "".join(pieces) + text[position:]
        issues = (*_removed(name, replaced), *self._left(name, text, found))
        return Deidentified(written, tuple(replaced), issues)

    def _left(self, name: str, text: str, found: Sequence[Mention]) -> Iterator[Issue]:
        """Words of people's names that stay, as they are protected or seem to be none."""
        gone = Guards(as_guards(found))
        is_word = self.finder.tagger.is_word
        for known in self.roster.mentions(tokens(text), is_word):
            written = text[known.start : known.end]
            word = written.casefold()
            named = written[0].isupper() and len(word) > 2 and not is_word(word)
            if named and not gone.within(known):
                yield Issue(
                    "warning",
                    f"{name}, characters {known.start} to {known.end}",
                    "a word of somebody's name was left here: it also names a disease or sign",
                    "read the place, and take it out by hand if a person is meant",
                )

    def _find(self, text: str) -> list[Mention]:
        found = self.finder.find(text, self.roster)
        self.roster.learn(unspaced(text[m.start : m.end]) for m in found if m.kind == "name")
        return found


def patient_of(text: str) -> str:
    """The id of a patient of whom there is one note and no id: the note itself tells."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def new_key() -> bytes:
    """A key for one run."""
    return secrets.token_bytes(32)


def unreadable(name: str, text: str, language: str | None) -> Issue | None:
    """Why a note is not read, if it is not: nothing of it may then be written."""
    if not text.strip():
        return Issue("error", name, "the note is empty", "send its text, or leave it out")
    if other := other_language(text, language):
        return Issue(
            "error",
            name,
            f"the note is not in English ({other}); nothing was written",
            "send an English translation, or state --language en if this is wrong",
        )
    if language is None and hardly_english(text):
        return Issue(
            "error",
            name,
            "the note may not be in English; nothing was written",
            "state --language en if it is English",
        )
    return None


def _tells_age_over_89(text: str, mention: Mention) -> bool:
    """Is this a date of birth (its year in full) 90 years before the last year of the note?"""
    before = text[max(0, mention.start - _NEAR) : mention.start]
    year = _YEAR.search(text, mention.start, mention.end)
    if year is None or _BORN.search(before) is None:
        return False
    return max(map(int, _YEAR.findall(text))) - int(year.group()) >= _OLD


def _removed(name: str, replaced: Sequence[Replacement]) -> Iterator[Issue]:
    for one in replaced:
        if one.how == "removed":
            yield Issue(
                "warning",
                f"{name}, characters {one.start} to {one.end}",
                "this date was removed: no calendar has it, or it tells an age over 89",
                "correct the date in the note if it is wrong",
            )
