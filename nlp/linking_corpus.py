"""A linker to the vocabulary of an annotated corpus (MeSH for BC5CDR and NCBI), built from it.

Its names are the mentions of the corpus, so it knows only concepts that the corpus names.
It is built from the corpus that the user has: the table of mentions is the corpus's own work, of
which no copy is packaged.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from nlp.abbreviations import definitions, expanded
from nlp.candidates import FLOOR, Name
from nlp.corpora import Annotated, Entity, read
from nlp.linking import LINKABLE, Linker
from nlp.schemes import schemes

FOLDS = 5
COST = 2.0
"""How many right links a wrong one outweighs: what is linked is right at least 2 times in 3."""

Scored = tuple[str, float, bool]
"""Group of the best candidate, its score, and whether it is right."""

_MESH = re.compile(r"(?:MeSH:|MESH:)?(?=[CD]\d+$)")


def kinds_of(entity: Entity) -> tuple[str, ...]:
    """The type of a corpus's mention; empty where it is of none that can be linked."""
    return tuple(kind for kind in _kinds().get(entity.label, ()) if kind in LINKABLE)


def _kinds() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for scheme in schemes().values():
        for labels in scheme.corpora.values():
            found |= {label: (kind,) for label, kind in labels.items()}
    return found


def concepts_of(entity: Entity) -> frozenset[str]:
    """The concepts of a mention as CURIEs; a "+" between two means both."""
    ids = (part for concept in entity.concepts for part in concept.split("+"))
    return frozenset(_MESH.sub("MESH:", i, count=1) for i in ids)


def names_of(documents: Iterable[Annotated]) -> list[Name]:
    """Every mention of one concept as a name of it, with how often it means it."""
    times: Counter[tuple[str, str, str]] = Counter()
    for document in documents:
        for entity in document.entities:
            kinds, concepts = kinds_of(entity), concepts_of(entity)
            if kinds and len(concepts) == 1:
                text = document.text[entity.start : entity.end]
                times[text, next(iter(concepts)), LINKABLE[kinds[0]][0]] += 1
    return [Name(text, term, group, times=n) for (text, term, group), n in times.items()]


def learned(paths: Sequence[Path]) -> Linker:
    """The linker of annotated corpora, its thresholds chosen by cross-validation by document.

    Raises:
        InputError: no annotations, or damaged ones.
    """
    return learned_from([document for path in paths for document in read(path)])


def learned_from(documents: Sequence[Annotated]) -> Linker:
    """As `learned`, from documents that are read."""
    groups = sorted({document.group for document in documents})
    fold_of = {group: place % FOLDS for place, group in enumerate(groups)}
    scored: list[Scored] = []
    for fold in range(FOLDS):
        seen = Linker.over(names_of(d for d in documents if fold_of[d.group] != fold))
        held = [d for d in documents if fold_of[d.group] == fold]
        scored += best_of(seen, held)
    return Linker.over(names_of(documents), thresholds=thresholds(scored))


def best_of(
    linker: Linker,
    documents: Iterable[Annotated],
    nodes: Mapping[str, frozenset[str]] | None = None,
) -> list[Scored]:
    """The best candidate of every mention that a threshold could link.

    nodes: the terms that a concept of the corpus is in the vocabulary, where that is not the
    corpus's own; mentions whose concepts it does not know cannot be judged.
    """
    scored: list[Scored] = []
    for document in documents:
        known = definitions(document.text)
        for entity in document.entities:
            right = concepts_of(entity)
            if nodes is not None:
                right = frozenset().union(*(nodes.get(i, frozenset()) for i in right))
            if nodes is not None and not right:
                continue
            text = expanded(document.text[entity.start : entity.end], known)
            link = linker.link(text, kinds_of(entity))
            if link.is_a_question_of_score:
                best = link.candidates[0]
                scored.append((best.name.group, best.score, best.term in right))
    return scored


def thresholds(scored: Iterable[Scored], *, cost: float = COST) -> dict[str, float]:
    """For every group the score at which right links less `cost` times the wrong are most.

    A group in which nothing was seen is linked by the very name only.
    """
    by_group: defaultdict[str, list[tuple[float, bool]]] = defaultdict(list)
    for group, score, right in scored:
        by_group[group].append((score, right))
    groups = {group for kinds in LINKABLE.values() for group in kinds}
    return {group: _threshold(by_group[group], cost) for group in sorted(groups)}


def _threshold(scored: Sequence[tuple[float, bool]], cost: float) -> float:
    steps = [step / 100 for step in range(round(FLOOR * 100), 101)]

    def gain(step: float) -> float:
        linked = [right for score, right in scored if score >= step]
        return sum(linked) - cost * (len(linked) - sum(linked))

    return max(steps, key=lambda step: (gain(step), step))
