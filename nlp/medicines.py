"""The medicines of a note, each with dose, route, frequency and duration as written beside it."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from spacy.tokens import Span

from nlp import sections
from nlp.attach import Group, attached, beside
from nlp.note import Note
from nlp.record import Medication
from nlp.tokenizer import whole

USE = ("dose", "route", "duration")
"""Types of mention that tell how a medicine is used."""

_TIMES = r"(?:once|twice|thrice|(?:one|two|three|four|five|six|\d{1,2})(?:\s?(?:x|times))?)"
_UNIT = r"(?:hours?|hrs?|h|days?|weeks?|wks?|months?|mornings?|evenings?|nights?)"
_NUMBER = r"(?:\d{1,2}(?:\s?(?:-|to)\s?\d{1,2})?|two|three|four|six|eight|twelve)"
_ONCE = (
    rf"(?:{_TIMES}\s(?:a|per|each|every)\s{_UNIT}"
    rf"|(?:{_TIMES}\s)?(?:daily|weekly|monthly|nightly|hourly)"
    rf"|every\s(?:other\s)?(?:{_NUMBER}\s)?{_UNIT}"
    rf"|q\.?\s?\d{{1,2}}(?:\s?-\s?\d{{1,2}})?\s?\.?{_UNIT}\.?"
    r"|(?:b\.?i\.?d|t\.?i\.?d|q\.?i\.?d|q\.?o\.?d|q\.?d|q\.?h\.?s|q\.?a\.?m|q\.?p\.?m|p\.?r\.?n)"
    r"\b\.?|at\sbedtime|(?:in\sthe|each)\s(?:morning|evening)|as\sneeded)(?!\w)"
)
_FREQUENCY = re.compile(rf"(?<!\w){_ONCE}(?:,?\s{_ONCE}){{0,2}}", re.IGNORECASE)
_HEADING = re.compile(r"\ballerg(?:y|ies)\b", re.IGNORECASE)
_REACTION = (
    r"(?:allerg(?:ies|y|ic)|hypersensitiv(?:e|ity)|intoleran(?:t|ces?)|anaphyla(?:xis|ctic))"
)
_BEFORE = re.compile(
    rf"\b{_REACTION}(?:\s+(?:drug\s+)?reactions?)?(?:\s+shock)?"
    r"(?:\s+(?:to|of|after|with|from|include[sd]?|including|are|is)\b|\s*:)",
    re.IGNORECASE,
)
_JOINED = re.compile(
    r"(?:[\s.,:/&•*·-]|\b(?:and|or|both|either|also|to|the|drugs?|medications?|medicines?)\b"
    r"|\([^()]{0,60}\))*",  # what happened: "penicillin (rash), sulfa (hives)"
    re.IGNORECASE,
)
"""What may stand between the word for it and a medicine, beside other medicines."""
_NEAR = 60  # characters around a medicine in which an allergy is looked for


def medications(note: Note) -> Iterator[Medication]:
    """Mentions of drugs with what is written of their use."""
    drugs = note.drugs()
    groups = attached(note.doc, drugs, note.entities(*USE))
    frequencies = _frequencies(note, groups)
    allergies = _Allergies(note, drugs)
    for (drug, use), often in zip(groups, frequencies, strict=True):
        doses, routes, durations = (
            note.cite_all(span for span in use if span.label_ == kind) for kind in USE
        )
        link = note.link(drug)
        allergy = allergies.speak_of(drug)
        yield Medication(
            span=note.cite(drug),
            said=note.said(drug),
            allergy=None if allergy and doses else allergy,
            code=link and link.code,
            link=link,
            doses=doses,
            routes=routes,
            frequencies=note.cite_all(often),
            durations=durations,
        )


def _frequencies(note: Note, groups: Sequence[Group]) -> list[list[Span]]:
    """How often each medicine is given: a part of its dose, or beside it or its dose."""
    found = {
        span.start: span
        for match in _FREQUENCY.finditer(whole(note.doc))
        if (span := note.doc.char_span(*match.span(), label="frequency")) is not None
    }
    inside = [[span for use in uses for span in _inside(found, use)] for _, uses in groups]
    for span in (span for spans in inside for span in spans):
        found.pop(span.start, None)
    uses = [use for _, uses in groups for use in uses]
    free = beside(note.doc, [drug for drug, _ in groups], [*uses, *found.values()])
    return [
        sorted([*own, *(span for span in near if span.label_ == "frequency")])
        for own, (_, near) in zip(inside, free, strict=True)
    ]


def _inside(found: dict[int, Span], use: Span) -> Iterator[Span]:
    for token in range(use.start, use.end):
        if token in found and found[token].end <= use.end:
            yield found[token]


class _Allergies:
    """Where a note speaks of allergies."""

    def __init__(self, note: Note, drugs: Sequence[Span]) -> None:
        headings = list(note.doc.spans[sections.HEADINGS])
        self._starts = [heading.start for heading in headings]
        self._about = [_HEADING.search(heading.text) is not None for heading in headings]
        self._begins = [heading.end_char for heading in headings]
        self._ends = [section.end for section in note.doc.spans[sections.KEY]]
        self._drugs = drugs
        self._at = [drug.start_char for drug in drugs]
        self._text = whole(note.doc)

    def speak_of(self, drug: Span) -> bool | None:
        """Is someone allergic to it? None where an allergy is told beside it, and it may be what is
        given instead.

        It is one to which only other medicines lead, from the heading or from "allergic to", or
        from which they lead to "allergy".
        """
        at = bisect_right(self._starts, drug.start) - 1
        under = at >= 0 and self._about[at] and drug.start < self._ends[at]
        sentence = drug.sent
        start = max(sentence.start_char, drug.start_char - _NEAR)
        end = min(sentence.end_char, drug.end_char + _NEAR)
        before = list(_BEFORE.finditer(self._text, sentence.start_char, drug.start_char))
        if before and self._joined(before[-1].end(), drug.start_char):
            return True
        if under and self._joined(self._begins[at], drug.start_char):
            return True
        after = re.search(_REACTION, self._text[drug.end_char : end], re.IGNORECASE)
        between = drug.end_char, drug.end_char + (after.start() if after else 0)
        if after and self._joined(*between) and "," not in self._text[slice(*between)]:
            return True  # of "takes aspirin, penicillin allergy", only the latter
        near = after or re.search(_REACTION, self._text[start : drug.start_char], re.IGNORECASE)
        return None if under or near else False

    def _joined(self, start: int, end: int) -> bool:
        """Is there nothing but medicines between, and what joins them?"""
        pieces: list[str] = []
        for drug in self._drugs[bisect_left(self._at, start) : bisect_left(self._at, end)]:
            pieces.append(self._text[start : drug.start_char])
            start = max(start, drug.end_char)
        pieces.append(self._text[start:end])
        return all(_JOINED.fullmatch(piece) for piece in pieces)
