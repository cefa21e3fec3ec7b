"""The gold of the assertion benchmark: how it is read, and that it is what its card says."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.exceptions import InputError
from nlp.assertion import Assertion
from nlp.evaluate_assertion import CLASSES
from nlp.gold import HALVES, assertion_of, case_reports, marked, sentences


def test_marks_are_taken_out() -> None:
    stated = marked("No {fever|absent}, but {cough} and {angina|uncertain family}.")
    assert stated.text == "No fever, but cough and angina."
    words = [(stated.text[start:end], said) for start, end, said in stated.findings]
    assert words == [
        ("fever", Assertion("absent")),
        ("cough", Assertion()),
        ("angina", Assertion("uncertain", "family")),
    ]


@pytest.mark.parametrize("labels", ["perhaps", "absent uncertain", "family historical"])
def test_labels_that_are_no_assertion_are_refused(labels: str) -> None:
    with pytest.raises(InputError):
        assertion_of(labels)


def test_every_class_is_in_both_halves() -> None:
    halves = [sentences(half) for half in HALVES]
    texts = [stated.text for half in halves for stated in half]
    assert len(texts) == len(set(texts)) == 320
    for half in halves:
        said = [said for stated in half for _, _, said in stated.findings]
        assert all(stated.findings and "{" not in stated.text for stated in half)
        assert all(sum(map(holds, said)) >= 20 for holds in CLASSES.values())
        assert sum(expected == Assertion() for expected in said) >= 20


def brat(folder: Path) -> Path:
    """No jaundice; perhaps gout; a cough whose words stand apart; an age, which is no finding."""
    (folder / "1.txt").write_text("No jaundice. Maybe gout. Dry, bad cough at 50.")
    (folder / "1.ann").write_text(
        "T1\tSign_symptom 3 11\tjaundice\nE1\tSign_symptom:T1\nA1\tPOLARITY E1 NEG\n"
        "T2\tDisease_disorder 19 23\tgout\nE2\tDisease_disorder:T2 \nA2\tPOLARITY E2 UNCERTAIN\n"
        "T3\tSign_symptom 25 28;34 39\tDry cough\nE3\tSign_symptom:T3\nT4\tAge 43 45\t50\n"
    )
    return folder


def test_case_reports(tmp_path: Path) -> None:
    (report,) = case_reports(brat(tmp_path))
    assert report.findings == [
        (3, 11, Assertion("absent")),
        (19, 23, Assertion("uncertain")),
        (25, 39, Assertion()),
    ]


def test_an_annotation_without_its_text_says_so(tmp_path: Path) -> None:
    (brat(tmp_path) / "1.txt").unlink()
    with pytest.raises(InputError, match="without its text"):
        case_reports(tmp_path)
