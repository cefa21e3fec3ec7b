"""Values in prose: which are read, what they say, and above all which are none."""

from __future__ import annotations

import csv
import sys
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.labs import extract as judge
from engine.labs.table import load
from engine.labs.units import convert
from engine.merge import merge
from engine.protocols import Extraction, ReadingContext, Vocabulary
from engine.types import Document, Finding, LabValue, Observation, Patient, TextSpan
from nlp.extract import extract
from nlp.measurements import assumed, scan

ADULT = Patient("female", 40)


def read(
    vocabulary: Vocabulary, *texts: str, patient: Patient = ADULT, historical: bool = False
) -> Extraction:
    documents = [
        Document(f"n{i}", "", text, language="en", historical=historical)
        for i, text in enumerate(texts)
    ]
    return extract(documents, ReadingContext(patient, None, vocabulary))


def measured(extraction: Extraction) -> list[Finding]:
    return [f for f in extraction.findings if f.produced_by.name == "nlp.measurements"]


def present(extraction: Extraction, context: str = "current") -> set[str]:
    found = measured(extraction)
    return {f.code.display for f in found if f.status == "present" and f.context == context}


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("BP 75/40 mmHg.", "Decreased systolic blood pressure;Decreased diastolic blood pressure"),
        ("BP 150 over 85.", "Elevated systolic blood pressure"),
        ("Blood pressure in the right arm was 170/80.", "Elevated systolic blood pressure"),
        ("HR 128", "Tachycardia"),
        ("a pulse of 120", "Tachycardia"),
        ("with a heart rate of 120 beats per minute", "Tachycardia"),
        ("heart rate between 120 and 130", "Tachycardia"),
        ("temp 38.9 C", "Fever"),
        ("He was febrile to 39.4.", "Fever"),
        ("Temperature was 102.3 degrees Fahrenheit.", "Fever"),
        ("Temp 101.3", "Fever"),
        ("Vitals: T 101.3, BP 120/70", "Fever"),
        ("RR 28", "Tachypnea"),
        ("SpO2 84% on room air", "Hypoxemia"),
        ("He was saturating 88% on 2 L.", "Hypoxemia"),
        ("She was 87% on room air.", "Hypoxemia"),
        ("sodium 122 mmol/L", "Hyponatremia"),
        ("Serum sodium (Na+) was found to be 122 mEq per liter.", "Hyponatremia"),
        ("Na 122", "Hyponatremia"),
        ("Hb 7.1 g/dL", "Anemia"),
        ("Hemoglobin dropped from 12.1 to 7.4 g/dL.", "Anemia"),
        ("Hemoglobin (Hb) 7.2 g/dL", "Anemia"),
        ("WBC 18,000/mm3", "Leukocytosis"),
        ("WBC of 18.2 × 109/L", "Leukocytosis"),
        ("WBC 18 K/uL", "Leukocytosis"),
        ("Platelet count was 47,000.", "Thrombocytopenia"),
        ("creatinine of 3.2 mg/dl", "Elevated circulating creatinine concentration"),
        ("Creatinine elevated at 3.2.", "Elevated circulating creatinine concentration"),
        ("creatinine 2.4 (0.6-1.2)", "Elevated circulating creatinine concentration"),
        ("glucose 32 mg/dL", "Hypoglycemia"),
        ("HbA1c was 9.8 %", "Elevated hemoglobin A1c"),
        ("His target HbA1c is 7%; HbA1c was 11.2%.", "Elevated hemoglobin A1c"),
        ("Sodium 122 mmol/L (normal 135-145)", "Hyponatremia"),
        ("Potassium 2.9 (L).", "Hypokalemia"),
        ("CSF glucose 20 mg/dL", "Hypoglycorrhachia"),
        (
            "AST and ALT were 138 and 98 U/L.",
            "Elevated circulating aspartate aminotransferase concentration;"
            "Elevated circulating alanine aminotransferase concentration",
        ),
        (
            "C-reactive protein (CRP) was 148 mg/L",
            "Elevated circulating C-reactive protein concentration",
        ),
    ],
)
def test_what_values_say(vocabulary: Vocabulary, text: str, terms: str) -> None:
    assert present(read(vocabulary, text)) == set(terms.split(";"))


