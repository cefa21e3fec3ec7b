"""`bench ecg12` on a folder made like PTB-XL."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from engine.evaluate import as_dict
from engine.exceptions import InputError
from signals.calibration_scores import auc, brier_skill, ece, slope
from signals.ecg12_data import patient_apart
from signals.evaluate_ecg12 import run
from signals.evaluate_twelve_rules import STATED, rule_scores
from signals.ptbxl import entries
from signals.twelve_rules import RULES
from tests.signals.made_twelve import twelve

STATEMENTS = (("NORM", "1.0", "NORM"), ("LVH", "1.0", "HYP"), ("SR", "", ""))
CODES = ("{'NORM': 80.0, 'SR': 0.0}", "{'LVH': 0.0}", "{'SR': 0.0}", "{'NORM': 100.0}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    from wfdb import wrsamp

    with (tmp_path / "scp_statements.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("", "diagnostic", "diagnostic_class"), *STATEMENTS])
    names = [
        "ecg_id",
        "patient_id",
        "age",
        "sex",
        "scp_codes",
        "heart_axis",
        "strat_fold",
        "filename_lr",
    ]
    rows = [
        (i, 10 + i, "300" if i == 1 else "", i % 2, codes, "", 1 + i, f"{i}_lr")
        for i, codes in enumerate(CODES)
    ]
    with (tmp_path / "ptbxl_database.csv").open("w", newline="") as file:
        csv.writer(file).writerows([names, *rows])
    for i in range(len(CODES)):
        made = twelve(rate=100.0, rr=0.7 + 0.1 * i, seed=i)
        signal = made.signal.astype(float).T * (3 if i == 1 else 1)
        leads = [lead.upper() for lead in made.leads]
        wrsamp(f"{i}_lr", 100, ["mV"] * 12, leads, signal, fmt=["16"] * 12, write_dir=str(tmp_path))
    return tmp_path


def test_a_table_is_read_with_its_superclasses(folder: Path) -> None:
    first, second, third, _ = entries(folder)
    assert (first.sex, first.age_years, first.fold) == ("male", None, 1)
    assert (second.sex, second.age_years) == ("female", 90.0)
    assert second.classes == {"HYP"}  # a likelihood of 0 is unknown, not no
    assert third.classes == frozenset()
    assert first.recording().leads[3] == "aVR"


def test_the_bench_scores_what_has_a_superclass(folder: Path) -> None:
    report = run(folder)
    assert report.n == 3
    assert report.provenance["trained_on_overlap"] == 0
    assert 0 <= report.metrics["auc_norm"] <= 1
    assert "auc_mi" not in report.metrics  # nobody has it
    assert as_dict(report)["bench"] == "ecg12"
    assert any("1 records without any" in note for note in report.notes)


def test_a_wrong_folder_is_an_input_error(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such table"):
        run(tmp_path / "nowhere")
    (folder / "2_lr.dat").unlink()
    (folder / "0_lr.dat").unlink()
    with pytest.raises(InputError, match="record 0"):
        run(folder)
    with pytest.raises(InputError, match="groups of folds"):
        run(folder, cv=1)


def test_a_patient_in_two_folds_is_refused(folder: Path) -> None:
    table = folder / "ptbxl_database.csv"
    table.write_text(table.read_text().replace("\n3,13,", "\n3,12,"))
    with pytest.raises(InputError, match="two folds"):
        patient_apart(entries(folder))


def test_every_criterion_is_held_against_a_statement() -> None:
    assert {rule.name for rule in RULES} == STATED.keys()
    name = "atrial fibrillation"
    scores = rule_scores([([name], "", ["AFIB"]), ([], "", ["AFIB"]), ([name], "LAD", ["SR"])])
    assert (scores["n_afib"], scores["se_afib"], scores["ppv_afib"]) == (2, 0.5, 0.5)
    assert scores["n_left_axis"] == 1


def test_scores_of_probabilities() -> None:
    chance = np.random.default_rng(0)
    told = chance.uniform(0.02, 0.98, 4000)
    yes = chance.uniform(size=4000) < told
    assert slope(told, yes) == pytest.approx(1, abs=0.1)
    assert ece(told, yes) < 0.03
    assert brier_skill(told, yes) > 0.2
    assert auc(told, yes) > 0.75
    assert brier_skill(np.full(4000, yes.mean()), yes) == pytest.approx(0)
    assert np.isnan(auc(told, np.ones(4000, bool)))
    assert auc(np.array([0.1, 0.5, 0.5]), np.array([False, True, False])) == 0.75
