"""Documents in, findings out, each citing the exact characters it was read from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from importlib.metadata import version
from threading import Lock

from spacy.language import Language
from spacy.tokens import Doc, Span

from engine.protocols import Extraction, ReadingContext, Vocabulary
from engine.types import Document, Finding, Issue, ModelRef, Patient, Sex, TextSpan
from nlp import assertion, measured, measurements, sections
from nlp.cache import load_lexicon
from nlp.concepts import KEY
from nlp.demographics import Demographics, demographics
from nlp.language import hardly_english, leaning, other_language
from nlp.linking import Linker
from nlp.measured import Measured
from nlp.ner import Reads
from nlp.pipeline import build

_LONG = 30
"""Words: an English text this long in which nothing is recognised is worth a word."""
_NAMED = 3  # documents an issue names, at most
_SURROGATE = re.compile("[\ud800-\udfff]")  # half characters that no encoder accepts


@dataclass(slots=True)
class Reader:
    """A pipeline compiled for one vocabulary; only its phenotypes are read.

    lock: spaCy's memory zones do not nest, so one thread reads at a time.
    """

    vocabulary: Vocabulary
    pipeline: Language
    model: ModelRef
    lock: Lock = field(default_factory=Lock)

    @classmethod
    def compile(
        cls, vocabulary: Vocabulary, *, tagger: Reads | None = None, linker: Linker | None = None
    ) -> Reader:
        """tagger: see `nlp.pipeline.build`."""
        phenotypes = (x for x in vocabulary.labels() if vocabulary.is_phenotype(x.term))
        lexicon = load_lexicon(phenotypes)
        digest = sha256(lexicon.sha256.encode())
        for table in (assertion.TABLE_FILE, sections.TABLE_FILE):
            digest.update(table.read_bytes())
        model = ModelRef("nlp.dictionary", version("konsil"), digest.hexdigest())
        return cls(vocabulary, build(lexicon, tagger=tagger, linker=linker), model)

    def read(self, document: Document) -> tuple[list[Finding], list[Measured]]:
        """One finding per mention of a phenotype, and the measured values, in reading order."""
        with self.opened(document) as doc:
            return [finding for _, finding in self.concepts(document, doc)], measured_values(
                document, doc
            )

    @contextmanager
    def opened(self, document: Document) -> Iterator[Doc]:
        """A document as the pipeline reads it; nothing of spaCy's may be kept from inside."""
        with self.lock, self.pipeline.memory_zone():
            yield self.pipeline(encodable(document.text))

    def concepts(self, document: Document, doc: Doc) -> Iterator[tuple[Span, Finding]]:
        """Every mention of a phenotype and what it says, in reading order."""
        for span in doc.spans[KEY]:
            code = self.vocabulary.code(span.kb_id_)
            if code is None:
                continue
            said: assertion.Assertion = span._.assertion
            context = said.context
            if context == "historical" and self.vocabulary.is_circumstance(code.code):
                context = "current"
            if document.historical and context == "current":
                context = "historical"
            start, end = span.start_char, span.end_char
            finding = Finding(
                code=code,
                status=said.status,
                citations=(TextSpan(document.id, start, end, document.text[start:end]),),
                produced_by=self.model,
                context=context,
                recorded=document.recorded,
            )
            yield span, finding


def encodable(text: str) -> str:
    """The text with U+FFFD for every half character; all others stay where they are."""
    return _SURROGATE.sub("\ufffd", text)


def measured_values(document: Document, doc: Doc) -> list[Measured]:
    """The values measured in a document, in reading order."""
    return [
        Measured(document, measurement, span._.assertion.context)
        for span in doc.spans[measurements.KEY]
        for measurement in span._.measurements
    ]


_readers: list[Reader] = []
"""The reader compiled last. A process reads with one vocabulary; a second one replaces it."""


def reader(vocabulary: Vocabulary) -> Reader:
    """The reader of a vocabulary, compiled on first use (about a second for HPO)."""
    if not _readers or _readers[0].vocabulary is not vocabulary:
        _readers[:] = [Reader.compile(vocabulary)]
    return _readers[0]


