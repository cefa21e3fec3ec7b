"""From source files to a `Snapshot`: the slow part, done once per release of the sources."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.types import SourceRef
from knowledge_graph import onset
from knowledge_graph.frequency import EXCLUDED, never, pooled
from knowledge_graph.matching import Matcher
from knowledge_graph.names import plain_name
from knowledge_graph.opposites import excluded_through, opposites
from knowledge_graph.schema import PHENOTYPE_ROOT, Annotation, Details, Rejected, Term
from knowledge_graph.snapshot import Floats, Snapshot, cached, key_of
from knowledge_graph.sources.files import curated_files, packaged_files, sha256_of

if TYPE_CHECKING:
    from knowledge_graph.sources.curated import Curated

Progress = Callable[[str], None]


def load(progress: Progress = lambda message: None) -> Snapshot:
    """The snapshot of the packaged sources, compiled on first use and cached.

    progress: called with a line of text when something slow begins.

    Raises:
        SourceError: a packaged source is missing or not what it should be.
    """
    files = packaged_files()
    code = [*sorted(Path(__file__).parent.rglob("*.py")), *curated_files()]

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
    from knowledge_graph.sources.curated import read_curated

    hashes = {name: sha256_of(path) for name, path in files.items()}
    hpo_release, terms, replaced = hpo.read_terms(files["hp.obo"])
    hpoa_release, annotations, rejected = hpoa.read_annotations(files["phenotype.hpoa"])
    sources = (
        SourceRef("HPO", hpo_release, hashes["hp.obo"]),
        SourceRef("HPOA", hpoa_release, hashes["phenotype.hpoa"]),
        SourceRef("HPO genes_to_phenotype", hpoa_release, hashes["genes_to_phenotype.txt"]),
    )
    ontology = Ontology(terms, replaced)
    common = read_curated(terms, [ontology.is_phenotype(i) for i in range(len(terms))])
    return compile_graph(
        [*terms, *common.terms],
        replaced,
        [*annotations, *common.annotations],
        genes.read_genes(files["genes_to_phenotype.txt"]),
        (*sources, SourceRef("Konsil curated", version("konsil"), _digest(curated_files()))),
        rejected,
        common=common,
    )


def _digest(paths: Iterable[Path]) -> str:
    return hashlib.sha256("".join(sha256_of(path) for path in paths).encode()).hexdigest()


def compile_graph(
    terms: Sequence[Term],
    replaced: Mapping[str, str],
    annotations: Iterable[Annotation],
    genes: Mapping[str, tuple[str, ...]],
    sources: Sequence[SourceRef],
    rejected: Iterable[Rejected] = (),
    *,
    common: Curated | None = None,
) -> Snapshot:
    """Compile parsed records; see `Snapshot` for what comes out.

    A row whose term is unknown, or whose frequency cannot be read, is listed as rejected, not
    guessed. Sex-specific rows are kept as citations and count like the others.
    """
    rejected = list(rejected)
    ontology = Ontology(terms, replaced)
    rows = _usable(annotations, ontology, rejected)
    diseases = _diseases(rows, genes)
    _describe(diseases, common.details if common else {})
    known = {name: d["id"] for d in diseases for name in (d["id"], *d["aliases"])}
    by_disease: dict[str, list[Annotation]] = defaultdict(list)
    for row in rows:
        by_disease[row.disease].append(row)

    phenotypes: list[list[Annotation]] = []
    for disease in diseases:
        own = [row for name in (disease["id"], *disease["aliases"]) for row in by_disease[name]]
        phenotypes.append([row for row in own if row.aspect == "P"])
        disease |= _course(own, ontology)
    names = {
        "sources": [[s.name, s.version, s.sha256] for s in sources],
        "terms": [term_entry(term) for term in terms],
        "replaced": ontology.current,
        "diseases": diseases,
        "nodes": [[n.id, n.kind, n.name] for n in common.nodes] if common else [],
        "facts": [
            [f.subject, f.predicate, known[f.object], f.sources, dict(f.properties)]
            for f in (common.facts if common else ())
        ],
        "rejected": [[r.source, r.row, r.reason] for r in rejected],
    }
    return assemble(names, ontology, phenotypes)


def assemble(
    names: Mapping[str, Any], ontology: Ontology, phenotypes: Sequence[Sequence[Annotation]]
) -> Snapshot:
    """The arrays of a graph whose diseases are settled.

    names: those of `Snapshot` but for the pools. phenotypes: for each disease its rows of aspect P.
    """
    table = _AnnotationTable()
    profiles = _Profiles()
    for number, rows in enumerate(phenotypes):
        table.add(rows, ontology)
        profiles.add(number, rows, ontology)
    pools = {"references": table.references.values, "frequencies": table.frequencies.values}
    return _assembled({**names, **pools}, table, profiles, ontology, len(phenotypes))


class Ontology:
    """Terms by index, with what follows from is_a and merged ids.

    current: alternative or obsolete id -> current id. ancestors: for each term the indices of
    itself and everything above it, ascending. opposed: see `Snapshot`.
    """

    def __init__(self, terms: Sequence[Term], replaced: Mapping[str, str]) -> None:
        self.index = {term.id: i for i, term in enumerate(terms)}
        merged = {alternative: term.id for term in terms for alternative in term.alternatives}
        self.current = {
            old: new for old, new in {**merged, **replaced}.items() if new in self.index
        }
        self.parents = [[self.index[p] for p in t.parents if p in self.index] for t in terms]
        self.ancestors = closed_ancestors(self.parents)
        self.root = self.index[PHENOTYPE_ROOT]
        pairs = excluded_through(opposites(terms), self.ancestors)
        self.opposed = np.array(pairs, np.int32).reshape(-1, 2)

    def is_phenotype(self, term: int) -> bool:
        """Below "Phenotypic abnormality", which itself is none."""
        return term != self.root and self.root in self.ancestors[term]

    def find(self, term: str) -> int | None:
        """Index of a term, following merged ids; None if unknown."""
        return self.index.get(self.current.get(term, term))


def closed_ancestors(parents: Sequence[Sequence[int]]) -> list[tuple[int, ...]]:
    """For each term the indices of the term itself and all its ancestors, ascending."""
    closed: dict[int, frozenset[int]] = {}

    def close(i: int) -> frozenset[int]:
        if i not in closed:
            closed[i] = frozenset({i}).union(*(close(p) for p in parents[i]))
        return closed[i]

    return [tuple(sorted(close(i))) for i in range(len(parents))]


def _usable(
    annotations: Iterable[Annotation], ontology: Ontology, rejected: list[Rejected]
) -> list[Annotation]:
    usable: list[Annotation] = []
    for row in annotations:
        if ontology.find(row.term) is None:
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

    Diseases with the same name are one node, under its OMIM id, else its Orphanet id. An Orphanet
    disorder all of whose genes have OMIM diseases is a grouping of those: it is kept for look-up,
    but ranked through them (`grouping`).
    """
    names = {row.disease: row.name for row in rows}
    by_name: dict[str, list[str]] = defaultdict(list)
    for disease in sorted(names):
        by_name[plain_name(names[disease])].append(disease)
    alias_of: dict[str, str] = {}
    for same in by_name.values():
        first = min(same, key=_precedence)
        alias_of |= {d: first for d in same if _precedence(d) > _precedence(first)}
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


