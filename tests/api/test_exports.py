"""What the forms say of a record, and what they leave unsaid on purpose."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from api.exports.fhir import bundle
from api.exports.html import article
from api.exports.lines import lines
from api.notes import print_issue
from engine.types import Code, Document, Issue, TextSpan
from nlp import record as form
from nlp.candidates import Name
from nlp.notes import NoteReader, Terms
from nlp.pairs import relations
from nlp.record import Assertion, Record, Relation
from tests.nlp.conftest import TERMS, OboVocabulary
from tests.nlp.test_structure import MODEL
from tests.nlp.word_tagger import Always, WordTagger

Node = dict[str, Any]
STATED = Assertion("present", "current", conditional=False)


def record(text: str, known: Mapping[str, str], *relaters: Always) -> Record:
    stanzas = ["[Term]\nid: HP:0000118\nname: Phenotypic abnormality"]
    stanzas += [f"[Term]\nid: {t}\nname: {name}\nis_a: HP:0000118" for t, name in TERMS.items()]
    vocabulary = OboVocabulary("\n" + "\n\n".join(stanzas))
    names = [Name("gout", "MONDO:1", "disease"), Name("warfarin", "ATC:B01AA03", "drug")]
    codes = {"MONDO:1": Code("MONDO", "MONDO:1", "Gout")}
    codes["ATC:B01AA03"] = Code("ATC", "ATC:B01AA03", "Warfarin")
    tagger = WordTagger(known, relaters)
    reader = NoteReader.with_tagger(vocabulary, tagger, MODEL, Terms(names, codes))
    return reader.read(Document("n", "", text, language="en"))


def exported(given: Record) -> Node:
    """A bundle that fits its specification."""
    from fhir.resources.R4B import get_fhir_model_class

    made = json.loads(json.dumps(bundle(given, recorded=datetime(2026, 1, 1, tzinfo=UTC))))
    model: Any = get_fhir_model_class("Bundle")
    model.model_validate(made)
    return made


def of_kind(made: Node, kind: str) -> list[Node]:
    resources = [entry["resource"] for entry in made["entry"]]
    return [resource for resource in resources if resource["resourceType"] == kind]


def left_out(made: Node) -> str:
    return " ".join(
        issue["diagnostics"] for one in of_kind(made, "OperationOutcome") for issue in one["issue"]
    )


def measured(quote: str, values: Sequence[float], *interpretation: str) -> Record:
    span = TextSpan("n", 0, len(quote), quote)
    test = form.Test(
        "sodium", span, STATED, values=tuple(values), unit="mmol/L", interpretation=interpretation
    )
    return Record("n", quote, True, (), tests=(test,))


def test_a_denied_result_is_no_observation_and_named() -> None:
    known = {"CT": "test", "ECG": "test", "normal": "value"}
    text = "CT was not normal. The ECG was normal."
    made = exported(record(text, known, Always(relations()["modifies"])))
    (observation,) = of_kind(made, "Observation")
    assert (observation["code"]["text"], observation["valueString"]) == ("ECG", "normal")
    assert "tests of the note that no resource tells: characters 0-2" in left_out(made)


def test_history_is_neither_active_nor_over() -> None:
    (condition,) = of_kind(exported(record("History of fever.", {})), "Condition")
    assert condition["verificationStatus"]["coding"][0]["code"] == "confirmed"
    assert "clinicalStatus" not in condition
    assert "whether it still holds is not said" in condition["note"][0]["text"]


def test_what_is_said_of_one_site_is_not_said_of_another() -> None:
    known = {"pain": "symptom", "severe": "severity", "hand": "anatomy", "foot": "anatomy"}
    made = exported(record("pain of hand. severe pain of foot.", known))
    sites = [(one["bodySite"], one.get("severity")) for one in of_kind(made, "Condition")]
    assert sites == [([{"text": "hand"}], None), ([{"text": "foot"}], {"text": "severe"})]


def test_what_is_given_instead_of_an_allergen_is_neither_and_named() -> None:
    known = {"penicillin": "drug", "warfarin": "drug"}
    made = exported(record("Allergic to penicillin and tolerates warfarin.", known))
    assert len(of_kind(made, "AllergyIntolerance")) == 1
    assert not of_kind(made, "MedicationStatement")
    assert "allergies or what is given instead" in left_out(made)


def test_doubt_about_a_medicine_is_told() -> None:
    made = exported(record("Possibly on warfarin.", {"warfarin": "drug"}))
    (statement,) = of_kind(made, "MedicationStatement")
    assert statement["note"] == [{"text": "the note is not certain of it"}]


def test_sex_has_its_provenance_and_age_is_named() -> None:
    made = exported(record("A 45-year-old man with gout.", {"gout": "disease"}))
    (patient,) = (one for one in made["entry"] if one["resource"]["resourceType"] == "Patient")
    targets = [target for one in of_kind(made, "Provenance") for target in one["target"]]
    assert {"reference": patient["fullUrl"]} in targets
    assert "the patient's age" in left_out(made)


@pytest.mark.parametrize(
    ("flag", "code"), [("h", "H"), ("elevated", "H"), ("ll", "LL"), ("normal", "N"), ("odd", None)]
)
def test_flags_are_codes_of_their_system(flag: str, code: str | None) -> None:
    (observation,) = of_kind(exported(measured("sodium 150", [150.0], flag)), "Observation")
    (said,) = observation["interpretation"]
    assert said["text"] == flag
    assert [coding["code"] for coding in said.get("coding", ())] == ([code] if code else [])


def test_a_range_that_falls_is_told_as_written() -> None:
    (fell,) = of_kind(exported(measured("sodium 140-135", [140.0, 135.0])), "Observation")
    assert "valueRange" not in fell
    assert fell["valueString"] == "sodium 140-135"
    (rose,) = of_kind(exported(measured("sodium 135-140", [135.0, 140.0])), "Observation")
    assert rose["valueRange"]["high"]["value"] == 140


def test_codes_have_the_address_of_their_catalogue_or_are_left_out() -> None:
    made = exported(
        record("Fever and gout. Took warfarin.", {"gout": "disease", "warfarin": "drug"})
    )
    codings = {c["code"]["text"]: c["code"].get("coding") for c in of_kind(made, "Condition")}
    assert codings["gout"] is None
    (fever,) = codings["Fever"]
    assert (fever["system"], fever["code"]) == (
        "http://human-phenotype-ontology.org",
        "HP:0001945",
    )
    (taken,) = of_kind(made, "MedicationStatement")
    (coding,) = taken["medicationCodeableConcept"]["coding"]
    assert (coding["system"], coding["code"]) == ("http://www.whocc.no/atc", "B01AA03")
    assert "without an address in FHIR of the note" in left_out(made)


def test_severity_has_its_source_and_a_duration_is_left_out() -> None:
    known = {"gout": "disease", "severe": "severity", "3 days": "duration"}
    made = exported(record("She has severe gout for 3 days.", known))
    (condition,) = of_kind(made, "Condition")
    assert condition["severity"] == {"text": "severe"}
    (provenance,) = of_kind(made, "Provenance")
    places = [
        [p["valueInteger"] for p in entity["extension"][0]["extension"] if "valueInteger" in p]
        for entity in provenance["entity"]
    ]
    assert places == [[15, 4], [8, 6]]
    assert "say more of problems of the note that no resource tells: characters 24-30" in left_out(
        made
    )


def test_the_page_lists_overlaps_and_relations() -> None:
    known = {"gout": "disease", "gout kit": "procedure", "severe": "severity"}
    given = record("No severe gout kit.", known, Always(relations()["modifies"]))
    page = article(given)
    marked, listed = page.split('<ul class="items">')
    assert 'style="background: #ffd9b3"' not in marked  # the procedure hides the problem
    assert "MONDO:1  Gout  [absent, current]" in listed
    assert "procedure  gout kit" in listed
    assert "severe  [present, current]  modifies  gout  [absent, current]" in listed
    assert "n:10-14" in listed


def test_lines_show_what_is_denied_and_send_nothing_to_the_terminal() -> None:
    text = "aspirin did not cause \x1b[31m rash\x9b"
    spans = TextSpan("n\x1b", 0, 7, text[:7]), TextSpan("n\x1b", 22, len(text), text[22:])
    absent = Assertion("absent", "current", conditional=False)
    relation = Relation("causes", *spans, (), 1.0, STATED, absent)
    (line,) = lines(Record("n", text, True, (), relations=(relation,)))
    assert line.startswith("relation  aspirin  [present, current]  causes")
    assert "[absent, current]" in line
    assert not {"\x1b", "\x9b"} & set(line)


def test_issues_keep_control_characters_from_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_issue(Issue("error", "a\x1b[2Jb\n.txt", "cannot be read", "send a text file"))
    assert capsys.readouterr().err == "error: a [2Jb .txt: cannot be read. Fix: send a text file.\n"
