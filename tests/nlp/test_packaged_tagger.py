"""The weights that are shipped: they read an ordinary note, and their card names them."""

from __future__ import annotations

import csv
from hashlib import sha256
from itertools import islice
from pathlib import Path

import pytest

from engine.types import Document
from nlp import notes
from nlp.notes import NoteReader
from nlp.record import Record
from nlp.tagger import CHOICE, FILES
from tests.nlp.conftest import OboVocabulary

NOTE = (
    "A 61-year-old man was admitted with severe abdominal pain for three days. He had no fever. "
    "He takes warfarin 5 mg daily for atrial fibrillation. CT of the abdomen showed a 3 cm mass. "
    "He underwent laparotomy. He developed hypotension after amlodipine."
)


@pytest.fixture(params=sorted(FILES))
def reader(
    request: pytest.FixtureRequest, few: OboVocabulary, monkeypatch: pytest.MonkeyPatch
) -> NoteReader:
    monkeypatch.setenv(CHOICE, request.param)
    tagger, model = notes.packaged()
    return NoteReader.with_tagger(few, tagger, model)


def test_an_ordinary_note_is_read(reader: NoteReader) -> None:
    record = reader.read(Document("n", "", NOTE, language="en"))
    problems = {p.span.quote: p.said.status for p in record.problems}
    assert {"fever", "atrial fibrillation", "hypotension"} <= problems.keys()
    assert problems["fever"] == "absent"
    (warfarin, *_) = record.medications
    assert warfarin.span.quote == "warfarin"
    assert "5 mg" in " ".join(dose.quote for dose in warfarin.doses)
    assert "laparotomy" in [p.span.quote for p in record.procedures]
    assert any(test.span.quote.startswith("CT") for test in record.tests)


def test_every_span_of_real_notes_is_its_text(reader: NoteReader, data: Path) -> None:
    csv.field_size_limit(1 << 24)
    with (data / "nlp" / "notes" / "mtsamples_1088.csv").open(encoding="utf-8", newline="") as file:
        texts = [row["text"] for row in islice(csv.DictReader(file), 0, None, 120)]
    for text in texts:
        _check(reader.read(Document("n", "", text, language="en")))


def _check(record: Record) -> None:
    spans = [p.span for p in record.problems]
    for drug in record.medications:
        spans += [drug.span, *drug.doses, *drug.routes, *drug.frequencies, *drug.durations]
    for test in record.tests:
        spans += [test.span, *test.results]
    for relation in record.relations:
        spans += [relation.head, relation.tail, *relation.sentences]
    assert spans
    assert all(span.quote == record.text[span.start : span.end] for span in spans)


@pytest.mark.parametrize("kind", FILES)
def test_the_card_names_the_weights(kind: str) -> None:
    file = FILES[kind]
    assert sha256(file.read_bytes()).hexdigest() in (file.parent / "CARD.md").read_text("utf-8")
    assert file.stat().st_size <= 25_000_000
