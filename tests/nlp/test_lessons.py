"""What examples teach: relations between mentions and concepts, and mentions that a window cuts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nlp.corpora import Annotated, Entity, Relation
from nlp.lessons import related, relations_of, windows
from nlp.pairs import relations
from nlp.reading import words_of
from nlp.recurrent import windows as whole
from nlp.schemes import schemes
from nlp.windows import Window

CLINICAL, LITERATURE = schemes()["clinical"], schemes()["literature"]


def halves(words: Sequence[str], sentences: Sequence[int]) -> Iterator[Window]:
    middle = len(words) // 2
    for span in (range(middle), range(middle, len(words))):
        yield Window(span, range(len(span)), range(len(span)))


def test_a_mention_that_a_window_cuts_begins_again() -> None:
    document = Annotated("1", "1", "gastric ulcer", (Entity(0, 13, "Disease"),))
    found = list(windows([document], "bc5cdr", LITERATURE, halves))
    begin = LITERATURE.tags.index("B-disease")
    assert [example.allowed[0].nonzero()[0].tolist() for example in found] == [[begin], [begin]]


def test_related_mentions_are_told_from_those_that_are_not() -> None:
    text = "severe nausea and mild fever"
    entities = (
        *(Entity(0, 6, "Severity"), Entity(7, 13, "Sign_symptom")),
        *(Entity(18, 22, "Severity"), Entity(23, 28, "Sign_symptom")),
    )
    marks = (Relation("MODIFY", "0", "1"), Relation("MODIFY", "2", "3"))
    document = Annotated("1", "1", text, entities, marks)
    (example,) = related([document], "maccrobat2020", CLINICAL, relations()["modifies"], whole)
    assert example.taught is not None
    told = dict(zip(example.taught.pairs.names, example.taught.labels.tolist(), strict=True))
    severities = {pair: label for pair, label in told.items() if pair[0] in ("0", "2")}
    assert severities == {("0", "1"): 1, ("0", "3"): 0, ("2", "1"): 0, ("2", "3"): 1}
    assert told.keys() - severities.keys() == {("1", "3"), ("3", "1")}  # a sign may be of a sign


def test_related_concepts_are_told_once_for_all_their_mentions() -> None:
    text = "Lithium and arrhythmia. Lithium, ulcer."
    entities = (
        *(Entity(0, 7, "Chemical", ("D1",)), Entity(12, 22, "Disease", ("D2",))),
        *(Entity(24, 31, "Chemical", ("D1",)), Entity(33, 38, "Disease", ("D3", "D4"))),
    )
    document = Annotated("1", "1", text, entities, (Relation("CID", "D1", "D2"),))
    taught = relations_of(document, words_of(text), "bc5cdr", LITERATURE, relations()["induces"])
    told = dict(zip(taught.pairs.names, taught.labels.tolist(), strict=True))
    assert told == {("D1", "D2"): 1, ("D1", "D3"): 0, ("D1", "D4"): 0}
