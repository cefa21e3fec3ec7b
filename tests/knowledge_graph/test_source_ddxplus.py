from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from engine.exceptions import SourceError
from knowledge_graph.curated import local_id, read_all
from knowledge_graph.memory import MemoryGraph
from knowledge_graph.schema import (
    Annotation,
    DiseaseEntry,
    Edge,
    Node,
    Record,
    Rejected,
    SameDisease,
    Term,
)
from knowledge_graph.sources import ddxplus
from knowledge_graph.sources.findings import Findings
from tests.knowledge_graph.vocabulary import findings_of

COUGH, FATIGUE = "HP:0012735", "HP:0012378"
FINDINGS = Findings([Term(COUGH, "Cough", ()), Term(FATIGUE, "Fatigue", ())])
SAME = "DDXPlus unstated, reviewed for Konsil (ddxplus.toml)"


def write(folder: Path, conditions: dict[str, dict[str, float]], **entry: Any) -> None:
    """A release with these conditions and the shares of their evidences."""
    entries = {
        name: {"condition_name": name, "cond-name-eng": name, "icd10-id": "j17, J18.9"} | entry
        for name in conditions
    }
    evidences = {evidence: {} for shares in conditions.values() for evidence in shares}
    (folder / "release_conditions.json").write_text(json.dumps(entries))
    (folder / "release_evidences.json").write_text(json.dumps(evidences))
    (folder / "symptom_condition_probs.json").write_text(json.dumps({"probabilities": conditions}))


def read(folder: Path, conditions: dict[str, dict[str, float]], **entry: Any) -> list[Record]:
    write(folder, conditions, **entry)
    return list(ddxplus.read(folder, FINDINGS))


def test_a_condition_has_its_codes_and_the_curated_condition_it_is(tmp_path: Path) -> None:
    assert read(tmp_path, {"Pneumonia": {}}) == [
        DiseaseEntry("DDXPLUS:pneumonia", "Pneumonia", (), ("ICD10:J17", "ICD10:J18.9")),
        SameDisease("DDXPLUS:pneumonia", "KONSIL:community-acquired-pneumonia", SAME),
    ]


def test_a_condition_without_a_curated_match_stands_alone(tmp_path: Path) -> None:
    assert [type(r) for r in read(tmp_path, {"URTI": {}})] == [DiseaseEntry]


def test_another_name_of_the_condition_is_a_synonym(tmp_path: Path) -> None:
    (entry, _) = read(tmp_path, {"Croup": {}}, condition_name="Laryngite striduleuse")
    assert isinstance(entry, DiseaseEntry)
    assert entry.synonyms == ("Laryngite striduleuse",)


def test_accents_do_not_get_into_the_id(tmp_path: Path) -> None:
    (entry, _) = read(tmp_path, {"Guillain-Barré syndrome": {}})
    assert isinstance(entry, DiseaseEntry)
    assert entry.id == "DDXPLUS:guillain-barre-syndrome"


def test_a_code_of_another_disease_is_rejected(tmp_path: Path) -> None:
    assert read(tmp_path, {"SLE": {}}, **{"icd10-id": "M34"})[:2] == [
        Rejected("DDXPlus unstated", 0, "code of SLE: M34 is systemic sclerosis"),
        DiseaseEntry("DDXPLUS:sle", "SLE"),
    ]


def test_a_share_becomes_a_row_with_its_evidence(tmp_path: Path) -> None:
    rows = [r for r in read(tmp_path, {"Croup": {"E_201": 0.4531}}) if isinstance(r, Annotation)]
    assert rows == [
        Annotation(
            disease="DDXPLUS:croup",
            name="Croup",
            term=COUGH,
            negated=False,
            reference="DDXPlus E_201",
            evidence="",
            onset="",
            frequency="45.3%",
            sex="",
            aspect="P",
            row=0,
            dataset="DDXPlus unstated",
        )
    ]


def test_the_highest_share_of_a_finding_counts(tmp_path: Path) -> None:
    records = read(tmp_path, {"Anemia": {"E_89": 0.6, "E_88": 0.63}})
    rows = [(r.frequency, r.reference) for r in records if isinstance(r, Annotation)]
    assert rows == [("63.0%", "DDXPlus E_88, E_89")]


@pytest.mark.parametrize("share", [0, 0.0099])
def test_below_one_percent_nothing_is_said(tmp_path: Path, share: float) -> None:
    records = read(tmp_path, {"URTI": {"E_201": share, "E_79": share}})
    assert [type(r) for r in records] == [DiseaseEntry]


def test_an_antecedent_is_a_risk_factor_with_the_highest_share(tmp_path: Path) -> None:
    records = read(tmp_path, {"URTI": {"E_46": 0.2, "E_72": 0.73456}})
    risk = "KONSIL:riskfactor-previous-exacerbations"
    assert records[1:] == [
        Node(risk, "RiskFactor", "previous exacerbations"),
        Edge(
            risk,
            "raises_risk_of",
            "DDXPLUS:urti",
            ("DDXPlus unstated, E_72", "DDXPlus unstated, E_46"),
            {"share": 0.7346},
        ),
    ]


