"""Documents in, findings out, each citing the exact characters it was read from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.metadata import version
from threading import Lock

from spacy.language import Language

from engine.protocols import Extraction, ReadingContext, Vocabulary
from engine.types import Document, Finding, Issue, ModelRef, TextSpan
from nlp import assertion, sections
from nlp.cache import load_lexicon
from nlp.concepts import KEY
from nlp.language import other_language
from nlp.pipeline import build

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
    def compile(cls, vocabulary: Vocabulary) -> Reader:
        phenotypes = (x for x in vocabulary.labels() if vocabulary.is_phenotype(x.term))
        lexicon = load_lexicon(phenotypes)
        digest = sha256(lexicon.sha256.encode())
        for table in (assertion.TABLE_FILE, sections.TABLE_FILE):
            digest.update(table.read_bytes())
        model = ModelRef("nlp.dictionary", version("konsil"), digest.hexdigest())
        return cls(vocabulary, build(lexicon), model)

    def findings(self, document: Document) -> Iterator[Finding]:
        """One finding per mention, in reading order."""
        text = _SURROGATE.sub("\ufffd", document.text)
        with self.lock, self.pipeline.memory_zone():
            doc = self.pipeline(text)
            for span in doc.spans[KEY]:
                code = self.vocabulary.code(span.kb_id_)
                if code is None:
                    continue
                said: assertion.Assertion = span._.assertion
                context = said.context
                if document.historical and context == "current":
                    context = "historical"
                start, end = span.start_char, span.end_char
                yield Finding(
                    code=code,
                    status=said.status,
                    citations=(TextSpan(document.id, start, end, document.text[start:end]),),
                    produced_by=self.model,
                    context=context,
                    recorded=document.recorded,
                )


_readers: list[Reader] = []
"""The reader compiled last. A process reads with one vocabulary; a second one replaces it."""


def reader(vocabulary: Vocabulary) -> Reader:
    """The reader of a vocabulary, compiled on first use (about a second for HPO)."""
    if not _readers or _readers[0].vocabulary is not vocabulary:
        _readers[:] = [Reader.compile(vocabulary)]
    return _readers[0]


def _unreadable(document: Document) -> Issue | None:
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


def extract(items: Sequence[Document], context: ReadingContext) -> Extraction:
    """Phenotypes of every readable document; one issue for each document that is not."""
    reading = reader(context.vocabulary)
    findings: list[Finding] = []
    issues: list[Issue] = []
    for document in items:
        if issue := _unreadable(document):
            issues.append(issue)
        else:
            findings.extend(list(reading.findings(document)))
    return Extraction(tuple(findings), (reading.model,), tuple(issues))
