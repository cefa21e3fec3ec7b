"""`konsil_relations`: what modifies, causes or induces what, of the mentions `konsil_ner` found.

Sets `doc._.relations`. A relation between mentions holds within a sentence; "induces" holds between
a drug and a disease anywhere in the document and is given once, for the two mentions that are
nearest to one another. Mentions written alike, or as one another's abbreviation, are one drug.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc, Span

from engine.exceptions import InputError
from nlp.abbreviations import definitions, expanded
from nlp.ner import READ, EntityRecogniser
from nlp.normalise import light
from nlp.pairs import Pairs, Relation, pairs_of
from nlp.reading import Read, Words
from nlp.relating import Relater
from nlp.schemes import Mention

KEY = "relations"
"""Where they are: `doc._.relations`."""
ABOVE = 0.0
"""Log odds from which a relation is given."""

Doc.set_extension(KEY, default=(), force=True)


@dataclass(frozen=True, slots=True)
class Related:
    """head relates to tail as the label says; both are mentions. score: log odds, above `ABOVE`,
    not calibrated.
    """

    head: Span
    tail: Span
    label: str
    score: float

    @property
    def sentences(self) -> tuple[Span, ...]:
        """The evidence: the sentence of both mentions, or that of each."""
        return tuple(dict.fromkeys((self.head.sent, self.tail.sent)))


class RelationExtractor:
    """The heads of the tagger as a component; it stands behind a `konsil_ner` that keeps."""

    def __init__(self, recogniser: EntityRecogniser) -> None:
        self._recogniser = recogniser

    def __call__(self, doc: Doc) -> Doc:
        words, read = cast(tuple[Words, Read], doc.user_data.pop(READ))
        found = (
            Related(_span(doc, words, head), _span(doc, words, tail), name, score)
            for relater in self._recogniser.tagger.relaters
            for name, head, tail, score in related(relater, words, read, doc.text)
        )
        ordered = sorted(found, key=lambda r: (r.head.start, r.tail.start, r.label))
        doc._.set(KEY, tuple(ordered))
        return doc


def related(
    relater: Relater, words: Words, read: Read, text: str
) -> Iterator[tuple[str, Mention, Mention, float]]:
    """Relations of one kind above `ABOVE`: name, head, tail, log odds."""
    relation = relater.relation
    mentions = read.mentions[relation.entities]
    pairs = pairs_of(relation, mentions, words.sentences, keys_of(relation, mentions, words, text))
    scores = relater(read.vectors[relation.entities], pairs)
    for group in np.flatnonzero(scores > ABOVE):
        head, tail = _nearest(pairs, int(group), mentions)
        yield relation.name, mentions[head], mentions[tail], float(scores[group])


def keys_of(
    relation: Relation, mentions: Sequence[Mention], words: Words, text: str
) -> list[tuple[str, ...]]:
    """What each mention speaks of: itself, or, in a document, whatever is written alike."""
    if relation.reach == "sentence":
        return [(str(number),) for number in range(len(mentions))]
    known = definitions(text)
    written = (text[words.starts[a] : words.ends[b - 1]] for a, b, _ in mentions)
    kinds = (kind for *_, kind in mentions)
    return [
        (f"{kind} " + " ".join(map(light, expanded(name, known).lower().split())),)
        for kind, name in zip(kinds, written, strict=True)
    ]


def _nearest(pairs: Pairs, group: int, mentions: Sequence[Mention]) -> tuple[int, int]:
    rows = range(*np.searchsorted(pairs.groups, [group, group + 1]).tolist())
    both = ((int(pairs.heads[row]), int(pairs.tails[row])) for row in rows)
    return min(both, key=lambda pair: (abs(mentions[pair[0]][0] - mentions[pair[1]][0]), pair))


def _span(doc: Doc, words: Words, mention: Mention) -> Span:
    start, stop, kind = mention
    return Span(doc, words.tokens[start], words.tokens[stop - 1] + 1, label=kind)


@Language.factory("konsil_relations", requires=["doc.spans"])
def create_relations(nlp: Language, name: str) -> RelationExtractor:
    """spaCy factory.

    Raises:
        InputError: no `konsil_ner` before it.
    """
    if "konsil_ner" not in nlp.pipe_names:
        raise InputError(
            "konsil_relations has no mentions to relate",
            where="pipeline",
            fix="add konsil_ner before it",
        )
    recogniser = cast(EntityRecogniser, nlp.get_pipe("konsil_ner"))
    recogniser.keeps = True
    return RelationExtractor(recogniser)
