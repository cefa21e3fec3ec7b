"""Which sources the graph is made of, and the compiled snapshot of them in the user's cache.

HPO, HPOA, the curated conditions and the table of prevalences come with the package. `konsil kg
build` adds files the user points to and notes them, with their sha256, in a recipe; whoever loads
the graph follows it.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import orjson
import platformdirs

from engine.exceptions import SourceError
from engine.types import SourceRef
from knowledge_graph.compile import Ontology, compile_graph
from knowledge_graph.schema import Annotation, DiseaseEntry, Record, Rejected, Term
from knowledge_graph.snapshot import Snapshot, cached, key_of
from knowledge_graph.sources import IMPORTERS, importer
from knowledge_graph.sources.files import curated_files, packaged_files, sha256_of
from knowledge_graph.sources.findings import Findings

Progress = Callable[[str], None]
PACKAGED = "packaged"
"""Value of KONSIL_GRAPH: leave what `konsil kg build` added aside."""

PUBLISHED = {"orphapacket": "ORPHA"}
"""Importer -> prefix of the catalogue whose publisher made the source, so that it lists its ids."""


@dataclass(frozen=True, slots=True)
class Added:
    """A source the user points to. name: of its importer. sha256: of all its files together."""

    name: str
    path: Path
    sha256: str


def recipe_path() -> Path:
    """Where the recipe lies: KONSIL_GRAPH unless it is `PACKAGED`, else the user's data folder."""
    given = os.environ.get("KONSIL_GRAPH", "")
    if given in ("", PACKAGED):
        return Path(platformdirs.user_data_dir("konsil")) / "graph.json"
    return Path(given)


def added() -> tuple[Added, ...]:
    """The sources of the recipe; none without one.

    Raises:
        SourceError: KONSIL_GRAPH names no readable recipe.
    """
    chosen = os.environ.get("KONSIL_GRAPH", "")
    if chosen == PACKAGED:
        return ()
    path = recipe_path()
    if not path.is_file():
        if chosen:
            raise SourceError(
                f"KONSIL_GRAPH names {path}, which is no file",
                fix=f"run `konsil kg build`, or set KONSIL_GRAPH={PACKAGED}",
            )
        return ()
    try:
        listed = orjson.loads(path.read_bytes())["sources"]
        return tuple(Added(s["name"], Path(s["path"]), s["sha256"]) for s in listed)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SourceError(
            f"{path} is no recipe of `konsil kg build` ({error})",
            fix=f"run `konsil kg build` again, or set KONSIL_GRAPH={PACKAGED}",
        ) from error


def described(name: str, path: Path) -> Added:
    """A source as it lies there now.

    Raises:
        SourceError: no importer of this name, or no such file or folder.
    """
    importer(name)
    return Added(name, path.resolve(), _digest(_files(path)))


def ordered(sources: Iterable[Added]) -> tuple[Added, ...]:
    """Each source once, in the order of `IMPORTERS`; of one importer, as they were given.

    So the same sources are the same graph, whatever the order they are named in.
    """
    places = list(IMPORTERS)
    return tuple(sorted(dict.fromkeys(sources), key=lambda source: places.index(source.name)))


def write_recipe(sources: Iterable[Added]) -> Path:
    """Make these the sources of every graph loaded from now on; the path of the recipe."""
    path = recipe_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    listed = [{"name": s.name, "path": str(s.path), "sha256": s.sha256} for s in sources]
    temporary = path.with_suffix(".tmp")
    temporary.write_bytes(orjson.dumps({"sources": listed}, option=orjson.OPT_INDENT_2))
    temporary.replace(path)
    return path


def catalogued(sources: Iterable[Added]) -> dict[str, frozenset[str]]:
    """The ids of every catalogue that one of these sources publishes, by prefix, as it lists them.

    Raises:
        SourceError: a source is gone or changed.
    """
    listed: dict[str, set[str]] = {}
    for source in sources:
        if prefix := PUBLISHED.get(source.name):
            _, own = _read(source, Findings(()))
            ids = {record.id for record in own if isinstance(record, DiseaseEntry)}
            listed.setdefault(prefix, set()).update(ids)
    return {prefix: frozenset(ids) for prefix, ids in listed.items()}


