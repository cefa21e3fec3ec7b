"""The benchmark's score on notes small enough to count by hand, and its input."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from engine.exceptions import InputError
from nlp.deid import evaluate
from nlp.deid.evaluate import Scored, annotated, joined, metrics, planted
from nlp.deid.generate import Annotated
from nlp.deid.mentions import Mention
from nlp.deid.train import own_half
from tests.nlp.conftest import OboVocabulary


def test_metrics_by_hand() -> None:
    scored = [
        Scored((("name", True), ("name", False)), right=1, replaced=2, kept=3, findings=4),
        Scored((("date", True),), right=1, replaced=1, kept=0, findings=0),
    ]
    assert metrics(scored) == {
        "recall": 2 / 3,
        "precision": 2 / 3,
        "terms_kept": 3 / 4,
        "recall_name": 1 / 2,
        "recall_date": 1.0,
    }


def test_a_file_of_annotated_notes_is_scored(tmp_path: Path, vocabulary: OboVocabulary) -> None:
    path = tmp_path / "notes.jsonl"
    text = "Mr. Wojcik has a seizure. Quorble zu."
    note = {"text": text, "spans": [[4, 10, "name"], [26, 33, "place"]]}
    path.write_text(json.dumps(note) + "\n\n", "utf-8")
    report = evaluate.deid([path], vocabulary, protected=vocabulary.labels())
    assert report.n == 1
    assert report.metrics["recall_name"] == 1.0
    assert report.metrics["terms_kept"] == 1.0
    assert {"recall", "precision"} <= report.ci95.keys()
    assert all(miss["error"] in ("missed", "invented") for miss in report.misses)


@pytest.mark.parametrize(
    "line",
    [
        "no json",
        '{"text": "Ann"}',
        '{"text": "Ann", "spans": [[0, 9, "name"]]}',
        '{"text": "Ann", "spans": [[2, 1, "name"]]}',
        '{"text": "Ann", "spans": [[0, 3, "hat"]]}',
        '{"text": "Ann", "spans": [[0, "b", "name"]]}',
        '{"text": "Ann", "spans": [[0, 3, "name"], [1, 2, "name"]]}',
        '{"text": 5, "spans": [[0, 3, "name"]]}',
    ],
)
def test_a_wrong_line_is_named(line: str, tmp_path: Path) -> None:
    path = tmp_path / "notes.jsonl"
    path.write_text('{"text": "", "spans": []}\n' + line, "utf-8")
    with pytest.raises(InputError) as error:
        list(annotated(path))
    assert error.value.where == f"{path}:2"


def test_identifiers_are_planted_where_they_are_annotated(tmp_path: Path) -> None:
    path = tmp_path / "notes.csv"
    texts = [f"The patient was well. The wound was clean. Number {i}." for i in range(20)]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["text"])
        writer.writeheader()
        writer.writerows({"text": text} for text in texts)
    notes = list(planted(path))
    assert len(notes) == sum(not own_half(text) for text in texts)
    for note in notes:
        assert "The wound was clean." in note.text
        assert len(note.mentions) > 4
        assert all(note.text[m.start : m.end].strip() for m in note.mentions)


def test_a_csv_without_texts_is_named(tmp_path: Path) -> None:
    path = tmp_path / "notes.csv"
    path.write_text("a,b\n1,2\n", "utf-8")
    with pytest.raises(InputError, match="no column"):
        list(planted(path))


def test_joining_moves_the_mentions() -> None:
    note = joined([Annotated("ab ", ()), Annotated("cd", (Mention(0, 2, "name"),))])
    assert note == Annotated("ab cd", (Mention(3, 5, "name"),))
