from __future__ import annotations

import pytest

from engine.protocols import Extraction, ReadingContext, Vocabulary
from engine.types import Document, Patient, Sex
from nlp.demographics import demographics
from nlp.extract import extract

STATED: list[tuple[str, float, Sex | None]] = [
    ("24-year-old woman with cough", 24, "female"),
    ("61 year old Male", 61, "male"),
    ("A 3-month-old boy", 0.25, "male"),
    ("61 y/o M with chest pain", 61, "male"),
    ("Mr X is a 45 yo white male who fell", 45, "male"),
    ("The patient is a 30-year-old right-handed gentleman", 30, "male"),
    ("A 2 day old infant girl", 2 / 365.25, "female"),
    ("9 years old, presents with fever", 9, None),
    ("She is 5 years of age", 5, None),
]


@pytest.mark.parametrize(("text", "age", "sex"), STATED)
def test_stated_age_and_sex(text: str, age: float, sex: Sex | None) -> None:
    found = demographics(text)
    assert found is not None
    assert found.age_years == pytest.approx(age)
    assert found.sex == sex


@pytest.mark.parametrize(
    "text",
    [
        "Pain for 3 years.",
        "Took 12 mg daily.",
        "Her 8-year-old son has asthma.",
        "300 year old house",
        "x" * 700 + " 24-year-old woman",
    ],
)
def test_other_numbers_are_no_age(text: str) -> None:
    assert demographics(text) is None


def stated(reading: Vocabulary, *texts: str, known: Patient | None = None) -> Extraction:
    items = [Document(f"note-{i}", "", text) for i, text in enumerate(texts)]
    return extract(items, ReadingContext(known or Patient(), None, reading))


def test_the_text_completes_what_the_bundle_does_not_state(vocabulary: Vocabulary) -> None:
    found = stated(vocabulary, "A 24-year-old woman.", known=Patient(sex="female"))
    assert found.patient == Patient(age_years=24)
    assert [issue.level for issue in found.issues] == ["info"]
    assert "24-year-old woman" in found.issues[0].message


def test_notes_that_disagree_are_not_believed(vocabulary: Vocabulary) -> None:
    found = stated(vocabulary, "A 24-year-old woman.", "A 42-year-old woman.")
    assert found.patient == Patient(sex="female")
    assert [issue.level for issue in found.issues] == ["warning", "info"]


def test_what_the_bundle_states_is_not_replaced(vocabulary: Vocabulary) -> None:
    known = Patient(sex="male", age_years=30)
    found = stated(vocabulary, "A 24-year-old woman.", known=known)
    assert found.patient == Patient()
    assert found.issues == ()
