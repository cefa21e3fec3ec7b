"""The benchmarks on corpora small enough to score by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.exceptions import InputError
from engine.protocols import Vocabulary
from nlp.evaluate import concepts
from nlp.evaluate_assertion import assertion

HEADER = "line number\tCondition\tsentence\tnegation\ttemporality\texperiencer\n"


def test_concepts_in_both_formats(tmp_path: Path, vocabulary: Vocabulary) -> None:
    for name, annotation in (
        ("gsc", "[3::11]\tHP_0001250 | seizures\n[0::2]\tHP_0000365 | xx\n"),
        ("reviews", "3\t11\tseizures\tHP:0001250\n"),
    ):
        (tmp_path / name / "corpus").mkdir(parents=True)
        (tmp_path / name / "ann").mkdir()
        (tmp_path / name / "corpus" / "1").write_text("No seizures, mild fever.")
        (tmp_path / name / "ann" / "1").write_text(annotation)
    report = concepts(tmp_path, vocabulary)
    # found: seizure twice (right), fever twice (invented); hearing impairment was missed
    assert report.n == 2
    assert report.metrics["precision"] == pytest.approx(2 / 4)
    assert report.metrics["recall"] == pytest.approx(2 / 3)
    assert report.metrics["f1"] == pytest.approx(4 / 7)
    assert sorted(miss["kind"] for miss in report.misses) == ["invented", "invented", "missed"]
    assert set(report.ci95) == {"precision", "recall", "f1"}


def test_assertion(tmp_path: Path) -> None:
    rows = [
        ("1", "fever", "No FEVER.", "Negated", "Recent", "Patient"),
        ("2", "cough", "COUGH.", "Affirmed", "Recent", "Patient"),
        ("3", "asthma", "History of ASTHMA.", "Affirmed", "Historical", "Patient"),
        ("4", "gout", "Nothing of it.", "Affirmed", "Recent", "Patient"),
    ]
    table = "".join("\t".join(row) + "\n" for row in rows)
    (tmp_path / "annotations.tsv").write_text(HEADER + table)
    report = assertion(tmp_path)
    assert report.n == 3
    assert report.metrics["negation_f1"] == 1
    assert report.metrics["historical_f1"] == 1
    assert report.notes[0].startswith("1 rows skipped")
    # the sentences of our own beside it, under names of their own
    assert report.metrics["held_historical_f1"] < 1
    assert report.metrics["uncertain_f1"] == report.metrics["held_uncertain_f1"]


def test_assertion_of_our_own_sentences() -> None:
    report = assertion()
    assert report.n == 320
    for name in ("negation", "uncertain", "historical", "family", "hypothetical", "conditional"):
        low, high = report.ci95[f"{name}_f1"]
        assert 0.5 < low <= report.metrics[f"{name}_f1"] <= high
    assert {str(miss["line"]).split()[0] for miss in report.misses} == {"development"}
    assert len(report.provenance["sha256"]) == 1


def test_assertion_of_case_reports(tmp_path: Path) -> None:
    (tmp_path / "1.txt").write_text("No jaundice. Maybe gout.")
    (tmp_path / "1.ann").write_text(
        "T1\tSign_symptom 3 11\tjaundice\nA1\tPOLARITY T1 NEG\nT2\tDisease_disorder 19 23\tgout\n"
    )
    report = assertion(tmp_path)
    assert report.n == 1
    assert report.metrics["reports_negated_f1"] == 1
    assert report.metrics["reports_uncertain_precision"] == 0
    missed = [miss for miss in report.misses if miss["line"] == "1"]
    assert [(miss["kind"], miss["class"]) for miss in missed] == [("invented", "uncertain")]


@pytest.mark.parametrize("bench", [concepts, assertion])
def test_a_wrong_folder_says_so(bench: object, tmp_path: Path, vocabulary: Vocabulary) -> None:
    assert callable(bench)
    with pytest.raises(InputError):
        bench(tmp_path, vocabulary)
