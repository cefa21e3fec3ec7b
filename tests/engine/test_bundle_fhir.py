"""FHIR R4: what is read, what is not, and that one bad entry never loses the rest."""

from __future__ import annotations

import base64
import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from bundle_builders import condition, fhir, hpo, observation, patient

from engine.bundle import read, read_bytes
from engine.exceptions import InputError
from engine.types import Code, PatientBundle, Statement


def load(*resources: dict[str, Any], **options: Any) -> PatientBundle:
    return read_bytes(fhir(*resources), name="bundle.json", **options)


def document(data: bytes, content_type: str, **fields: Any) -> dict[str, Any]:
    attachment = {"contentType": content_type, "data": base64.b64encode(data).decode()}
    return {
        "resourceType": "DocumentReference",
        "id": "d1",
        "status": "current",
        "subject": {"reference": "Patient/p1"},
        "date": "2020-05-01T10:00:00Z",
        "content": [{"attachment": attachment}],
    } | fields


def test_an_observation_keeps_everything_the_judgement_needs() -> None:
    raw = observation(
        referenceRange=[{"low": {"value": 3.5}, "high": {"value": 5.1}}],
        interpretation=[{"coding": [{"code": "H"}]}],
        specimen={"display": "serum"},
    )
    (read_back,) = load(patient(), raw).observations
    assert (read_back.id, read_back.name) == ("Observation/o1", "Potassium")
    assert read_back.codes == (Code("LOINC", "2823-3"),)
    assert (read_back.value, read_back.unit) == (5.9, "mmol/L")
    assert (read_back.low, read_back.high) == (3.5, 5.1)
    assert read_back.interpretation == ("H",)
    assert read_back.specimen == "serum"
    assert read_back.recorded == datetime(2020, 5, 1, 6, tzinfo=UTC)
    assert read_back.age_years == 10


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"valueString": "trace"}, (None, None, "trace")),
        ({"valueBoolean": True}, (None, None, "true")),
        ({"valueInteger": 7}, (7.0, None, None)),
        ({"valueCodeableConcept": {"text": "Positive"}}, (None, None, "Positive")),
        ({"valueQuantity": {"value": 0.1, "comparator": "<"}}, (0.1, "<", None)),
        (
            {"valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 128}}},
            (None, None, "1:128"),
        ),
    ],
)
def test_every_kind_of_value(value: dict[str, Any], expected: tuple[Any, ...]) -> None:
    raw = observation()
    del raw["valueQuantity"]
    (item,) = load(patient(), raw | value).observations
    assert (item.value, item.comparator, item.text) == expected


def test_components_are_observations_of_their_own() -> None:
    parts = [
        {"code": {"text": "Systolic"}, "valueQuantity": {"value": 121, "unit": "mmHg"}},
        {"code": {"text": "Diastolic"}, "valueQuantity": {"value": 80, "unit": "mmHg"}},
    ]
    raw = observation(component=parts)
    del raw["valueQuantity"]
    items = load(patient(), raw).observations
    assert [(o.id, o.name, o.value) for o in items] == [
        ("Observation/o1.component[0]", "Systolic", 121),
        ("Observation/o1.component[1]", "Diastolic", 80),
    ]


@pytest.mark.parametrize(
    ("ranges", "bounds"),
    [
        ([{"low": {"value": 3.5, "unit": "mg/dL"}}], (None, None)),
        ([{"low": {"value": 1}}, {"low": {"value": 2}}], (None, None)),
        (
            [{"low": {"value": 1}}, {"low": {"value": 2}, "type": {"coding": [{"code": "x"}]}}],
            (1, None),
        ),
    ],
)
def test_a_range_that_does_not_fit_the_value_is_not_guessed(
    ranges: list[Any], bounds: tuple[float | None, float | None]
) -> None:
    bundle = load(patient(), observation(referenceRange=ranges))
    (item,) = bundle.observations
    assert (item.low, item.high) == bounds
    assert bool(bundle.issues) == (bounds == (None, None))


