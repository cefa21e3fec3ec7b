"""Knowledge of your own: a folder with `nodes.csv` and `edges.csv`, in UTF-8.

nodes.csv: id (CURIE), kind (a `NodeKind`), name; if wanted synonyms and xrefs (separated by "|")
and, for a new finding, parent (name or id of the finding it is a kind of). Any other column is a
property; diseases and findings have none. edges.csv: subject, predicate, object, sources (separated
by "|"); if wanted frequency (of has_phenotype: "7/13", "45%" or HP:004028x). Any other column is a
property, except where a disease shows or lacks a finding.

The ends of an edge are ids of nodes.csv or findings of the graph, by id or name. Rows that cannot
be used, and cells that are not kept, are listed with file, row, column and fix. release.txt, if
there, holds the release in its first line.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from engine.exceptions import SourceError
from knowledge_graph.frequency import pooled
from knowledge_graph.names import plain_name
from knowledge_graph.schema import (
    PHENOTYPE_ROOT,
    Annotation,
    DiseaseEntry,
    Edge,
    Node,
    NodeKind,
    Predicate,
    Record,
    Rejected,
    Synonym,
    Term,
    Value,
)
from knowledge_graph.sources.files import sha256_of
from knowledge_graph.sources.findings import Findings
from knowledge_graph.sources.reading import Row, rows

NAME = "csv"
WANTS = "folder of your own with nodes.csv and edges.csv"
NODES = "nodes.csv"
EDGES = "edges.csv"
KINDS: dict[str, NodeKind] = {kind: kind for kind in get_args(NodeKind)}
ENDS: dict[Predicate, tuple[tuple[NodeKind, NodeKind], ...]] = {
    "is_a": (("Phenotype", "Phenotype"), ("Disease", "Disease"), ("Drug", "DrugClass")),
    "has_phenotype": (("Disease", "Phenotype"),),
    "lacks_phenotype": (("Disease", "Phenotype"),),
    "associated_with_gene": (("Disease", "Gene"),),
    "treats": (("Drug", "Disease"), ("Treatment", "Disease"), ("Procedure", "Disease")),
    "palliates": (("Drug", "Disease"),),
    "contraindicated_in": (
        ("Drug", "Disease"),
        ("DrugClass", "Disease"),
        ("Treatment", "Disease"),
    ),
    "interacts_with": (("Drug", "Drug"),),
    "confirms": (("Test", "Disease"),),
    "excludes": (("Test", "Disease"),),
    "raises_risk_of": (("RiskFactor", "Disease"),),
    "localises_to": (("Disease", "Anatomy"),),
}
"""Predicate -> kinds of its subject and object, as `Predicate` says."""
_PREDICATES: dict[str, Predicate] = {predicate: predicate for predicate in ENDS}
_NODE_COLUMNS = {"id", "kind", "name", "synonyms", "xrefs", "parent"}
_EDGE_COLUMNS = {"subject", "predicate", "object", "sources", "frequency"}
_CURIE = re.compile(r"[A-Za-z][\w.-]*:\S+")
_INTEGER = re.compile(r"[+-]?[0-9]{1,15}")
_DECIMAL = re.compile(
    r"[+-]?([0-9]{1,15}\.[0-9]*|\.[0-9]+|[0-9]{1,15}(?=[eE]))([eE][+-]?[0-9]{1,2})?"
)


class _BadCellError(Exception):
    """A cell that cannot be used; the message names column, fault and fix."""

    def __init__(self, column: str, fault: str, fix: str) -> None:
        super().__init__(f"column {column}: {fault}; {fix}")


@dataclass(slots=True)
class _Known:
    """What the graph offers and the rows so far.

    dataset: name of the folder and release. kinds, names: by id. own_findings: of nodes.csv, by
    name.
    """

    dataset: str
    findings: Findings
    kinds: dict[str, NodeKind] = field(default_factory=dict[str, NodeKind])
    names: dict[str, str] = field(default_factory=dict[str, str])
    own_findings: dict[str, str] = field(default_factory=dict[str, str])

    def finding(self, text: str) -> str | None:
        """Id of the finding with this id or name, in nodes.csv or in the graph."""
        if known := self.findings.current(text):
            return known
        if self.kinds.get(text) == "Phenotype":
            return text
        return self.findings.called(text) or self.own_findings.get(plain_name(text))


def release(path: Path) -> str:
    """First line of release.txt, else the sha256 of the two tables (12 digits).

    Raises:
        SourceError: release.txt is not UTF-8.
    """
    stated = path / "release.txt"
    if stated.is_file():
        try:
            return stated.read_text(encoding="utf-8-sig").partition("\n")[0].strip() or "unstated"
        except UnicodeDecodeError as error:
            raise SourceError(f"{stated} is not UTF-8", fix="save it as UTF-8") from error
    tables = [path / name for name in (NODES, EDGES) if (path / name).is_file()]
    digests = "".join(map(sha256_of, tables))
    return "sha256 " + hashlib.sha256(digests.encode()).hexdigest()[:12]


def read(path: Path, findings: Findings) -> Iterator[Record]:
    """Records of the rows that can be used; every other row as rejected, with the fix.

    Raises:
        SourceError: a table is missing, not UTF-8, not CSV, or lacks a required column.
    """
    dataset = f"{path.resolve().name} {release(path)}"
    known = _Known(dataset, findings)
    for row in rows(path / NODES, ("id", "kind", "name"), delimiter=","):
        yield from _told(dataset, NODES, row, lambda row: _node(row, known))
    first: dict[tuple[str, str, str], int] = {}
    for row in rows(path / EDGES, ("subject", "predicate", "object", "sources"), delimiter=","):
        yield from _told(dataset, EDGES, row, lambda row: _edge(row, known, first))


def _told(
    dataset: str, file: str, row: Row, convert: Callable[[Row], Iterable[Record]]
) -> Iterator[Record]:
    """What the row says, or why it says nothing."""
    try:
        if row.fault:
            raise _BadCellError("(all)", row.fault, "put a cell with a comma in quotes")
        yield from convert(row)
    except _BadCellError as error:
        yield Rejected(dataset, row.number, f"{file}, {error}")


def _node(row: Row, known: _Known) -> Iterator[Record]:
    identifier, kind, name = _curie(row, "id"), _kind(row), _filled(row, "name")
    if identifier in known.kinds:
        raise _BadCellError("id", f"{identifier} stands twice", "put it all in one row")
    synonyms, xrefs = _listed(row, "synonyms"), _listed(row, "xrefs")
    properties = _properties(row, _NODE_COLUMNS)
    if kind == "Phenotype":
        yield from _finding(row, identifier, name, known)
    elif kind == "Disease":
        yield DiseaseEntry(identifier, name, synonyms, xrefs)
        yield from _not_kept(known.dataset, NODES, row, properties)
    else:
        yield Node(identifier, kind, name, synonyms, xrefs, properties)
    known.kinds[identifier] = kind
    known.names[identifier] = name


def _finding(row: Row, identifier: str, name: str, known: _Known) -> Iterator[Record]:
    """A new term; of a finding the graph has, nothing is changed."""
    if known_as := known.findings.current(identifier):
        if known.findings.called(name) != known_as:
            raise _BadCellError("name", f"{identifier} has another in the graph", "check the id")
        yield from _not_kept(known.dataset, NODES, row, ("synonyms", "parent"))
    elif same := known.finding(name):
        raise _BadCellError("name", f"{same} has this name", f"use {same}, or another name")
    else:
        parent = row.cells.get("parent") or PHENOTYPE_ROOT
        above = PHENOTYPE_ROOT if parent == PHENOTYPE_ROOT else known.finding(parent)
        if not above:
            raise _BadCellError(
                "parent",
                f"no finding is called {parent!r}",
                "give the id or exact name of one; one of this file must stand above",
            )
        synonyms = tuple(Synonym(text, "exact") for text in _listed(row, "synonyms"))
        yield Term(identifier, name, (above,), synonyms)
        known.own_findings[plain_name(name)] = identifier
    yield from _not_kept(known.dataset, NODES, row, ("xrefs", *_properties(row, _NODE_COLUMNS)))


def _not_kept(dataset: str, file: str, row: Row, columns: Iterable[str]) -> Iterator[Rejected]:
    """A note for each filled column that the graph has no place for; the row itself is used."""
    for column in columns:
        if row.cells.get(column):
            error = _BadCellError(
                column,
                "not kept, the graph has no place for it here",
                "the rest of the row is used",
            )
            yield Rejected(dataset, row.number, f"{file}, {error}")


def _edge(row: Row, known: _Known, first: dict[tuple[str, str, str], int]) -> Iterator[Record]:
    predicate = _predicate(row)
    subject, target = _end(row, "subject", known), _end(row, "object", known)
    _check_ends(subject, predicate, target, known)
    sources, frequency = _listed(row, "sources"), _frequency(row, predicate)
    if not sources:
        raise _BadCellError("sources", "empty", "say where this is from")
    key = subject, predicate, target
    if first.setdefault(key, row.number) != row.number:
        raise _BadCellError(
            "subject", f"the edge of row {first[key]} again", 'list all sources there, with "|"'
        )
    properties = _properties(row, _EDGE_COLUMNS)
    if predicate in ("has_phenotype", "lacks_phenotype"):
        yield Annotation(
            disease=subject,
            name=known.names[subject],
            term=target,
            negated=predicate == "lacks_phenotype",
            reference="; ".join(sources),
            evidence="",
            onset="",
            frequency=frequency,
            sex="",
            aspect="P",
            row=row.number,
            dataset=known.dataset,
        )
        yield from _not_kept(known.dataset, EDGES, row, properties)
    else:
        named = tuple(f"{known.dataset}, row {row.number}: {source}" for source in sources)
        yield Edge(subject, predicate, target, named, properties)


def _end(row: Row, column: str, known: _Known) -> str:
    text = _filled(row, column)
    end = known.finding(text) or (text if text in known.kinds else None)
    if end is None:
        raise _BadCellError(
            column, f"{text} is no id of {NODES} and no finding", f"add it to {NODES}"
        )
    return end


def _check_ends(subject: str, predicate: Predicate, target: str, known: _Known) -> None:
    kinds = known.kinds.get(subject, "Phenotype"), known.kinds.get(target, "Phenotype")
    if kinds not in ENDS[predicate]:
        allowed = " or ".join(f"{one} to {other}" for one, other in ENDS[predicate])
        raise _BadCellError(
            "predicate",
            f"{subject} is a {kinds[0]} and {target} a {kinds[1]}",
            f"{predicate} goes from {allowed}; diseases must stand in {NODES}",
        )


def _frequency(row: Row, predicate: Predicate) -> str:
    text = row.cells.get("frequency", "")
    if text and predicate != "has_phenotype":
        raise _BadCellError(
            "frequency", f"{predicate} has none", "leave it empty but for has_phenotype"
        )
    try:
        pooled([text])
    except ValueError as error:
        raise _BadCellError(
            "frequency", str(error), "write 7/13, 45%, HP:0040280 to HP:0040285, or nothing"
        ) from None
    return text


def _kind(row: Row) -> NodeKind:
    text = _filled(row, "kind")
    if text not in KINDS:
        raise _BadCellError("kind", f"{text!r} is none", f"use one of {', '.join(KINDS)}")
    return KINDS[text]


def _predicate(row: Row) -> Predicate:
    text = _filled(row, "predicate")
    if text not in _PREDICATES:
        raise _BadCellError(
            "predicate", f"{text!r} is none", f"use one of {', '.join(_PREDICATES)}"
        )
    return _PREDICATES[text]


def _curie(row: Row, column: str) -> str:
    text = _filled(row, column)
    if not _CURIE.fullmatch(text):
        raise _BadCellError(
            column, f"{text!r} is no CURIE", 'write a prefix, ":" and the id, like MYLAB:17'
        )
    return text


def _filled(row: Row, column: str) -> str:
    if not row.cells[column]:
        raise _BadCellError(column, "empty", "fill it in")
    return row.cells[column]


def _listed(row: Row, column: str) -> tuple[str, ...]:
    parts = (part.strip() for part in row.cells.get(column, "").split("|"))
    return tuple(dict.fromkeys(part for part in parts if part))


def _properties(row: Row, known: set[str]) -> Mapping[str, Value]:
    extra = sorted(row.cells.keys() - known)
    return {column: _value(row.cells[column]) for column in extra if row.cells[column]}


def _value(text: str) -> Value:
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text