@pytest.mark.parametrize(
    "text",
    [
        "500 mg of metformin",
        "Potassium 40 mEq p.o. daily.",
        "Sodium bicarbonate 648 mg and calcium 600 mg.",
        "a 2 gram sodium diet",
        "albumin 25% was infused",
        "2 episodes, aged 45, phone 555-1234",
        "Fever for 3 days.",
        "fever of 39 days",
        "pulses 2+ bilaterally, pulse 2/4",
        "HR in the 120s",
        "Hemoglobin 10/12/2005",
        "Check INR,2.  Follow up.",
        "If the temperature exceeds 39, give paracetamol.",
        "Call if temp > 38.5.",
        "Goal BP <140/90.",
        "Hold for SBP < 85.",
        "Patients with sodium below 120 mmol/L were excluded.",
        "She weighed 3.2 kg at birth with a hemoglobin of 7.1 g/dL.",
        "Keep SpO2 above 88%.",
        "His brother's BP was 180/110.",
        "FAMILY HISTORY: Mother with glucose 400 mg/dL.",
        "Last year HbA1c was 12%.",
        "Her hemoglobin was 7.1 g/dL two years ago.",
        "Baseline creatinine 3.2 mg/dL.",
        "PAST MEDICAL HISTORY: Hemoglobin 7.1 g/dL.",
        "Fetal heart rate 145 bpm.",
        "Pulmonary artery blood pressure 60/30 mmHg.",
        "room temperature 40 C",
        "During exercise heart rate rose to 160.",
        "Urine sodium 20 mmol/L.",
        "Pleural fluid glucose 20 mg/dL.",
        "creatinine 1.7",
        "Hemoglobin 7.1",
        "INR of 13.4 seconds",
        "WBC 7,1",
        "BP 40/75",
        "BP 120/80/60",
        "Temperature 12",
        "sodium, potassium, and chloride of 122, 3, 60",
        "glucose 20 mg",
        "temperature -39 C",
        "HR 0.75",
        "no temperature over 39",
        "heart rate 4 x 120",
        "hemoglobin 7.1-fold",
        "K 2.8",
        "P 120",
        "creatinine clearance of 20 mL/min",
        "pulse pressure 120",
        "sodium 122 mmol/24 h",
        "lactate in 2020 mmol",
        "temperature 36.8 C, HR 72, BP 118/76, RR 14, SpO2 98%",
    ],
)
def test_what_is_no_current_abnormal_value(vocabulary: Vocabulary, text: str) -> None:
    assert present(read(vocabulary, text)) == set()


def test_the_judge_of_structured_values_decides(vocabulary: Vocabulary) -> None:
    """The same value, sent as an observation, gives the same terms, present and absent."""
    context = ReadingContext(ADULT, None, vocabulary)
    for text, name, value, unit in (
        ("sodium 122 mmol/L", "sodium", 122.0, "mmol/L"),
        ("sodium 140 mmol/L", "sodium", 140.0, "mmol/L"),
        ("HR 128", "heart rate", 128.0, "/min"),
        ("temp 98.6 F", "temperature", 98.6, "[degF]"),
    ):
        sent = judge([Observation("o", name, value=value, unit=unit)], context).findings
        prose = measured(read(vocabulary, text))
        assert [(f.code, f.status) for f in sent] == [(f.code, f.status) for f in prose]
        assert sent


def test_a_finding_cites_text_and_range(vocabulary: Vocabulary) -> None:
    text = "Seen today. Sodium was 122 mmol/L."
    finding = next(f for f in measured(read(vocabulary, text)) if f.status == "present")
    span, value = finding.citations
    assert span == TextSpan("n0", 12, 33, "Sodium was 122 mmol/L")
    assert isinstance(value, LabValue)
    assert (value.value, value.unit) == (122.0, "mmol/L")
    assert "135-145" in str(value.reference)


def test_age_matters_and_may_come_from_the_note(vocabulary: Vocabulary) -> None:
    nobody = Patient()
    assert present(read(vocabulary, "Heart rate 140.")) == {"Tachycardia"}
    assert present(read(vocabulary, "Heart rate 140.", patient=Patient("male", 0.5))) == set()
    infant = read(vocabulary, "A 6-month-old boy. Heart rate 140.", patient=nobody)
    assert present(infant) == set()
    adult = read(vocabulary, "A 60-year-old man. Heart rate 140.", patient=nobody)
    assert present(adult) == {"Tachycardia"}
    unknown = read(vocabulary, "Heart rate 140.", patient=nobody)
    assert present(unknown) == set()
    (issue,) = unknown.issues
    assert "depends on age" in issue.message


def test_age_is_that_of_the_note(vocabulary: Vocabulary) -> None:
    now, then = datetime(2020, 1, 1, tzinfo=UTC), datetime(2000, 7, 1, tzinfo=UTC)
    document = Document("n", "", "Heart rate 140.", then, "en")
    context = ReadingContext(Patient("male", 20.0), now, vocabulary)
    assert present(extract([document], context)) == set()


def test_old_values_are_kept_as_history(vocabulary: Vocabulary) -> None:
    assert present(read(vocabulary, "Last year HbA1c was 12%."), "historical") == {
        "Elevated hemoglobin A1c"
    }
    assert present(read(vocabulary, "HR 128", historical=True), "historical") == {"Tachycardia"}


