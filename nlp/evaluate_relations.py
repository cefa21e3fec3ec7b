"""`bench relations`: what is related to what, with the annotators' mentions and end to end.

A relation between mentions counts when both mentions have the right characters and types. One
between concepts (CID) counts when both are the annotators' concepts: a mention that was found is
given the concepts of the annotators' mention at the same characters; where there is none, the
relation is wrong. Beside each stands what relating all pairs would score.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.evaluate import BenchReport, bootstrap_ci
from engine.exceptions import InputError
from engine.protocols import Vocabulary
from nlp.corpora import Annotated, read
from nlp.folds import parts
from nlp.lessons import relations_of
from nlp.pairs import Pairs, Relation, pairs_of, relations
from nlp.reading import Words, words_of
from nlp.relations import ABOVE, keys_of
from nlp.schemes import Mention, schemes
from nlp.scores import Counts, grouped, ratio
from nlp.tagger import Tagger

Place = tuple[int, int, str]
"""First character, character behind the last, type."""
End = Place | str
"""What is related: a mention or a concept."""
Pair = tuple[End, End]


@dataclass(frozen=True, slots=True)
class _Scored:
    """One document. found: right, invented and missed by the way of finding them: "gold" mentions
    or "end_to_end", and the same of all pairs.
    """

    document: Annotated
    marked: frozenset[Pair]
    found: Mapping[str, Counts]
    misses: Sequence[dict[str, Any]]


def run(
    paths: Sequence[Path] | Path, vocabulary: Vocabulary | None = None, *, cv: int | None = None
) -> BenchReport:
    """F1 of relations with given mentions and end to end, each beside that of all pairs.

    vocabulary: not needed; accepted so that all benches look alike. cv: answer each document with
    a model trained without its fold.

    Raises:
        InputError: no annotations, or none of a relation that is known.
    """
    paths = [paths] if isinstance(paths, Path) else paths
    documents = [document for path in paths for document in read(path)]
    relation, corpus = _relation(documents, paths)
    documents = [d for d in documents if relation.reach == "document" or d.relations]
    seconds, overlap, models = 0.0, 0, list[str]()
    scored: list[_Scored] = []
    for part in parts(documents, cv):
        begin = perf_counter()
        scored += _scored(part.tagger, part.documents, relation, corpus)
        seconds += perf_counter() - begin
        overlap += part.overlap
        models.append(part.model)
    return BenchReport(
        bench="relations",
        n=len(scored),
        metrics=_metrics(scored),
        ci95=bootstrap_ci(
            lambda drawn: _metrics([*chain(*drawn)]), grouped(scored, lambda x: x.document.group)
        ),
        seconds=seconds,
        provenance={
            "konsil": version("konsil"),
            "model": "; ".join(models),
            "relation": relation.name,
            "paths": [str(path) for path in paths],
            "trained_on_overlap": overlap,
        }
        | ({} if cv is None else {"folds": f"{cv} folds by publication"}),
        misses=[miss for one in scored for miss in one.misses],
        notes=[
            f"{len(scored)} texts, {sum(len(one.marked) for one in scored)} relations"
            f" {relation.name!r}; micro average; intervals resample publications",
            "all_pairs: the score of relating every pair that may be related",
            *([_CONCEPTS] if relation.reach == "document" else []),
            *([_CAUSING] if relation.name == "causes" else []),
        ],
    )


_CONCEPTS = (
    "end to end: mentions found, not given; a mention at the annotators' characters has their"
    " concept, any other has none and its relations are wrong"
)
_CAUSING = "sentences in which a drug causes an effect, as is usual for this corpus"


def _relation(documents: Sequence[Annotated], paths: Sequence[Path]) -> tuple[Relation, str]:
    labels = {relation.label for document in documents for relation in document.relations}
    for relation in relations().values():
        for corpus, label in relation.corpora.items():
            if label in labels:
                return relation, corpus
    raise InputError(
        f"no relation that is known (labels: {', '.join(sorted(labels)) or 'none'})",
        where=", ".join(map(str, paths)),
        fix="nlp/relations.toml lists the labels that are known",
    )


def _scored(
    tagger: Tagger, documents: Sequence[Annotated], relation: Relation, corpus: str
) -> Iterator[_Scored]:
    scheme = schemes()[relation.entities]
    relater = next(r for r in tagger.relaters if r.relation.name == relation.name)
    texts = [words_of(document.text) for document in documents]
    taught = [
        relations_of(document, text, corpus, scheme, relation)
        for document, text in zip(documents, texts, strict=True)
    ]
    given = [(text.words, text.sentences) for text in texts]
    known = tagger.read(given, [{scheme.name: one.mentions} for one in taught])
    found = tagger.read(given)
    for document, text, one, told, seen in zip(documents, texts, taught, known, found, strict=True):
        places = _places(document, scheme.corpora[corpus])
        marked = _marked(document, relation, corpus, places)
        gold = _ends(one.pairs, {} if relation.reach == "document" else places)
        mentions = seen.mentions[scheme.name]
        keys = keys_of(relation, mentions, text, document.text)
        pairs = pairs_of(relation, mentions, text.sentences, keys)
        ends = _ends(pairs, _found_ends(relation, document, text, mentions, keys))
        related = _above(gold, relater(told.vectors[scheme.name], one.pairs))
        right = _above(ends, relater(seen.vectors[scheme.name], pairs))
        ways = {
            "gold": related,
            "gold_all_pairs": frozenset(gold),
            "end_to_end": right,
            "end_to_end_all_pairs": frozenset(ends),
        }
        counts = {way: _counts(these, marked) for way, these in ways.items()}
        yield _Scored(document, marked, counts, [*_misses(document, related, right, marked)])


def _places(document: Annotated, names: Mapping[str, str]) -> dict[str, Place]:
    """Number of an entity, as text -> where it is."""
    return {
        str(number): (entity.start, entity.end, names[entity.label])
        for number, entity in enumerate(document.entities)
        if entity.label in names
    }


def _marked(
    document: Annotated, relation: Relation, corpus: str, places: Mapping[str, Place]
) -> frozenset[Pair]:
    """What the annotators relate, of types that are read."""
    given = [(r.head, r.tail) for r in document.relations if r.label == relation.corpora[corpus]]
    if relation.reach == "document":
        return frozenset(given)
    return frozenset((places[h], places[t]) for h, t in given if h in places and t in places)


def _ends(pairs: Pairs, known: Mapping[str, End]) -> list[Pair]:
    """Both ends of each pair: what its keys stand for, or the keys."""
    return [(known.get(head, head), known.get(tail, tail)) for head, tail in pairs.names]


def _above(ends: Sequence[Pair], scores: NDArray[np.float32]) -> frozenset[Pair]:
    return frozenset(pair for pair, score in zip(ends, scores, strict=True) if score > ABOVE)


def _found_ends(
    relation: Relation,
    document: Annotated,
    text: Words,
    mentions: Sequence[Mention],
    keys: Sequence[Sequence[str]],
) -> dict[str, End]:
    """Key -> the mention, or the concept most of the key's mentions have, or else its first."""
    spans = [(text.starts[a], text.ends[b - 1], kind) for a, b, kind in mentions]
    if relation.reach == "sentence":
        return {key: span for span, (key,) in zip(spans, keys, strict=True)}
    concepts = {(e.start, e.end): e.concepts for e in document.entities if e.concepts}
    votes: dict[str, Counter[str]] = {}
    first: dict[str, End] = {}
    for span, (key,) in zip(spans, keys, strict=True):
        first.setdefault(key, span)
        votes.setdefault(key, Counter()).update(concepts.get(span[:2], ()))
    return first | {key: most.most_common(1)[0][0] for key, most in votes.items() if most}


