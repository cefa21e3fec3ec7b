"""All witnesses together: rules, the tagger, names already known; what must survive is cut out."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter

import numpy as np

from engine.protocols import Label
from nlp.deid import ages, dates, lexicon, names, numbers, organisations, places
from nlp.deid.mentions import Mention, apart
from nlp.deid.protected import Guard, Protector
from nlp.deid.recase import recased
from nlp.deid.roster import Roster
from nlp.deid.surrogates import generic
from nlp.deid.tagger import Floats, Tagger, spans
from nlp.deid.tokens import Token, tokens

BOLDNESS = 0.7
"""A word goes when the tagger's probability that it identifies nobody is below this."""
_UNKNOWN = 0.85  # the same for a word with a capital that is neither a common word nor an eponym
_INITIALS = 4
_SHOUTED = 6  # letters; shorter words in capitals are abbreviations
_WITNESS = 0.3  # what the tagger must say for a form that may be something else
_SURE = 0.9  # of a name that is looked for in the rest of the notes
_START = attrgetter("start")


@dataclass(frozen=True, slots=True)
class Finder:
    """Finds what identifies people. Compile once; safe to share between threads."""

    tagger: Tagger
    protector: Protector

    @classmethod
    def compile(cls, labels: Iterable[Label]) -> Finder:
        """labels: names of findings and diseases, which are never taken for people."""
        return cls(Tagger.load(), Protector.compile(labels))

    def find(self, text: str, roster: Roster | None = None) -> list[Mention]:
        """Every identifier, in reading order, none overlapping another.

        roster: names known from other notes of the patient; those of this note are added to it.
        """
        return list(apart(self._ordered(text, Roster() if roster is None else roster)))

    def _ordered(self, text: str, roster: Roster) -> Iterator[Mention]:
        """The surest witness first."""
        text = recased(text, self.tagger.is_word)
        words = tokens(text)
        probability = self.tagger.probabilities(words)
        guards = self.protector.guards(text, words)
        guards += [Guard(start, end, True) for start, end in names.closings(text)]
        firm = [guard for guard in guards if guard.firm]
        placed = list(places.find(text))
        fixed = list(apart(self._formed(text, words, probability, placed)))
        named = [
            *organisations.find(text),
            *names.find(text, words, self.tagger.is_word),
            *placed,
        ]
        by_rule = _layered(named, text, [*firm, *as_guards(fixed)])
        barred = Guards(guards)
        by_rule = [m for m in by_rule if m.sure or not barred.within(m)]
        filled = Guards(as_guards([*fixed, *by_rule]))
        learned = self._learned(text, words, probability, barred, filled)
        sure = [m for m, p in learned if p >= _SURE]
        roster.learn(text[m.start : m.end] for m in [*by_rule, *sure] if m.kind == "name")
        yield from fixed
        yield from by_rule
        yield from (m for m, _ in learned)
        # Whose name is known may be called by it, unless a disease or sign stands there in full.
        named_in_full = Guards(firm)
        for mention in roster.mentions(words, self.tagger.is_word):
            yield from _cut(mention, text, named_in_full.within(mention))

    def _formed(
        self,
        text: str,
        words: Sequence[Token],
        probability: Floats,
        placed: Sequence[Mention],
    ) -> Iterator[Mention]:
        """What its form gives away; where that is not enough, the tagger must agree.

        placed: places by rule.
        """
        streets = [m for m in placed if text[m.start : m.end][:1].isdigit()]
        numbered = list(numbers.find(text))
        yield from (m for m in numbered if m.kind in ("email", "url", "ip"))
        candidates = [*dates.find(text), *numbered, *ages.find(text)]
        yield from numbers.labelled(text)
        yield from (m for m in candidates if m.sure and m.kind == "age")
        yield from (m for m in candidates if m.sure and m.kind == "date")
        yield from (m for m in streets if any(c.isalpha() for c in text[m.start : m.end]))
        yield from (m for m in candidates if m.sure)
        for mention in candidates:
            if not mention.sure and _witnessed(mention, words, probability):
                yield mention

    def _learned(
        self,
        text: str,
        words: Sequence[Token],
        probability: Floats,
        barred: Guards,
        filled: Guards,
    ) -> list[tuple[Mention, float]]:
        """What the tagger says beyond the rules, without what is protected.

        barred: what is protected. filled: what the rules have taken.
        """
        found: list[tuple[Mention, float]] = []
        for mention, p in spans(words, probability, boldness=_boldness(words, self.tagger.is_word)):
            near = barred.within(mention)
            barring = [g for g in near if g.firm or _alone(g, mention, words)]
            for part in _cut(mention, text, sorted([*barring, *filled.within(mention)])):
                part = _without_adverb(part, text)
                if _is_something(part, text, self.tagger.is_word, p):
                    found.append((part, p))
        return found


class Guards:
    """Guards, found by place."""

    def __init__(self, guards: Iterable[Guard] = ()) -> None:
        self._sorted = sorted(guards)
        self._longest = max((g.end - g.start for g in self._sorted), default=0)

    def add(self, guards: Iterable[Guard]) -> None:
        for guard in guards:
            insort(self._sorted, guard)
            self._longest = max(self._longest, guard.end - guard.start)

    def within(self, mention: Mention) -> list[Guard]:
        """Those that share a character with the mention, in reading order."""
        first = bisect_left(self._sorted, mention.start - self._longest, key=_START)
        stop = bisect_left(self._sorted, mention.end, key=_START)
        return [guard for guard in self._sorted[first:stop] if guard.end > mention.start]