def test_values_without_unit_are_said_once_a_note(vocabulary: Vocabulary) -> None:
    text = "Creatinine 1.7, BUN 42, hemoglobin 10.7, calcium 8.1, glucose 103."
    extraction = read(vocabulary, text, "creatinine 3")
    assert measured(extraction) == []
    assert [issue.where for issue in extraction.issues] == ["n0", "n1"]
    assert "and 2 more" in extraction.issues[0].message


def test_a_limit_or_relative_is_skipped_aloud(vocabulary: Vocabulary) -> None:
    extraction = read(vocabulary, "If the temperature is 39 C, call. His father's BP was 180/110.")
    assert measured(extraction) == []
    assert [s.item for s in extraction.skipped if "no measurement" in s.reason] == ["n0:7-26"]


def test_a_range_that_spans_a_limit_says_nothing(vocabulary: Vocabulary) -> None:
    extraction = read(vocabulary, "Temp 37.1-39.2 C.")
    assert measured(extraction) == []
    assert len(extraction.issues) == 1


def test_a_normal_value_does_not_deny_what_the_note_reports(vocabulary: Vocabulary) -> None:
    said = {f.code.display: f.status for f in measured(read(vocabulary, "Temp 98.6 F."))}
    assert said["Fever"] == "absent"
    home = read(vocabulary, "She reports fever. Temp 98.6 F.")
    assert {f.status for f in home.findings if f.code.display == "Fever"} == {"present"}
    both = read(vocabulary, "HR 128 on arrival. After fluids, HR 88.")
    assert {f.status for f in both.findings if f.code.display == "Tachycardia"} == {"present"}


def test_words_and_numbers_of_one_sign_have_one_code(vocabulary: Vocabulary) -> None:
    extraction = read(vocabulary, "She had fever with a temperature of 39.5 C.")
    fevers = [f for f in extraction.findings if f.code.display == "Fever"]
    assert {f.status for f in fevers} == {"present"}
    assert {f.produced_by.name for f in fevers} == {"nlp.dictionary", "nlp.measurements"}
    (fever,) = (f for f in merge(extraction.findings) if f.code.display == "Fever")
    assert any(isinstance(citation, LabValue) for citation in fever.citations)


@pytest.mark.parametrize("key", sorted(assumed()))
def test_an_assumed_unit_is_the_only_possible_one(key: str) -> None:
    """No other unit in use turns a bare number of that size into a possible value."""
    test = next(t for t in load().tests if t.key == key)
    assert test.plausible is not None
    for rule in assumed()[key]:
        low, high = (convert(x, rule.unit, test) for x in (rule.low, rule.high))
        assert low is not None
        assert high is not None
        assert test.plausible[0] <= low < high <= test.plausible[1]
        for unit in rule.others:
            far = [convert(x, unit, test) for x in (rule.low, rule.high)]
            assert all(x is None or not test.plausible[0] <= x <= test.plausible[1] for x in far)
    rules = assumed()[key]
    assert all(a is b or a.high < b.low or b.high < a.low for a in rules for b in rules)


PIECES = [
    "BP", "120/80", "/", "from", " ", "to", "sodium", "122", "mmol/L", "(normal 1-2)", "and",
    "AST", "ALT", "\n", ".", ":", "-", "→", "38.9", "°C", "10^9/L", "×", "T", "P", "CSF", "%",
    "on room air", "1,000", "\u0661", "²", "😀", "İ", "ß", "ﬁ", "between",
]  # fmt: skip
TEXTS = st.one_of(
    st.text(),
    st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3))).map(" ".join),
    st.lists(st.sampled_from(PIECES)).map("".join),
)


@settings(max_examples=200, deadline=None)
@given(text=TEXTS)
def test_any_text_is_read_and_cited_exactly(vocabulary: Vocabulary, text: str) -> None:
    for measurement in scan(text):
        assert 0 <= measurement.start < measurement.end <= len(text)
    for finding in measured(read(vocabulary, text)):
        (span,) = (c for c in finding.citations if isinstance(c, TextSpan))
        assert span.quote == text[span.start : span.end] != ""


def test_strange_long_texts_are_linear(vocabulary: Vocabulary) -> None:
    for piece in ("BP ", "12 ", "120/", "of ", "1,000", "sodium 122 mmol/L ", "(normal 1-", "\n"):
        read(vocabulary, piece * 5_000)


def test_real_notes_are_cited_exactly(vocabulary: Vocabulary, data: Path) -> None:
    csv.field_size_limit(sys.maxsize)
    with (data / "nlp" / "notes" / "mtsamples_1088.csv").open(encoding="utf-8") as file:
        texts = [row["text"] for row in islice(csv.DictReader(file), 0, 1088, 20)]
    found = measured(read(vocabulary, *texts))
    assert len(found) > 100
    for finding in found:
        span = finding.citations[0]
        assert isinstance(span, TextSpan)
        assert span.quote == texts[int(span.document[1:])][span.start : span.end]
