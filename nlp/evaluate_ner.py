"""`bench ner`: mentions by strict spans, micro-averaged, with what kind of corpus it is read off
its labels. A mention counts when its first and last character and its type are right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from time import perf_counter
from typing import Any

from engine.evaluate import BenchReport, bootstrap_ci
from engine.exceptions import InputError
from engine.protocols import Vocabulary
from nlp.corpora import Annotated, read
from nlp.folds import parts
from nlp.reading import Words, words_of
from nlp.schemes import Scheme, schemes
from nlp.scores import grouped

Place = tuple[int, int, str]
"""First character, character behind the last, type."""


@dataclass(frozen=True, slots=True)
class _Scored:
    """One document: what was found and what the annotators marked."""

    document: Annotated
    found: frozenset[Place]
    marked: frozenset[Place]


def run(
    paths: Sequence[Path] | Path, vocabulary: Vocabulary | None = None, *, cv: int | None = None
) -> BenchReport:
    """Precision, recall and F1 over all mentions and by type, and words a second.

    vocabulary: not needed; accepted so that all benches look alike. cv: read each document with a
    model trained without its fold.

    Raises:
        InputError: no annotations, or none of a type that a scheme knows.
    """
    paths = [paths] if isinstance(paths, Path) else paths
    every = [document for path in paths for document in read(path)]
    documents = [document for document in every if document.entities]
    scheme, names = _scheme(documents, paths)
    seconds, overlap, models = 0.0, 0, list[str]()
    scored: list[_Scored] = []
    for part in parts(documents, cv):
        texts = [words_of(document.text) for document in part.documents]
        part.tagger.read([_given(texts[0])])  # warm
        start = perf_counter()
        mentions = part.tagger.read([_given(text) for text in texts])
        seconds += perf_counter() - start
        overlap += part.overlap
        models.append(part.model)
        scored += [
            _Scored(
                document,
                frozenset(
                    (text.starts[first], text.ends[stop - 1], kind)
                    for first, stop, kind in found.mentions[scheme.name]
                ),
                frozenset(
                    (entity.start, entity.end, names[entity.label])
                    for entity in document.entities
                    if entity.label in names
                ),
            )
            for document, text, found in zip(part.documents, texts, mentions, strict=True)
        ]
    kinds = [kind for kind in scheme.types if kind in names.values()]
    return BenchReport(
        bench="ner",
        n=len(scored),
        metrics={
            **_scores(scored, kinds),
            "words_per_s": sum(len(words_of(d.text).words) for d in documents) / seconds,
        },
        ci95=bootstrap_ci(
            lambda drawn: _scores([*chain(*drawn)], kinds),
            grouped(scored, lambda x: x.document.group),
        ),
        seconds=seconds,
        provenance={
            "konsil": version("konsil"),
            "model": "; ".join(models),
            "scheme": scheme.name,
            "paths": [str(path) for path in paths],
            "trained_on_overlap": overlap,
        }
        | ({} if cv is None else {"folds": f"{cv} folds by publication"}),
        misses=[miss for one in scored for miss in _misses(one)],
        notes=[
            f"{len(scored)} documents; strict spans and types, micro average; intervals resample"
            " publications",
            f"{len(every) - len(documents)} texts without any mention marked are left out",
            "words_per_s: the tagger alone, warm, one process; words are tokens without blanks",
        ],
    )


def _scheme(documents: Sequence[Annotated], paths: Sequence[Path]) -> tuple[Scheme, dict[str, str]]:
    """The scheme whose corpus the labels are most like, and label -> type."""
    labels = {entity.label for document in documents for entity in document.entities}
    known = [
        (len(labels & names.keys()), scheme, dict(names))
        for scheme in schemes().values()
        for names in scheme.corpora.values()
    ]
    shared, scheme, names = max(known, key=lambda entry: entry[0])
    if not shared:
        raise InputError(
            f"no label that a scheme knows (labels: {', '.join(sorted(labels)) or 'none'})",
            where=", ".join(map(str, paths)),
            fix="nlp/entities.toml lists the labels that are known",
        )
    return scheme, names


def _given(text: Words) -> tuple[Sequence[str], Sequence[int]]:
    return text.words, text.sentences


def _scores(scored: Sequence[_Scored], kinds: Sequence[str]) -> dict[str, float]:
    hit = sum(len(one.found & one.marked) for one in scored)
    found = sum(len(_of(one.found, kinds)) for one in scored)
    marked = sum(len(one.marked) for one in scored)
    scores = {
        "precision": hit / found if found else 0.0,
        "recall": hit / marked if marked else 0.0,
        "f1": 2 * hit / (found + marked) if hit else 0.0,
    }
    for kind in kinds:
        right = sum(len(_of(one.found & one.marked, [kind])) for one in scored)
        both = sum(len(_of(one.found, [kind])) + len(_of(one.marked, [kind])) for one in scored)
        scores[f"f1_{kind}"] = 2 * right / both if both else 0.0
    return scores


def _of(places: frozenset[Place], kinds: Sequence[str]) -> list[Place]:
    return [place for place in places if place[2] in kinds]


def _misses(one: _Scored) -> list[dict[str, Any]]:
    return [
        {
            "document": one.document.id,
            "kind": kind,
            "type": place[2],
            "start": place[0],
            "words": one.document.text[place[0] : place[1]],
        }
        for kind, these in (
            ("missed", one.marked - one.found),
            ("invented", one.found - one.marked),
        )
        for place in sorted(these)
    ]
