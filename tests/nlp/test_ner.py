"""The component and its benchmark, with a tagger that knows a few words by heart."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc

from engine.exceptions import InputError
from engine.types import ModelRef
from nlp import evaluate_ner, folds
from nlp.ner import KEY, EntityRecogniser
from nlp.reading import Read, words_of
from nlp.relating import Relater
from nlp.schemes import Mention, Scheme, schemes
from nlp.tokenizer import Tokenizer

KNOWN = {"Aspirin": "drug", "heparin": "drug", "bleeding": "disease"}
TEXT = "Aspirin caused\n\nbleeding. No 🩸 bleeding with heparin."


class ByHeart:
    """Finds `KNOWN` words, and "gastric bleeding" as a sign of the clinical scheme."""

    seen = frozenset[int]()

    @property
    def schemes(self) -> tuple[Scheme, ...]:
        return tuple(schemes().values())

    @property
    def relaters(self) -> tuple[Relater, ...]:
        return ()

    def read(self, documents: Sequence[tuple[Sequence[str], Sequence[int]]]) -> list[Read]:
        return [Read(self._mentions(words), {}) for words, _ in documents]

    def _mentions(self, words: Sequence[str]) -> dict[str, list[Mention]]:
        known = [(i, i + 1, KNOWN[word]) for i, word in enumerate(words) if word in KNOWN]
        return {
            "literature": known,
            "ncbi": [mention for mention in known if mention[2] == "disease"],
            "adverse": [],
            "clinical": [
                (i - 1, i + 1, "symptom")
                for i, word in enumerate(words)
                if word == "bleeding" and words[i - 1] == "gastric"
            ],
        }


def read(*texts: str) -> list[Doc]:
    pipeline = spacy.blank("en")
    pipeline.tokenizer = Tokenizer(pipeline.vocab)
    for name in ("konsil_sections", "konsil_sentences"):
        pipeline.add_pipe(name)
    recogniser = EntityRecogniser(ByHeart())
    return list(recogniser.pipe(pipeline.pipe(texts), batch_size=2))


def test_entities_are_the_words_of_the_text() -> None:
    (doc,) = read(TEXT)
    assert [(e.text, e.label_) for e in doc.ents] == [
        ("Aspirin", "drug"),
        ("bleeding", "disease"),
        ("bleeding", "disease"),
        ("heparin", "drug"),
    ]
    assert all(TEXT[e.start_char : e.end_char] == e.text for e in doc.ents)


def test_of_overlapping_entities_the_longer_is_shown_and_all_are_kept() -> None:
    (doc,) = read("He had gastric bleeding.")
    assert [(e.text, e.label_) for e in doc.ents] == [("gastric bleeding", "symptom")]
    assert [s.text for s in doc.spans[KEY]] == ["gastric bleeding", "bleeding"]


def test_documents_come_in_their_order_and_empty_ones_too() -> None:
    docs = read("Aspirin.", "", "   \n", "heparin", "x" * 5000)
    assert [[e.text for e in doc.ents] for doc in docs] == [["Aspirin"], [], [], ["heparin"], []]


def test_words_have_their_characters() -> None:
    found = words_of(TEXT)
    assert [TEXT[s:e] for s, e in zip(found.starts, found.ends, strict=True)] == list(found.words)
    assert [found.words[i] for i in found.sentences] == ["Aspirin", "bleeding", "No"]


def bench(monkeypatch: pytest.MonkeyPatch, path: Path) -> evaluate_ner.BenchReport:
    monkeypatch.setattr(folds, "trained", lambda: (ByHeart(), ModelRef("t", "1")))
    return evaluate_ner.run(path)


def test_mentions_count_by_exact_place_and_type(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    title, abstract = "Aspirin and heparin.", "He had gastric bleeding and bleeding."
    whole = f"{title} {abstract}"
    marked = [("Aspirin", "Chemical"), ("heparin", "Disease"), ("gastric bleeding", "Disease")]
    rows = [
        f"1\t{whole.index(w)}\t{whole.index(w) + len(w)}\t{w}\t{label}\tD1" for w, label in marked
    ]
    file = tmp_path / "any.PubTator"
    file.write_text("\n".join([f"1|t|{title}", f"1|a|{abstract}", *rows, ""]), "utf-8")
    report = bench(monkeypatch, file)
    # right: Aspirin; found besides: heparin as drug, bleeding twice; missed: two
    assert report.metrics["precision"] == pytest.approx(1 / 4)
    assert report.metrics["recall"] == pytest.approx(1 / 3)
    assert report.metrics["f1"] == pytest.approx(2 / 7)
    assert report.metrics["f1_drug"] == pytest.approx(2 / 3)
    assert report.metrics["f1_disease"] == 0
    assert len(report.misses) == 5
    assert report.provenance["scheme"] == "literature"


def test_types_that_the_corpus_does_not_mark_are_not_scored(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("Aspirin and bleeding", "utf-8")
    (tmp_path / "a.ann").write_text("T1\tSpecificDisease 12 20\tbleeding\n", "utf-8")
    assert bench(monkeypatch, tmp_path).metrics["f1"] == 1


def test_what_is_no_annotated_text_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(InputError) as said:
        bench(monkeypatch, tmp_path)
    assert ".ann" in said.value.fix
    (tmp_path / "a.txt").write_text("bleeding", "utf-8")
    (tmp_path / "a.ann").write_text("T1\tPlanet 0 8\tbleeding\n", "utf-8")
    with pytest.raises(InputError, match="Planet"):
        bench(monkeypatch, tmp_path)