def load(sources: Sequence[Added] = (), progress: Progress = lambda message: None) -> Snapshot:
    """The snapshot of the packaged sources and these, compiled on first use and cached.

    progress: called with a line of text when something slow begins.

    Raises:
        SourceError: a source is missing or not what it should be.
    """
    files = packaged_files()
    own = Path(__file__).parent
    code = sorted(file for kind in ("py", "toml", "yaml") for file in own.rglob(f"*.{kind}"))
    states = [*map(_state, (*files.values(), *code)), *(f"{s.name}:{s.sha256}" for s in sources)]

    def build() -> Snapshot:
        names = ", ".join(["HPO", *(source.name for source in sources)])
        progress(f"Compiling the knowledge graph from {names} (once, 20 seconds or more) ...")
        return _build(sources, progress)

    return cached(key_of(*states), build)


def _state(path: Path) -> str:
    """Changes whenever the file is replaced or edited; reading 64 MB at every start is too slow."""
    status = path.stat()
    return f"{path.name}:{status.st_size}:{status.st_mtime_ns}"


def _build(added_sources: Sequence[Added], progress: Progress) -> Snapshot:
    from knowledge_graph.acquisition import RULES
    from knowledge_graph.sources import genes, hpo, hpoa, pharmacology, prevalence
    from knowledge_graph.sources.curated import read_curated

    files = packaged_files()
    hashes = {name: sha256_of(path) for name, path in files.items()}
    hpo_release, terms, replaced = hpo.read_terms(files["hp.obo"])
    hpoa_release, annotations, rejected = hpoa.read_annotations(files["phenotype.hpoa"])
    ontology = Ontology(terms, replaced)
    phenotypes = [ontology.is_phenotype(i) for i in range(len(terms))]
    curated = [*read_curated(terms, phenotypes), *pharmacology.read()]
    releases = [
        SourceRef("HPO", hpo_release, hashes["hp.obo"]),
        SourceRef("HPOA", hpoa_release, hashes["phenotype.hpoa"]),
        SourceRef("HPO genes_to_phenotype", hpoa_release, hashes["genes_to_phenotype.txt"]),
        SourceRef("Konsil curated", version("konsil"), _digest([*curated_files(), RULES])),
        SourceRef(
            pharmacology.NAME,
            pharmacology.release(),
            _digest(sorted(pharmacology.FOLDER.glob("*.yaml"))),
        ),
        SourceRef(prevalence.NAME, prevalence.release(), _digest(prevalence.files())),
    ]
    shown = [term for term, finding in zip(terms, phenotypes, strict=True) if finding]
    findings = Findings([*shown, *(r for r in curated if isinstance(r, Term))])
    common = prevalence.read(_names(annotations))
    records: list[Record] = [*annotations, *rejected, *curated, *common]
    taken: dict[str, int] = {}
    for source in added_sources:
        release, own = _read(source, findings)
        releases.append(release)
        records += own
        dataset = f"{release.name} {release.version}"
        given = sum(not isinstance(record, Rejected) for record in own)
        taken[dataset] = taken.get(dataset, 0) + given
        progress(f"{dataset}: {_counts(own)}")
    genes_of = genes.read_genes(files["genes_to_phenotype.txt"])
    compiled = compile_graph(terms, replaced, records, genes_of, releases)
    refused = Counter(dataset for dataset, _, _ in compiled.names["rejected"])
    counts = [[dataset, given, refused[dataset]] for dataset, given in taken.items()]
    return replace(compiled, names={**compiled.names, "counts": counts})


def _names(annotations: Iterable[Annotation]) -> dict[str, set[str]]:
    names: dict[str, set[str]] = {}
    for row in annotations:
        names.setdefault(row.disease, set()).add(row.name)
    return names


def _read(source: Added, findings: Findings) -> tuple[SourceRef, list[Record]]:
    """One source; what it names must still be there as it was noted."""
    if not source.path.exists() or _digest(_files(source.path)) != source.sha256:
        raise SourceError(
            f"the graph was built with {source.name} from {source.path}, which is gone or changed",
            fix=f"run `konsil kg build` again, or set KONSIL_GRAPH={PACKAGED}",
        )
    module = importer(source.name)
    name = source.path.name if source.name == "csv" else module.NAME
    release = SourceRef(name, module.release(source.path), source.sha256)
    return release, list(module.read(source.path, findings))


def _counts(records: Iterable[Record]) -> str:
    counted = Counter(type(record).__name__ for record in records)
    return ", ".join(f"{n:,} {name}" for name, n in sorted(counted.items()))


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise SourceError(f"there is no {path}", fix="check the path after --source NAME=")
    return sorted(file for file in path.rglob("*") if file.is_file())


def _digest(paths: Iterable[Path]) -> str:
    return hashlib.sha256("".join(sha256_of(path) for path in paths).encode()).hexdigest()