def test_what_has_no_value_is_skipped_with_its_reason() -> None:
    absent = observation(1, dataAbsentReason={"text": "not performed"})
    del absent["valueQuantity"]
    void = observation(2, status="entered-in-error")
    of_a_fetus = observation(3, focus=[{"reference": "Patient/baby"}])
    bundle = load(patient(), absent, void, of_a_fetus)
    assert not bundle.observations
    reasons = {
        skipped.item: skipped.reason for skipped in bundle.skipped if skipped.item != "birth date"
    }
    assert reasons["Observation/o1"] == "no value (not performed)"
    assert len(reasons) == 3


def test_a_problem_is_history_and_never_a_finding() -> None:
    bundle = load(patient(), condition())
    assert not bundle.phenotypes
    assert bundle.statements == (
        Statement(
            id="Condition/c1",
            kind="condition",
            codes=(Code("SNOMED", "195967001"),),
            text="195967001",
            active=True,
            recorded=datetime(2018, 1, 1, tzinfo=UTC),
        ),
    )


@pytest.mark.parametrize("status", ["refuted", "entered-in-error"])
def test_a_refuted_problem_is_no_problem(status: str) -> None:
    verified = {"coding": [{"code": status}]}
    bundle = load(patient(), condition(verificationStatus=verified))
    assert not bundle.statements
    assert bundle.skipped[0].reason == status


@pytest.mark.parametrize(("status", "excluded"), [("confirmed", False), ("refuted", True)])
def test_a_problem_coded_with_hpo_is_a_phenotype(status: str, excluded: bool) -> None:
    verified = {"coding": [{"code": status}]}
    onset = {"value": 18, "unit": "months", "code": "mo"}
    raw = condition(code=hpo(), verificationStatus=verified, onsetAge=onset)
    (item,) = load(patient(), raw).phenotypes
    assert (item.code.code, item.excluded, item.onset_years) == ("HP:0001250", excluded, 1.5)


def test_a_finding_that_is_only_suspected_is_not_counted_as_found() -> None:
    provisional = {"coding": [{"code": "provisional"}]}
    bundle = load(patient(), condition(code=hpo(), verificationStatus=provisional))
    assert not bundle.phenotypes
    assert "provisional" in bundle.skipped[0].reason


@pytest.mark.parametrize(
    ("value", "excluded"),
    [
        ({}, False),
        ({"valueBoolean": True}, False),
        ({"valueBoolean": False}, True),
        ({"valueString": "Absent"}, True),
        ({"valueCodeableConcept": {"coding": [{"code": "2667000"}]}}, True),
        ({"valueCodeableConcept": {"coding": [{"code": "LA9633-4"}]}}, False),
    ],
)
def test_an_observation_coded_with_hpo_is_a_phenotype(
    value: dict[str, Any], excluded: bool
) -> None:
    raw = observation(code=hpo("0001250"))
    del raw["valueQuantity"]
    bundle = load(patient(), raw | value)
    (item,) = bundle.phenotypes
    assert (item.code.code, item.excluded) == ("HP:0001250", excluded)
    assert not bundle.observations


def test_an_hpo_observation_of_unclear_value_is_an_issue() -> None:
    bundle = load(patient(), observation(code=hpo()))
    assert not bundle.phenotypes
    assert [issue.where for issue in bundle.issues] == ["Observation/o1"]


def test_an_hpo_term_as_value_is_a_phenotype() -> None:
    raw = observation(valueCodeableConcept=hpo("HP_0001252", "Hypotonia"))
    del raw["valueQuantity"]
    (item,) = load(patient(), raw).phenotypes
    assert item.code == Code("HPO", "HP:0001252", "Hypotonia")


