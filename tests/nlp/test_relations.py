"""The component: relations of a document's mentions, each with the sentences it was read from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc
from word_tagger import Always

from engine.exceptions import InputError
from nlp import relations as component
from nlp.ner import READ, EntityRecogniser
from nlp.pairs import relations
from nlp.reading import Read
from nlp.relating import Relater
from nlp.relations import KEY, Related, RelationExtractor
from nlp.schemes import Mention, Scheme, schemes
from nlp.tokenizer import Tokenizer

KINDS = {
    "literature": {"lithium": "drug", "Li": "drug", "arrhythmia": "disease", "nausea": "disease"},
    "clinical": {"severe": "severity", "nausea": "symptom", "arrhythmia": "disease"},
}
TEXT = "Lithium (Li): toxic?\nHe took lithium. Then severe nausea came. Li caused arrhythmia."


class ByHeart:
    """Finds the words of `KINDS`."""

    def __init__(self, score: float) -> None:
        self.relaters: tuple[Relater, ...] = tuple(
            Always(relations()[name], score) for name in ("modifies", "induces")
        )

    @property
    def schemes(self) -> tuple[Scheme, ...]:
        return tuple(schemes()[name] for name in KINDS)

    def read(self, documents: Sequence[tuple[Sequence[str], Sequence[int]]]) -> list[Read]:
        return [self._read(words) for words, _ in documents]

    def _read(self, words: Sequence[str]) -> Read:
        mentions: dict[str, list[Mention]] = {
            name: [(i, i + 1, kinds[word]) for i, word in enumerate(words) if word in kinds]
            for name, kinds in KINDS.items()
        }
        return Read(mentions, {n: np.zeros((len(m), 1), "f4") for n, m in mentions.items()})


def read(text: str, score: float = 1.0) -> Doc:
    pipeline = spacy.blank("en")
    pipeline.tokenizer = Tokenizer(pipeline.vocab)
    for name in ("konsil_sections", "konsil_sentences"):
        pipeline.add_pipe(name)
    recogniser = EntityRecogniser(ByHeart(score), keeps=True)
    return RelationExtractor(recogniser)(recogniser(pipeline(text)))


def test_mentions_are_related_within_sentences_and_drugs_to_diseases_across() -> None:
    doc = read(TEXT)
    found: tuple[Related, ...] = doc._.get(KEY)
    assert [(r.head.text, r.label, r.tail.text) for r in found] == [
        ("severe", "modifies", "nausea"),
        ("Li", "induces", "nausea"),
        ("Li", "induces", "arrhythmia"),
    ]
    assert [s.text.strip() for s in found[0].sentences] == ["Then severe nausea came."]
    assert [s.text.strip() for s in found[1].sentences] == [
        "Li caused arrhythmia.",
        "Then severe nausea came.",
    ]
    assert all(TEXT[r.head.start_char : r.head.end_char] == r.head.text for r in found)
    assert READ not in doc.user_data


def test_what_is_not_above_the_bar_is_not_related() -> None:
    assert read(TEXT, component.ABOVE)._.get(KEY) == ()


def test_a_text_without_mentions_has_no_relations() -> None:
    assert read("")._.get(KEY) == ()
    assert read("Nothing here. \U0001fa78")._.get(KEY) == ()


def test_a_pipeline_that_finds_no_mentions_is_refused() -> None:
    pipeline = spacy.blank("en")
    with pytest.raises(InputError) as said:
        pipeline.add_pipe("konsil_relations")
    assert "konsil_ner" in said.value.fix
