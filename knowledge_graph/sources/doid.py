"""The Human Disease Ontology, from its table HumanDO.tsv (plain or .gz) or the folder of it.

Columns read: id, label, subClassOf. The parent is given by its label; a disease with several
parents has a row for each.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from knowledge_graph.schema import DiseaseEntry, Edge, Record, Rejected
from knowledge_graph.sources.findings import Findings
from knowledge_graph.sources.reading import files_in, rows

NAME = "Human Disease Ontology"
WANTS = "HumanDO.tsv (plain or .gz), or the folder of it"
COLUMNS = ("id", "label", "subClassOf")
_ID = re.compile(r"DOID:\d+")


def release(path: Path) -> str:
    """Always "unstated": the table bears no version."""
    return "unstated"


def read(path: Path, findings: Findings) -> Iterator[Record]:
    """A `DiseaseEntry` for each id and an is_a edge for each row whose parent is in the table.

    Raises:
        SourceError: the file cannot be read or lacks one of `COLUMNS`.
    """
    dataset = f"{NAME} {release(path)}"
    called: dict[str, set[str]] = defaultdict(set)
    for _, identifier, label, _ in _rows(path):
        called[label].add(identifier)
    described: set[str] = set()
    for row, identifier, label, parent in _rows(path):
        if not _ID.fullmatch(identifier) or not label:
            yield Rejected(dataset, row, f"not a DOID with a label: {identifier!r}, {label!r}")
            continue
        if identifier not in described:
            described.add(identifier)
            yield DiseaseEntry(identifier, label)
        match sorted(called.get(parent, ())):
            case [only]:
                yield Edge(identifier, "is_a", only, (dataset,))
            case []:
                yield Rejected(dataset, row, f"no disease is called {parent!r}")
            case several:
                yield Rejected(dataset, row, f"{parent!r} may be {' or '.join(several)}")


def _rows(path: Path) -> Iterator[tuple[int, str, str, str]]:
    """Line number, id, label and the parent's label of each row; "" for a cell that is missing."""
    (file, *_) = files_in(path, "HumanDO.tsv*")
    for row in rows(file, COLUMNS, delimiter="\t", quoted=True):
        identifier, label, parent = (row.cells.get(column, "") for column in COLUMNS)
        yield row.number, identifier, label, parent