def test_drugs_allergies_and_relatives() -> None:
    drug = {
        "resourceType": "MedicationRequest",
        "id": "m1",
        "status": "active",
        "intent": "order",
        "subject": {"reference": "Patient/p1"},
        "authoredOn": "2020-01-02",
    }
    substance = {"resourceType": "Medication", "id": "x", "code": {"text": "Valproate"}}
    by_reference = drug | {"medicationReference": {"reference": "Medication/x"}}
    contained = drug | {
        "id": "m2",
        "status": "stopped",
        "contained": [{"resourceType": "Medication", "id": "c", "code": {"text": "Lamotrigine"}}],
        "medicationReference": {"reference": "#c"},
    }
    planned = drug | {"id": "m3", "intent": "plan", "medicationCodeableConcept": {"text": "x"}}
    allergy = {
        "resourceType": "AllergyIntolerance",
        "id": "a1",
        "patient": {"reference": "Patient/p1"},
        "code": {"text": "Penicillin"},
    }
    family = {
        "resourceType": "FamilyMemberHistory",
        "id": "f1",
        "status": "completed",
        "patient": {"reference": "Patient/p1"},
        "relationship": {"text": "mother"},
        "condition": [{"code": {"text": "Epilepsy"}}, {"code": hpo()}],
    }
    bundle = load(patient(), by_reference, substance, contained, planned, allergy, family)
    assert [(s.kind, s.text, s.active) for s in bundle.statements] == [
        ("medication", "Valproate", True),
        ("medication", "Lamotrigine", False),
        ("allergy", "Penicillin", None),
        ("family", "mother: Epilepsy", None),
        ("family", "mother: Seizure", None),
    ]
    assert not bundle.phenotypes
    assert {s.item: s.reason for s in bundle.skipped}["MedicationRequest/m3"] == "only a plan"


@pytest.mark.parametrize(
    ("data", "content_type", "text"),
    [
        (b"Krampfanf\xc3\xa4lle", "text/plain", "Krampfanfälle"),
        (b"Krampfanf\xe4lle", "text/plain; charset=ISO-8859-1", "Krampfanfälle"),
        (
            b"<html><head><title>x</title></head><body><p>K &lt; 3.5</p>no <b>fe</b>ver"
            b"<script>if (a<b) {}</script><!-- <p>hidden --></body></html>",
            "text/html",
            "K < 3.5\nno fever",
        ),
    ],
)
def test_an_inline_text_is_a_document(data: bytes, content_type: str, text: str) -> None:
    bundle = load(patient(), document(data, content_type, language="de"))
    (item,) = bundle.documents
    assert (item.text, item.language, item.id) == (text, "de", "DocumentReference/d1")
    assert not bundle.issues


def test_a_text_in_another_encoding_than_stated_is_an_issue() -> None:
    bundle = load(patient(), document(b"Fi\xe8vre", "text/plain"))
    assert bundle.documents[0].text == "Fièvre"
    assert bundle.issues[0].level == "warning"


def test_attachments_are_kept_for_later_and_links_are_not_followed() -> None:
    linked = document(b"", "text/plain") | {
        "id": "d2",
        "content": [{"attachment": {"url": "http://127.0.0.1/secret"}}],
    }
    broken = document(b"", "text/plain") | {
        "id": "d3",
        "content": [{"attachment": {"contentType": "text/plain", "data": "AAAAA"}}],
    }
    study = {
        "resourceType": "ImagingStudy",
        "id": "i1",
        "status": "available",
        "subject": {"reference": "Patient/p1"},
    }
    bundle = load(patient(), document(b"\x89PNG", "image/png"), linked, broken, study)
    assert [(a.id, a.kind, a.size) for a in bundle.attachments] == [
        ("DocumentReference/d1", "image", 4),
        ("ImagingStudy/i1", "image", 0),
    ]
    assert not bundle.documents
    assert [s.item for s in bundle.skipped] == ["DocumentReference/d2", "birth date"]
    assert [i.where for i in bundle.issues] == ["DocumentReference/d3"]


def test_a_report_gives_its_conclusion_and_its_forms() -> None:
    form = {"contentType": "text/plain", "data": base64.b64encode(b"Full text").decode()}
    report = {
        "resourceType": "DiagnosticReport",
        "id": "r1",
        "status": "final",
        "code": {"text": "Chest film"},
        "subject": {"reference": "Patient/p1"},
        "effectiveDateTime": "2020-05-01",
        "conclusion": "No infiltrate.",
        "conclusionCode": [hpo("HP:0001640", "Cardiomegaly")],
        "presentedForm": [form],
    }
    bundle = load(patient(), report)
    assert [(d.id, d.title, d.text) for d in bundle.documents] == [
        ("DiagnosticReport/r1.conclusion", "Chest film", "No infiltrate."),
        ("DiagnosticReport/r1.presentedForm[0]", "Chest film", "Full text"),
    ]
    assert bundle.phenotypes[0].code.code == "HP:0001640"


