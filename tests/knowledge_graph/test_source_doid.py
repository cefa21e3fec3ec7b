from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

import pytest

from engine.exceptions import SourceError
from knowledge_graph.schema import DiseaseEntry, Edge, Record, Rejected
from knowledge_graph.sources import doid
from knowledge_graph.sources.findings import Findings

HEADER = "id\tlabel\tsubClassOf\n"
DATASET = "Human Disease Ontology unstated"


def read(path: Path, text: str) -> list[Record]:
    path.write_text(text)
    return list(doid.read(path, Findings([])))


def test_a_parent_is_found_by_its_label_wherever_it_stands(tmp_path: Path) -> None:
    rows = '"DOID:1"\t"small fever"\t"fever, any"\n"DOID:2"\t"fever, any"\t"small fever"\n'
    assert read(tmp_path / "t.tsv", HEADER + rows) == [
        DiseaseEntry("DOID:1", "small fever"),
        Edge("DOID:1", "is_a", "DOID:2", (DATASET,)),
        DiseaseEntry("DOID:2", "fever, any"),
        Edge("DOID:2", "is_a", "DOID:1", (DATASET,)),
    ]


def test_a_disease_with_two_parents_is_described_once(tmp_path: Path) -> None:
    rows = "DOID:1\ta\tb\nDOID:1\ta\tc\nDOID:2\tb\ta\nDOID:3\tc\ta\n"
    records = read(tmp_path / "t.tsv", HEADER + rows)
    assert [r.id for r in records if isinstance(r, DiseaseEntry)] == ["DOID:1", "DOID:2", "DOID:3"]
    parents = [r.object for r in records if isinstance(r, Edge) and r.subject == "DOID:1"]
    assert parents == ["DOID:2", "DOID:3"]


def test_columns_may_stand_in_any_order_and_unknown_ones_are_passed_over(tmp_path: Path) -> None:
    text = "label\tnote\tsubClassOf\tid\na\tx\ta\tDOID:1\n"
    assert read(tmp_path / "t.tsv", text)[0] == DiseaseEntry("DOID:1", "a")


@pytest.mark.parametrize(
    ("rows", "row", "reason"),
    [
        ("DOID:1\ta\tnowhere\n", 2, "no disease is called 'nowhere'"),
        ("DOID:1\ta\n", 2, "no disease is called ''"),
        ("DOID:1\ta\tb\nDOID:2\tb\ta\nDOID:3\tb\ta\n", 2, "'b' may be DOID:2 or DOID:3"),
        ("DOID:1\ta\ta\nMONDO:2\tb\ta\n", 3, "not a DOID with a label: 'MONDO:2', 'b'"),
        ("DOID:1\t\ta\n", 2, "not a DOID with a label: 'DOID:1', ''"),
    ],
)
def test_a_row_that_cannot_be_used_is_rejected_with_its_line(
    tmp_path: Path, rows: str, row: int, reason: str
) -> None:
    records = read(tmp_path / "t.tsv", HEADER + rows)
    assert [r for r in records if isinstance(r, Rejected)] == [Rejected(DATASET, row, reason)]


def test_a_label_that_two_ids_share_names_no_parent_but_describes_both(tmp_path: Path) -> None:
    records = read(tmp_path / "t.tsv", HEADER + "DOID:1\ta\tb\nDOID:2\tb\ta\nDOID:3\tb\ta\n")
    assert Counter(type(r).__name__ for r in records) == {
        "DiseaseEntry": 3,
        "Edge": 2,
        "Rejected": 1,
    }


def test_another_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="lacks the columns id, subClassOf"):
        read(tmp_path / "t.tsv", "label\tname\na\tb\n")


def test_the_published_table_is_read_whole(data: Path) -> None:
    path = data / "kg" / "doid" / "HumanDO.tsv.gz"
    records = list(doid.read(path, Findings([])))
    kinds = Counter(type(record).__name__ for record in records)
    assert kinds == {"DiseaseEntry": 12246, "Edge": 12288, "Rejected": 8}
    assert {r.reason for r in records if isinstance(r, Rejected)} == {
        "no disease is called 'disease'"  # the root has no row
    }
    with gzip.open(path, "rt") as file:
        rows = sum(1 for _ in file) - 1
    assert kinds["Edge"] + kinds["Rejected"] == rows
