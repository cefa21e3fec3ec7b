"""Notes to records: the items, their characters, and what is said where nothing was read."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin

from engine.exceptions import InputError, MissingExtraError, SourceError
from engine.types import Document, ModelRef, TextSpan
from nlp import notes as notes_module
from nlp.attach import beside
from nlp.notes import USER_DATA, NoteReader, packed_bin
from nlp.pairs import Pairs, relations
from nlp.reading import Read
from nlp.record import SCHEMA, Medication, Record, as_plain
from nlp.relating import Floats
from nlp.relations import Related
from nlp.tagger import CHOICE, FILES, loaded
from nlp.timeline import written_out
from tests.nlp.conftest import OboVocabulary
from tests.nlp.word_tagger import Always, Documents, WildTagger, WordTagger

NOTE = """HISTORY: A 61-year-old man with severe gastric pain for 3 days and possible seizures.
No fever. Serum potassium was 6.4 mmol/L. CT scan was unremarkable.
Takes warfarin 5 mg PO twice daily, 81 mg of aspirin, and metformin. Cholecystectomy was done
on March 14, 2021, dialysis on 04/05/2021.
FAMILY HISTORY: Mother has migraine and gastritis.
ALLERGIES: penicillin.
"""
KNOWN = {
    "gastric pain": "symptom",
    "severe": "severity",
    "3 days": "duration",
    "gastritis": "disease",
    "CT scan": "test",
    "unremarkable": "value",
    "warfarin": "drug",
    "aspirin": "drug",
    "metformin": "drug",
    "penicillin": "drug",
    "5 mg": "dose",
    "81 mg": "dose",
    "10 mg": "dose",
    "PO": "route",
    "Cholecystectomy": "procedure",
    "dialysis": "procedure",
    "04/05/2021": "date",
}
MODEL = ModelRef("test.tagger", "1")
STRANGE = [
    "",
    "\n\n",
    "Fever.\r\nNo cough.\r\n\r\nPMH:\r\nasthma",
    "No fever 😀\x07. Ataxia\u0301; \u202eстрах 咳嗽 \x00 \x0b\x0c\x1c seizures",
    "Fever \ud800 and ataxia \udfff.",
    "\u2028Fever:\u2029no",
]
PIECES = [
    *(
        "seizures",
        "No fever",
        "\n\n",
        "\r\n",
        "PMH:",
        " ",
        ".",
        "warfarin",
        "5 mg",
        "daily",
        "K 4.1",
    ),
    *("03/14/2021", "for 3 days", "allergic to", "😀", "\x00", "\u202e", "\ud800", "BP 120/80"),
]
TEXTS = st.one_of(
    st.text(),
    st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=5))).map("".join),
)


@pytest.fixture(scope="session")
def learned(few: OboVocabulary) -> NoteReader:
    return NoteReader.with_tagger(few, WordTagger(KNOWN), MODEL)


@pytest.fixture(scope="session")
def wild(few: OboVocabulary) -> NoteReader:
    return NoteReader.with_tagger(few, WildTagger(), MODEL)


@pytest.fixture(scope="session")
def dictionary(few: OboVocabulary) -> NoteReader:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(notes_module, "packaged", _not_installed)
        return NoteReader.compile(few)


def _not_installed() -> None:
    raise MissingExtraError("the learned reading of notes", extra="text")


def quotes(plain: Any) -> Iterator[dict[str, Any]]:
    """Every TextSpan in plain values."""
    if isinstance(plain, dict):
        if plain.get("type") == "TextSpan":
            yield plain
        for value in plain.values():
            yield from quotes(value)
    elif isinstance(plain, (list, tuple)):
        for value in plain:
            yield from quotes(value)


def check(record: Record, text: str) -> None:
    """All characters are those of the text."""
    assert len(record.text) == len(text)
    plain = as_plain(record)
    for span in quotes(plain):
        assert span["quote"] == record.text[span["start"] : span["end"]] != ""
    for section in record.sections:
        assert 0 <= section.start <= section.heading.start < section.end <= len(text)
    for items in (record.problems, record.medications, record.tests, record.timeline):
        starts = [item.span.start for item in items]
        assert starts == sorted(starts)


def check_bin(data: bytes, records: list[Record]) -> None:
    docs = list(DocBin().from_bytes(data).get_docs(spacy.blank("en").vocab))
    assert len(docs) == len(records)
    for doc, record in zip(docs, records, strict=True):
        assert (doc.text == record.text) is True
        for group in doc.spans.values():
            for span in group:
                assert record.text[span.start_char : span.end_char] == span.text
        packed = doc.user_data[USER_DATA]
        assert packed["schema"] == SCHEMA
        for span in quotes(packed):
            assert span["quote"] == doc.text[span["start"] : span["end"]]


def drug(record: Record, name: str) -> Medication:
    (found,) = (m for m in record.medications if m.span.quote == name)
    return found


def said(spans: tuple[TextSpan, ...]) -> list[str]:
    return [span.quote for span in spans]


def test_problems_are_linked_or_said_not_to_be(learned: NoteReader) -> None:
    record = learned.read(Document("n", "", NOTE))
    check(record, NOTE)
    found = {
        p.span.quote: (p.kind, p.code.code if p.code else None, p.said.status, p.said.context)
        for p in record.problems
    }
    assert found["seizures"] == ("phenotype", "HP:0001250", "uncertain", "current")
    assert found["fever"] == ("phenotype", "HP:0001945", "absent", "current")
    assert found["migraine"] == ("phenotype", "HP:0002076", "present", "family")
    linked = {p["span"]["quote"]: p["linked"] for p in as_plain(record)["problems"]}
    assert linked["fever"] is True
    assert all(linked[q] is (code is not None) for q, (_, code, *_) in found.items())
    assert record.patient is not None
    assert (record.patient.age_years, record.patient.sex) == (61.0, "male")
    assert [(s.name, s.context) for s in record.sections] == [
        ("HISTORY", "current"),
        ("FAMILY HISTORY", "family"),
        ("ALLERGIES", "historical"),
    ]


def test_a_mention_of_no_known_term_stays_unlinked_with_its_assertion(learned: NoteReader) -> None:
    tagger = WordTagger({"zebra sickness": "disease", "fever": "disease", "high fever": "symptom"})
    reader = NoteReader.with_tagger(learned.reader.vocabulary, tagger, MODEL)
    text = "No zebra sickness. He has a high fever."
    record = reader.read(Document("n", "", text))
    found = [(p.kind, p.span.quote, p.said.status) for p in record.problems]
    assert found == [("disease", "zebra sickness", "absent"), ("phenotype", "fever", "present")]
    (issue,) = record.issues
    assert issue.message.startswith("1 mentions")


def test_medicines_have_what_stands_beside_them_and_no_more(learned: NoteReader) -> None:
    record = learned.read(Document("n", "", NOTE))
    warfarin = drug(record, "warfarin")
    assert said(warfarin.doses) == ["5 mg"]
    assert said(warfarin.routes) == ["PO"]
    assert said(warfarin.frequencies) == ["twice daily"]
    assert said(drug(record, "aspirin").doses) == ["81 mg"]
    metformin = drug(record, "metformin")
    assert metformin.doses == metformin.routes == metformin.frequencies == ()
    allergies = [m.span.quote for m in record.medications if m.allergy]
    assert allergies == ["penicillin"]


@pytest.mark.parametrize(
    ("text", "doses"),
    [
        ("warfarin 5 mg, aspirin 81 mg", (["5 mg"], ["81 mg"])),
        ("5 mg warfarin, 81 mg aspirin", (["5 mg"], ["81 mg"])),
        ("warfarin (5 mg) and aspirin (81 mg)", (["5 mg"], ["81 mg"])),
        ("warfarin 5 mg aspirin", ([], [])),  # whose it is is not said
        ("warfarin, then at home 5 mg of aspirin", ([], ["5 mg"])),
        ("warfarin was stopped; he weighs less. aspirin 81 mg", ([], ["81 mg"])),
        ("5 mg was thought of for him, warfarin and aspirin", ([], [])),
    ],
)
def test_a_dose_belongs_to_the_nearer_medicine_or_to_none(
    learned: NoteReader, text: str, doses: tuple[list[str], list[str]]
) -> None:
    record = learned.read(Document("n", "", text, language="en"))
    assert (said(drug(record, "warfarin").doses), said(drug(record, "aspirin").doses)) == doses


def test_relations_decide_of_a_dose_that_stands_beside_no_medicine(
    learned: NoteReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    def relate(doc: Doc) -> list[Related]:
        spans = {span.text: span for span in doc.spans["entities"]}
        return [Related(spans["10 mg"], spans["warfarin"], "modifies", 1.0)]

    text = "warfarin 5 mg was given, then aspirin, and at last slowly more, 10 mg."
    monkeypatch.setattr("nlp.attach.relations", relate)
    record = learned.read(Document("n", "", text, language="en"))
    assert said(drug(record, "warfarin").doses) == ["5 mg", "10 mg"]
    assert said(drug(record, "aspirin").doses) == []


def test_what_relations_are_not_asked_of_stands_beside(few: OboVocabulary) -> None:
    known = {"amoxicillin": "drug", "500 mg": "dose", "7 days": "duration", "severe": "severity"}
    known |= {"cholecystectomy": "procedure", "March 14 , 2021": "date", "gastritis": "disease"}
    tagger = WordTagger(known, [Always(relations()["modifies"])])
    text = (
        "Amoxicillin; severe gastritis. amoxicillin 500 mg for 7 days. "
        "cholecystectomy on March 14, 2021."
    )
    record = NoteReader.with_tagger(few, tagger, MODEL).read(Document("n", "", text, language="en"))
    assert {r.head.quote for r in record.relations} == {"severe", "500 mg"}
    assert said(drug(record, "amoxicillin").doses) == ["500 mg"]
    assert said(drug(record, "amoxicillin").durations) == ["7 days"]
    owners = {m.span.quote: said(m.of) for m in record.timeline}
    assert owners == {"7 days": ["amoxicillin"], "March 14, 2021": ["cholecystectomy"]}


@pytest.mark.parametrize(
    ("text", "allergies"),
    [
        ("Allergic rhinitis was treated with warfarin 5 mg daily.", []),
        ("An allergic reaction was treated with warfarin.", []),
        ("Allergic to pollen, treated with warfarin.", []),
        ("She is allergic to aspirin and takes warfarin.", ["aspirin"]),
        ("She is allergic to aspirin and penicillin.", ["aspirin", "penicillin"]),
        ("Known allergy to penicillin.", ["penicillin"]),
        ("Seen today. Known allergies: penicillin.", ["penicillin"]),
        ("ALLERGIES: penicillin, aspirin\nMEDICATIONS: warfarin", ["penicillin", "aspirin"]),
    ],
)
def test_an_allergy_is_one_to_something(
    learned: NoteReader, text: str, allergies: list[str]
) -> None:
    record = learned.read(Document("n", "", text, language="en"))
    assert [m.span.quote for m in record.medications if m.allergy] == allergies


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("He is allergic to penicillin, so metformin was chosen.", [True, None]),
        ("She is allergic to penicillin and tolerates metformin.", [True, None]),
        ("Allergic to penicillin; on metformin.", [True, None]),
        ("Allergies: none. He takes aspirin 81 mg daily.", [None]),
        ("ALLERGIES: penicillin. Tolerates metformin.", [True, None]),
        ("ALLERGIES: penicillin (rash), aspirin.", [True, True]),
        ("Her penicillin allergy is known.", [True]),
        ("Takes aspirin, penicillin allergy.", [None, True]),
        ("He had an allergic reaction to penicillin.", [True]),
        ("There was anaphylaxis after penicillin.", [True]),
        ("Intolerant of metformin.", [True]),
        ("No known allergies. Takes aspirin.", [False]),
    ],
)
def test_what_is_given_instead_is_no_allergy(
    learned: NoteReader, text: str, said: list[bool | None]
) -> None:
    record = learned.read(Document("n", "", text, language="en"))
    assert [m.allergy for m in record.medications] == said


@pytest.mark.parametrize(
    "text", ["He denies penicillin allergy.", "No history of penicillin allergy.",
             "No known allergy to penicillin.", "He is not allergic to penicillin."]
)  # fmt: skip
def test_an_allergy_may_be_denied(learned: NoteReader, text: str) -> None:
    (drug,) = learned.read(Document("n", "", text, language="en")).medications
    assert (drug.allergy, drug.said.status) == (True, "absent")


def test_a_dose_belongs_to_one_medicine(few: OboVocabulary) -> None:
    known = {"aspirin": "drug", "warfarin": "drug", "5 mg": "dose"}
    tagger = WordTagger(known, [Always(relations()["modifies"])])
    reader = NoteReader.with_tagger(few, tagger, MODEL)
    record = reader.read(Document("n", "", "aspirin and warfarin 5 mg.", language="en"))
    assert [len(m.doses) for m in record.medications] == [0, 1]


def test_results_in_words_have_an_assertion(few: OboVocabulary) -> None:
    tagger = WordTagger({"CT": "test", "ECG": "test", "normal": "value", "negative": "value"})
    tagger.relaters = (Always(relations()["modifies"]),)
    reader = NoteReader.with_tagger(few, tagger, MODEL)
    record = reader.read(Document("n", "", "CT was not normal. ECG was negative.", language="en"))
    assert [
        (test.name, test.said.status, [one.status for one in test.results_said])
        for test in record.tests
        if test.name == "ECG"
    ] == [("ECG", "present", ["present"])]
    (scan,) = (test for test in record.tests if test.name == "CT")
    assert [one.status for one in scan.results_said] == ["absent"]


class Both(WordTagger):
    """Each scheme knows its own."""

    def __init__(self, literature: dict[str, str], clinical: dict[str, str]) -> None:
        super().__init__(clinical)
        self.other = WordTagger(literature)

    def read(self, documents: Documents) -> list[Read]:
        both = zip(super().read(documents), self.other.read(documents), strict=True)
        return [
            Read({**mine.mentions, "literature": theirs.mentions["clinical"]}, mine.vectors)
            for mine, theirs in both
        ]


class Last(Always):
    """The later a pair stands, the surer."""

    def __call__(self, mentions: Floats, pairs: Pairs) -> Floats:
        return np.arange(1, len(pairs.names) + 1, dtype=np.float32)


class Effects(WordTagger):
    """Its relations are of drugs to their effects, which are no entities."""

    def read(self, documents: Documents) -> list[Read]:
        return [self._read({"adverse": self._mentions(words)}) for words, _ in documents]


def test_a_relation_says_what_is_said_of_its_ends(few: OboVocabulary) -> None:
    tagger = Effects({"aspirin": "drug", "rash": "effect"}, [Always(relations()["causes"])])
    reader = replace(NoteReader.with_tagger(few, tagger, MODEL), literature=True)
    text = "Here aspirin did not cause rash. Then aspirin caused a rash."
    first, second = reader.read(Document("n", "", text, language="en")).relations
    assert (first.head_said.status, first.tail_said.status) == ("present", "absent")
    assert (second.head_said.status, second.tail_said.status) == ("present", "present")
    note = replace(reader, literature=False)
    assert not note.read(Document("n", "", text, language="en")).relations


def test_a_test_and_a_heading_are_no_medicine_and_no_procedure(few: OboVocabulary) -> None:
    known = {
        **dict.fromkeys(("Potassium", "spironolactone"), "drug"),
        "ALLERGIES": "procedure",
        "potassium": "drug",
    }
    tagger = Both(known, {"potassium": "test", "spironolactone": "test"})
    reader = NoteReader.with_tagger(few, tagger, MODEL)
    text = "Potassium 5.9 mmol/L. If potassium rises, spironolactone is given.\nALLERGIES: none.\n"
    record = reader.read(Document("n", "", text, language="en"))
    assert [m.span.quote for m in record.medications] == ["spironolactone"]
    assert [t.span.quote for t in record.tests] == ["Potassium 5.9 mmol/L", "potassium"]
    assert not record.procedures


def test_a_dose_stays_with_what_it_stands_beside(few: OboVocabulary) -> None:
    known = dict.fromkeys(("aspirin", "warfarin"), "drug") | {"81 mg": "dose"}
    tagger = WordTagger(known, [Last(relations()["modifies"])])
    reader = NoteReader.with_tagger(few, tagger, MODEL)
    record = reader.read(Document("n", "", "aspirin 81 mg and warfarin.", language="en"))
    assert [len(m.doses) for m in record.medications] == [1, 0]


def test_values_that_were_not_judged_are_named(few: OboVocabulary) -> None:
    reader = NoteReader.with_tagger(few, WordTagger({}), MODEL)
    text = "Fever. Call if the potassium is above 5.5 mmol/L."
    issues = reader.read(Document("n", "", text, language="en")).issues
    assert [i.message for i in issues if "limit, aim or condition" in i.message]


def test_tests_have_values_codes_and_what_they_mean(learned: NoteReader) -> None:
    record = learned.read(Document("n", "", NOTE))
    potassium, scan = record.tests
    assert potassium.values == (6.4,)
    assert potassium.unit == "mmol/L"
    assert "2823-3" in {code.code for code in potassium.codes}
    judged = {j.code.display: j.status for j in potassium.judged}
    assert judged == {"Hyperkalemia": "present", "Hypokalemia": "absent"}
    assert (scan.name, said(scan.results)) == ("CT scan", ["unremarkable"])
    assert scan.values == ()


def test_the_timeline_follows_the_note_and_makes_no_date_up(learned: NoteReader) -> None:
    record = learned.read(Document("n", "", NOTE))
    found = [(m.kind, m.span.quote, m.date, said(m.of)) for m in record.timeline]
    assert found == [
        ("duration", "3 days", None, ["gastric pain"]),
        ("date", "March 14, 2021", "2021-03-14", []),
        ("date", "04/05/2021", None, ["dialysis"]),
    ]


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2021-03-14", "2021-03-14"),
        ("March 14, 2021", "2021-03-14"),
        ("Sunday, 14th of March 2021", "2021-03-14"),
        ("14 Sept. 2021", "2021-09-14"),
        ("03/14/2021", "2021-03-14"),
        ("14.03.2021", "2021-03-14"),
        ("05/05/2021", "2021-05-05"),
        ("04/05/2021", None),
        ("03/14/21", None),
        ("March 2021", None),
        ("March 14", None),
        ("February 30, 2021", None),
        ("2021", None),
    ],
)
def test_a_date_is_one_only_where_it_is_written_out(text: str, date: str | None) -> None:
    assert written_out(text) == date


def test_without_the_extra_the_dictionary_parts_are_read_and_the_rest_is_named(
    dictionary: NoteReader,
) -> None:
    record = dictionary.read(Document("n", "", NOTE))
    check(record, NOTE)
    assert {p.span.quote for p in record.problems} >= {"fever", "seizures", "migraine"}
    assert [t.name for t in record.tests] == ["potassium"]
    assert [m.date for m in record.timeline] == ["2021-03-14", None]
    assert record.medications == ()
    (issue,) = (i for i in record.issues if i.level == "warning")
    assert "medicines" in issue.message
    assert "--extra text" in issue.fix


def test_missing_weights_are_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(CHOICE, "recurrent")
    monkeypatch.setitem(FILES, "recurrent", tmp_path / "none.safetensors")
    loaded.cache_clear()
    with pytest.raises(SourceError, match="missing"):
        notes_module.packaged()
    monkeypatch.setenv(CHOICE, "transformer")
    monkeypatch.setattr("nlp.tagger.NEEDED", ("there_is_no_such_package",))
    with pytest.raises(MissingExtraError):
        notes_module.packaged()
    monkeypatch.setenv(CHOICE, "oracle")
    with pytest.raises(InputError, match="oracle"):
        notes_module.packaged()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (" \n", "the document is empty"),
        ("Der Patient wurde mit Fieber und Husten in die Klinik gebracht und ist krank.", "(de)"),
    ],
)
def test_what_is_not_read_is_said(learned: NoteReader, text: str, message: str) -> None:
    into = packed_bin()
    record = learned.read(Document("n", "", text), into=into)
    assert not record.read
    assert message in record.issues[0].message
    check_bin(into.to_bytes(), [record])


@pytest.mark.parametrize("text", STRANGE)
def test_strange_notes(learned: NoteReader, wild: NoteReader, text: str) -> None:
    for reader in (learned, wild):
        into = packed_bin()
        record = reader.read(Document("n", "", text, language="en"), into=into)
        check(record, text)
        check_bin(into.to_bytes(), [record])


@settings(max_examples=60, deadline=None)
@given(text=TEXTS)
def test_every_quote_is_the_text_at_its_span(wild: NoteReader, text: str) -> None:
    into = packed_bin()
    document = Document("n", "", text, language="en")
    record = wild.read(document, into=into)
    check(record, text)
    check_bin(into.to_bytes(), [record])
    assert (wild.read(document) == record) is True


def test_an_old_note_is_history(learned: NoteReader) -> None:
    old = Document("n", "", "Seizures. Takes warfarin. Potassium 6.4 mmol/L.", historical=True)
    record = learned.read(old)
    items = [*record.problems, *record.medications, *record.tests]
    assert {item.said.context for item in items} == {"historical"}


def test_real_notes(wild: NoteReader, data: Path) -> None:
    csv.field_size_limit(sys.maxsize)
    with (data / "nlp" / "notes" / "mtsamples_1088.csv").open(encoding="utf-8") as file:
        texts = [row["text"] for row in islice(csv.DictReader(file), 0, None, 30)]
    into = packed_bin()
    records = [
        wild.read(Document(str(n), "", text, language="en"), into=into)
        for n, text in enumerate(texts)
    ]
    for record, text in zip(records, texts, strict=True):
        check(record, text)
    check_bin(into.to_bytes(), records)
    assert any(record.medications for record in records)


def test_what_stands_beside_nothing_belongs_to_nothing() -> None:
    doc = spacy.blank("en")("5 mg once")
    assert beside(doc, [], [doc[0:2]]) == []


def test_the_form_of_a_record_is_stable(learned: NoteReader) -> None:
    plain = as_plain(learned.read(Document("n", "", NOTE)))
    assert list(plain) == [
        *("schema", "sha256", "document", "read", "issues", "patient", "sections", "problems"),
        *("medications", "tests", "procedures", "timeline", "relations", "models"),
    ]
    keys = {
        name: list(plain[name][0])
        for name in plain
        if isinstance(plain[name], list) and plain[name]
    }
    del keys["issues"]
    assert keys == {
        "sections": ["name", "context", "heading", "start", "end"],
        "problems": ["kind", "code", "span", "said", "modifiers", "link", "linked"],
        "medications": [
            *("span", "said", "allergy", "code", "link", "doses", "routes", "frequencies"),
            *("durations", "linked"),
        ],
        "tests": [
            *("name", "span", "said", "codes", "values", "unit", "comparator", "low", "high"),
            *("interpretation", "specimen", "whose", "judged", "results", "results_said"),
        ],
        "procedures": ["span", "said", "modifiers"],
        "timeline": ["kind", "span", "date", "of"],
        "models": ["name", "version", "sha256"],
    }