def unreadable(document: Document) -> Issue | None:
    """Why a document cannot be read, if it cannot."""
    if not document.text.strip():
        return Issue(
            "warning", document.id, "the document is empty", "send its text, or leave it out"
        )
    if language := other_language(document.text, document.language):
        return Issue(
            "warning",
            document.id,
            f"the document is not in English ({language}); nothing was read from it",
            "send an English translation, or state its language if this is wrong",
        )
    return None


def doubt(document: Document) -> Issue | None:
    """Names that several languages share are read, but not what a foreign text says of them."""
    if document.language is None and (language := leaning(document.text)):
        return Issue(
            "warning",
            document.id,
            f"the text may not be in English ({language}); what was read from it may be wrong",
            "send an English translation, or state the language if it is English",
        )
    return None


def nothing_found(document: Document) -> Issue | None:
    """What to say of a readable document that gave no finding; None for a short English one."""
    if document.language is None and hardly_english(document.text):
        return Issue(
            "warning",
            document.id,
            "nothing was recognised; the text may not be in English",
            "send an English translation, or state the language if it is English",
        )
    if len(document.text.split()) >= _LONG:
        return Issue(
            "info",
            document.id,
            "nothing was recognised in this text",
            "check that it describes the patient's signs and symptoms",
        )
    return None


def extract(items: Sequence[Document], context: ReadingContext) -> Extraction:
    """Phenotypes and values of every readable document; an issue for each that is not.

    Values are judged last: any note may state the age and sex that their ranges need.
    """
    reading = reader(context.vocabulary)
    mentions: list[tuple[Document, Finding]] = []
    values: list[Measured] = []
    issues: list[Issue] = []
    stated: list[tuple[Document, Demographics]] = []
    for document in items:
        if issue := unreadable(document):
            issues.append(issue)
            continue
        found, measured_here = reading.read(document)
        mentions.extend((document, finding) for finding in found)
        values.extend(measured_here)
        said = demographics(document.text)
        anything = found or measured_here or said
        if issue := doubt(document) if anything else nothing_found(document):
            issues.append(issue)
        if said and not document.historical:
            stated.append((document, said))
    patient, remarks = _patient(stated, context.patient)
    whose = context.patient.completed(patient)
    judged = measured.findings(values, mentions, replace(context, patient=whose))
    return Extraction(
        findings=(*(finding for _, finding in mentions), *judged.findings),
        models=(reading.model, *judged.models),
        issues=(*issues, *remarks, *judged.issues),
        skipped=judged.skipped,
        patient=patient,
    )


def _patient(
    stated: Sequence[tuple[Document, Demographics]], known: Patient
) -> tuple[Patient, list[Issue]]:
    """Age and sex the notes state and the bundle does not; none where the notes disagree."""
    ages = {said.age_years for _, said in stated if said.age_years is not None}
    sexes: set[Sex] = {said.sex for _, said in stated if said.sex is not None}
    patient = Patient(
        sex=sexes.pop() if known.sex is None and len(sexes) == 1 else None,
        age_years=ages.pop() if known.age_years is None and len(ages) == 1 else None,
    )
    issues: list[Issue] = []
    if (known.age_years is None and len(ages) > 1) or (known.sex is None and len(sexes) > 1):
        places = ", ".join(document.id for document, _ in stated[:_NAMED])
        if len(stated) > _NAMED:
            places += f" and {len(stated) - _NAMED} more"
        message = (
            "the notes disagree on the patient's age or sex; what they disagree on is not used"
        )
        issues.append(Issue("warning", places, message, "state sex and birth date in the bundle"))
    if patient != Patient():
        document, said = stated[0]
        quote = " ".join(document.text[said.start : said.end].split())
        message = f"age and sex are not stated in the bundle; read from the text: {quote!r}"
        issues.append(Issue("info", document.id, message, "state sex and birth date in the bundle"))
    return patient, issues
