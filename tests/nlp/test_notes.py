"""A note's record: what its mentions are linked to, and what they have to do with each other."""

from __future__ import annotations

import pytest
from word_tagger import Always, WordTagger

from engine.types import Code, Document, ModelRef
from nlp.candidates import Name
from nlp.notes import NoteReader, Terms
from nlp.pairs import relations
from nlp.record import Record, as_plain
from tests.nlp.conftest import OboVocabulary

KNOWN = {"gout": "disease", "grout": "disease", "colchicine": "drug", "5 mg": "dose"}
TERMS = Terms(
    [Name("gout", "K:gout", "disease"), Name("colchicine", "K:colchicine", "drug")],
    {
        "K:gout": Code("K", "K:gout", "Gout"),
        "K:colchicine": Code("K", "K:colchicine", "Colchicine"),
    },
)
NOTE = "Acute gout. Took colchicine 5 mg. No grout."


@pytest.fixture(scope="module")
def vocabulary() -> OboVocabulary:
    return OboVocabulary("\n\n[Term]\nid: HP:0000118\nname: Phenotypic abnormality")


def record(vocabulary: OboVocabulary, terms: Terms | None) -> Record:
    tagger = WordTagger(KNOWN, [Always(relations()["modifies"], 2.5)])
    reader = NoteReader.with_tagger(vocabulary, tagger, ModelRef("words", "1"), terms)
    return reader.read(Document("n", "", NOTE))


def test_a_mention_has_its_code_and_what_is_not_linked_says_why(vocabulary: OboVocabulary) -> None:
    found = record(vocabulary, TERMS)
    gout, grout = found.problems
    assert gout.code == TERMS.codes["K:gout"]
    assert gout.link is not None
    assert gout.link.candidates[0].score == 1
    assert grout.code is None
    assert grout.link is not None
    assert grout.link.refused == "no candidate"
    (drug,) = found.medications
    assert drug.code == TERMS.codes["K:colchicine"]
    plain = as_plain(found)
    assert [problem["linked"] for problem in plain["problems"]] == [True, False]
    assert [issue.message for issue in found.issues if "linked to no term" in issue.message]


def test_without_terms_nothing_is_looked_up(vocabulary: OboVocabulary) -> None:
    assert [(p.code, p.link) for p in record(vocabulary, None).problems] == [(None, None)] * 2


def test_relations_come_with_their_sentence(vocabulary: OboVocabulary) -> None:
    found = record(vocabulary, TERMS)
    (relation,) = found.relations
    assert (relation.label, relation.head.quote, relation.tail.quote, relation.score) == (
        *("modifies", "5 mg", "colchicine"),
        2.5,
    )
    assert [span.quote.strip() for span in relation.sentences] == ["Took colchicine 5 mg."]
    assert [dose.quote for dose in found.medications[0].doses] == ["5 mg"]
    for span in (relation.head, relation.tail, *relation.sentences):
        assert NOTE[span.start : span.end] == span.quote
