"""`konsil_ner`: mentions of diseases, drugs and whatever else the tagger was taught.

Sets `doc.spans["entities"]` to the mentions of every scheme (label: the type) and `doc.ents` to
those that do not overlap: of two, the longer, and of equals that of the later scheme.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Protocol

from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.util import filter_spans

from nlp.reading import Words, words
from nlp.schemes import Mention, Scheme

KEY = "entities"
"""Where the spans are: `doc.spans[KEY]`."""


class Reads(Protocol):
    """What `nlp.tagger.Tagger` is to the component."""

    @property
    def schemes(self) -> tuple[Scheme, ...]: ...

    def read(
        self, documents: Sequence[tuple[Sequence[str], Sequence[int]]], /
    ) -> list[dict[str, list[Mention]]]: ...


class EntityRecogniser:
    """The tagger as a component; it is loaded when the first document comes."""

    def __init__(self, tagger: Reads | None = None) -> None:
        """tagger: None for the packaged one."""
        self._tagger = tagger

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
            for doc, these, mentions in zip(batch, read, found, strict=True):
                spans = [
                    _span(doc, these, start, end, kind)
                    for scheme in reversed(self.tagger.schemes)
                    for start, end, kind in mentions[scheme.name]
                ]
                doc.spans[KEY] = sorted(spans)
                doc.ents = filter_spans(spans)
                yield doc


def _span(doc: Doc, read: Words, start: int, end: int, kind: str) -> Span:
    return Span(doc, read.tokens[start], read.tokens[end - 1] + 1, label=kind)


@Language.factory("konsil_ner", assigns=["doc.ents", "doc.spans"])
def create_ner(nlp: Language, name: str) -> EntityRecogniser:
    """spaCy factory."""
    return EntityRecogniser()
