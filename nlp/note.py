"""A document and what the pipeline made of it: the mentions in it, and their characters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from spacy.tokens import Doc, Span
from spacy.util import filter_spans

from engine.types import Code, Document, TextSpan
from nlp import assertion, linking, measurements
from nlp.attach import holders, shares
from nlp.ner import KEY as ENTITIES
from nlp.record import Assertion, Candidate, Link
from nlp.sections import HEADINGS


@dataclass(frozen=True, slots=True)
class Note:
    """One document; `document.text` equals `doc.text`. codes: of the terms mentions link to."""

    document: Document
    doc: Doc
    codes: Mapping[str, Code] = field(default_factory=dict[str, Code])

    def quote(self, start: int, end: int) -> TextSpan:
        """Characters [start, end)."""
        return TextSpan(self.document.id, start, end, self.document.text[start:end])

    def cite(self, span: Span) -> TextSpan:
        """The characters of a span."""
        return self.quote(span.start_char, span.end_char)

    def cite_all(self, spans: Iterable[Span]) -> tuple[TextSpan, ...]:
        """The characters of each."""
        return tuple(map(self.cite, spans))

    def entities(self, *labels: str) -> list[Span]:
        """Mentions of these types in reading order; of two that overlap, the longer. A heading
        mentions nothing ("ALLERGIES:").
        """
        spans: Iterable[Span] = self.doc.spans.get(ENTITIES, ())
        headings = holders(self.doc.spans.get(HEADINGS, ()))
        said = (span for span in spans if span.label_ in labels and not shares(span, headings))
        return sorted(filter_spans(said))

    def drugs(self) -> list[Span]:
        """Mentions of medicines. "Potassium 5.9 mmol/L" and "potassium rises" speak of a test."""
        measured = holders(self.doc.spans[measurements.KEY])
        tests = holders(self.entities("test"))
        return [
            drug
            for drug in self.entities("drug")
            if not shares(drug, measured)
            and not (measurements.is_test(drug.text) and shares(drug, tests))
        ]

    def link(self, span: Span) -> Link | None:
        """How a mention was looked up in the graph; None where there is none to look in."""
        if not self.codes:
            return None
        found = linking.of(span)
        candidates = tuple(Candidate(self.codes[c.term], c.score) for c in found.candidates)
        return Link(candidates, found.refused)

    def said(self, span: Span) -> Assertion:
        """What the note says of a mention; in an old document nothing is of now."""
        said = assertion.of(span)
        old = self.document.historical and said.context == "current"
        context = "historical" if old else said.context
        return Assertion(said.status, context, said.conditional)
