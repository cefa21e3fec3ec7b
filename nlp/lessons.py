"""What the tagger and the relations are taught: annotated documents as windows, tags and pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlp.corpora import Annotated
from nlp.pairs import Pairs, Relation, pairs_of
from nlp.reading import Words, places, words_of
from nlp.schemes import Mention, Scheme
from nlp.windows import Window

Cut = Callable[[Sequence[str], Sequence[int]], Iterator[Window]]
"""How a network cuts a document: its words, and where among them each sentence begins."""


@dataclass(frozen=True, slots=True)
class Taught:
    """mentions: their places count words of the example. labels: (G,), 1 where related."""

    relation: str
    mentions: Sequence[Mention]
    pairs: Pairs
    labels: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Example:
    """One window, or the windows of a document whose mentions are related.

    words: those of the windows. allowed: (W, K), the tags that agree with the annotators.
    """

    scheme: str
    windows: Sequence[Window]
    words: Sequence[str]
    allowed: NDArray[np.bool_]
    taught: Taught | None = None

    @property
    def length(self) -> int:
        """Pieces of its longest window."""
        return max(len(window.pieces) for window in self.windows)


def windows(
    documents: Iterable[Annotated], corpus: str, scheme: Scheme, cut: Cut
) -> Iterator[Example]:
    """Windows of a corpus's documents with the tags they teach."""
    for document in documents:
        read = words_of(document.text)
        found = list(cut(read.words, read.sentences))
        allowed = _allowed(document, read, corpus, scheme, found)
        for window in found:
            span = slice(window.words.start, window.words.stop)
            yield Example(scheme.name, [window], read.words[span], allowed[span])


def related(
    documents: Iterable[Annotated],
    corpus: str,
    scheme: Scheme,
    relation: Relation,
    cut: Cut,
) -> Iterator[Example]:
    """Documents of a corpus with the tags and the relations they teach."""
    for document in documents:
        read = words_of(document.text)
        found = list(cut(read.words, read.sentences))
        if found:
            taught = relations_of(document, read, corpus, scheme, relation)
            allowed = _allowed(document, read, corpus, scheme, found)
            yield Example(scheme.name, found, read.words, allowed, taught)


def unrelated(
    document: Words, mentions: Sequence[Mention], scheme: Scheme, relation: Relation, cut: Cut
) -> Example | None:
    """A text none of whose mentions are related, and that teaches nothing else."""
    keys = [(str(number),) for number in range(len(mentions))]
    pairs = pairs_of(relation, mentions, document.sentences, keys)
    found = list(cut(document.words, document.sentences))
    if not found or not pairs.names:
        return None
    anything = np.ones((len(document.words), len(scheme.tags)), np.bool_)
    labels = np.zeros(len(pairs.names), np.float32)
    taught = Taught(relation.name, mentions, pairs, labels)
    return Example(scheme.name, found, document.words, anything, taught)


def retold(document: Words, mentions: Sequence[Mention], scheme: Scheme, cut: Cut) -> list[Example]:
    """Windows of a text with the tags that another tagger gives."""
    found = list(cut(document.words, document.sentences))
    tags = _begun(scheme.encode(mentions, len(document.words)), found)
    allowed = np.eye(len(scheme.tags), dtype=np.bool_)[tags]
    spans = [slice(window.words.start, window.words.stop) for window in found]
    return [
        Example(scheme.name, [window], document.words[span], allowed[span])
        for span, window in zip(spans, found, strict=True)
    ]


def relations_of(
    document: Annotated, read: Words, corpus: str, scheme: Scheme, relation: Relation
) -> Taught:
    """The pairs that may be related in a document and which are."""
    names = scheme.corpora[corpus]
    known = sorted(
        (*place, names[entity.label], number)
        for number, entity in enumerate(document.entities)
        if entity.label in names and (place := places(read, entity.start, entity.end))
    )
    keys = [
        document.entities[number].concepts if relation.reach == "document" else (str(number),)
        for *_, number in known
    ]
    mentions = [(start, stop, kind) for start, stop, kind, _ in known]
    pairs = pairs_of(relation, mentions, read.sentences, keys)
    label = relation.corpora[corpus]
    marked = {(r.head, r.tail) for r in document.relations if r.label == label}
    labels = np.array([pair in marked for pair in pairs.names], np.float32)
    return Taught(relation.name, mentions, pairs, labels)


def _allowed(
    document: Annotated, read: Words, corpus: str, scheme: Scheme, cut: Sequence[Window]
) -> NDArray[np.bool_]:
    """(W, K): the tags of each word that agree with the annotators."""
    names = scheme.corpora[corpus]
    mentions = [
        (*place, names[entity.label])
        for entity in document.entities
        if entity.label in names and (place := places(read, entity.start, entity.end))
    ]
    tags = _begun(scheme.encode(mentions, len(read.words)), cut)
    allowed = np.eye(len(scheme.tags), dtype=np.bool_)[tags]
    allowed[tags == 0] |= scheme.silent(corpus)
    return allowed


def _begun(tags: NDArray[np.int64], cut: Sequence[Window]) -> NDArray[np.int64]:
    """What a window cuts begins again in the next: "B" for "I" at its first word."""
    for window in cut:
        tag = tags[window.words.start]
        tags[window.words.start] = tag - 1 if tag and tag % 2 == 0 else tag
    return tags
