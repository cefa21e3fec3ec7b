"""From source files to a `Snapshot`: the slow part, done once per release of the sources."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engine.types import SourceRef
from knowledge_graph import onset
from knowledge_graph.frequency import pooled
from knowledge_graph.matching import Closure, log_likelihood_ratios
from knowledge_graph.schema import PHENOTYPE_ROOT, Annotation, Rejected, Term
from knowledge_graph.snapshot import Floats, Snapshot, cached, key_of
from knowledge_graph.sources.files import packaged_files, sha256_of

Progress = Callable[[str], None]


def load(progress: Progress = lambda message: None) -> Snapshot:
    """The snapshot of the packaged sources, compiled on first use and cached.

    progress: called with a line of text when something slow begins.

    Raises:
        SourceError: a packaged source is missing or not what it should be.
    """
    files = packaged_files()
    code = sorted(Path(__file__).parent.rglob("*.py"))

    def build() -> Snapshot:
        progress("Compiling the knowledge graph from HPO (once, about 20 seconds) ...")
        return _build(files)

    return cached(key_of(*map(_state, (*files.values(), *code))), build)


def _state(path: Path) -> str:
    """Changes whenever the file is replaced or edited; reading 64 MB at every start is too slow."""
    status = path.stat()
    return f"{path.name}:{status.st_size}:{status.st_mtime_ns}"


def _build(files: Mapping[str, Path]) -> Snapshot:
    from knowledge_graph.sources import genes, hpo, hpoa

    hashes = {name: sha256_of(path) for name, path in files.items()}
    hpo_release, terms, replaced = hpo.read_terms(files["hp.obo"])
    hpoa_release, annotations, rejected = hpoa.read_annotations(files["phenotype.hpoa"])
    sources = (
        SourceRef("HPO", hpo_release, hashes["hp.obo"]),
        SourceRef("HPOA", hpoa_release, hashes["phenotype.hpoa"]),
        SourceRef("HPO genes_to_phenotype", hpoa_release, hashes["genes_to_phenotype.txt"]),
    )
    gene_table = genes.read_genes(files["genes_to_phenotype.txt"])
    return compile_graph(terms, replaced, annotations, gene_table, sources, rejected)


def compile_graph(
    terms: Sequence[Term],
    replaced: Mapping[str, str],
    annotations: Iterable[Annotation],
    genes: Mapping[str, tuple[str, ...]],
    sources: Sequence[SourceRef],
    rejected: Iterable[Rejected] = (),
) -> Snapshot:
    """Compile parsed records; see `Snapshot` for what comes out.

    A row whose term is unknown, or whose frequency cannot be read, is listed as rejected, not
    guessed. Sex-specific rows are kept as citations and count like the others.
    """
    rejected = list(rejected)
    current = {alternative: term.id for term in terms for alternative in term.alternatives}
    current |= replaced
    index = {term.id: i for i, term in enumerate(terms)}
    ancestors = closed_ancestors(terms)
    rows = _usable(annotations, index, current, rejected)
    diseases = _diseases(rows, genes)

    by_disease: dict[str, list[Annotation]] = defaultdict(list)
    for row in rows:
        by_disease[row.disease].append(row)
    references = _Pool()
    frequencies = _Pool()
    stored: list[tuple[int, int, int, int]] = []
    disease_start = [0]
    closure: list[tuple[int, int, int, float]] = []
    phenotype_root = index[PHENOTYPE_ROOT]
    for number, disease in enumerate(diseases):
        own = [row for member in (disease["id"], *disease["aliases"]) for row in by_disease[member]]
        phenotypes = [row for row in own if row.aspect == "P"]
        for row in phenotypes:
            term = index[current.get(row.term, row.term)]
            place = (references.add(row.reference), frequencies.add(row.frequency))
            stored.append((term, *place, int(row.negated)))
        disease_start.append(len(stored))
        disease |= _course(own, current)
        closure += _closed(number, phenotypes, index, current, ancestors, phenotype_root)

    closure.sort()
    columns = list(zip(*closure, strict=True))
    term_start = np.searchsorted(np.array(columns[0]), np.arange(len(terms) + 1)).astype(np.int32)
    table = Closure(
        term_start=term_start,
        disease=np.array(columns[1], np.int32),
        share=np.array(columns[3], np.float32),
        background=_background(term_start, np.array(columns[3], np.float32), len(diseases)),
        size=len(diseases),
    )
    stored_columns = np.array(stored, np.int32).T
    return Snapshot(
        names={
            "sources": [[s.name, s.version, s.sha256] for s in sources],
            "terms": [_term_entry(term) for term in terms],
            "replaced": {old: new for old, new in current.items() if new in index},
            "diseases": diseases,
            "references": references.values,
            "frequencies": frequencies.values,
            "rejected": [[r.source, r.row, r.reason] for r in rejected],
        },
        disease_start=np.array(disease_start, np.int32),
        annotation_term=stored_columns[0],
        annotation_reference=stored_columns[1],
        annotation_frequency=stored_columns[2],
        annotation_negated=stored_columns[3],
        term_start=table.term_start,
        closure_disease=table.disease,
        closure_via=np.array(columns[2], np.int32),
        closure_share=table.share,
        background=table.background,
        chance=_chance(table, ancestors, Counter(stored_columns[0].tolist())),
    )


def closed_ancestors(terms: Sequence[Term]) -> list[tuple[int, ...]]:
    """For each term (by index) the indices of the term itself and all its ancestors, ascending."""
    index = {term.id: i for i, term in enumerate(terms)}
    closed: dict[int, frozenset[int]] = {}

    def close(i: int) -> frozenset[int]:
        if i not in closed:
            parents = (index[p] for p in terms[i].parents if p in index)
            closed[i] = frozenset({i}).union(*(close(p) for p in parents))
        return closed[i]

    return [tuple(sorted(close(i))) for i in range(len(terms))]


def _usable(
    annotations: Iterable[Annotation],
    index: Mapping[str, int],
    current: Mapping[str, str],
    rejected: list[Rejected],
) -> list[Annotation]:
    usable: list[Annotation] = []
    for row in annotations:
        if current.get(row.term, row.term) not in index:
            rejected.append(Rejected("hpoa", row.row, f"unknown term {row.term}"))
            continue
        try:
            pooled([row.frequency])
        except ValueError as error:
            rejected.append(Rejected("hpoa", row.row, str(error)))
            continue
        usable.append(row)
    return usable


def _diseases(
    rows: Sequence[Annotation], genes: Mapping[str, tuple[str, ...]]
) -> list[dict[str, Any]]:
    """One node a disease, sorted by id.

    An Orphanet disorder with the name of an OMIM disease is the same node. An Orphanet disorder
    all of whose genes have OMIM diseases is a grouping of those: it is kept for look-up, but
    ranked through them (`grouping`).
    """
    names = {row.disease: row.name for row in rows}
    by_name: dict[str, list[str]] = defaultdict(list)
    for disease in sorted(names):
        by_name[_normal(names[disease])].append(disease)
    alias_of: dict[str, str] = {}
    for same in by_name.values():
        first = next((d for d in same if d.startswith("OMIM:")), None)
        if first is not None:
            alias_of |= {d: first for d in same if not d.startswith("OMIM:")}
    with_omim = {g for d, symbols in genes.items() if d.startswith("OMIM:") for g in symbols}
    aliases: dict[str, list[str]] = defaultdict(list)
    for alias, first in alias_of.items():
        aliases[first].append(alias)
    entries: list[dict[str, Any]] = []
    for disease in sorted(names.keys() - alias_of.keys()):
        own_genes = genes.get(disease, ())
        entries.append(
            {
                "id": disease,
                "name": names[disease],
                "aliases": sorted(aliases[disease]),
                "genes": list(own_genes),
                "grouping": disease.startswith("ORPHA:")
                and bool(own_genes)
                and with_omim.issuperset(own_genes),
            }
        )
    return entries


def _normal(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", name.lower()).strip()


def _course(rows: Sequence[Annotation], current: Mapping[str, str]) -> dict[str, Any]:
    stated = [current.get(r.term, r.term) for r in rows if r.aspect == "C" and not r.negated]
    inherited = {current.get(r.term, r.term) for r in rows if r.aspect == "I" and not r.negated}
    return {
        "youngest_onset": onset.youngest_onset(stated),
        "onset": sorted(set(stated)),
        "inheritance": sorted(inherited),
    }


def _closed(
    number: int,
    rows: Sequence[Annotation],
    index: Mapping[str, int],
    current: Mapping[str, str],
    ancestors: Sequence[tuple[int, ...]],
    root: int,
) -> list[tuple[int, int, int, float]]:
    """(term, disease, via, share) for every annotated phenotype and its ancestors: the maximum."""
    stated: dict[int, list[str]] = defaultdict(list)
    negated: set[int] = set()
    for row in rows:
        term = index[current.get(row.term, row.term)]
        if row.negated:
            negated.add(term)
        else:
            stated[term].append(row.frequency)
    best: dict[int, tuple[float, int]] = {}
    for term, frequencies in sorted(stated.items()):
        share = pooled(frequencies)[1]
        for ancestor in ancestors[term]:
            if root in ancestors[ancestor] and share > best.get(ancestor, (0.0, 0))[0]:
                best[ancestor] = (share, term)
    return [(t, number, via, share) for t, (share, via) in best.items() if t not in negated]


def _background(term_start: np.ndarray, share: Floats, size: int) -> Floats:
    sums = np.concatenate([[0.0], np.cumsum(share, dtype=np.float64)])
    return ((sums[term_start[1:]] - sums[term_start[:-1]]) / size).astype(np.float32)


def _chance(
    table: Closure, ancestors: Sequence[tuple[int, ...]], drawn: Mapping[int, int]
) -> Floats:
    """Mean log likelihood ratio of each disease for a finding drawn from all annotations.

    A disease with a long profile meets almost any finding somewhere; this is how much of its
    score is owed to that alone.
    """
    total = np.zeros(table.size, np.float64)
    for term, times in sorted(drawn.items()):
        total += times * log_likelihood_ratios(table, term, ancestors[term])
    return (total / sum(drawn.values())).astype(np.float32)


def _term_entry(term: Term) -> list[Any]:
    synonyms = [[s.text, s.scope, list(s.flags)] for s in term.synonyms]
    return [term.id, term.name, list(term.parents), synonyms, term.definition]


class _Pool:
    """Distinct strings in order of first use."""

    def __init__(self) -> None:
        self.values: list[str] = []
        self._place: dict[str, int] = {}

    def add(self, value: str) -> int:
        if value not in self._place:
            self._place[value] = len(self.values)
            self.values.append(value)
        return self._place[value]
