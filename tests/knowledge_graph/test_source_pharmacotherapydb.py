from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from engine.exceptions import SourceError
from knowledge_graph.schema import DiseaseEntry, Edge, Node, Record, Rejected
from knowledge_graph.sources import pharmacotherapydb
from knowledge_graph.sources.findings import Findings

HEADER = (
    "drugbank_id\tdrugbank_name\tdo_slim_id\tdo_slim_name\tdo_subsumed_id\tdo_subsumed_name"
    "\tresource\n"
)
CATALOGUE = "doid_id\tdrugbank_id\tdisease\tdrug\tcategory\tn_curators\tn_resources\n"
NO_FINDINGS = Findings([])
DATASET = "PharmacotherapyDB unstated"


def verbose(disease: str, resource: str) -> str:
    return f"DB1\tTestamine\tDOID:9\twide\t{disease}\ttestitis\t{resource}\n"


def read(path: Path, text: str) -> list[Record]:
    path.write_text(text)
    return list(pharmacotherapydb.read(path.parent, NO_FINDINGS))


def test_rows_of_one_pair_are_one_edge_with_each_resource_and_licence(tmp_path: Path) -> None:
    lines = (
        verbose("DOID:1", "predict")
        + verbose("DOID:1", "labeledin")
        + verbose("DOID:1", "medi_lps")
        + verbose("DOID:1", "predict")
    )
    assert read(tmp_path / "indications-slim-verbose.tsv", HEADER + lines) == [
        Node("DRUGBANK:DB1", "Drug", "Testamine"),
        DiseaseEntry("DOID:1", "testitis"),
        Edge(
            "DRUGBANK:DB1",
            "treats",
            "DOID:1",
            (
                f"{DATASET}, labeledin (public domain), row 3",
                f"{DATASET}, medi_lps (CC BY-NC-SA 3.0), row 4",
                f"{DATASET}, predict (CC BY-NC-SA 3.0), rows 2, 5",
            ),
            {"evidence": "listed as an indication, not reviewed"},
        ),
    ]


def test_the_resource_of_low_precision_alone_is_not_enough(tmp_path: Path) -> None:
    lines = verbose("DOID:1", "medi_lps") + verbose("DOID:2", "medi_lps")
    assert read(tmp_path / "indications-slim-verbose.tsv", HEADER + lines) == [
        Rejected(
            DATASET,
            0,
            "2 pairs not used: only medi_lps, of low precision, has them",
        )
    ]


def test_an_unknown_resource_is_told_as_such(tmp_path: Path) -> None:
    lines = verbose("DOID:1", "newbase")
    records = read(tmp_path / "indications-slim-verbose.tsv", HEADER + lines)
    assert [r.sources for r in records if isinstance(r, Edge)] == [
        (f"{DATASET}, newbase (unknown licence), row 2",)
    ]


def test_the_catalogue_tells_its_categories_apart_and_goes_first(tmp_path: Path) -> None:
    (tmp_path / "indications-slim-verbose.tsv").write_text(HEADER + verbose("DOID:5", "predict"))
    lines = (
        "DOID:1\tDB1\ttestitis\tTestamine\tDM\t2\t1\n"
        "DOID:2\tDB1\ttestosis\tTestamine\tSYM\t3\t4\n"
        "DOID:3\tDB1\ttestoma\tTestamine\tNOT\t3\t1\n"
        "DOID:4\tDB1\ttestemia\tTestamine\tMAYBE\t3\t1\n"
        "DOID:1\tDB1\ttestitis\tTestamine\tDM\t2\t1\n"
    )
    evidence = "reviewed by physicians"
    assert read(tmp_path / "indications.tsv", CATALOGUE + lines) == [
        Node("DRUGBANK:DB1", "Drug", "Testamine"),
        DiseaseEntry("DOID:1", "testitis"),
        Edge(
            "DRUGBANK:DB1",
            "treats",
            "DOID:1",
            (f"{DATASET}, row 2",),
            {"evidence": f"disease-modifying, {evidence}"},
        ),
        DiseaseEntry("DOID:2", "testosis"),
        Edge(
            "DRUGBANK:DB1",
            "palliates",
            "DOID:2",
            (f"{DATASET}, row 3",),
            {"evidence": f"symptomatic, {evidence}"},
        ),
        Rejected(DATASET, 4, "NOT: physicians found that it is no indication"),
        Rejected(DATASET, 5, "MAYBE: unknown category"),
        Rejected(DATASET, 6, "Testamine for testitis stands twice"),
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("DB1\tTestamine\n", "2 cells instead of 7"),
        (verbose("", "predict"), "nothing in do_subsumed_id"),
        (verbose("DOID:1", ""), "nothing in resource"),
    ],
)
def test_a_row_with_gaps_is_rejected(tmp_path: Path, line: str, reason: str) -> None:
    assert read(tmp_path / "indications-slim-verbose.tsv", HEADER + line) == [
        Rejected(DATASET, 2, reason)
    ]


def test_a_folder_without_either_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"neither indications\.tsv nor"):
        list(pharmacotherapydb.read(tmp_path, NO_FINDINGS))


@pytest.mark.parametrize("name", ["", "indications-slim-verbose.tsv"])
def test_the_file_before_review_gives_these_numbers(data: Path, name: str) -> None:
    records = list(pharmacotherapydb.read(data / "kg" / "indications" / name, NO_FINDINGS))
    edges = [record for record in records if isinstance(record, Edge)]
    assert Counter(edge.predicate for edge in edges) == {"treats": 2130}
    assert Counter(len(edge.sources) for edge in edges) == {1: 1426, 2: 516, 3: 132, 4: 56}
    assert sum(isinstance(record, Node) for record in records) == 601  # as the README has it
    assert sum(isinstance(record, DiseaseEntry) for record in records) == 228
    assert [r.reason[:12] for r in records if isinstance(r, Rejected)] == ["1,561 pairs "]
