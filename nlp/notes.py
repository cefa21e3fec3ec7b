"""Notes in, records out: the reading of notes for its own sake, beside that of patient bundles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from spacy.tokens import Doc, DocBin, Span

from engine.exceptions import KonsilError
from engine.protocols import Extraction, ReadingContext, Vocabulary
from engine.types import Code, Document, Finding, Issue, LabValue, ModelRef, Patient
from nlp import measured
from nlp.candidates import Name
from nlp.demographics import demographics
from nlp.extract import (
    Reader,
    doubt,
    encodable,
    measured_values,
    nothing_found,
    unreadable,
)
from nlp.linking import Linker
from nlp.measured import Measured
from nlp.medicines import medications
from nlp.ner import Reads
from nlp.note import Note
from nlp.record import MODIFIES, Judged, Problem, Record, Relation, Stated, as_plain
from nlp.relations import KEY as RELATIONS
from nlp.relations import Related
from nlp.structure import PROBLEMS, problems, procedures, sections_of, tests
from nlp.timeline import timeline

USER_DATA = "konsil.record"
"""Where a packed `Doc` has its record, as plain values: `doc.user_data[USER_DATA]`."""
UNREAD = "medicines, procedures, tests in words, durations and diseases beyond HPO"
"""What only the learned part reads."""


def packaged() -> tuple[Reads, ModelRef]:
    """The packaged tagger and what it is.

    Raises:
        InputError, MissingExtraError, SourceError: see `nlp.tagger.trained`.
    """
    from nlp.tagger import trained  # heavy: only who reads entities pays

    return trained()


def packed_bin() -> DocBin:
    """An empty bin for `NoteReader.read`."""
    return DocBin(store_user_data=True)


@dataclass(frozen=True, slots=True)
class Terms:
    """What mentions of diseases, signs and medicines are linked to. codes: of every term named."""

    names: Sequence[Name]
    codes: Mapping[str, Code]


@dataclass(frozen=True, slots=True)
class NoteReader:
    """learned: what reads entities; None where `missing` tells why there is none. literature: the
    texts are abstracts or case reports, so records also tell what a drug causes. That is learned
    from such texts: of notes, most of what it told was wrong (nlp/weights/CARD.md).
    """

    reader: Reader
    learned: ModelRef | None
    missing: KonsilError | None
    codes: Mapping[str, Code] = field(default_factory=dict[str, Code])
    literature: bool = False

    @classmethod
    def compile(cls, vocabulary: Vocabulary, terms: Terms | None = None) -> NoteReader:
        """With the packaged tagger, if it is there. terms: what entities are linked to."""
        try:
            tagger, model = packaged()
        except KonsilError as error:
            return cls(Reader.compile(vocabulary), None, error)
        return cls.with_tagger(vocabulary, tagger, model, terms)

    @classmethod
    def with_tagger(
        cls, vocabulary: Vocabulary, tagger: Reads, model: ModelRef, terms: Terms | None = None
    ) -> NoteReader:
        """With a tagger of one's own."""
        linker = Linker.over(terms.names) if terms else None
        reader = Reader.compile(vocabulary, tagger=tagger, linker=linker)
        return cls(reader, model, None, terms.codes if terms else {})

    def read(
        self, document: Document, *, remarks: Sequence[Issue] = (), into: DocBin | None = None
    ) -> Record:
        """The structure of a note.

        remarks: what is known to be wrong with it. into: one of `packed_bin`, to which the `Doc` is
        added, too.
        """
        document = replace(document, text=encodable(document.text))
        if issue := unreadable(document):
            return self.refused(document, (*remarks, issue), into=into)
        with self.reader.opened(document) as doc:
            record = self._record(Note(document, doc, self.codes))
            record = replace(record, issues=(*remarks, *record.issues))
            if into is not None:
                _pack(doc, record, into)
        return record

    def refused(
        self, document: Document, issues: Sequence[Issue], *, into: DocBin | None = None
    ) -> Record:
        """The record of a note that is not read; a bin holds its bare text."""
        text = encodable(document.text)
        record = Record(document.id, text, False, tuple(issues))
        if into is not None:
            _pack(self.reader.pipeline.make_doc(text), record, into)
        return record

    def _record(self, note: Note) -> Record:
        document = note.document
        concepts = list(self.reader.concepts(document, note.doc))
        values = measured_values(document, note.doc)
        said = demographics(document.text)
        stated = said and Stated(said.age_years, said.sex, note.quote(said.start, said.end))
        judged = _judged(document, concepts, values, self._context(stated))
        record = Record(
            document=document.id,
            text=document.text,
            read=True,
            issues=(),
            patient=stated,
            sections=tuple(sections_of(note)),
            problems=tuple(problems(note, concepts)),
            medications=tuple(medications(note)),
            tests=tuple(tests(note, values, _by_place(judged.findings))),
            procedures=tuple(procedures(note)),
            timeline=tuple(timeline(note, _datable(note, concepts))),
            relations=tuple(r for r in _relations(note) if self.literature or r.label == MODIFIES),
            models=tuple(filter(None, (self.reader.model, self.learned, *judged.models))),
        )
        issues = (*self._issues(document, record), *judged.issues)
        return replace(record, issues=(*issues, *_not_judged(document, judged)))

    def _context(self, stated: Stated | None) -> ReadingContext:
        patient = Patient(stated.sex, stated.age_years) if stated else Patient()
        return ReadingContext(patient, None, self.reader.vocabulary)

    def _issues(self, document: Document, record: Record) -> Iterator[Issue]:
        anything = record.problems or record.medications or record.tests or record.patient
        if issue := doubt(document) if anything else nothing_found(document):
            yield issue
        if self.missing is not None:
            message = f"{self.missing.message}; not read: {UNREAD}"
            yield Issue("warning", document.id, message, self.missing.fix)
        if unlinked := _unlinked(record.problems):
            message = f"{unlinked} mentions of diseases or symptoms are linked to no term"
            yield Issue("info", document.id, message, "code them by hand where they matter")


