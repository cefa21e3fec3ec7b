"""Assertion: is a concept present, absent or uncertain, and is it about this patient and now?

The method of NegEx and ConText: triggers (triggers.toml) act on the concepts in their scope. The
longest trigger at a place wins, words of a concept's own name are no trigger, and a scope
ends at the sentence or at a terminator.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, cast

from spacy.language import Language
from spacy.tokens import Doc, Span

from engine.types import Context, Status
from nlp.concepts import KEY as CONCEPTS
from nlp.sections import KEY as SECTIONS
from nlp.sentences import bounds
from nlp.tokenizer import TOKEN, texts

TABLE_FILE = Path(__file__).with_name("triggers.toml")

Says = Literal["negated", "uncertain", "historical", "family", "hypothetical", "nothing", "stop"]


@dataclass(frozen=True, slots=True)
class Assertion:
    """What is said about a concept; `span._.assertion`."""

    status: Status = "present"
    context: Context = "current"


@dataclass(frozen=True, slots=True)
class Trigger:
    """A phrase and its effect; see triggers.toml. reach: in tokens, None for the sentence."""

    words: tuple[str, ...]
    says: Says
    forward: bool
    backward: bool
    reach: int | None


@cache
def triggers() -> dict[str, list[Trigger]]:
    """All triggers by first word, the longest first."""
    table: dict[str, list[Trigger]] = {}
    for group in tomllib.loads(TABLE_FILE.read_text("utf-8"))["trigger"]:
        for phrase in group["phrases"].split(","):
            text = phrase.replace("{comma}", " , ")
            words = tuple(m.group() for m in TOKEN.finditer(text) if not m.group().isspace())
            looks = group["looks"]
            trigger = Trigger(
                words,
                group["says"],
                forward=looks in ("forward", "both"),
                backward=looks in ("backward", "both"),
                reach=group.get("reach"),
            )
            table.setdefault(words[0], []).append(trigger)
    for first in table:
        table[first].sort(key=lambda trigger: -len(trigger.words))
    return table


Hit = tuple[int, int, Trigger]
"""Words [start, end) of a sentence that are a trigger."""


def _hits(words: Sequence[str], named: Sequence[bool], *, pseudo: bool) -> Iterator[Hit]:
    """The triggers of a sentence, longest first at each place; pseudo ones or all others."""
    table = triggers()
    position = 0
    while position < len(words):
        longest = 0
        for trigger in table.get(words[position], ()):
            size = len(trigger.words)
            if size < longest:
                break
            end = position + size
            if (
                (trigger.says == "nothing") is pseudo
                and tuple(words[position:end]) == trigger.words
                and not any(named[position:end])
            ):
                longest = size
                yield position, end, trigger
        position += max(longest, 1)


def _acting(words: Sequence[str], named: Sequence[bool]) -> list[Hit]:
    """The triggers that no pseudo trigger of the same length or longer overlaps."""
    pseudo = [(start, end) for start, end, _ in _hits(words, named, pseudo=True)]
    return [
        (start, end, trigger)
        for start, end, trigger in _hits(words, named, pseudo=False)
        if not any(p < end and start < q and q - p >= end - start for p, q in pseudo)
    ]


def _scopes(words: Sequence[str], named: Sequence[bool]) -> Iterator[tuple[int, int, Says]]:
    """(start, end, what is said) of each trigger's scope, in words of the sentence."""
    hits = _acting(words, named)
    walls = [(start, end) for start, end, trigger in hits if trigger.says == "stop"]
    for start, end, trigger in hits:
        if trigger.says == "stop":
            continue
        reach = len(words) if trigger.reach is None else trigger.reach
        if trigger.forward:
            last = min([wall for wall, _ in walls if wall >= end], default=len(words))
            yield end, min(last, end + reach), trigger.says
        if trigger.backward:
            first = max([wall for _, wall in walls if wall <= start], default=0)
            yield max(first, start - reach), start, trigger.says


def _combine(said: set[Says], section: str) -> Assertion:
    status: Status = "present"
    if "negated" in said:
        status = "absent"
    elif "uncertain" in said:
        status = "uncertain"
    for context in ("family", "hypothetical", "historical"):
        if context in said or context == section:
            return Assertion(status, cast(Context, context))
    return Assertion(status)


class AssertionTagger:
    """Sets `span._.assertion` of every span in `doc.spans["concepts"]`."""

    def __call__(self, doc: Doc) -> Doc:
        by_start: dict[int, list[Span]] = {}
        for span in doc.spans.get(CONCEPTS, ()):
            by_start.setdefault(span.start, []).append(span)
        sections = [""] * len(doc)
        for section in doc.spans.get(SECTIONS, ()):
            sections[section.start : section.end] = [section.label_] * len(section)
        tokens = texts(doc)
        for first, last in bounds(doc):
            here = [span for i in range(first, last) for span in by_start.get(i, ())]
            if here:
                self._tag(here, tokens, first, last, sections[here[0].start])
        return doc

    def _tag(
        self, spans: list[Span], tokens: list[str], first: int, last: int, section: str
    ) -> None:
        """Assertions of the concepts of one sentence, tokens [first, last)."""
        places = [i for i in range(first, last) if not tokens[i].isspace()]
        place = {i: n for n, i in enumerate(places)}
        words = [tokens[i].lower().replace("’", "'") for i in places]
        named = [False] * len(words)
        for span in spans:
            for i in range(span.start, min(span.end, last)):
                if i in place:
                    named[place[i]] = True
        scopes = list(_scopes(words, named))
        for span in spans:
            n = place[span.start]
            said: set[Says] = {says for start, end, says in scopes if start <= n < end}
            span._.assertion = _combine(said, section)


if not Span.has_extension("assertion"):
    Span.set_extension("assertion", default=Assertion())


@Language.factory("konsil_assertion", requires=["doc.spans", "doc.sents"])
def create_assertion(nlp: Language, name: str) -> AssertionTagger:
    """spaCy factory."""
    return AssertionTagger()
