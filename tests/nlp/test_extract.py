"""The extractor as the engine sees it."""

from __future__ import annotations

import csv
import sys
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.protocols import Extraction, ReadingContext, Vocabulary
from engine.types import Document, Patient, TextSpan
from nlp.extract import extract

NOTE = """HISTORY OF PRESENT ILLNESS: A 4-year-old girl with seizures since infancy and ataxia.
No fever, vomiting or headache. Possible hearing loss.

FAMILY HISTORY: Her mother has migraine.
PAST MEDICAL HISTORY: Pneumonia.
"""
PIECES = [
    "seizures",
    "No fever",
    "\n\n",
    "PMH:",
    " ",
    ".",
    "history of stroke",
    "😀",
    "\x00",
    "\u202e",
]
TEXTS = st.one_of(
    st.text(),
    st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=5))).map("".join),
    st.text(alphabet=st.characters(categories=["Cs", "Lu", "Mn", "Cc", "Zs", "Po"])),
)


@pytest.fixture(scope="session")
def context(vocabulary: Vocabulary) -> ReadingContext:
    return ReadingContext(Patient(), None, vocabulary)


def spans(extraction: Extraction) -> list[TextSpan]:
    return [c for f in extraction.findings for c in f.citations if isinstance(c, TextSpan)]


def test_a_note(context: ReadingContext) -> None:
    extraction = extract([Document("n1", "Visit", NOTE)], context)
    assert {(f.code.display, f.status, f.context) for f in extraction.findings} == {
        ("Seizure", "present", "current"),
        ("Ataxia", "present", "current"),
        ("Fever", "absent", "current"),
        ("Vomiting", "absent", "current"),
        ("Headache", "absent", "current"),
        ("Hearing impairment", "uncertain", "current"),
        ("Migraine", "present", "family"),
        ("Pneumonia", "present", "historical"),
    }
    assert all(span.document == "n1" for span in spans(extraction))
    (model,) = extraction.models
    assert all(finding.produced_by == model for finding in extraction.findings)
    assert model.sha256 is not None


def test_an_old_document_is_history(context: ReadingContext) -> None:
    document = Document("n1", "", "Seizures. Her mother has migraine.", historical=True)
    said = {f.code.display: f.context for f in extract([document], context).findings}
    assert said == {"Seizure": "historical", "Migraine": "family"}


@pytest.mark.parametrize("text", ["", " \n\t", "\x00" * 0])
def test_an_empty_document_is_an_issue(context: ReadingContext, text: str) -> None:
    extraction = extract([Document("n1", "", text)], context)
    assert [issue.where for issue in extraction.issues] == ["n1"]


def test_another_language_is_an_issue_and_no_finding(context: ReadingContext) -> None:
    documents = [Document("de", "", "Kein Fieber.", language="de"), Document("en", "", "Fever.")]
    extraction = extract(documents, context)
    assert [issue.where for issue in extraction.issues] == ["de"]
    assert [span.document for span in spans(extraction)] == ["en"]


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("Patient mit Fieber, Husten. Verdacht auf Lupus. Vater gesund.", ["warning"]),
        ("Kein Asthma bekannt, Verdacht auf Migraine.", ["warning"]),  # "Asthma" is English too
        ("Paciente con fiebre, tos.", ["warning"]),
        ("She was seen on the ward and is well.", []),
        ("She was seen on the ward and is well. " * 5, ["info"]),
        ("Fever, cough, ataxia", []),
    ],
)
def test_nothing_recognised_is_not_silent(
    context: ReadingContext, text: str, levels: list[str]
) -> None:
    extraction = extract([Document("n", "", text)], context)
    assert [issue.level for issue in extraction.issues] == levels


def test_only_phenotypes_become_findings(context: ReadingContext) -> None:
    assert extract([Document("n", "", "Mild, autosomal recessive, all.")], context).findings == ()


@settings(max_examples=150, deadline=None)
@given(text=TEXTS)
def test_every_quote_is_the_text_at_its_span(context: ReadingContext, text: str) -> None:
    extraction = extract([Document("n", "", text, language="en")], context)
    for span in spans(extraction):
        assert span.quote == text[span.start : span.end] != ""
    assert extract([Document("n", "", text, language="en")], context) == extraction


def test_a_long_and_strange_note(context: ReadingContext) -> None:
    text = "No fever 😀\x07. Ataxia\u0301; \u202eстрах " * 10_000 + "\ud800" + "a" * 500_000
    extraction = extract([Document("n", "", text, language="en")], context)
    assert len(extraction.findings) == 20_000
    assert all(span.quote == text[span.start : span.end] for span in spans(extraction))


def test_real_notes(context: ReadingContext, data: Path) -> None:
    csv.field_size_limit(sys.maxsize)
    with (data / "nlp" / "notes" / "mtsamples_1088.csv").open(encoding="utf-8") as file:
        texts = [row["text"] for row in islice(csv.DictReader(file), 0, 1088, 30)]
    extraction = extract(
        [Document(str(n), "", text, language="en") for n, text in enumerate(texts)], context
    )
    about_values = [i for i in extraction.issues if "could not be judged" in i.message]
    (issue,) = (i for i in extraction.issues if i not in about_values)  # these are many patients
    assert len({i.where for i in about_values}) == len(about_values)
    assert "disagree" in issue.message
    assert issue.where.startswith("0, ")
    assert issue.where.endswith(" more")
    assert extraction.findings
    for span in spans(extraction):
        assert span.quote == texts[int(span.document)][span.start : span.end]


def test_a_circumstance_of_the_past_still_counts(
    vocabulary: Vocabulary, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "PAST MEDICAL HISTORY: fever, migraine."
    assert contexts(text, vocabulary) == {"Fever": "historical", "Migraine": "historical"}
    monkeypatch.setattr(
        type(vocabulary), "is_circumstance", lambda _, term: term == "HP:0001945", raising=True
    )
    assert contexts(text, vocabulary) == {"Fever": "current", "Migraine": "historical"}


def contexts(text: str, vocabulary: Vocabulary) -> dict[str, str]:
    read = extract([Document("note", "", text)], ReadingContext(Patient(), None, vocabulary))
    return {finding.code.display: finding.context for finding in read.findings}
