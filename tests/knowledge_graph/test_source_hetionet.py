from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

import pytest

from engine.exceptions import SourceError
from knowledge_graph.memory import MemoryGraph
from knowledge_graph.schema import DiseaseEntry, Edge, Node, Record, Rejected, Synonym, Term
from knowledge_graph.sources import hetionet
from knowledge_graph.sources.findings import Findings
from tests.knowledge_graph.vocabulary import findings_of

DATASET = "Hetionet v1.0"
FINDINGS = Findings([Term("HP:1", "Cough", (), (Synonym("Tussis", "exact"),))])
NODES = """id\tname\tkind
Compound::DB1\tTestamine\tCompound
Disease::DOID:1\ttestitis\tDisease
Anatomy::UBERON:1\ttest organ\tAnatomy
Symptom::D1\tTussis\tSymptom
Symptom::D2\tCough\tSymptom
Symptom::D3\tGlow\tSymptom
Pharmacologic Class::N1\tTestamines\tPharmacologic Class
"""
TREATS = "Compound::DB1\tCtD\tDisease::DOID:1\n"
MEDLINE = {"evidence": "co-occurrence in MEDLINE"}


def read(folder: Path, edges: str, nodes: str = NODES) -> list[Record]:
    (folder / "nodes.tsv").write_text(nodes)
    (folder / "hetionet-v1.0-edges.sif.gz").write_bytes(
        gzip.compress(f"source\tmetaedge\ttarget\n{edges}".encode())
    )
    return list(hetionet.read(folder, FINDINGS))


def test_every_node_of_clinical_use_but_known_findings_is_described(tmp_path: Path) -> None:
    assert read(tmp_path, "") == [
        Node("DRUGBANK:DB1", "Drug", "Testamine"),
        DiseaseEntry("DOID:1", "testitis"),
        Node("UBERON:1", "Anatomy", "test organ"),
        Node("MESH:D3", "Phenotype", "Glow"),
        Node("NDFRT:N1", "DrugClass", "Testamines"),
    ]


@pytest.mark.parametrize(
    ("line", "edge"),
    [
        (TREATS, ("DRUGBANK:DB1", "treats", "DOID:1", "CtD", {})),
        (
            "Compound::DB1\tCpD\tDisease::DOID:1\n",
            ("DRUGBANK:DB1", "palliates", "DOID:1", "CpD", {}),
        ),
        (
            "Disease::DOID:1\tDlA\tAnatomy::UBERON:1\n",
            ("DOID:1", "localises_to", "UBERON:1", "DlA", MEDLINE),
        ),
        (
            "Disease::DOID:1\tDpS\tSymptom::D3\n",
            ("DOID:1", "has_phenotype", "MESH:D3", "DpS", MEDLINE),
        ),
        (
            "Pharmacologic Class::N1\tPCiC\tCompound::DB1\n",
            ("DRUGBANK:DB1", "is_a", "NDFRT:N1", "PCiC", {}),
        ),
    ],
)
def test_each_edge_type_is_read_with_its_source(
    tmp_path: Path, line: str, edge: tuple[str, hetionet.Predicate, str, str, dict[str, str]]
) -> None:
    subject, predicate, target, name, properties = edge
    source = f"Hetionet v1.0, {name}, row 2"
    assert [r for r in read(tmp_path, line) if isinstance(r, Edge)] == [
        Edge(subject, predicate, target, (source,), properties)
    ]


def test_two_symptoms_of_one_finding_are_one_edge(tmp_path: Path) -> None:
    lines = "Disease::DOID:1\tDpS\tSymptom::D1\nDisease::DOID:1\tDpS\tSymptom::D2\n"
    sources = ("Hetionet v1.0, DpS, row 2", "Hetionet v1.0, DpS, row 3")
    assert [r for r in read(tmp_path, lines) if isinstance(r, Edge)] == [
        Edge("DOID:1", "has_phenotype", "HP:1", sources, MEDLINE)
    ]


def test_what_is_not_used_is_counted_once_a_type(tmp_path: Path) -> None:
    lines = "Gene::1\tGiG\tGene::2\n" * 1234 + "Compound::DB1\tCcSE\tSide Effect::C1\n"
    records = read(tmp_path, lines, NODES + "Gene::1\tAAA\tGene\nGene::2\tBBB\tGene\n")
    assert [r for r in records if isinstance(r, Rejected)] == [
        Rejected(DATASET, 0, "kind Gene: 2 nodes not used: no edge that is used has one"),
        Rejected(
            DATASET,
            0,
            "metaedge CcSE: 1 rows not used: side effects have no place in the graph yet",
        ),
        Rejected(DATASET, 0, "metaedge GiG: 1,234 rows not used: biology outside clinical use"),
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("Compound::DB9\tCtD\tDisease::DOID:1\n", "Compound::DB9 is no Compound of the node file"),
        ("Compound::DB1\tCtD\tSymptom::D3\n", "Symptom::D3 is no Disease of the node file"),
        ("Compound::DB1\tCtD\n", "edge: 2 cells instead of 3"),
    ],
)
def test_an_edge_without_its_ends_is_rejected(tmp_path: Path, line: str, reason: str) -> None:
    records = read(tmp_path, TREATS + line)
    assert [r for r in records if isinstance(r, Rejected)] == [Rejected(DATASET, 3, reason)]
    assert sum(isinstance(r, Edge) for r in records) == 1


@pytest.mark.parametrize("line", ["Disease::\tnameless\tDisease\n", "Disease::DOID:2\t\tDisease\n"])
def test_a_node_without_id_or_name_is_rejected(tmp_path: Path, line: str) -> None:
    records = read(tmp_path, "", NODES + line)
    assert Rejected(DATASET, 9, "node without an id or a name") in records
    assert sum(isinstance(r, DiseaseEntry) for r in records) == 1


def test_a_folder_without_the_tables_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds 0 files"):
        list(hetionet.read(tmp_path, FINDINGS))


def test_the_subset_of_the_release_gives_these_numbers(data: Path, graph: MemoryGraph) -> None:
    folder = data / "kg" / "hetionet"
    assert hetionet.release(folder) == "unstated"
    records = list(hetionet.read(folder, findings_of(graph)))
    edges = [record for record in records if isinstance(record, Edge)]
    assert Counter(edge.predicate for edge in edges) == {
        "treats": 755,
        "palliates": 390,
        "localises_to": 3602,
        "has_phenotype": 3335,
        "is_a": 1029,
    }
    shown = [edge for edge in edges if edge.predicate == "has_phenotype"]
    known = sum(not edge.object.startswith("MESH:") for edge in shown)
    assert 1_800 < known < 2_100  # grows and shrinks with the synonyms of our findings
    assert sum(len(edge.sources) for edge in shown) == 3357
    kinds = Counter(record.kind for record in records if isinstance(record, Node))
    unknown = kinds.pop("Phenotype")
    assert 200 < unknown < 280  # symptoms that no finding of ours is called like
    assert kinds == {"Drug": 1552, "Anatomy": 402, "DrugClass": 345}
    assert sum(isinstance(record, DiseaseEntry) for record in records) == 137
    rejected = [record for record in records if isinstance(record, Rejected)]
    assert len(rejected) == 25
    assert {record.row for record in rejected} == {0}
