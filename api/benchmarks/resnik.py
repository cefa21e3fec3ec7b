"""Semantic similarity, the reference a ranking is compared with; over the same annotations.

The similarity of two terms is the information content of their most informative common ancestor
(Resnik). One-sided: each term of the patient meets its best match in the disease, and the mean
counts. Symmetric: the mean of that and of the same from the disease to the patient (Köhler et al.
2009, PMID:19800049). How often a disease shows a finding plays no part.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

import numpy as np

from engine.protocols import Floats
from knowledge_graph.memory import MemoryGraph
from knowledge_graph.snapshot import Ints

REMEMBERED = 512
"""Terms whose similarities are kept."""


class Resnik:
    """Similarities of T terms and D diseases; (D,) is in the order of the graph."""

    def __init__(self, graph: MemoryGraph) -> None:
        self._graph = graph
        ids = [entry[0] for entry in graph.snapshot.names["terms"]]
        self._index = {term: i for i, term in enumerate(ids)}
        self._content = np.array([self._informs(term) for term in ids], np.float32)
        self._below = self._descendants(ids)
        self._terms, diseases = _profiles(graph)
        self._described, self._starts, self._stated = np.unique(
            diseases, return_index=True, return_counts=True
        )
        self.similarities = lru_cache(maxsize=REMEMBERED)(self._similarities)
        """Of one term (by id) to all terms, nats; (T,)."""
        self._best_matches = lru_cache(maxsize=REMEMBERED)(self._match)

    def one_sided(self, terms: Collection[str]) -> Floats:
        """Mean over the patient's terms of the best match in each disease, nats; (D,)."""
        total = np.zeros(len(self._graph.diseases), np.float32)
        for term in sorted(terms):
            total += self._best_matches(term)
        return total / np.float32(max(1, len(terms)))

    def symmetric(self, terms: Collection[str]) -> Floats:
        """Mean of the one-sided similarity and of that from the disease to the patient; (D,)."""
        best = np.zeros(len(self._content), np.float32)
        for term in terms:
            np.maximum(best, self.similarities(term), out=best)
        back = np.zeros(len(self._graph.diseases), np.float32)
        back[self._described] = np.add.reduceat(best[self._terms], self._starts) / self._stated
        return np.float32(0.5) * (self.one_sided(terms) + back)

    def _similarities(self, term: str) -> Floats:
        similar = np.zeros(len(self._content), np.float32)
        for ancestor in self._lineage(term):  # what informs more overwrites what informs less
            similar[self._below[ancestor]] = self._content[ancestor]
        return similar

    def _match(self, term: str) -> Floats:
        best = np.zeros(len(self._graph.diseases), np.float32)
        start = self._graph.snapshot.term_start
        for ancestor in self._lineage(term):
            shown_by = self._graph.snapshot.closure_disease[start[ancestor] : start[ancestor + 1]]
            best[shown_by] = self._content[ancestor]
        return best

    def _lineage(self, term: str) -> list[int]:
        """The term and its ancestors by index, what informs least first."""
        found = [self._index[t] for t in (term, *self._graph.ancestors(term)) if t in self._index]
        return sorted(found, key=lambda i: float(self._content[i]))

    def _informs(self, term: str) -> float:
        """Information content; 0 of what is no phenotype (an inheritance mode, the very root)."""
        known = self._graph.is_phenotype(term)
        return self._graph.information_content(term) if known else 0.0

    def _descendants(self, ids: list[str]) -> list[Ints]:
        """The terms below each term, itself included; all by index."""
        below: list[list[int]] = [[i] for i in range(len(ids))]
        for i, term in enumerate(ids):
            for ancestor in self._graph.ancestors(term):
                below[self._index[ancestor]].append(i)
        return [np.array(found, np.int32) for found in below]


def _profiles(graph: MemoryGraph) -> tuple[Ints, Ints]:
    """(term, disease) of every finding stated as shown, once, by index; two (A,).

    Sorted by disease. Left out is what the sources pooled state to be absent.
    """
    snapshot = graph.snapshot
    count = len(graph.diseases)
    terms = np.repeat(np.arange(snapshot.term_start.size - 1), np.diff(snapshot.term_start))
    shown = terms * count + snapshot.closure_disease
    diseases = np.repeat(np.arange(count), np.diff(snapshot.disease_start))
    annotated = snapshot.annotation_term.astype(np.int64) * count + diseases
    stated = annotated[snapshot.annotation_negated == 0]
    denied = snapshot.denied[:, 0].astype(np.int64) * count + snapshot.denied[:, 1]
    term, disease = np.divmod(np.setdiff1d(np.intersect1d(stated, shown), denied), count)
    order = np.argsort(disease, kind="stable")
    return term[order].astype(np.int32), disease[order].astype(np.int32)
