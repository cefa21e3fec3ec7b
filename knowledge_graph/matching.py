"""The likelihood ratio of one finding for every disease at once.

P(q | d) / P(q), where the disease may list q itself, something more specific (then it shows q as
well), or only something more general or related. For every term a that is q or an ancestor of q,
share(a, d) / background(a) is a likelihood ratio; the best one counts, and one reached through an
ancestor counts for less (`ANCESTOR_WEIGHT`, as an exponent).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from knowledge_graph.snapshot import Floats, Ints

ANCESTOR_WEIGHT = 0.5


@dataclass(frozen=True, slots=True)
class Closure:
    """The closure arrays of a `Snapshot`; size: number of diseases."""

    term_start: Ints
    disease: Ints
    share: Floats
    background: Floats
    size: int

    def entries(self, term: int) -> slice:
        """The closure entries of a term."""
        return slice(int(self.term_start[term]), int(self.term_start[term + 1]))


@dataclass(frozen=True, slots=True)
class Found:
    """Where the best ratio of a term for a disease comes from. entry: position in the closure."""

    term: int
    entry: int


def log_likelihood_ratios(table: Closure, term: int, lineage: Iterable[int]) -> Floats:
    """ln of the likelihood ratio of `term` for each disease, shape (D,), >= 0.

    lineage: the term and all its ancestors. 0 where the disease shares nothing with the term.
    """
    best = np.zeros(table.size, np.float32)
    for ancestor in lineage:
        entries = table.entries(ancestor)
        if entries.start == entries.stop:
            continue
        ratio = _ratios(table, ancestor, entries, exact=ancestor == term)
        diseases = table.disease[entries]
        best[diseases] = np.maximum(best[diseases], ratio)
    return best


def best_entry(table: Closure, term: int, lineage: Iterable[int], disease: int) -> Found | None:
    """The closure entry that `log_likelihood_ratios` took for one disease; None where it is 0."""
    best, found = 0.0, None
    for ancestor in lineage:
        entries = table.entries(ancestor)
        place = entries.start + int(np.searchsorted(table.disease[entries], disease))
        if place == entries.stop or table.disease[place] != disease:
            continue
        ratio = float(_ratios(table, ancestor, slice(place, place + 1), exact=ancestor == term)[0])
        if ratio > best:
            best, found = ratio, Found(ancestor, place)
    return found


def _ratios(table: Closure, term: int, entries: slice, *, exact: bool) -> Floats:
    weight = np.float32(1.0 if exact else ANCESTOR_WEIGHT)
    return weight * np.log(table.share[entries] / table.background[term])