def _alone(guard: Guard, mention: Mention, words: Sequence[Token]) -> bool:
    """Is an eponym all of what was tagged, so that it is no part of "Chase Baker"?"""
    first = bisect_left(words, mention.start, key=_START)
    stop = bisect_left(words, mention.end, key=_START)
    return not any(
        token.is_capitalised
        for token in words[first:stop]
        if token.end <= guard.start or token.start >= guard.end
    )


def _is_something(mention: Mention, text: str, is_word: names.IsWord, p: float) -> bool:
    """A tagged date or number must look like one, a name have a word that can be one ..."""
    words = text[mention.start : mention.end]
    parts = [part for part in re.findall(r"[^\W\d_]+", words) if len(part) > 1]
    if places.is_kept(words) or all(word.lower() in titles() for word in parts):
        return False
    if mention.kind == "name":
        if words.isupper() and len(words) <= _INITIALS:  # rules know where initials stand
            return False
        small = p >= _SURE  # a name in small letters must be sure
        able = [w for w in parts if w[0].isupper() or (small and len(w) > 2 and not is_word(w))]
        return bool(able) and not names.is_degree(words) and not _short(words)
    if mention.kind == "organisation" and all(word.lower() in generic() for word in parts):
        return False
    if mention.kind == "date":
        return dates.shifted(words, 0, dates.Calendar(False, 2001)) is not None
    if mention.kind in ("id", "phone"):
        return sum(c.isdigit() for c in words) >= 3
    return any(c.isalpha() for c in words)


def titles() -> frozenset[str]:
    """Mr, Dr and the like."""
    return lexicon.words("names", "titles")


def _boldness(words: Sequence[Token], is_word: names.IsWord) -> Floats:
    """How bold to be with each word; (T,)."""
    small = {token.text for token in words if token.text.islower()}

    def unknown(token: Token) -> bool:
        low = token.text.lower()
        known = any(map(is_word, (low, low.rstrip("s")))) or low in small or len(low) < 3
        known = known or low in lexicon.eponyms()
        shouted = token.text.isupper() and len(low) < _SHOUTED
        return token.is_capitalised and not shouted and not known

    return np.array([_UNKNOWN if unknown(t) else BOLDNESS for t in words], np.float32)


def _without_adverb(mention: Mention, text: str) -> Mention:
    """The name without the word that begins its sentence: "Then Smith ..."."""
    match = re.match(r"(\w+),?\s+", text[mention.start : mention.end])
    if mention.kind != "name" or match is None:
        return mention
    stop = lexicon.words("names", "adverbs") | lexicon.words("names", "stop")
    if match[1].lower() not in stop - {"may", "will"}:
        return mention
    return Mention(mention.start + match.end(), mention.end, mention.kind, mention.sure)


def _short(words: str) -> bool:
    """Two letters such as "Na": initials are capitals."""
    return len(words) < 3 and not words.isupper()


def _witnessed(mention: Mention, words: Sequence[Token], probability: Floats) -> bool:
    first = max(bisect_right(words, mention.start, key=_START) - 1, 0)
    inside = [
        probability[i, 0]
        for i in range(first, bisect_left(words, mention.end, key=_START))
        if mention.start < words[i].end and words[i].text[0].isalnum()
    ]
    return bool(inside) and float(1 - min(inside)) >= _WITNESS


def _layered(mentions: Iterable[Mention], text: str, guards: Sequence[Guard]) -> list[Mention]:
    """Each mention without what the guards or an earlier one hold."""
    kept: list[Mention] = []
    taken = Guards(guards)
    for mention in mentions:
        parts = list(_cut(mention, text, taken.within(mention)))
        kept += parts
        taken.add(as_guards(parts))
    return sorted(kept)


def as_guards(mentions: Iterable[Mention]) -> list[Guard]:
    """Their characters as taken."""
    return [Guard(m.start, m.end, True) for m in mentions]


def _cut(mention: Mention, text: str, guards: Sequence[Guard]) -> Iterator[Mention]:
    """The mention without the guarded characters, and without punctuation at the ends of its parts.

    guards: those that share a character with it, in reading order.
    """
    start = mention.start
    for guard in [*guards, Guard(mention.end, mention.end, True)]:
        if guard.start > start:
            part = _trimmed(text, start, guard.start)
            if part is not None:
                yield Mention(*part, mention.kind, mention.sure)
        start = max(start, guard.end)


def _trimmed(text: str, start: int, end: int) -> tuple[int, int] | None:
    while start < end and not (text[start].isalnum() or text[start] in "(+*"):
        start += 1
    while end > start and not (text[end - 1].isalnum() or text[end - 1] in ")*"):
        end -= 1
    if text[start:end].count("(") != text[start:end].count(")"):
        while start < end and text[start] in "()":
            start += 1
        while end > start and text[end - 1] in "()":
            end -= 1
    return (start, end) if any(c.isalnum() for c in text[start:end]) else None
