from __future__ import annotations

from pathlib import Path

import pytest

from engine.exceptions import SourceError
from knowledge_graph.schema import (
    Annotation,
    DiseaseEntry,
    Edge,
    Node,
    Record,
    Rejected,
    Synonym,
    Term,
)
from knowledge_graph.sources import tables
from knowledge_graph.sources.findings import Findings

FEVER = Term("HP:0001945", "Fever", (), (Synonym("Pyrexia", "exact"),))
FINDINGS = Findings([FEVER])
NODES = "id,kind,name,synonyms,xrefs,parent,atc,dose\n"
EDGES = "subject,predicate,object,sources,frequency,severity\n"
DISEASE = "LAB:1,Disease,testitis\n"
DRUG = "LAB:2,Drug,Testamine\n"


def write(folder: Path, nodes: str, edges: str) -> Path:
    (folder / "nodes.csv").write_text(nodes)
    (folder / "edges.csv").write_text(edges)
    (folder / "release.txt").write_text("2026-01\nsecond line\n")
    return folder


def nodes(folder: Path, lines: str) -> list[Record]:
    return list(tables.read(write(folder, NODES + lines, EDGES), FINDINGS))


def edges(folder: Path, lines: str) -> list[Record]:
    """The records of these edges, between a disease and a drug."""
    described = "id,kind,name\n" + DISEASE + DRUG
    return list(tables.read(write(folder, described, EDGES + lines), FINDINGS))[2:]


def test_further_columns_of_a_node_are_properties(tmp_path: Path) -> None:
    lines = "LAB:2,Drug,Testamine,Testin| TST |,X:1|X:2,,B01AB,2.5\nLAB:3,Gene,TST1,,,,,007\n"
    assert nodes(tmp_path, lines) == [
        Node(
            "LAB:2",
            "Drug",
            "Testamine",
            ("Testin", "TST"),
            ("X:1", "X:2"),
            {"atc": "B01AB", "dose": 2.5},
        ),
        Node("LAB:3", "Gene", "TST1", (), (), {"dose": 7}),
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("-3", -3),
        ("0.5", 0.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1e999", "1e999"),
        ("nan", "nan"),
        ("1_000", "1_000"),
        ("9" * 20, "9" * 20),
        ("12 mg", "12 mg"),
    ],
)
def test_numbers_are_read_as_numbers_and_nothing_else_is(
    tmp_path: Path, text: str, value: object
) -> None:
    (node,) = nodes(tmp_path, f"LAB:2,Drug,Testamine,,,,,{text}\n")
    assert isinstance(node, Node)
    assert repr(node.properties["dose"]) == repr(value)


def test_a_disease_has_names_and_codes(tmp_path: Path) -> None:
    assert nodes(tmp_path, "LAB:1,Disease,testitis,itis,ICD10:T1,,,\n") == [
        DiseaseEntry("LAB:1", "testitis", ("itis",), ("ICD10:T1",))
    ]


@pytest.mark.parametrize("parent", ["HP:0001945", "pyrexia", "Fever"])
def test_a_new_finding_is_a_term_below_its_parent(tmp_path: Path, parent: str) -> None:
    assert nodes(tmp_path, f"LAB:4,Phenotype,Test fever,Tever|Tf,,{parent},,\n") == [
        Term(
            "LAB:4",
            "Test fever",
            ("HP:0001945",),
            (Synonym("Tever", "exact"), Synonym("Tf", "exact")),
        )
    ]


def test_a_new_finding_may_stand_below_one_above_it_or_below_the_root(tmp_path: Path) -> None:
    lines = "LAB:4,Phenotype,Glow,,,,,\nLAB:5,Phenotype,Green glow,,,glow,,\n"
    assert nodes(tmp_path, lines) == [
        Term("LAB:4", "Glow", ("HP:0000118",)),
        Term("LAB:5", "Green glow", ("LAB:4",)),
    ]


def test_a_finding_of_the_graph_is_left_as_it_is(tmp_path: Path) -> None:
    assert nodes(tmp_path, "HP:0001945,Phenotype,Pyrexia,Hotness,,,,\n") == [
        Rejected(
            f"{tmp_path.name} 2026-01",
            2,
            "nodes.csv, column synonyms: not kept, the graph has no place for it here; "
            "the rest of the row is used",
        )
    ]