def _counts(found: frozenset[Pair], marked: frozenset[Pair]) -> Counts:
    right = len(found & marked)
    return right, len(found) - right, len(marked) - right


def _metrics(scored: Sequence[_Scored]) -> dict[str, float]:
    """precision, recall and F1 with given mentions and end to end; F1 of all pairs."""
    metrics: dict[str, float] = {}
    for way in ("gold", "end_to_end"):
        values = ratio([one.found[way] for one in scored])
        names = (f"precision_{way}", f"recall_{way}", f"f1_{way}")
        metrics |= dict(zip(names, values, strict=True))
        metrics[f"f1_{way}_all_pairs"] = ratio([one.found[f"{way}_all_pairs"] for one in scored])[2]
    return metrics


def _misses(
    document: Annotated, gold: frozenset[Pair], found: frozenset[Pair], marked: frozenset[Pair]
) -> Iterator[dict[str, Any]]:
    for way, these in (("gold", gold), ("end_to_end", found)):
        for kind, pairs in (("missed", marked - these), ("invented", these - marked)):
            for head, tail in sorted(pairs, key=str):
                yield {
                    "document": document.id,
                    "way": way,
                    "kind": kind,
                    "head": _said(document, head),
                    "tail": _said(document, tail),
                }


def _said(document: Annotated, end: End) -> str:
    """An end in the document's words."""
    if isinstance(end, str):
        mention = next(e for e in document.entities if end in e.concepts)
        return f"{document.text[mention.start : mention.end]} ({end})"
    return f"{document.text[end[0] : end[1]]} ({end[0]}-{end[1]} {end[2]})"
