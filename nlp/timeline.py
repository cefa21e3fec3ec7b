"""Dates and durations of a note as written, and what they belong to; no date is made up."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date

from spacy.tokens import Doc, Span
from spacy.util import filter_spans

from nlp.attach import attached, holders, shares
from nlp.deid import dates
from nlp.deid.lexicon import MONTHS
from nlp.deid.mentions import apart
from nlp.note import Note
from nlp.record import Moment
from nlp.tokenizer import whole

_NAMES = "|".join(sorted({form for name in MONTHS for form in (name, name[:3])}, reverse=True))
_MONTH = rf"(?P<month>{_NAMES}|sept)"
_YEAR = r"(?P<year>(?:18|19|20)\d\d)"
_WRITTEN_OUT = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_YEAR}[-/.](?P<m>\d{{1,2}})[-/.](?P<d>\d{{1,2}})",
        rf"{_MONTH}\.?\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\s?,?\s+{_YEAR}",
        rf"(?P<d>\d{{1,2}})(?:st|nd|rd|th)?[\s-]+(?:of\s+)?{_MONTH}\.?,?[\s-]+{_YEAR}",
        rf"(?P<a>\d{{1,2}})(?P<sign>[-/.])(?P<b>\d{{1,2}})(?P=sign){_YEAR}",
    )
)
_WEEKDAY = re.compile(r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day),?\s+", re.IGNORECASE)


def timeline(note: Note, heads: Sequence[Span]) -> list[Moment]:
    """Dates and durations, by their place. heads: what they may belong to."""
    mentions = note.entities("date", "duration")
    found = sorted([*mentions, *_by_form(note.doc, mentions)])
    owners: dict[tuple[int, int], list[Span]] = {}
    taken = holders(found)
    uses = note.entities("dose", "route")
    between = [use for use in uses if not shares(use, taken)]  # "amoxicillin 500 mg for 7 days"
    for head, said in attached(note.doc, sorted(filter_spans(heads)), [*found, *between]):
        for span in said:
            owners.setdefault((span.start, span.end), []).append(head)
    return [_moment(note, span, owners.get((span.start, span.end), [])) for span in found]


def _moment(note: Note, span: Span, owners: Sequence[Span]) -> Moment:
    if span.label_ == "duration":
        return Moment("duration", note.cite(span), None, note.cite_all(owners))
    return Moment("date", note.cite(span), written_out(span.text), note.cite_all(owners))


def _by_form(doc: Doc, mentions: Sequence[Span]) -> Iterator[Span]:
    """Dates told by their form alone, where the tagger found none."""
    taken = holders(mentions)
    sure = (mention for mention in dates.find(whole(doc)) if mention.sure)
    for mention in apart(sure):
        span = doc.char_span(mention.start, mention.end, label="date")
        if span is not None and not shares(span, taken):
            yield span


def written_out(text: str) -> str | None:
    """YYYY-MM-DD where day, month and year are written and can be read in one way; else None."""
    text = _WEEKDAY.sub("", text.strip(), count=1)
    match = next((m for pattern in _WRITTEN_OUT if (m := pattern.fullmatch(text))), None)
    if match is None:
        return None
    parts = match.groupdict()
    if "a" in parts:
        ways = {(int(parts["a"]), int(parts["b"])), (int(parts["b"]), int(parts["a"]))}
    elif "month" in parts:
        short = parts["month"][:3].lower()
        month = next(i for i, name in enumerate(MONTHS, 1) if name.startswith(short))
        ways = {(int(parts["d"]), month)}
    else:
        ways = {(int(parts["d"]), int(parts["m"]))}
    read = [iso for day, month in ways if (iso := _iso(int(parts["year"]), month, day))]
    return read[0] if len(read) == 1 else None


def _iso(year: int, month: int, day: int) -> str | None:
    with suppress(ValueError):
        return date(year, month, day).isoformat()
    return None