def test_a_property_of_a_disease_is_told_not_to_be_kept(tmp_path: Path) -> None:
    entry, note = nodes(tmp_path, "LAB:1,Disease,testitis,,,,B01,\n")
    assert entry == DiseaseEntry("LAB:1", "testitis")
    assert isinstance(note, Rejected)
    assert note.reason.startswith("nodes.csv, column atc: not kept")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (
            "LAB 2,Drug,Testamine,,,,,",
            "column id: 'LAB 2' is no CURIE; write a prefix, \":\" and the id, like MYLAB:17",
        ),
        (",Drug,Testamine,,,,,", "column id: empty; fill it in"),
        ("LAB:2,Drug,,,,,,", "column name: empty; fill it in"),
        ("LAB:2,Pill,Testamine,,,,,", "column kind: 'Pill' is none; use one of Disease, Phenotype"),
        ("LAB:0,Drug,Again,,,,,", "column id: LAB:0 stands twice; put it all in one row"),
        (
            "LAB:4,Phenotype,Glow,,,Gleam,,",
            "column parent: no finding is called 'Gleam'; give the id or exact name of one",
        ),
        (
            "LAB:4,Phenotype,pyrexia,,,,,",
            "column name: HP:0001945 has this name; use HP:0001945, or another name",
        ),
        (
            "HP:0001945,Phenotype,Cough,,,,,",
            "column name: HP:0001945 has another in the graph; check the id",
        ),
        ("LAB:2,Drug,Testamine, acid,,,,,", "column (all): 9 cells instead of 8; put a cell with"),
    ],
)
def test_a_node_that_cannot_be_used_is_rejected_with_row_column_and_fix(
    tmp_path: Path, line: str, reason: str
) -> None:
    first, rejected = nodes(tmp_path, f"LAB:0,Test,Test test,,,,,\n{line}\n")
    assert first == Node("LAB:0", "Test", "Test test")
    assert isinstance(rejected, Rejected)
    assert (rejected.source, rejected.row) == (f"{tmp_path.name} 2026-01", 3)
    assert rejected.reason.startswith(f"nodes.csv, {reason}")


def test_an_edge_names_folder_release_row_and_source(tmp_path: Path) -> None:
    dataset = f"{tmp_path.name} 2026-01"
    assert edges(tmp_path, "LAB:2,treats,LAB:1,our ward|our books,,3\n") == [
        Edge(
            "LAB:2",
            "treats",
            "LAB:1",
            (f"{dataset}, row 2: our ward", f"{dataset}, row 2: our books"),
            {"severity": 3},
        )
    ]


@pytest.mark.parametrize("frequency", ["7/13", "45%", "HP:0040281", ""])
@pytest.mark.parametrize("finding", ["HP:0001945", "Pyrexia"])
def test_a_finding_of_a_disease_is_an_annotation(
    tmp_path: Path, finding: str, frequency: str
) -> None:
    (row,) = edges(tmp_path, f"LAB:1,has_phenotype,{finding},our ward|our books,{frequency},\n")
    assert row == Annotation(
        disease="LAB:1",
        name="testitis",
        term="HP:0001945",
        negated=False,
        reference="our ward; our books",
        evidence="",
        onset="",
        frequency=frequency,
        sex="",
        aspect="P",
        row=2,
        dataset=f"{tmp_path.name} 2026-01",
    )


def test_a_finding_a_disease_lacks_is_a_negated_annotation(tmp_path: Path) -> None:
    (row,) = edges(tmp_path, "LAB:1,lacks_phenotype,fever,our ward,,\n")
    assert isinstance(row, Annotation)
    assert row.negated


def test_a_finding_of_the_same_folder_can_be_shown(tmp_path: Path) -> None:
    described = "id,kind,name\nLAB:1,Disease,testitis\nLAB:4,Phenotype,Green glow\n"
    lines = "LAB:1,has_phenotype,green-glow,our ward,,\n"
    records = list(tables.read(write(tmp_path, described, EDGES + lines), FINDINGS))
    assert [r.term for r in records if isinstance(r, Annotation)] == ["LAB:4"]


