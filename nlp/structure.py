"""A read note -> the items of its `Record`, but for medicines and timeline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from spacy.tokens import Span

from engine.types import Code, Context, Finding
from nlp import measurements, sections
from nlp.attach import attached, holders, shares
from nlp.measured import Measured
from nlp.note import Note
from nlp.record import Assertion, Judged, Modifier, Problem, Procedure, Section, Test

PROBLEMS = ("disease", "symptom")
MODIFIERS = ("severity", "anatomy", "detail", "value", "duration")


def sections_of(note: Note) -> Iterator[Section]:
    """In reading order."""
    spans = note.doc.spans
    for heading, section in zip(spans[sections.HEADINGS], spans[sections.KEY], strict=True):
        name = heading.text.strip().rstrip(":").strip()
        context = cast(Context, section.label_)
        yield Section(name, context, note.cite(heading), section.start_char, section.end_char)


def problems(note: Note, concepts: Sequence[tuple[Span, Finding]]) -> list[Problem]:
    """Mentions of concepts, and those of diseases and symptoms that no concept covers."""
    known = [span for span, _ in concepts]
    unlinked = _uncovered(note, known)
    modifiers = _modifiers(note, [*known, *unlinked])
    found: list[Problem] = []
    for (span, finding), said in zip(concepts, modifiers, strict=False):
        stated = Assertion(finding.status, finding.context, span._.assertion.conditional)
        found.append(Problem("phenotype", finding.code, note.cite(span), stated, said))
    for span, said in zip(unlinked, modifiers[len(known) :], strict=True):
        kind = "disease" if span.label_ == "disease" else "symptom"
        link = note.link(span)
        code = link and link.code
        found.append(Problem(kind, code, note.cite(span), note.said(span), said, link))
    return sorted(found, key=lambda p: (p.span.start, p.span.end))


def _uncovered(note: Note, concepts: Sequence[Span]) -> list[Span]:
    """Diseases and symptoms of which linked concepts hold less than half of the characters."""
    held = bytearray(len(note.document.text))
    for span in concepts:
        held[span.start_char : span.end_char] = b"\1" * (span.end_char - span.start_char)
    return [
        entity
        for entity in note.entities(*PROBLEMS)
        if 2 * sum(held[entity.start_char : entity.end_char]) < entity.end_char - entity.start_char
    ]


def procedures(note: Note) -> list[Procedure]:
    """Mentions of procedures."""
    spans = note.entities("procedure")
    return [
        Procedure(note.cite(span), note.said(span), said)
        for span, said in zip(spans, _modifiers(note, spans), strict=True)
    ]


def _modifiers(note: Note, heads: Sequence[Span]) -> list[tuple[Modifier, ...]]:
    """Of each head."""
    return [
        tuple(Modifier(span.label_, note.cite(span)) for span in said)
        for _, said in attached(note.doc, heads, note.entities(*MODIFIERS))
    ]


def tests(
    note: Note, values: Sequence[Measured], judged: Mapping[str, Sequence[Judged]]
) -> list[Test]:
    """Measured values, and tests told in words that no value covers.

    judged: what values mean, by their place.
    """
    found = [_measured(note, value, tuple(judged.get(value.place, ()))) for value in values]
    taken = holders([*note.doc.spans[measurements.KEY], *note.drugs()])
    told = [span for span in note.entities("test") if not shares(span, taken)]
    for span, results in attached(note.doc, told, note.entities("value")):
        cited, said = note.cite_all(results), tuple(map(note.said, results))
        place = note.cite(span)
        found.append(Test(span.text, place, note.said(span), results=cited, results_said=said))
    return sorted(found, key=lambda t: (t.span.start, t.span.end))


def _measured(note: Note, value: Measured, judged: tuple[Judged, ...]) -> Test:
    m = value.measurement
    old = note.document.historical and value.said == "current"
    return Test(
        name=m.test.names[0],
        span=note.quote(m.start, m.end),
        said=Assertion("present", "historical" if old else value.said, conditional=False),
        codes=tuple(Code("LOINC", code) for code in m.test.loinc),
        values=m.values,
        unit=m.unit,
        comparator=m.comparator,
        low=m.low,
        high=m.high,
        interpretation=m.interpretation,
        specimen=m.specimen or m.test.specimen,
        whose=m.whose,
        judged=judged,
    )
