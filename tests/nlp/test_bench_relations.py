"""`bench relations` counts by hand: given mentions, found mentions, all pairs, folds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from word_tagger import Always

from engine.exceptions import InputError
from engine.types import ModelRef
from nlp import evaluate_relations, folds
from nlp.pairs import relations
from nlp.reading import Marked, Read
from nlp.schemes import Mention, schemes

KNOWN = {"lithium": "drug", "aspirin": "drug", "nausea": "disease", "rash": "disease"}
TEXT = "lithium and nausea. aspirin and fever and rash."
"""fever is marked and not found; rash is found and not marked."""


class ByHeart:
    """Finds `KNOWN` in the literature's scheme and relates all."""

    seen = frozenset[int]()
    relaters = (Always(relations()["induces"]),)

    def read(
        self,
        documents: Sequence[tuple[Sequence[str], Sequence[int]]],
        marked: Sequence[Marked] | None = None,
    ) -> list[Read]:
        given = marked or [{"literature": self._found(words)} for words, _ in documents]
        return [
            Read(one, {n: np.zeros((len(m), 1), "f4") for n, m in one.items()}) for one in given
        ]

    @staticmethod
    def _found(words: Sequence[str]) -> list[Mention]:
        return [(i, i + 1, KNOWN[word]) for i, word in enumerate(words) if word in KNOWN]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(folds, "trained", lambda: (ByHeart(), ModelRef("words", "1")))
    marks = [("lithium", "Chemical", "D1"), ("aspirin", "Chemical", "D2")]
    marks += [("nausea", "Disease", "D3"), ("fever", "Disease", "D4")]
    rows = [
        f"1\t{TEXT.index(w)}\t{TEXT.index(w) + len(w)}\t{w}\t{label}\t{code}"
        for w, label, code in marks
    ]
    rows += ["1\tCID\tD1\tD3", "1\tCID\tD2\tD4"]
    path = tmp_path / "any.PubTator"
    path.write_text("\n".join([f"1|t|{TEXT}", "1|a|", *rows, ""]), "utf-8")
    return path


def test_relations_count_by_their_concepts(file: Path) -> None:
    metrics = evaluate_relations.run(file).metrics
    # given: four pairs, two of them right
    assert metrics["precision_gold"] == pytest.approx(1 / 2)
    assert metrics["recall_gold"] == 1
    assert metrics["f1_gold"] == metrics["f1_gold_all_pairs"] == pytest.approx(2 / 3)
    # found: lithium and aspirin with nausea and rash; only lithium and nausea is right
    assert metrics["precision_end_to_end"] == pytest.approx(1 / 4)
    assert metrics["recall_end_to_end"] == pytest.approx(1 / 2)


def test_what_was_missed_and_invented_is_told_in_words(file: Path) -> None:
    report = evaluate_relations.run(file)
    missed = [m for m in report.misses if (m["way"], m["kind"]) == ("end_to_end", "missed")]
    assert [(m["head"], m["tail"]) for m in missed] == [("aspirin (D2)", "fever (D4)")]
    assert report.provenance["relation"] == "induces"
    assert report.provenance["model"] == "words 1 None"


def test_the_small_tagger_has_no_folds(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KONSIL_TAGGER", "recurrent")
    with pytest.raises(InputError, match="no folds"):
        evaluate_relations.run(file, cv=5)
    monkeypatch.setenv("KONSIL_TAGGER", "transformer")
    with pytest.raises(InputError, match="1 folds"):
        evaluate_relations.run(file, cv=1)


def test_every_document_is_asked_of_the_model_that_did_not_see_it(
    monkeypatch: pytest.MonkeyPatch, file: Path
) -> None:
    asked: list[tuple[int, int]] = []

    def without(number: int, of: int) -> tuple[ByHeart, str]:
        asked.append((number, of))
        return ByHeart(), "abc"

    monkeypatch.setenv("KONSIL_TAGGER", "transformer")
    monkeypatch.setattr(folds, "_without", without)
    report = evaluate_relations.run(file, cv=3)
    assert asked == [(folds.fold_of("1", 3), 3)]
    assert report.n == 1
    assert "3 folds" in report.provenance["folds"]
    assert report.provenance["model"].endswith("of 3 abc")


def test_a_corpus_without_known_relations_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("fever", "utf-8")
    (tmp_path / "a.ann").write_text("T1\tSign_symptom 0 5\tfever\n", "utf-8")
    with pytest.raises(InputError, match="no relation that is known"):
        evaluate_relations.run(tmp_path)


def test_schemes_of_relations_are_known() -> None:
    for relation in relations().values():
        types = schemes()[relation.entities].types
        assert {kind for pair in relation.kinds for kind in pair} <= set(types)
        assert relation.corpora.keys() <= schemes()[relation.entities].corpora.keys()
