"""PharmacotherapyDB: which drug is given for which disease.

Two files of it are read; of a folder with both, the catalogue:

- `indications.tsv`, the catalogue, where physicians told disease-modifying (DM), symptomatic (SYM)
  and refuted (NOT) indications apart;
- `indications-slim-verbose.tsv`, what the catalogue was made from, before that review: each
  indication with the resource it was found in. The catalogue took four of these resources; the
  fifth, the low-precision part of MEDI (`medi_lps`), only counts beside one of them. The edge is to
  the disease the resource names (`do_subsumed_id`), not to the wider one it was put under.

Licence, as its README has it: PharmacotherapyDB CC0, but MEDI and PREDICT are CC BY-NC-SA 3.0
(not for commercial use), LabeledIn is public domain and EHRLink states none. The resource is named
in every source of an edge, so that one can be left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from engine.exceptions import SourceError
from knowledge_graph.schema import DiseaseEntry, Edge, Node, Predicate, Record, Rejected
from knowledge_graph.sources.findings import Findings
from knowledge_graph.sources.reading import Row, rows

NAME = "PharmacotherapyDB"
WANTS = "indications.tsv or indications-slim-verbose.tsv, or the folder with one of them"
CATALOGUE = "indications.tsv"
RESOURCES = "indications-slim-verbose.tsv"
CATEGORIES: dict[str, tuple[Predicate | None, str]] = {
    "DM": ("treats", "disease-modifying, reviewed by physicians"),
    "SYM": ("palliates", "symptomatic, reviewed by physicians"),
    "NOT": (None, "physicians found that it is no indication"),
}
"""Category -> predicate (none: rejected) and what it means."""
LICENCES = {
    "medi_hps": "CC BY-NC-SA 3.0",
    "medi_lps": "CC BY-NC-SA 3.0",
    "predict": "CC BY-NC-SA 3.0",
    "labeledin": "public domain",
    "ehrlink": "no licence stated",
}
"""Resource -> its licence."""
WEAK = "medi_lps"
UNREVIEWED = "listed as an indication, not reviewed"


def release(path: Path) -> str:
    """Always "unstated": the tables bear no version."""
    return "unstated"


def read(path: Path, findings: Findings) -> Iterator[Record]:
    """A drug, a disease and an edge between them for each indication.

    path: one of the two files, or the folder it is in.

    Raises:
        SourceError: neither file is there, or it lacks a column.
    """
    file = _file(path)
    reader = _catalogue if file.name.startswith(CATALOGUE) else _resources
    return reader(file, f"{NAME} {release(path)}")


def _file(path: Path) -> Path:
    if not path.is_dir():
        return path
    for name in (CATALOGUE, RESOURCES):
        if (path / name).is_file():
            return path / name
    raise SourceError(
        f"{path} holds neither {CATALOGUE} nor {RESOURCES}", fix="give the folder with one of them"
    )


def _catalogue(path: Path, dataset: str) -> Iterator[Record]:
    seen: set[str] = set()
    pairs: set[tuple[str, str]] = set()
    needed = ("doid_id", "drugbank_id", "disease", "drug", "category")
    for row in rows(path, needed, delimiter="\t"):
        cells = row.cells
        predicate, meaning = CATEGORIES.get(cells.get("category", ""), (None, "unknown category"))
        if fault := row.fault or _fault(row, needed):
            yield Rejected(dataset, row.number, fault)
        elif not predicate:
            yield Rejected(dataset, row.number, f"{cells['category']}: {meaning}")
        elif (pair := (cells["drugbank_id"], cells["doid_id"])) in pairs:
            yield Rejected(
                dataset, row.number, f"{cells['drug']} for {cells['disease']} stands twice"
            )
        else:
            pairs.add(pair)
            yield from _ends(pair, cells["drug"], cells["disease"], seen)
            yield _edge(pair, predicate, (f"{dataset}, row {row.number}",), meaning)


def _resources(path: Path, dataset: str) -> Iterator[Record]:
    names: dict[str, str] = {}
    sources: dict[tuple[str, str], dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    needed = (
        "drugbank_id", "drugbank_name", "do_subsumed_id", "do_subsumed_name", "resource",
    )  # fmt: skip
    for row in rows(path, needed, delimiter="\t"):
        if fault := row.fault or _fault(row, needed):
            yield Rejected(dataset, row.number, fault)
        else:
            drug, drug_name, disease, disease_name, resource = (row.cells[c] for c in needed)
            names |= {drug: drug_name, disease: disease_name}
            sources[drug, disease][resource].append(row.number)
    seen: set[str] = set()
    weak = 0
    for pair, resources in sources.items():
        if set(resources) == {WEAK}:
            weak += 1
            continue
        yield from _ends(pair, names[pair[0]], names[pair[1]], seen)
        yield _edge(pair, "treats", _sources(dataset, resources), UNREVIEWED)
    if weak:
        yield Rejected(
            dataset, 0, f"{weak:,} pairs not used: only {WEAK}, of low precision, has them"
        )


def _sources(dataset: str, resources: Mapping[str, list[int]]) -> tuple[str, ...]:
    """One a resource: its licence and all its rows."""
    return tuple(
        f"{dataset}, {resource} ({LICENCES.get(resource, 'unknown licence')}),"
        f" row{'s' * (len(numbers) > 1)} {', '.join(map(str, numbers))}"
        for resource, numbers in sorted(resources.items())
    )


def _fault(row: Row, needed: tuple[str, ...]) -> str:
    empty = [column for column in needed if not row.cells[column]]
    return f"nothing in {', '.join(empty)}" if empty else ""


def _ends(pair: tuple[str, str], drug: str, disease: str, seen: set[str]) -> Iterator[Record]:
    if pair[0] not in seen:
        yield Node(f"DRUGBANK:{pair[0]}", "Drug", drug)
    if pair[1] not in seen:
        yield DiseaseEntry(pair[1], disease)
    seen.update(pair)


def _edge(
    pair: tuple[str, str], predicate: Predicate, sources: tuple[str, ...], evidence: str
) -> Edge:
    return Edge(f"DRUGBANK:{pair[0]}", predicate, pair[1], sources, {"evidence": evidence})
