"""`bench linking`: marked mentions of corpora, linked to MeSH and to the graph.

Files and folders called "train..." are what the MeSH linker learns its names and thresholds from;
the others are scored. The graph's linker learns nothing; of its links only those can be judged
whose concept the graph knows by a code (OMIM; MeSH where `konsil kg build` added MONDO).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.evaluate import BenchReport, bootstrap_ci
from engine.exceptions import InputError
from nlp.abbreviations import definitions, expanded
from nlp.corpora import Annotated, read
from nlp.linking import Link, Linker
from nlp.linking_corpus import concepts_of, kinds_of, learned_from
from nlp.scores import provenance

Nodes = Mapping[str, frozenset[str]]
"""A corpus's concept -> the graph's terms that are the same thing."""
Counted = NDArray[np.int64]
"""Of one document: mentions, known to the vocabulary, best right, right among the candidates,
linked, linked rightly."""


@dataclass(frozen=True, slots=True)
class _Judged:
    """A mention: what it is in the vocabulary (empty: nothing known), and what was found."""

    document: str
    kind: str
    text: str
    right: frozenset[str]
    link: Link

    @property
    def counts(self) -> tuple[int, ...]:
        found = [candidate.term in self.right for candidate in self.link.candidates]
        linked = bool(self.link.term)
        known = bool(self.right)
        return 1, known, any(found[:1]), any(found), linked, linked and found[0]


def linking(
    paths: Sequence[Path] | Path, graph: Linker | None = None, nodes: Nodes | None = None
) -> BenchReport:
    """Accuracy of the best candidate, recall among ten, share left unlinked, precision of links.

    graph, nodes: the graph's linker and what it calls the corpora's concepts.

    Raises:
        InputError: nothing to score, or it marks nothing that can be linked.
    """
    paths = [paths] if isinstance(paths, Path) else paths
    lessons = [path for path in paths if path.name.startswith("train")]
    scored = [document for path in paths if path not in lessons for document in read(path)]
    if not any(kinds_of(entity) for document in scored for entity in document.entities):
        raise InputError(
            "no mentions of diseases or drugs to score",
            where=", ".join(map(str, paths)),
            fix="name annotated files; those called train... are only learned from",
        )
    notes = [f"{len(scored)} documents, marked mentions; intervals resample documents"]
    tables: dict[str, list[list[_Judged]]] = {}
    seconds = 0.0
    if lessons:
        mesh = learned_from([document for path in lessons for document in read(path)])
        start = perf_counter()
        tables["mesh_"] = _judged(scored, mesh, lambda right: right)
        seconds += perf_counter() - start
        tables["mesh_plain_"] = _judged(scored, mesh, lambda right: right, expand=False)
        notes.append(f"mesh: thresholds by cross-validation {_said(mesh)}")
    if graph is not None and nodes is not None:
        start = perf_counter()
        tables["graph_"] = _judged(scored, graph, _in(nodes))
        seconds += perf_counter() - start
        tables["graph_plain_"] = _judged(scored, graph, _in(nodes), expand=False)
        notes.append(f"graph: thresholds {_said(graph)}; links of concepts without a node here are")
        notes[-1] += " not judged, and count only in the share left unlinked"
    notes.append("plain: abbreviations are not written out")
    notes.append("of a mention of several concepts, each is right")
    metrics: dict[str, float] = {}
    ci95: dict[str, tuple[float, float]] = {}
    for prefix, table in tables.items():
        for kind, judged in _by_kind(table).items():
            statistic = _statistic(f"{prefix}{kind}", judges_all=prefix.startswith("mesh"))
            counts = [_counts(document) for document in judged]
            metrics |= statistic(counts)
            ci95 |= bootstrap_ci(statistic, counts)
    return BenchReport(
        bench="linking",
        n=len(scored),
        metrics={key: value for key, value in metrics.items() if np.isfinite(value)},
        ci95=ci95,
        seconds=seconds,
        provenance=provenance(paths),
        misses=[
            _miss(prefix.rstrip("_"), one)
            for prefix in ("mesh_", "graph_")
            for document in tables.get(prefix, ())
            for one in document
            if one.right and one.link.term not in one.right
        ],
        notes=notes,
    )


def _in(nodes: Nodes) -> Callable[[frozenset[str]], frozenset[str]]:
    return lambda right: frozenset().union(*(nodes.get(i, frozenset()) for i in right))


def _judged(
    documents: Sequence[Annotated],
    linker: Linker,
    known: Callable[[frozenset[str]], frozenset[str]],
    *,
    expand: bool = True,
) -> list[list[_Judged]]:
    judged: list[list[_Judged]] = []
    for document in documents:
        short = definitions(document.text) if expand else {}
        judged.append([])
        for entity in document.entities:
            text = document.text[entity.start : entity.end]
            for kind in kinds_of(entity):
                link = linker.link(expanded(text, short), [kind])
                right = known(concepts_of(entity))
                judged[-1].append(_Judged(document.id, kind, text, right, link))
    return judged


def _by_kind(table: Sequence[Sequence[_Judged]]) -> dict[str, list[list[_Judged]]]:
    kinds = sorted({one.kind for document in table for one in document})
    return {f"{k}_": [[one for one in doc if one.kind == k] for doc in table] for k in kinds}


def _counts(judged: Sequence[_Judged]) -> Counted:
    """Sums of the counts; behind them links of mentions that are known to the vocabulary."""
    rows = [(*one.counts, int(bool(one.right and one.link.term))) for one in judged]
    return np.array(rows, np.int64).reshape(-1, 7).sum(axis=0)


def _statistic(prefix: str, *, judges_all: bool) -> Callable[[Sequence[Counted]], dict[str, float]]:
    """judges_all: a link of a mention that has no concept is wrong, not unjudged."""

    def statistic(counts: Sequence[Counted]) -> dict[str, float]:
        total = np.sum(counts, axis=0).astype(np.float64)
        mentions, known, best, among, linked, right, judged = total
        with np.errstate(invalid="ignore"):
            return {
                f"{prefix}accuracy": float(best / known),
                f"{prefix}recall10": float(among / known),
                f"{prefix}unlinked": float(1 - linked / mentions),
                f"{prefix}precision": float(right / (linked if judges_all else judged)),
                f"{prefix}recall": float(right / known),
            }

    return statistic


def _said(linker: Linker) -> str:
    return ", ".join(f"{group} {score:g}" for group, score in sorted(linker.thresholds.items()))


def _miss(vocabulary: str, one: _Judged) -> dict[str, Any]:
    best = one.link.candidates[:1]
    return {
        "vocabulary": vocabulary,
        "document": one.document,
        "type": one.kind,
        "words": one.text,
        "kind": one.link.refused or "wrong",
        "right": sorted(one.right),
        "found": [(c.term, c.score, c.name.text) for c in best],
    }