def _precedence(disease: str) -> int:
    """OMIM names most diseases, then Orphanet; two of one catalogue are never the same disease."""
    catalogue = disease.partition(":")[0]
    return {"OMIM": 0, "ORPHA": 1, "DECIPHER": 2}.get(catalogue, 3)


def _describe(diseases: list[dict[str, Any]], details: Mapping[str, Details]) -> None:
    for disease in diseases:
        members = (disease["id"], *disease["aliases"])
        said = next((details[m] for m in members if m in details), None)
        disease["epidemiology"] = asdict(said.epidemiology) if said else None
        disease["synonyms"] = sorted({*said.synonyms} - {disease["name"]}) if said else []
        disease["xrefs"] = sorted(said.xrefs) if said else []
        disease["course"] = dict(said.course) if said else {}


def _course(rows: Sequence[Annotation], ontology: Ontology) -> dict[str, Any]:
    def stated(aspect: str) -> list[str]:
        terms = (r.term for r in rows if r.aspect == aspect and not r.negated)
        return sorted({ontology.current.get(term, term) for term in terms})

    return {
        "youngest_onset": onset.youngest_onset(stated("C")),
        "onset": stated("C"),
        "inheritance": stated("I"),
    }


@dataclass(slots=True)
class _Profiles:
    """What all diseases show, as the rows of the closure, and what they are stated not to show."""

    closure: list[tuple[int, int, int, float]] = field(default_factory=list[Any])
    denied: list[tuple[int, int]] = field(default_factory=list[Any])

    def add(self, disease: int, rows: Sequence[Annotation], ontology: Ontology) -> None:
        """The next disease: (term, disease, via, share) for every phenotype and its ancestors.

        The highest share wins. A row with NOT, beside others, counts as one that says "Excluded".
        """
        stated: dict[int, list[str]] = defaultdict(list)
        for row in rows:
            if (term := ontology.find(row.term)) is not None:
                stated[term].append(EXCLUDED if row.negated else row.frequency)
        best: dict[int, tuple[float, int]] = {}
        for term, frequencies in sorted(stated.items()):
            if never(frequencies):
                self.denied.append((term, disease))
                continue
            share = pooled(frequencies)[1]
            for ancestor in ontology.ancestors[term]:
                if ontology.is_phenotype(ancestor) and share > best.get(ancestor, (0.0, 0))[0]:
                    best[ancestor] = (share, term)
        self.closure += [(t, disease, via, share) for t, (share, via) in best.items()]


