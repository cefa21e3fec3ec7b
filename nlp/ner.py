"""`konsil_ner`: mentions of diseases, drugs and whatever else the tagger was taught.

Sets `doc.spans["entities"]` to the mentions of the clinical and the literature scheme (label: the
type) and `doc.ents` to those that do not overlap.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Protocol

from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.util import filter_spans

from nlp.reading import Read, Words, words
from nlp.relating import Relater
from nlp.schemes import Scheme

KEY = "entities"
"""Where the spans are: `doc.spans[KEY]`."""
READ = "konsil_read"
"""Where `konsil_relations` finds what the tagger knows of them: `doc.user_data[READ]`."""
SHOWN = ("clinical", "literature")
"""Schemes whose mentions are shown. Of two that overlap, `doc.ents` has the longer, else the first;
what "adverse" calls an effect is one only beside its drug (`konsil_relations`).
"""


class Reads(Protocol):
    """What `nlp.tagger.Tagger` is to the component."""

    @property
    def schemes(self) -> tuple[Scheme, ...]: ...

    @property
    def relaters(self) -> tuple[Relater, ...]: ...

    def read(
        self, documents: Sequence[tuple[Sequence[str], Sequence[int]]], /
    ) -> Sequence[Read]: ...


class EntityRecogniser:
    """The tagger as a component; it is loaded when the first document comes."""

    def __init__(self, tagger: Reads | None = None, *, keeps: bool = False) -> None:
        """tagger: None for the packaged one. keeps: what it knows of mentions stays in
        `doc.user_data[READ]`, for `konsil_relations`, which takes it from there.
        """
        self._tagger = tagger
        self.keeps = keeps

    @property
    def tagger(self) -> Reads:
        """What it reads with.

        Raises:
            MissingExtraError: the packaged one is asked for and its encoder is not installed.
        """
        if self._tagger is None:
            from nlp.tagger import trained  # heavy: only who reads entities pays

            self._tagger = trained()[0]
        return self._tagger

    @tagger.setter
    def tagger(self, tagger: Reads) -> None:
        self._tagger = tagger

    def __call__(self, doc: Doc) -> Doc:
        return next(self.pipe([doc]))

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 32) -> Iterator[Doc]:
        """Documents in their order, read `batch_size` at a time."""
        documents = iter(stream)
        while batch := list(islice(documents, batch_size)):
            read = [words(doc) for doc in batch]
            found = self.tagger.read([(r.words, r.sentences) for r in read])
            for doc, these, one in zip(batch, read, found, strict=True):
                _mark(doc, these, one)
                if self.keeps:
                    doc.user_data[READ] = these, one
                yield doc


def _mark(doc: Doc, read: Words, found: Read) -> None:
    spans = [
        _span(doc, read, start, end, kind)
        for name in SHOWN
        for start, end, kind in found.mentions.get(name, ())
    ]
    doc.spans[KEY] = sorted({(s.start, s.end, s.label): s for s in spans}.values())
    doc.ents = filter_spans(spans)


def _span(doc: Doc, read: Words, start: int, end: int, kind: str) -> Span:
    return Span(doc, read.tokens[start], read.tokens[end - 1] + 1, label=kind)


@Language.factory("konsil_ner", assigns=["doc.ents", "doc.spans"])
def create_ner(nlp: Language, name: str) -> EntityRecogniser:
    """spaCy factory."""
    return EntityRecogniser()
