"""GA4GH phenopackets."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.bundle import read_bytes
from engine.exceptions import InputError
from engine.readers import phenopacket
from engine.types import Code

PACKET: dict[str, Any] = {
    "id": "case",
    "subject": {
        "id": "P3",
        "sex": "MALE",
        "timeAtLastEncounter": {"age": {"iso8601duration": "P5Y3M"}},
    },
    "phenotypicFeatures": [
        {
            "type": {"id": "HP:0001250", "label": "Seizure"},
            "onset": {"age": {"iso8601duration": "P6M"}},
        },
        {"type": {"id": "HP:0001252", "label": "Hypotonia"}, "excluded": True},
        {
            "type": {"id": "HP:0001263", "label": "Global developmental delay"},
            "onset": {"ontologyClass": {"id": "HP:0003577", "label": "Congenital onset"}},
        },
    ],
    "diseases": [{"term": {"id": "OMIM:1", "label": "x"}}],
    "interpretations": [{"id": "i"}],
    "metaData": {"phenopacketSchemaVersion": "2.0"},
}


def test_subject_and_features() -> None:
    bundle = phenopacket.from_json(PACKET)
    assert bundle.format == "phenopacket"
    assert bundle.patient.sex == "male"
    assert bundle.patient.age_years == 5.25
    assert bundle.patient.identifiers == ("P3",)
    assert [(p.id, p.code.code, p.excluded, p.onset_years) for p in bundle.phenotypes] == [
        ("phenotypicFeatures[0]", "HP:0001250", False, 0.5),
        ("phenotypicFeatures[1]", "HP:0001252", True, None),
        ("phenotypicFeatures[2]", "HP:0001263", False, None),
    ]
    assert not bundle.issues


def test_the_answer_is_never_read() -> None:
    bundle = phenopacket.from_json(PACKET)
    assert "OMIM" not in repr(bundle.phenotypes + bundle.statements + bundle.observations)
    assert {(s.item, s.reason) for s in bundle.skipped} == {
        ("diseases[0]", phenopacket.ANSWER),
        ("interpretations[0]", phenopacket.ANSWER),
    }
    without = {k: v for k, v in PACKET.items() if k not in phenopacket.NOT_READ}
    assert phenopacket.from_json(without).phenotypes == bundle.phenotypes


def test_one_bad_feature_keeps_the_rest() -> None:
    features: list[Any] = [
        {"type": {"id": "HP:0001250"}, "negated": True},  # version 1: must not be read as present
        5,
        {"type": {"id": "MONDO:0005027"}},
        *PACKET["phenotypicFeatures"],
    ]
    bundle = phenopacket.from_json(PACKET | {"phenotypicFeatures": features})
    assert len(bundle.phenotypes) == 3
    assert [i.where for i in bundle.issues] == ["phenotypicFeatures[0]", "phenotypicFeatures[1]"]
    assert "phenotypicFeatures[2]" in {s.item for s in bundle.skipped}


def test_measurements_and_treatments() -> None:
    quantity = {
        "unit": {"id": "UCUM:ng/dL", "label": "nanogram per deciliter"},
        "value": 127,
        "referenceRange": {"unit": {"id": "UCUM:ng/dL"}, "low": 300, "high": 1000},
    }
    packet = PACKET | {
        "measurements": [
            {
                "assay": {"id": "LOINC:2986-8", "label": "Testosterone"},
                "value": {"quantity": quantity},
                "timeObserved": {"timestamp": "2020-05-01T00:00:00Z"},
            },
            {"assay": {"label": "Ketones"}, "value": {"ontologyClass": {"label": "Positive"}}},
        ],
        "medicalActions": [
            {"treatment": {"agent": {"id": "DrugCentral:1", "label": "testosterone"}}},
            {"procedure": {"code": {"id": "NCIT:C1"}}},
        ],
    }
    bundle = phenopacket.from_json(packet)
    lab, words = bundle.observations
    assert lab.codes == (Code("LOINC", "2986-8", "Testosterone"),)
    assert (lab.value, lab.unit, lab.low, lab.high) == (127, "ng/dL", 300, 1000)
    assert lab.recorded == datetime(2020, 5, 1, tzinfo=UTC)
    assert (words.name, words.value, words.text) == ("Ketones", None, "Positive")
    assert [(s.kind, s.text) for s in bundle.statements] == [("medication", "testosterone")]
    assert "medicalActions[1]" in {s.item for s in bundle.skipped}


def test_an_age_range_is_read_as_its_middle_and_said_so() -> None:
    ages = {"start": {"iso8601duration": "P30Y"}, "end": {"iso8601duration": "P40Y"}}
    packet = PACKET | {"subject": {"timeAtLastEncounter": {"ageRange": ages}}}
    bundle = phenopacket.from_json(packet)
    assert bundle.patient.age_years == 35
    assert [(i.level, i.where) for i in bundle.issues] == [("info", "subject")]


def test_an_age_that_is_no_duration_is_a_warning() -> None:
    packet = PACKET | {"subject": {"timeAtLastEncounter": {"age": {"iso8601duration": "P12T"}}}}
    bundle = phenopacket.from_json(packet)
    assert bundle.patient.age_years is None
    assert [i.level for i in bundle.issues] == ["warning"]


def test_a_birth_date_gives_the_age_at_as_of() -> None:
    packet = PACKET | {"subject": {"dateOfBirth": "2010-05-01T00:00:00Z"}}
    bundle = phenopacket.from_json(packet, as_of=datetime(2020, 5, 1, tzinfo=UTC))
    assert bundle.patient.age_years == 10


@pytest.mark.parametrize(
    "packet",
    [
        PACKET | {"metaData": {"phenopacketSchemaVersion": "1.0"}},
        PACKET | {"phenotypicFeatures": {"type": {}}},
        {"members": []},
    ],
)
def test_what_is_no_phenopacket_of_version_2_is_refused(packet: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        phenopacket.from_json(packet)


def test_bytes_and_object_say_the_same() -> None:
    raw = json.dumps(PACKET).encode()
    one, other = phenopacket.from_json(raw), read_bytes(raw, name="case.json")
    assert one == other
    assert one.phenotypes == phenopacket.from_json(PACKET).phenotypes


def test_published_phenopackets(data: Path) -> None:
    with gzip.open(data / "cases" / "phenopackets" / "clean.dev.jsonl.gz") as file:
        lines = file.readlines()[::10]
    for line in lines:
        bundle = phenopacket.from_json(line)
        assert len(bundle.phenotypes) == len(json.loads(line).get("phenotypicFeatures", []))
        assert not [i for i in bundle.issues if i.level == "error"]