def test_a_fault_in_a_field_that_is_read_loses_that_entry_only() -> None:
    bad = observation(1, effectiveDateTime="yesterday")
    bundle = load(patient(), bad, observation(2), {"resourceType": "Nonsense"})
    assert [o.id for o in bundle.observations] == ["Observation/o2"]
    (issue,) = bundle.issues
    assert (issue.level, issue.where) == ("error", "Observation/o1")
    assert "effectiveDateTime" in issue.message
    assert issue.fix


def test_a_fault_in_another_field_is_only_a_warning() -> None:
    bundle = load(patient(), observation(note=[{"wrong": 1}], bodySite=5))
    assert len(bundle.observations) == 1
    assert [issue.level for issue in bundle.issues] == ["warning"]


def test_two_values_at_once_are_a_fault_of_the_value() -> None:
    bundle = load(patient(), observation(valueString="high"))
    assert not bundle.observations
    assert bundle.issues[0].level == "error"


def test_entries_without_a_usable_resource_are_reported() -> None:
    raw = json.loads(fhir(patient(), observation()))
    raw["entry"] += [{}, {"resource": 5}, {"resource": {"id": "x"}}]
    bundle = read_bytes(json.dumps(raw).encode(), name="b.json")
    assert len(bundle.observations) == 1
    assert len(bundle.issues) == 3


def test_unused_types_are_counted() -> None:
    visits = [{"resourceType": "Encounter", "id": str(n)} for n in range(37)]
    bundle = load(patient(), *visits)
    assert ("Encounter x 37", "not used") in [(s.item, s.reason) for s in bundle.skipped]


def test_of_a_repeated_resource_the_last_update_counts() -> None:
    old = observation(meta={"lastUpdated": "2020-05-01T00:00:00Z"}, valueString=None)
    new = observation(meta={"lastUpdated": "2020-05-02T00:00:00Z"})
    new["valueQuantity"] = {"value": 4.1}
    bundle = load(patient(), old, new)
    assert [o.value for o in bundle.observations] == [4.1]


def test_a_single_resource_and_a_searchset_are_read_alike() -> None:
    single = read_bytes(json.dumps(observation()).encode(), name="o.json")
    assert [o.id for o in single.observations] == ["Observation/o1"]
    page = read_bytes(
        fhir(observation(), type="searchset", link=[{"relation": "next", "url": "x"}]),
        name="page.json",
    )
    assert "page" in page.issues[0].message


def test_an_entry_without_id_is_called_by_url_or_place() -> None:
    unnamed = observation()
    del unnamed["id"]
    raw = json.loads(fhir(patient(), unnamed, unnamed))
    raw["entry"][1]["fullUrl"] = "urn:uuid:1"
    bundle = read_bytes(json.dumps(raw).encode(), name="b.json")
    assert [o.id for o in bundle.observations] == ["urn:uuid:1", "entry[2]"]


def test_an_oversized_entry_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.readers.limits.MAX_ENTRY_VALUES", 200)
    huge = observation(1, component=[{"code": {"text": "x"}}] * 200)
    bundle = load(patient(), huge, observation(2))
    assert [o.id for o in bundle.observations] == ["Observation/o2"]
    assert bundle.issues[0].where == "Observation/o1"


def test_an_empty_or_endless_bundle_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="without entries"):
        load()
    monkeypatch.setattr("engine.readers.limits.MAX_ENTRIES", 2)
    with pytest.raises(InputError, match="more than 2 entries"):
        load(patient(), observation(1), observation(2))


def test_the_synthea_bundles_are_read_whole(data: Path) -> None:
    paths = sorted((data / "cases" / "synthea_fhir_r4").glob("*.json.gz"))
    assert len(paths) == 10
    for path in paths:
        bundle = read(path)
        with gzip.open(path) as file:
            entries = json.load(file)["entry"]
        wanted = sum(e["resource"]["resourceType"] == "Observation" for e in entries)
        assert bundle.as_of is not None
        assert bundle.patient.sex is not None
        assert bundle.patient.age_years is not None
        assert not bundle.issues
        assert len({o.id.partition(".")[0] for o in bundle.observations}) == wanted
        assert any(o.historical for o in bundle.observations)
        assert not bundle.phenotypes