def test_a_property_of_a_shown_finding_is_told_not_to_be_kept(tmp_path: Path) -> None:
    row, note = edges(tmp_path, "LAB:1,has_phenotype,fever,our ward,,3\n")
    assert isinstance(row, Annotation)
    assert isinstance(note, Rejected)
    assert note.reason.startswith("edges.csv, column severity: not kept")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (
            "LAB:9,treats,LAB:1,us,,",
            "column subject: LAB:9 is no id of nodes.csv and no finding; add it to nodes.csv",
        ),
        ("LAB:2,treats,,us,,", "column object: empty; fill it in"),
        ("LAB:2,heals,LAB:1,us,,", "column predicate: 'heals' is none; use one of is_a"),
        ("LAB:2,treats,LAB:1, | ,,", "column sources: empty; say where this is from"),
        (
            "LAB:1,treats,LAB:2,us,,",
            "column predicate: LAB:1 is a Disease and LAB:2 a Drug; treats goes from Drug to",
        ),
        (
            "fever,has_phenotype,fever,us,,",
            "column predicate: HP:0001945 is a Phenotype and HP:0001945 a Phenotype",
        ),
        (
            "LAB:1,has_phenotype,fever,us,often,",
            "column frequency: not a frequency: 'often'; write 7/13, 45%, HP:0040280",
        ),
        (
            "LAB:1,has_phenotype,fever,us,8/7,",
            "column frequency: not a frequency: '8/7'; write 7/13",
        ),
        ("LAB:2,treats,LAB:1,us,45%,", "column frequency: treats has none; leave it empty"),
        (
            "LAB:2,palliates,LAB:1,again,,",
            "column subject: the edge of row 2 again; list all sources there",
        ),
        ("LAB:2,treats,LAB:1", "column (all): 3 cells instead of 6"),
    ],
)
def test_an_edge_that_cannot_be_used_is_rejected_with_row_column_and_fix(
    tmp_path: Path, line: str, reason: str
) -> None:
    first, rejected = edges(tmp_path, f"LAB:2,palliates,LAB:1,us,,\n{line}\n")
    assert isinstance(first, Edge)
    assert isinstance(rejected, Rejected)
    assert (rejected.source, rejected.row) == (f"{tmp_path.name} 2026-01", 3)
    assert rejected.reason.startswith(f"edges.csv, {reason}")


def test_every_predicate_of_the_graph_is_known() -> None:
    assert set(tables.ENDS) == set(tables.get_args(tables.Predicate))


def test_without_a_release_the_content_gives_one(tmp_path: Path) -> None:
    write(tmp_path, NODES, EDGES)
    assert tables.release(tmp_path) == "2026-01"
    (tmp_path / "release.txt").unlink()
    before = tables.release(tmp_path)
    assert before.startswith("sha256 ")
    assert tables.release(tmp_path) == before
    (tmp_path / "nodes.csv").write_text(NODES + DISEASE)
    assert tables.release(tmp_path) != before


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("nodes.csv", b"id,name\n", "lacks the columns kind"),
        ("edges.csv", b"subject,predicate,object\n", "lacks the columns sources"),
        ("edges.csv", b"subject;predicate;object;sources\n", "lacks the columns subject"),
        ("nodes.csv", b"id,kind,name\nLAB:1,Drug,caf\xe9\n", "nodes.csv:2: not UTF-8"),
        ("release.txt", b"\xff\xfe2", "is not UTF-8"),
    ],
)
def test_tables_that_cannot_be_read_are_refused(
    tmp_path: Path, file: str, content: bytes, message: str
) -> None:
    write(tmp_path, NODES, EDGES)
    (tmp_path / file).write_bytes(content)
    with pytest.raises(SourceError) as caught:
        list(tables.read(tmp_path, FINDINGS))
    assert message in caught.value.message
    assert caught.value.fix


def test_a_table_from_a_spreadsheet_is_read(tmp_path: Path) -> None:
    write(tmp_path, "", EDGES)
    (tmp_path / "nodes.csv").write_bytes(
        '\ufeffid,kind,name,\r\nLAB:2,Drug,"Testamine, µg",\r\n'.encode()
    )
    assert list(tables.read(tmp_path, FINDINGS)) == [Node("LAB:2", "Drug", "Testamine, µg")]


@pytest.mark.parametrize("file", ["nodes.csv", "edges.csv"])
def test_a_missing_table_is_refused(tmp_path: Path, file: str) -> None:
    write(tmp_path, NODES, EDGES)
    (tmp_path / file).unlink()
    with pytest.raises(SourceError, match="cannot be read"):
        list(tables.read(tmp_path, FINDINGS))
