"""Assertion: is a concept present, absent or uncertain, and is it about this patient and now?

The method of NegEx and ConText: triggers (triggers.toml) act on the concepts in their scope. The
longest trigger at a place wins, words of a concept's own name are no trigger (those between them
are: "spleen is not enlarged"), and a scope ends at the sentence or at a terminator. Empty adverbs
("not clearly seen") are skipped.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, groupby, product
from pathlib import Path
from typing import Any, Literal, cast

from spacy.language import Language
from spacy.tokens import Doc, Span

from engine.types import Context, Status
from nlp.concepts import KEY as CONCEPTS
from nlp.measurements import KEY as MEASUREMENTS
from nlp.ner import KEY as ENTITIES
from nlp.record import MODIFIES
from nlp.relations import KEY as RELATIONS
from nlp.relations import Related
from nlp.sections import KEY as SECTIONS
from nlp.sentences import bounds
from nlp.tokenizer import TOKEN, texts

TABLE_FILE = Path(__file__).with_name("triggers.toml")

Says = Literal[
    "negated", "uncertain", "historical", "family", "hypothetical", "conditional", "nothing", "stop"
]
Looks = Literal["forward", "backward", "both", "sign"]


@dataclass(frozen=True, slots=True)
class Assertion:
    """What is said about a concept; `span._.assertion`.

    conditional: it is there, but only under a condition that is met at times ("chest pain on
        exertion", "penicillin causes a rash"). It counts as present: the status and context of a
        finding do not change. What only might happen ("return if fever develops") is hypothetical.
    """

    status: Status = "present"
    context: Context = "current"
    conditional: bool = False


@dataclass(frozen=True, slots=True)
class Trigger:
    """A phrase and its effect; see triggers.toml.

    reach: in tokens, None for the sentence. until: words that end its scope; forward, only behind
    the first concept ("no ataxia was seen, and ..."). spares: what a stop does not end. of: types
    of mention it is about; of all if empty.
    """

    says: Says
    looks: Looks
    reach: int | None
    until: frozenset[str] = frozenset()
    spares: str = ""
    of: frozenset[str] = frozenset()

    @property
    def is_close(self) -> bool:
        """Must a medicine or something done stand right beside it?"""
        return self.says == "negated" or bool(self.of)


@dataclass(frozen=True, slots=True)
class Scope:
    """Words [start, end) of a sentence that a trigger acts on, before it or behind it."""

    start: int
    end: int
    trigger: Trigger
    forward: bool


Phrase = tuple[str, ...]
ASSERTED = (("test", "value"), ("disease", "symptom"), ("drug",), ("procedure",))
"""Entities that something can be said of, by kind; severities, doses, dates ... are none. A test
and its result are one: "CT was negative" does not deny the CT.
"""
CLOSE = ("drug", "procedure", "test")
"""What is given or done: only words that stand right beside it deny it. "No bleeding on warfarin"
does not deny the warfarin.
"""


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(TABLE_FILE.read_text("utf-8"))


def _phrases(text: str, slots: dict[str, str]) -> Iterator[Phrase]:
    """The phrases of a group, every {slot} filled with each of its alternatives."""
    for phrase in text.split(","):
        parts = re.split(r"\{(\w+)\}", phrase)
        filled = [slots[part].split("|") if n % 2 else [part] for n, part in enumerate(parts)]
        for choice in product(*filled):
            words = (match.group() for match in TOKEN.finditer(" ".join(choice)))
            yield tuple(word for word in words if not word.isspace())


@cache
def triggers() -> dict[Phrase, list[Trigger]]:
    """All triggers by their words."""
    table: dict[Phrase, list[Trigger]] = {}
    for group in _table()["trigger"]:
        trigger = Trigger(
            group["says"],
            group["looks"],
            reach=group.get("reach"),
            until=frozenset(group.get("until", "").split()),
            spares=group.get("spares", ""),
            of=frozenset(group.get("of", "").split()),
        )
        for phrase in _phrases(group["phrases"], _table()["slots"]):
            table.setdefault(phrase, []).append(trigger)
    return table


@cache
def _sizes() -> dict[str, list[int]]:
    """Lengths of the triggers that begin with a word, the longest first."""
    sizes: dict[str, set[int]] = {}
    for phrase in triggers():
        sizes.setdefault(phrase[0], set()).add(len(phrase))
    return {word: sorted(these, reverse=True) for word, these in sizes.items()}


@cache
def _words(name: str) -> frozenset[str]:
    """A list of words of the table."""
    return frozenset(_table()[name].split())


Hit = tuple[int, int, Trigger]
"""Words [start, end) of a sentence that are a trigger."""


def _hits(words: Sequence[str], named: Sequence[bool], kind: str, *, pseudo: bool) -> Iterator[Hit]:
    """The triggers of a sentence about a type of mention, longest first at each place; pseudo ones
    or all others.
    """
    position = 0
    while position < len(words):
        longest = 1
        for size in _sizes().get(words[position], ()):
            end = position + size
            acting = [
                trigger
                for trigger in triggers().get(tuple(words[position:end]), ())
                if (trigger.says == "nothing") is pseudo and (not trigger.of or kind in trigger.of)
            ]
            if acting and not any(named[position:end]):
                yield from ((position, end, trigger) for trigger in acting)
                longest = size
                break
        position += longest


def _acting(words: Sequence[str], named: Sequence[bool], kind: str) -> list[Hit]:
    """The triggers that no pseudo trigger of the same length or longer overlaps."""
    pseudo = [(start, end) for start, end, _ in _hits(words, named, kind, pseudo=True)]
    return [
        (start, end, trigger)
        for start, end, trigger in _hits(words, named, kind, pseudo=False)
        if not any(p < end and start < q and q - p >= end - start for p, q in pseudo)
    ]


def _scopes(words: Sequence[str], named: Sequence[bool], kind: str) -> Iterator[Scope]:
    """Of each trigger of a sentence about a type of mention."""
    hits = _acting(words, named, kind)
    stops = [hit for hit in hits if hit[2].says == "stop"]
    for start, end, trigger in hits:
        if trigger.says == "stop":
            continue
        walls = [(s, e) for s, e, stop in stops if stop.spares != trigger.says]
        reach = len(words) if trigger.reach is None else trigger.reach
        looks = trigger.looks
        if looks == "sign":
            looks = "forward" if _leads(words) else "backward"
        if looks != "backward":
            last = min([wall for wall, _ in walls if wall >= end], default=len(words))
            last = min(last, end + reach)
            stated = next((i for i in range(end, last) if named[i]), last)
            ends = (i for i in range(stated, last) if words[i] in trigger.until)
            yield Scope(end, next(ends, last), trigger, forward=True)
        if looks != "forward":
            first = max([wall for _, wall in walls if wall <= start], default=0)
            first = max(first, start - reach)
            own = start  # "has" of "has not been seen" is no earlier clause
            while own and words[own - 1] in _words("helpers"):
                own -= 1
            ends = (i + 1 for i in range(own - 1, first - 1, -1) if words[i] in trigger.until)
            yield Scope(next(ends, first), start, trigger, forward=False)


def _is_close(scope: Scope, begin: int, end: int, words: Sequence[str], known: list[bool]) -> bool:
    """Stand only words that lead to it, and others of its kind, between a trigger and a mention?

    begin, end: the mention's words. known: which words are mentions.
    """
    if not scope.forward:
        passed = _words("helpers") | _words("lists")
        return all(known[i] or words[i] in passed for i in range(end, scope.end))
    between = range(scope.start, begin)
    first = next((i for i in between if known[i]), begin)
    return all(
        known[i] or words[i] in _words("lists") or (i < first and words[i] in _words("leads_in"))
        for i in between
    )


def _leads(words: Sequence[str]) -> bool:
    """Does the first sign in brackets of a sentence stand before its item?"""
    first = next(i for i, word in enumerate(words) if word in "([")
    return not first or words[first - 1] in ":,;."


def _combine(said: set[Says], section: str) -> Assertion:
    status: Status = "present"
    if "negated" in said:
        status = "absent"
    elif "uncertain" in said:
        status = "uncertain"
    contexts = ("family", "hypothetical", "historical")
    context = next((c for c in contexts if c in said or c == section), "current")
    conditional = "conditional" in said and status != "absent" and context != "hypothetical"
    return Assertion(status, cast(Context, context), conditional=conditional)


class AssertionTagger:
    """Sets `span._.assertion` of the spans in `doc.spans["concepts"]`, `["measurements"]` and, of
    the kinds `ASSERTED`, `["entities"]`.

    Each kind by itself: what is said of one must not change with what else was recognised.
    """

    def __call__(self, doc: Doc) -> Doc:
        kinds = list(_kinds(doc))
        if not kinds:
            return doc
        sections = [""] * len(doc)
        for section in doc.spans.get(SECTIONS, ()):
            sections[section.start : section.end] = [section.label_] * len(section)
        tokens, sentences = texts(doc), bounds(doc)
        starts = [first for first, _ in sentences]
        said: Said = {}
        for spans in kinds:
            ordered = sorted(spans, key=lambda span: span.start)
            for at, these in groupby(ordered, lambda span: bisect_right(starts, span.start) - 1):
                here = list(these)
                self._tag(here, tokens, *sentences[at], sections[here[0].start])
                said |= {_place(span): span._.assertion for span in here}
        doc._.set(SAID, said)
        return doc

    def _tag(
        self, spans: list[Span], tokens: list[str], first: int, last: int, section: str
    ) -> None:
        """Assertions of the concepts of one sentence, tokens [first, last)."""
        inside = {
            i
            for span in spans
            for i in range(span.start, min(span.end, last))
            if i not in span._.gaps
        }
        places = [i for i in range(first, last) if i in inside or _counts(tokens, i)]
        place = {i: n for n, i in enumerate(places)}
        words = [tokens[i].lower().replace("’", "'") for i in places]
        named = [i in inside for i in places]
        if words[-1] != ".":  # a line without a full stop is over all the same
            words, named = [*words, "."], [*named, False]
        scopes = list(_scopes(words, named, spans[0].label_))
        for span in spans:
            begin, end = place[span.start], place[min(span.end, last) - 1] + 1
            said: set[Says] = {
                scope.trigger.says
                for scope in scopes
                if scope.start < end
                and begin < scope.end
                and not (
                    scope.trigger.is_close
                    and span.label_ in CLOSE
                    and not _is_close(scope, begin, end, words, named)
                )
            }
            span._.assertion = _combine(said, section)


def of(span: Span) -> Assertion:
    """What is said of a mention as what its label says; `span._.assertion` is one for all mentions
    at its characters ("denies bleeding on warfarin": the medicine, and the term "takes warfarin").
    """
    said: Said = span.doc._.get(SAID)
    same: Assertion = span._.assertion
    return said.get(_place(span), same)


def _place(span: Span) -> tuple[int, int, str]:
    return span.start, span.end, span.label_


def _kinds(doc: Doc) -> Iterator[list[Span]]:
    """Entities first: an assertion belongs to its characters, and a concept's own must stay."""
    entities = doc.spans.get(ENTITIES, ())
    of_kind = [[span for span in entities if span.label_ in labels] for labels in ASSERTED]
    groups = [*_only_related(doc, chain(*of_kind)), *of_kind]
    groups += [list(doc.spans.get(key, ())) for key in (CONCEPTS, MEASUREMENTS)]
    yield from filter(None, groups)


def _only_related(doc: Doc, asserted: Iterable[Span]) -> list[list[Span]]:
    """What is caused or causes and is no entity (effects of drugs are none), by type."""
    known = {(span.start, span.end) for span in asserted}
    related: Sequence[Related] = doc._.get(RELATIONS)
    ends = ((one.head, one.tail) for one in related if one.label != MODIFIES)
    groups: dict[str, dict[tuple[int, int], Span]] = {}
    for span in chain.from_iterable(ends):
        if (place := (span.start, span.end)) not in known:
            groups.setdefault(span.label_, {})[place] = span
    return [list(spans.values()) for spans in groups.values()]


def _counts(tokens: Sequence[str], i: int) -> bool:
    """Is the token a word to look at? Not blanks, empty adverbs, or the point of a decimal."""
    token = tokens[i]
    if token in ".," and tokens[i + 1 : i + 2] and tokens[i + 1].isdigit():
        return not (i and tokens[i - 1].isdigit())
    return not token.isspace() and token.lower() not in _words("fillers")


Said = dict[tuple[int, int, str], Assertion]
"""First token, token behind the last, type -> assertion."""
SAID = "assertions"
"""Where they are: `doc._.assertions`."""

if not Doc.has_extension(SAID):
    Doc.set_extension(SAID, default=cast(Said, {}))
if not Span.has_extension("assertion"):
    Span.set_extension("assertion", default=Assertion())


@Language.factory("konsil_assertion", requires=["doc.spans", "doc.sents"])
def create_assertion(nlp: Language, name: str) -> AssertionTagger:
    """spaCy factory."""
    return AssertionTagger()
