"""The likelihood ratio of one finding for every disease at once.

P(q | d) / P(q), where the disease may list q itself, something more specific (then it shows q as
well), or only something more general or related. For every term a that is q or an ancestor of q,
share(a, d) / background(a) is a likelihood ratio. Two readings of them are kept (`Ratios`).

No credit goes through an ancestor to a disease that is stated not to show the finding, or that is
known for its opposite (hyperkalemia for hypokalemia).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from knowledge_graph.snapshot import Floats, Ints, Snapshot

ANCESTOR_WEIGHT = 0.5
"""Chosen on the shared development cases; engine/CARD.md lists what was tried."""
REMEMBERED = 768
"""Terms whose inherited ratios are kept: general terms are shared by most look-ups (48 KB each)."""


@dataclass(frozen=True, slots=True)
class Found:
    """Where the best ratio of a term for a disease comes from. entry: position in the closure."""

    term: int
    entry: int


@dataclass(frozen=True, slots=True)
class Ratios:
    """ln of two likelihood ratios of one finding for each disease, shape (D,), >= 0.

    best: one reached through an ancestor counts for less (`ANCESTOR_WEIGHT`, as an exponent).
    lineage: the highest along the lineage, whatever the level. 0: nothing is shared.
    """

    best: Floats
    lineage: Floats


class Matcher:
    """Likelihood ratios over the closure arrays of a `Snapshot`.

    parents: is_a of a term, all by index. denied, opposed: see `Snapshot`.
    """

    def __init__(
        self,
        *,
        term_start: Ints,
        disease: Ints,
        via: Ints,
        share: Floats,
        background: Floats,
        denied: Ints,
        opposed: Ints,
        parents: Callable[[int], Sequence[int]],
        diseases: int,
    ) -> None:
        self._start = term_start
        self._disease = disease
        self._via = via
        self._log_ratio: Floats = np.log(share / np.repeat(background, np.diff(term_start)))
        # Python reads single numbers faster from these than from arrays
        self._starts, self._sorted = term_start.data, disease.data
        self._denied = _grouped(denied)
        self._denies = {term: frozenset(found.tolist()) for term, found in self._denied.items()}
        self._opposed = _grouped(opposed)
        self._parents = parents
        self._diseases = diseases
        self._inherited = lru_cache(maxsize=REMEMBERED)(self._inherit)
        self.lineage = lru_cache(maxsize=None)(self._find_lineage)
        """The term, then its ancestors level by level, each once; all by index."""
        self._opposed_to = lru_cache(maxsize=None)(self._find_opposed)

    @classmethod
    def over(cls, snapshot: Snapshot, parents: Callable[[int], Sequence[int]]) -> Matcher:
        """Of a compiled graph."""
        return cls(
            term_start=snapshot.term_start,
            disease=snapshot.closure_disease,
            via=snapshot.closure_via,
            share=snapshot.closure_share,
            background=snapshot.background,
            denied=snapshot.denied,
            opposed=snapshot.opposed,
            parents=parents,
            diseases=snapshot.chance.size,
        )

    def entries(self, term: int) -> slice:
        """The closure entries of a term (by index)."""
        return slice(self._starts[term], self._starts[term + 1])

    def denies(self, term: int, disease: int) -> int | None:
        """The term (itself or more general) that this disease is stated not to show, else None."""
        lineage = self.lineage(term)
        return next((t for t in lineage if disease in self._denies.get(t, ())), None)

    def ratios(self, term: int) -> Ratios:
        """Both readings of a term (by index) for each disease."""
        lineage = self.lineage(term)
        opposed = self._opposed_to(term)
        above = self._above_but(lineage[1:], opposed) if opposed else self._above(term)
        for ancestor in lineage:
            if (denied := self._denied.get(ancestor)) is not None:
                above[denied] = 0
        best = self._raised(above * np.float32(ANCESTOR_WEIGHT), term)
        return Ratios(best, self._raised(above, term))

    def best_entry(self, term: int, disease: int) -> Found | None:
        """The entry behind `ratios` for one disease, else its own of the term; None without both.

        A disease may show a finding no more often than others do: it lists it all the same.
        """
        opposed = self._opposed_to(term)
        denied = self.denies(term, disease) is not None
        best, found = 0.0, None
        for candidate in self.lineage(term):
            stop = self._starts[candidate + 1]
            place = bisect_left(self._sorted, disease, self._starts[candidate], stop)
            if place == stop or self._sorted[place] != disease:
                continue
            if candidate != term and (denied or int(self._via[place]) in opposed):
                continue
            weight = 1.0 if candidate == term else ANCESTOR_WEIGHT
            ratio = weight * float(self._log_ratio[place])
            if candidate == term or ratio > best:
                best, found = max(ratio, 0.0), Found(candidate, place)
        return found

    def _above(self, term: int) -> Floats:
        best = np.zeros(self._diseases, np.float32)
        for parent in self._parents(term):
            np.maximum(best, self._inherited(parent), out=best)
        return best

    def _above_but(self, lineage: Sequence[int], opposed: frozenset[int]) -> Floats:
        """`_above` without what diseases owe to the opposite of the term."""
        best = np.zeros(self._diseases, np.float32)
        permitted = np.ones(self._start.size - 1, np.bool_)
        permitted[list(opposed)] = False
        for ancestor in lineage:
            entries = self.entries(ancestor)
            allowed = permitted[self._via[entries]]
            diseases = self._disease[entries][allowed]
            ratio = self._log_ratio[entries][allowed]
            best[diseases] = np.maximum(best[diseases], ratio)
        return best

    def _inherit(self, term: int) -> Floats:
        return self._raised(self._above(term), term)

    def _raised(self, best: Floats, term: int) -> Floats:
        """The array itself, raised to the term's own ratios."""
        entries = self.entries(term)
        diseases = self._disease[entries]
        best[diseases] = np.maximum(best[diseases], self._log_ratio[entries])
        return best

    def _find_opposed(self, term: int) -> frozenset[int]:
        lineage = self.lineage(term)
        return frozenset(
            o for t in lineage if t in self._opposed for o in self._opposed[t].tolist()
        )

    def _find_lineage(self, term: int) -> tuple[int, ...]:
        lineage = {term: None}
        level = [term]
        while level:
            level = [p for t in level for p in self._parents(t) if p not in lineage]
            lineage |= dict.fromkeys(level)
        return tuple(lineage)


def _grouped(pairs: Ints) -> dict[int, Ints]:
    """Second column by first; the pairs are sorted."""
    keys, starts = np.unique(pairs[:, 0], return_index=True)
    groups = np.split(pairs[:, 1], starts[1:])
    return {int(key): group for key, group in zip(keys, groups, strict=False)}
