"""Two people are never mixed."""

from __future__ import annotations

import json

import pytest
from bundle_builders import dicom, fhir, observation, patient, zipped

from engine.bundle import read_bytes
from engine.exceptions import InputError
from engine.types import PatientBundle

MRN = [{"system": "urn:x", "value": "M1"}]
SAME = {"number": "M1", "name": "BERG^ADA^M", "birth": "20100501", "sex": "F"}


def load(files: dict[str, bytes]) -> PatientBundle:
    return read_bytes(zipped(files), name="case.zip")


def test_two_patients_in_a_bundle_are_refused() -> None:
    with pytest.raises(InputError, match="two patients") as caught:
        read_bytes(fhir(patient(), patient(id="p2")), name="b.json")
    assert caught.value.where == "Patient/p2"
    assert caught.value.fix


@pytest.mark.parametrize(
    "other",
    [
        {"gender": "male"},
        {"birthDate": "2010-05-02"},
        {"name": [{"family": "Stein", "given": ["Ada"]}]},
    ],
)
def test_one_id_with_two_identities_is_refused(other: dict[str, object]) -> None:
    with pytest.raises(InputError, match="two patients") as caught:
        read_bytes(fhir(patient(), patient(**other)), name="b.json")
    assert "Ada" not in str(caught.value)  # the message names the property, not its values


def test_the_same_patient_twice_is_one() -> None:
    again = patient(birthDate="2010-05", name=[{"family": "BERG", "given": ["A."]}])
    assert read_bytes(fhir(patient(), again), name="b.json").patient.sex == "female"


@pytest.mark.parametrize("kind", ["Observation", "Encounter"])
def test_an_entry_about_another_patient_is_refused(kind: str) -> None:
    foreign = {"resourceType": kind, "id": "e", "subject": {"reference": "Patient/p2"}}
    with pytest.raises(InputError, match="two patients") as caught:
        read_bytes(fhir(patient(), foreign), name="b.json")
    assert caught.value.where == f"{kind}/e"


def test_two_subjects_without_any_patient_are_refused() -> None:
    foreign = observation(2, subject={"reference": "Patient/p2"})
    with pytest.raises(InputError, match="two patients"):
        read_bytes(fhir(observation(1), foreign), name="b.json")


@pytest.mark.parametrize(
    "reference",
    [
        "Patient/p1",
        "urn:uuid:0b1",
        "Patient/p1/_history/2",
        "http://server/fhir/Patient/p1",
        "Patient?identifier=urn:x|M1",
    ],
)
def test_every_way_to_point_to_the_patient(reference: str) -> None:
    raw = json.loads(fhir(patient(identifier=MRN), observation(subject={"reference": reference})))
    raw["entry"][0]["fullUrl"] = "urn:uuid:0b1"
    assert read_bytes(json.dumps(raw).encode(), name="b.json").observations


def test_the_same_id_on_another_server_is_another_patient() -> None:
    raw = json.loads(
        fhir(patient(), observation(subject={"reference": "http://b.org/fhir/Patient/p1"}))
    )
    raw["entry"][0]["fullUrl"] = "http://a.org/fhir/Patient/p1"
    with pytest.raises(InputError, match="two patients"):
        read_bytes(json.dumps(raw).encode(), name="b.json")


def test_a_contained_patient_is_compared_too() -> None:
    inside = {"resourceType": "Patient", "id": "c", "gender": "male"}
    foreign = observation(subject={"reference": "#c"}, contained=[inside])
    with pytest.raises(InputError, match="sex"):
        read_bytes(fhir(patient(), foreign), name="b.json")


def test_an_entry_about_a_group_is_left_out() -> None:
    bundle = read_bytes(
        fhir(patient(), observation(subject={"reference": "Group/g"})), name="b.json"
    )
    assert not bundle.observations
    assert bundle.skipped[0].reason == "about a Group, not the patient"


@pytest.mark.parametrize(
    "other",
    [{"number": "M2"}, {"name": "STEIN^ADA"}, {"birth": "20100502"}, {"sex": "M"}],
)
def test_a_dicom_file_of_another_patient_is_refused(other: dict[str, str]) -> None:
    record = fhir(patient(identifier=MRN), observation())
    with pytest.raises(InputError, match="two patients"):
        load({"a.json": record, "film.dcm": dicom(**SAME | other)})
    with pytest.raises(InputError, match="two patients"):
        load({"1.dcm": dicom(**SAME), "2.dcm": dicom(**SAME | other)})


def test_a_dicom_file_of_the_patient_is_an_attachment() -> None:
    record = fhir(patient(identifier=MRN), observation())
    bundle = load({"a.json": record, "film": dicom(**SAME), "bare.dcm": dicom()})
    assert [(a.id, a.media_type) for a in bundle.attachments] == [
        ("bare.dcm", "application/dicom"),
        ("film", "application/dicom"),
    ]
    assert bundle.patient.identifiers == ("M1", "Patient/p1", "p1")


def test_a_phenopacket_and_a_file_must_agree() -> None:
    packet = {"subject": {"id": "M1", "sex": "FEMALE"}, "phenotypicFeatures": []}
    files = {"p.json": json.dumps(packet).encode(), "1.dcm": dicom(**SAME)}
    assert load(files).patient.sex == "female"
    with pytest.raises(InputError, match="sex"):
        load(files | {"1.dcm": dicom(**SAME | {"sex": "M"})})


def test_a_deidentified_file_is_used_with_a_warning() -> None:
    bundle = load({"a.json": fhir(patient()), "1.dcm": dicom(name="ANON^1", removed="YES")})
    assert len(bundle.attachments) == 1
    assert [(i.level, i.where) for i in bundle.issues] == [("warning", "1.dcm")]


@pytest.mark.parametrize(
    "bad",
    [
        dicom(**SAME, syntax="1.2.840.10008.1.2.1.99"),
        dicom(**SAME, preamble="MZ"),
        dicom(**SAME).replace(b"DICM", b"DICX"),
        dicom(**SAME)[:140] + b"\xff" * 40,
    ],
    ids=["deflated", "program", "no prefix", "damaged"],
)
def test_a_dicom_file_whose_patient_cannot_be_known_is_not_used(bad: bytes) -> None:
    bundle = load({"a.json": fhir(patient()), "1.dcm": bad})
    assert not bundle.attachments
    assert [(i.level, i.where) for i in bundle.issues] == [("error", "1.dcm")]