def _not_judged(document: Document, judged: Extraction) -> Iterator[Issue]:
    """Values that were read and not judged, each with why."""
    if reasons := "; ".join(dict.fromkeys(skipped.reason for skipped in judged.skipped)):
        message = f"values that were not judged: {reasons}"
        yield Issue("info", document.id, message, "judge them by hand where they matter")


def _relations(note: Note) -> Iterator[Relation]:
    found: Sequence[Related] = note.doc._.get(RELATIONS)
    for one in found:
        said = note.cite(one.head), note.cite(one.tail), note.cite_all(one.sentences)
        both = note.said(one.head), note.said(one.tail)
        yield Relation(one.label, *said, one.score, *both)


def _unlinked(found: Sequence[Problem]) -> int:
    return sum(problem.code is None for problem in found)


def _datable(note: Note, concepts: Sequence[tuple[Span, Finding]]) -> list[Span]:
    """What a date or duration may belong to."""
    named = [*note.entities(*PROBLEMS, "procedure"), *note.drugs()]
    return [*named, *(span for span, _ in concepts)]


def _judged(
    document: Document,
    concepts: Sequence[tuple[Span, Finding]],
    values: Sequence[Measured],
    context: ReadingContext,
) -> Extraction:
    said = [(document, finding) for _, finding in concepts]
    return measured.findings(values, said, context)


def _by_place(findings: Sequence[Finding]) -> dict[str, list[Judged]]:
    found: dict[str, list[Judged]] = {}
    for finding in findings:
        for value in finding.citations:
            if isinstance(value, LabValue):
                judged = Judged(finding.code, finding.status, value.reference)
                found.setdefault(value.observation, []).append(judged)
    return found


def _pack(doc: Doc, record: Record, into: DocBin) -> None:
    """The assertions of spans are no plain values; the record says the same and more."""
    doc.user_data = {USER_DATA: as_plain(record)}
    into.add(doc)
