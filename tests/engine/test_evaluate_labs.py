"""engine.evaluate_labs: reading the RAMEDIS registry."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from engine.evaluate_labs import RamedisCase, ramedis_cases
from engine.types import LabValue

SYMPTOMS = """SYMPTOM,RANGE,HPO,ENG_NAME
ataxia,,HP:0001251,Ataxia
birthweight,low [small for gestational age],HP:0001518,Small for gestational age
cirrhosis or fibrosis of liver,,HP:0001394,Cirrhosis
cirrhosis or fibrosis of liver,,HP:0001395,Hepatic fibrosis
Hospitalization,,,
"""
LABS = """NAME,SPECIMEN,QUALITY,HPO,ENG_NAME
Ammonia,serum/plasma,Increased,HP:0001987,Hyperammonemia
Glucose,serum/plasma,Increased,HP:0003074,Hyperglycemia
Glucose,serum/plasma,Decreased,HP:0001943,Hypoglycemia
Glucose,urine,Increased,HP:0003076,Glycosuria
"""


def lab(name: str, quality: str, specimen: str = "serum/plasma") -> dict[str, str]:
    return {
        "Name": name,
        "Age": "1 Day(s)",
        "Specimen": specimen,
        "Quantity": "",
        "Quality": quality,
    }


def case(**more: Any) -> dict[str, Any]:
    main = {
        "Diagnosis": "SOMETHING (MIM 212065)",
        "Gender": "m",
        "Age of symptoms onset": "13 Month(s)",
        "Age of diagnosis": "18 Month(s)",
        "History": "the answer",
    }
    return {
        "id": 7,
        "MainData": main | more.pop("main", {}),
        "Symptoms": [],
        "Lab findings": [],
    } | more


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "symptom_map_hpo.csv").write_text(SYMPTOMS, "utf-8")
    (tmp_path / "labfinding_map_hpo.csv").write_text(LABS, "utf-8")
    return tmp_path


def read(folder: Path, *cases: dict[str, Any]) -> list[RamedisCase]:
    lines = "\n".join(map(json.dumps, cases))
    (folder / "dev.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    return list(ramedis_cases(folder / "dev.jsonl.gz"))


def status(findings: tuple[Any, ...]) -> dict[str, str]:
    return {f.code.display: f.status for f in findings}


def test_truth_age_and_sex(folder: Path) -> None:
    unknown = case(
        main={"Diagnosis": "UNKNOWN (MIM 1)", "Gender": "f", "Age of diagnosis": ""}, id="8"
    )
    bare = case(main={"Age of diagnosis": "", "Age of symptoms onset": "", "Gender": ""})
    first, second, third = read(folder, case(), unknown, bare)
    assert (first.id, first.truth, first.patient.sex) == ("7", "OMIM:212065", "male")
    assert first.patient.age_years == pytest.approx(1.5)
    assert (second.truth, second.patient.sex) == (None, "female")
    assert second.patient.age_years == pytest.approx(13 / 12)
    assert (third.patient.sex, third.patient.age_years) == (None, None)


def test_symptoms(folder: Path) -> None:
    rows = [
        {"Name": "ataxia", "Range": "no"},
        {"Name": "birthweight", "Range": "low [small for gestational age]"},
        {"Name": "cirrhosis or fibrosis of liver", "Range": "severe"},
        {"Name": "Hospitalization", "Range": "yes"},
        {"Name": "birthweight", "Range": "high"},
    ]
    (read_case,) = read(folder, case(Symptoms=rows))
    assert status(read_case.symptoms) == {
        "Ataxia": "absent",
        "Small for gestational age": "present",
        "Cirrhosis": "present",
        "Hepatic fibrosis": "present",
    }
    assert read_case.unmapped == 2


def test_laboratory_rows_are_joined_by_term(folder: Path) -> None:
    rows = [
        lab("Ammonia", "Normal"),
        lab("Ammonia", "Increased"),
        lab("Ammonia", "Normal"),
        lab("Glucose", "Normal"),
        lab("Glucose", "Increased", "blood"),
    ]
    (read_case,) = read(folder, case(**{"Lab findings": rows}))
    assert status(read_case.laboratory) == {
        "Hyperammonemia": "present",
        "Hyperglycemia": "absent",
        "Hypoglycemia": "absent",
    }
    (cited,) = read_case.laboratory[0].citations
    assert isinstance(cited, LabValue)
    assert cited.observation == "Lab findings[1]"
    assert read_case.unmapped == 1


def test_a_folder_is_read_too(folder: Path) -> None:
    (folder / "a.jsonl").write_text(json.dumps(case()) + "\n\n", "utf-8")
    assert [c.id for c in ramedis_cases(folder)] == ["7"]


def test_the_real_registry(data: Path) -> None:
    cases = list(ramedis_cases(data / "cases/ramedis/dev.jsonl.gz"))
    assert len(cases) == 211
    assert sum(c.truth is None for c in cases) == 5
    assert sum(bool(c.laboratory) for c in cases) > 180
    assert sum(c.unmapped for c in cases) < 400
