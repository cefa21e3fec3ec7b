from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

import pytest

from engine.exceptions import SourceError
from knowledge_graph.schema import DiseaseEntry, Record, Rejected, SameDisease
from knowledge_graph.sources import mondo
from knowledge_graph.sources.findings import Findings

VERSION = "# mapping_set_version: http://example.org/releases/2031-02-03/mappings/x.sssom.tsv\n"
COLUMNS = "subject_id\tsubject_label\tpredicate_id\tobject_id\tobject_label\tmapping_justification"
NAME = "mondo_exactmatch_x.sssom.tsv"


def row(
    subject: str = "MONDO:0000007",
    label: str = "testitis",
    predicate: str = mondo.EXACT,
    other: str = "OMIM:100001",
    other_label: str = "",
) -> str:
    return "\t".join((subject, label, predicate, other, other_label, "semapv:Manual"))


def read(folder: Path, *rows: str, header: str = VERSION, columns: str = COLUMNS) -> list[Record]:
    path = folder / NAME
    path.write_text(header + "\n".join((columns, *rows)) + "\n")
    return list(mondo.read(path, Findings([])))


@pytest.mark.parametrize(
    ("stated", "here"),
    [
        ("OMIM:100001", "OMIM:100001"),
        ("Orphanet:12", "ORPHA:12"),
        ("DOID:0050001", "DOID:0050001"),
    ],
)
def test_a_match_with_a_catalogue_says_two_ids_are_one_disease(
    tmp_path: Path, stated: str, here: str
) -> None:
    assert read(tmp_path, row(other=stated)) == [
        DiseaseEntry("MONDO:0000007", "testitis"),
        SameDisease("MONDO:0000007", here, "MONDO 2031-02-03"),
    ]


@pytest.mark.parametrize(
    ("stated", "here"),
    [
        ("mesh:D000001", "MESH:D000001"),
        ("UMLS:C0000001", "UMLS:C0000001"),
        ("ICD10CM:A00-A09", "ICD10CM:A00-A09"),
        ("OMIMPS:100001", "OMIMPS:100001"),
    ],
)
def test_a_match_with_another_vocabulary_is_a_code_and_no_identity(
    tmp_path: Path, stated: str, here: str
) -> None:
    assert read(tmp_path, row(other=stated)) == [
        DiseaseEntry("MONDO:0000007", "testitis", (), (here,))
    ]


@pytest.mark.parametrize(
    ("label", "synonyms"),
    [
        ("inflammation of the test", ("inflammation of the test",)),
        ("NON RARE IN EUROPE: Common testitis", ("Common testitis",)),
        ("Testitis", ()),
        ("NON RARE IN EUROPE: Testitis", ()),
        ("", ()),
    ],
)
def test_the_other_label_is_a_synonym_if_it_differs(
    tmp_path: Path, label: str, synonyms: tuple[str, ...]
) -> None:
    assert read(tmp_path, row(other_label=label))[0] == DiseaseEntry(
        "MONDO:0000007", "testitis", synonyms
    )


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (row(predicate="skos:broadMatch"), "skos:broadMatch is not skos:exactMatch"),
        (row(label="obsolete testitis"), "MONDO:0000007 is obsolete"),
        (row(label="obsoleted testitis"), "MONDO:0000007 is obsolete"),
        (row(other_label="OBSOLETE: Testitis"), "OMIM:100001 is obsolete"),
        (row(subject="HP:0000001"), "not a MONDO id with a label: 'HP:0000001', 'testitis'"),
        (row(label=""), "not a MONDO id with a label: 'MONDO:0000007', ''"),
        (row(other="100001"), "not a CURIE: '100001'"),
        (row().rpartition("\t")[0], "5 cells instead of 6"),
        (row() + "\tx", "7 cells instead of 6"),
    ],
)
def test_a_row_that_cannot_be_used_is_rejected_with_its_line(
    tmp_path: Path, line: str, reason: str
) -> None:
    _, _, *rest = read(tmp_path, row(), line)
    assert rest == [Rejected("MONDO 2031-02-03", 4, f"{NAME}: {reason}")]


def test_a_negated_match_is_no_match(tmp_path: Path) -> None:
    columns = COLUMNS.replace("mapping_justification", "predicate_modifier")
    line = row().replace("semapv:Manual", "Not")
    assert read(tmp_path, line, columns=columns) == [
        Rejected("MONDO 2031-02-03", 3, f"{NAME}: Not skos:exactMatch is not skos:exactMatch")
    ]


def test_a_table_without_labels_of_the_other_side_is_read(tmp_path: Path) -> None:
    columns = "subject_id\tsubject_label\tpredicate_id\tobject_id"
    line = f"MONDO:0000007\ttestitis\t{mondo.EXACT}\tUMLS:C0000001"
    assert read(tmp_path, line, columns=columns) == [
        DiseaseEntry("MONDO:0000007", "testitis", (), ("UMLS:C0000001",))
    ]


def test_a_table_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="lacks the columns predicate_id, object_id"):
        read(tmp_path, columns="subject_id\tsubject_label")


def test_the_release_is_what_the_tables_state(tmp_path: Path) -> None:
    read(tmp_path, row())
    assert mondo.release(tmp_path) == "2031-02-03"
    read(tmp_path, row(), header="# license: none\n")
    assert mondo.release(tmp_path) == "unstated"
    read(tmp_path, row(), header="# mapping_set_version: seven\n")
    other = tmp_path / "mondo_exactmatch_y.sssom.tsv"
    other.write_text(VERSION + COLUMNS + "\n")
    assert mondo.release(tmp_path) == "2031-02-03, seven"


def test_a_folder_is_read_table_by_table(tmp_path: Path) -> None:
    read(tmp_path, row())
    other = tmp_path / "mondo_exactmatch_y.sssom.tsv.gz"
    with gzip.open(other, "wt") as file:
        file.write(f"{VERSION}{COLUMNS}\n{row(other='mesh:D000001')}\n")
    (tmp_path / "notes.txt").write_text("not a table")
    records = list(mondo.read(tmp_path, Findings([])))
    assert [r.xrefs for r in records if isinstance(r, DiseaseEntry)] == [(), ("MESH:D000001",)]


def test_the_published_tables_are_read_whole(data: Path) -> None:
    folder = data / "kg" / "mondo"
    assert mondo.release(folder) == "2026-08-04"
    kinds: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for record in mondo.read(folder, Findings([])):
        kinds[type(record).__name__] += 1
        if isinstance(record, Rejected):
            reasons[record.reason.rpartition(" ")[2]] += 1
    assert kinds == {"DiseaseEntry": 61783, "SameDisease": 30041, "Rejected": 1892}
    assert reasons == {"obsolete": 1892}
    rows = 0
    for path in folder.iterdir():
        with gzip.open(path, "rt") as file:
            rows += sum(not line.startswith("#") for line in file) - 1
    assert kinds["DiseaseEntry"] + kinds["Rejected"] == rows
