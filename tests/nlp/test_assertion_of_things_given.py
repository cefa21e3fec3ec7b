"""Medicines and procedures: denied, planned or refused only by what stands right beside them."""

from __future__ import annotations

import pytest

from engine.types import Document
from nlp.notes import NoteReader
from tests.nlp.conftest import OboVocabulary
from tests.nlp.test_structure import MODEL
from tests.nlp.word_tagger import WordTagger

DRUGS: str = (
    "metoprolol warfarin insulin aspirin ibuprofen naproxen penicillin azithromycin cephalexin "
    "lisinopril sulfa"
)
DONE: str = "appendectomy dialysis cholecystectomy colonoscopy"
NOW, NOT = ("present", "current"), ("absent", "current")
PERHAPS, ONCE = ("present", "hypothetical"), ("present", "historical")


def told(vocabulary: OboVocabulary, text: str) -> list[tuple[str, str]]:
    known = dict.fromkeys(DRUGS.split(), "drug")
    known |= dict.fromkeys(DONE.split(), "procedure")
    reader = NoteReader.with_tagger(vocabulary, WordTagger(known), MODEL)
    record = reader.read(Document("n", "", text, language="en"))
    return [
        (one.said.status, one.said.context) for one in (*record.medications, *record.procedures)
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("No acute distress, on metoprolol 25 mg.", [NOW]),
        ("She denies bleeding on warfarin.", [NOW]),
        ("No bleeding since starting warfarin 5 mg daily.", [NOW]),
        ("He never missed a dose of warfarin.", [NOW]),
        ("There is no contraindication to warfarin.", [PERHAPS]),
        ("She was never without insulin.", [NOW]),
        ("No aspirin, on warfarin.", [NOT, NOW]),
        ("No aspirin, ibuprofen or other naproxen.", [NOT, NOT, NOT]),
        ("She is not on warfarin.", [NOT]),
        ("He denies taking any aspirin or ibuprofen.", [NOT, NOT]),
        ("He is not taking warfarin.", [NOT]),
        ("He is not taking warfarin for his fever.", [NOT]),
        ("aspirin was not given.", [NOT]),
        ("He was not started on warfarin.", [NOT]),
        ("aspirin and warfarin were not started.", [NOT, NOT]),
        ("aspirin for chest pain, which was not relieved.", [NOW]),
        ("Avoid aspirin.", [PERHAPS]),
        ("aspirin is contraindicated.", [PERHAPS]),
        ("Consider warfarin.", [("uncertain", "hypothetical")]),
        ("aspirin was discontinued.", [ONCE]),
        ("He stopped aspirin and takes warfarin.", [ONCE, NOW]),
        ("No complications after appendectomy.", [NOW]),
        ("No infection after dialysis.", [NOW]),
        ("No fever since cholecystectomy.", [NOW]),
        ("No previous appendectomy.", [("absent", "historical")]),
        ("appendectomy was not performed.", [NOT]),
        ("We recommended cholecystectomy.", [PERHAPS]),
        ("Scheduled for cholecystectomy.", [PERHAPS]),
        ("She refused cholecystectomy.", [PERHAPS]),
        ("She refused cholecystectomy and had a colonoscopy.", [PERHAPS, NOW]),
    ],
)
def test_only_what_stands_beside_it_denies_it(
    few: OboVocabulary, text: str, said: list[tuple[str, str]]
) -> None:
    assert told(few, text) == said


def test_a_term_at_its_characters_is_another_matter(few: OboVocabulary) -> None:
    reader = NoteReader.with_tagger(few, WordTagger({"migraine": "drug"}), MODEL)
    record = reader.read(Document("n", "", "No bleeding on migraine.", language="en"))
    assert [one.said.status for one in record.problems] == ["absent"]
    assert [one.said.status for one in record.medications] == ["present"]