def _assembled(
    names: dict[str, Any],
    table: _AnnotationTable,
    profiles: _Profiles,
    ontology: Ontology,
    diseases: int,
) -> Snapshot:
    closure = sorted(profiles.closure)
    term, disease, via, share = (np.array(column) for column in zip(*closure, strict=True))
    term_start = np.searchsorted(term, np.arange(len(ontology.index) + 1)).astype(np.int32)
    share = share.astype(np.float32)
    background = _background(term_start, share, diseases)
    rows = np.array(table.rows, np.int32).T
    denied = np.array(sorted(profiles.denied), np.int32).reshape(-1, 2)
    matcher = Matcher(
        term_start=term_start,
        disease=disease.astype(np.int32),
        via=via.astype(np.int32),
        denied=denied,
        opposed=ontology.opposed,
        share=share,
        background=background,
        parents=ontology.parents.__getitem__,
        diseases=diseases,
    )
    return Snapshot(
        names=names,
        disease_start=np.array(table.disease_start, np.int32),
        annotation_term=rows[0],
        annotation_reference=rows[1],
        annotation_frequency=rows[2],
        annotation_negated=rows[3],
        term_start=term_start,
        closure_disease=disease.astype(np.int32),
        closure_via=via.astype(np.int32),
        closure_share=share,
        denied=denied,
        opposed=ontology.opposed,
        background=background,
        chance=_chance(matcher, Counter(rows[0].tolist()), diseases),
    )


def _background(term_start: np.ndarray, share: Floats, size: int) -> Floats:
    sums = np.concatenate([[0.0], np.cumsum(share, dtype=np.float64)])
    return ((sums[term_start[1:]] - sums[term_start[:-1]]) / size).astype(np.float32)


def _chance(matcher: Matcher, drawn: Mapping[int, int], diseases: int) -> Floats:
    """Mean log likelihood ratio of each disease for a finding drawn from all annotations.

    A disease with a long profile meets almost any finding somewhere; this is how much of its
    score is owed to that alone.
    """
    total = np.zeros(diseases, np.float64)
    for term, times in sorted(drawn.items()):
        total += times * matcher.log_likelihood_ratios(term)
    return (total / sum(drawn.values())).astype(np.float32)


def term_entry(term: Term) -> list[Any]:
    """A term as `Snapshot.names` holds it."""
    synonyms = [[s.text, s.scope, list(s.flags)] for s in term.synonyms]
    return [term.id, term.name, list(term.parents), synonyms, term.definition]


class _AnnotationTable:
    """The annotation rows as numbers, disease after disease."""

    def __init__(self) -> None:
        self.references = _Pool()
        self.frequencies = _Pool()
        self.rows: list[tuple[int, int, int, int]] = []
        self.disease_start = [0]

    def add(self, rows: Sequence[Annotation], ontology: Ontology) -> None:
        """Append the rows of the next disease, by term; those of a term in the order given."""
        known = [(term, row) for row in rows if (term := ontology.find(row.term)) is not None]
        for term, row in sorted(known, key=lambda pair: pair[0]):
            reference = self.references.add(row.reference)
            frequency = self.frequencies.add(row.frequency)
            self.rows.append((term, reference, frequency, int(row.negated)))
        self.disease_start.append(len(self.rows))


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
