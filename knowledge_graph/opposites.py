"""Findings that exclude each other on one scale: hypokalemia and hyperkalemia, short and tall.

They share a parent in the ontology ("Abnormal blood potassium concentration"), so without this
table a disease that lists one would be credited for the other.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from knowledge_graph.schema import Term

PAIRS = (
    ("hypo", "hyper"),
    ("decreased", "increased"),
    ("reduced", "increased"),
    ("decreased", "elevated"),
    ("reduced", "elevated"),
    ("low", "high"),
    ("low", "elevated"),
    ("low", "increased"),
    ("short", "tall"),
    ("short", "long"),
    ("small", "large"),
    ("narrow", "wide"),
    ("narrow", "broad"),
    ("thin", "thick"),
    ("sparse", "abundant"),
    ("delayed", "accelerated"),
    ("delayed", "precocious"),
    ("micro", "macro"),
    ("micro", "mega"),
    ("brady", "tachy"),
    ("oligo", "poly"),
    ("penia", "cytosis"),
    ("penia", "philia"),
    ("acidosis", "alkalosis"),
    ("retracted", "protruding"),
    ("hypothermia", "fever"),
    ("anemia", "polycythemia"),
    ("constipation", "diarrhea"),
)
"""Words or word parts of English medical names with opposite meaning; general language."""


_PLACE = re.compile(r"(small|large)[ -](intestin|bowel|vessel|cell)")
"""Here "small" and "large" name a place, not a size."""


def opposites(terms: Sequence[Term]) -> dict[int, set[int]]:
    """For each term (by index) the terms whose name says the opposite; symmetric.

    A pair counts when both names exist, as preferred names or exact synonyms.
    """
    known: dict[str, int] = {}
    for i, term in enumerate(terms):
        for name in _names(term):
            known.setdefault(name, i)
    found: dict[int, set[int]] = defaultdict(set)
    for i, term in enumerate(terms):
        for name in _names(term):
            for other in _turned(name):
                j = known.get(other, i)
                if j != i:
                    found[i].add(j)
                    found[j].add(i)
    return dict(found)


def excluded_through(
    pairs: Mapping[int, set[int]], ancestors: Sequence[Sequence[int]]
) -> list[tuple[int, int]]:
    """(term, excluded term) pairs, an opposite standing for itself and everything below it.

    A pair where one is an ancestor of the other is no opposition and is left out.
    """
    below: dict[int, list[int]] = defaultdict(list)
    wanted = {other for others in pairs.values() for other in others}
    for term, lineage in enumerate(ancestors):
        for ancestor in lineage:
            if ancestor in wanted:
                below[ancestor].append(term)
    return sorted(
        {
            (term, lower)
            for term, others in pairs.items()
            for other in others
            if term not in ancestors[other] and other not in ancestors[term]
            for lower in below[other]
            if term not in ancestors[lower]
        }
    )


def _names(term: Term) -> Iterator[str]:
    yield term.name.casefold()
    for synonym in term.synonyms:
        if synonym.scope == "exact":
            yield synonym.text.casefold()


def _turned(name: str) -> Iterator[str]:
    if _PLACE.search(name):
        return
    for low, high in PAIRS:
        for one, other in ((low, high), (high, low)):
            if one in name:
                yield re.sub(re.escape(one), other, name, count=1)
