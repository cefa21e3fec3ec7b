"""Exact matches of MONDO: tables mondo_exactmatch_*.sssom.tsv (plain or .gz), one or a folder.

A table in SSSOM form is a header of lines with "#", then tab-separated columns. A match with a
catalogue in which diseases have their identity (OMIM, Orphanet, DOID) is a `SameDisease`; with any
other vocabulary its code is one more code of the disease. A match of a retired class is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from knowledge_graph.names import plain_name
from knowledge_graph.schema import DiseaseEntry, Record, Rejected, SameDisease
from knowledge_graph.sources.findings import Findings
from knowledge_graph.sources.reading import Row, files_in, lines, rows

NAME = "MONDO"
WANTS = "mondo_exactmatch_*.sssom.tsv (plain or .gz), or the folder of them"
EXACT = "skos:exactMatch"
COLUMNS = ("subject_id", "subject_label", "predicate_id", "object_id")
IDENTITY = ("OMIM", "ORPHA", "DOID")
PREFIXES = {"Orphanet": "ORPHA", "mesh": "MESH"}
"""Prefix in the tables -> prefix in this graph, where they differ."""

_SUBJECT = re.compile(r"MONDO:\d{7}")
_OBJECT = re.compile(r"(\w+):(\S+)")
_RETIRED = re.compile(r"obsoleted?\b", re.IGNORECASE)
_NOT_RARE = "NON RARE IN EUROPE: "
_VERSION = re.compile(r"#\s*mapping_set_version:\s*(.+?)\s*")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def release(path: Path) -> str:
    """The releases the tables state, usually one date; "unstated" where none does."""
    return ", ".join(sorted({_version(file) for file in files_in(path, "*.sssom.tsv*")}))


def read(path: Path, findings: Findings) -> Iterator[Record]:
    """A `DiseaseEntry` for each usable row, and for identity catalogues its `SameDisease`.

    Raises:
        SourceError: a file cannot be read or lacks one of `COLUMNS`.
    """
    for file in files_in(path, "*.sssom.tsv*"):
        dataset = f"{NAME} {_version(file)}"
        for row in rows(file, COLUMNS, delimiter="\t", comment="#"):
            if reason := _fault(row):
                yield Rejected(dataset, row.number, f"{file.name}: {reason}")
            else:
                yield from _match(row.cells, dataset)


def _match(row: Mapping[str, str], dataset: str) -> Iterator[Record]:
    disease, name = row["subject_id"], row["subject_label"]
    prefix, _, code = row["object_id"].partition(":")
    prefix = PREFIXES.get(prefix, prefix)
    other = f"{prefix}:{code}"
    label = row.get("object_label", "").removeprefix(_NOT_RARE)
    synonyms = (label,) if plain_name(label) not in ("", plain_name(name)) else ()
    same = prefix in IDENTITY
    yield DiseaseEntry(disease, name, synonyms, () if same else (other,))
    if same:
        yield SameDisease(disease, other, dataset)


def _fault(read: Row) -> str:
    """Why a row cannot be used; "" if it can."""
    if read.fault:
        return read.fault
    row = read.cells
    if not _SUBJECT.fullmatch(row["subject_id"]) or not row["subject_label"]:
        return f"not a MONDO id with a label: {row['subject_id']!r}, {row['subject_label']!r}"
    if not _OBJECT.fullmatch(row["object_id"]):
        return f"not a CURIE: {row['object_id']!r}"
    predicate = " ".join(filter(None, (row.get("predicate_modifier"), row["predicate_id"])))
    if predicate != EXACT:
        return f"{predicate} is not {EXACT}"
    for end, label in (("subject_id", "subject_label"), ("object_id", "object_label")):
        if _RETIRED.match(row.get(label, "")):
            return f"{row[end]} is obsolete"
    return ""


def _version(path: Path) -> str:
    for line in lines(path):
        if not line.startswith("#"):
            break
        if stated := _VERSION.fullmatch(line):
            date = _DATE.search(stated[1])
            return date.group() if date else stated[1]
    return "unstated"