def test_an_evidence_that_is_not_used_is_told_once(tmp_path: Path) -> None:
    records = read(tmp_path, {"URTI": {"E_55": 1.0}, "Anemia": {"E_55": 1.0}})
    assert [r for r in records if isinstance(r, Rejected)] == [
        Rejected("DDXPlus unstated", 0, "E_55 not used: location or quality detail")
    ]


def test_a_doubtful_statement_is_rejected_for_its_condition_only(tmp_path: Path) -> None:
    shares = {"E_201": 0.5}
    records = read(tmp_path, {"Pancreatic neoplasm": shares, "Croup": shares})
    assert [r for r in records if isinstance(r, Rejected)] == [
        Rejected(
            "DDXPlus unstated",
            0,
            "Pancreatic neoplasm, E_201 at 50.0% not used: cough is no feature",
        )
    ]
    assert [r.name for r in records if isinstance(r, Annotation)] == ["Croup"]


def test_a_finding_the_graph_lacks_is_rejected(tmp_path: Path) -> None:
    assert Rejected(
        "DDXPlus unstated", 0, "DDXPlus E_91: the graph has no finding HP:0001945"
    ) in read(tmp_path, {"URTI": {"E_91": 0.7}})


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        ({"Dragon pox": {}}, "nobody decided on condition Dragon pox"),
        (
            {"URTI": {f"E_99{n}": 0.5 for n in range(7)}},
            "evidence E_990, E_991, E_992, E_993, E_994 and 2 more",
        ),
        ({"URTI": {"E_91": 1.5}}, "'URTI': ValueError share 1.5 is not between 0 and 1"),
    ],
)
def test_what_is_not_the_release_is_refused(
    tmp_path: Path, conditions: dict[str, dict[str, float]], message: str
) -> None:
    with pytest.raises(SourceError) as caught:
        read(tmp_path, conditions)
    assert message in caught.value.message


@pytest.mark.parametrize("content", [None, "{", "[]", '{"probabilities": {}}'])
def test_a_release_with_a_file_missing_or_broken_is_refused(
    tmp_path: Path, content: str | None
) -> None:
    write(tmp_path, {"URTI": {}})
    file = tmp_path / "symptom_condition_probs.json"
    file.unlink() if content is None else file.write_text(content)
    with pytest.raises(SourceError):
        list(ddxplus.read(tmp_path, FINDINGS))


# ---- The decisions in ddxplus.toml --------------------------------------------------------------


def test_every_condition_and_evidence_of_the_release_is_decided(data: Path) -> None:
    folder = data / "kg" / "ddxplus"
    conditions = json.loads((folder / "release_conditions.json").read_text())
    evidences = json.loads((folder / "release_evidences.json").read_text())
    decided = ddxplus.decisions()
    assert set(decided["conditions"]) == set(conditions)
    assert set(decided["evidences"]) == set(evidences)
    assert (len(conditions), len(evidences)) == (49, 223)
    for doubt in decided["doubtful"]:
        assert (
            doubt["evidence"]
            in conditions[doubt["condition"]]["symptoms"]
            | (conditions[doubt["condition"]]["antecedents"])
        )


def test_every_decision_is_one_of_its_kinds() -> None:
    decided = ddxplus.decisions()
    evidences = Counter(tuple(decision) for decision in decided["evidences"].values())
    assert evidences == {("finding",): 86, ("risk",): 104, ("unused",): 33}
    conditions = Counter(tuple(decision) for decision in decided["conditions"].values())
    assert conditions == {("same", "name"): 34, ("none",): 15}


def test_every_finding_decided_on_is_in_the_graph_under_that_name(graph: MemoryGraph) -> None:
    for evidence, decision in ddxplus.decisions()["evidences"].items():
        for identifier, name in decision.get("finding", {}).items():
            term = graph.term(identifier)
            assert term is not None, evidence
            assert (term.id, term.name) == (identifier, name), evidence
            assert graph.is_phenotype(identifier), evidence


def test_every_condition_decided_on_is_a_curated_one_and_no_two_are_the_same() -> None:
    curated = {condition.id: condition.name for s in read_all() for condition in s.conditions}
    same = [d for d in ddxplus.decisions()["conditions"].values() if "same" in d]
    assert [(d["same"], curated.get(d["same"])) for d in same] == [
        (local_id(d["name"]), d["name"]) for d in same
    ]
    assert len({d["same"] for d in same}) == len(same)


def test_the_release_gives_these_numbers(data: Path, graph: MemoryGraph) -> None:
    records = list(ddxplus.read(data / "kg" / "ddxplus", findings_of(graph)))
    assert Counter(type(record) for record in records) == {
        DiseaseEntry: 49,
        SameDisease: 34,
        Annotation: 288,
        Node: 103,
        Edge: 217,
        Rejected: 44,
    }
    rows = [record for record in records if isinstance(record, Annotation)]
    assert len({(row.disease, row.term) for row in rows}) == len(rows)
    by_condition = Counter(row.name for row in rows)
    assert by_condition["Stable angina"] == 3
    shares = [r.properties["share"] for r in records if isinstance(r, Edge)]
    assert all(isinstance(share, float) and 0.01 <= share <= 1 for share in shares)
