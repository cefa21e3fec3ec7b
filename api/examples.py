"""The example requests of the OpenAPI document; a test sends them and checks the answer."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

PHENOPACKET: dict[str, Any] = {
    "id": "example",
    "subject": {
        "id": "patient",
        "sex": "FEMALE",
        "timeAtLastEncounter": {"age": {"iso8601duration": "P16Y"}},
    },
    "phenotypicFeatures": [
        {"type": {"id": "HP:0001083", "label": "Ectopia lentis"}},
        {"type": {"id": "HP:0002616", "label": "Aortic root aneurysm"}},
        {"type": {"id": "HP:0001166", "label": "Arachnodactyly"}},
        {"type": {"id": "HP:0001263", "label": "Global developmental delay"}, "excluded": True},
    ],
    "metaData": {"phenopacketSchemaVersion": "2.0"},
}

NOTE = "Tall girl of 16 with arachnodactyly and a dislocated lens. No seizures. Mother had asthma."


def _active(kind: str) -> dict[str, Any]:
    system = f"http://terminology.hl7.org/CodeSystem/{kind}-clinical"
    return {"coding": [{"system": system, "code": "active"}]}


FHIR: dict[str, Any] = {
    "resourceType": "Bundle",
    "type": "collection",
    "entry": [
        {"resource": resource}
        for resource in (
            {"resourceType": "Patient", "id": "p", "gender": "female", "birthDate": "1961-05-04"},
            {
                "resourceType": "DocumentReference",
                "id": "letter",
                "status": "current",
                "date": "2026-10-06T09:00:00Z",
                "content": [
                    {
                        "attachment": {
                            "contentType": "text/plain",
                            "data": b64encode(b"Palpitations and syncope. No fever.").decode(),
                        }
                    }
                ],
            },
            {
                "resourceType": "Observation",
                "id": "potassium",
                "status": "final",
                "code": {"coding": [{"system": "http://loinc.org", "code": "2823-3"}]},
                "effectiveDateTime": "2026-10-06T08:00:00Z",
                "valueQuantity": {"value": 6.4, "unit": "mmol/L"},
            },
            {
                "resourceType": "Condition",
                "id": "asthma",
                "clinicalStatus": _active("condition"),
                "code": {"text": "Asthma"},
                "subject": {"reference": "Patient/p"},
                "recordedDate": "2019-03-01",
            },
            {
                "resourceType": "AllergyIntolerance",
                "id": "penicillin",
                "clinicalStatus": _active("allergyintolerance"),
                "code": {"text": "Penicillin"},
                "patient": {"reference": "Patient/p"},
                "recordedDate": "2019-03-01",
            },
            {
                "resourceType": "MedicationStatement",
                "id": "propranolol",
                "status": "active",
                "medicationCodeableConcept": {"text": "Propranolol 40 mg"},
                "subject": {"reference": "Patient/p"},
                "dateAsserted": "2026-10-05",
            },
        )
    ],
}

DIFFERENTIAL: dict[str, Any] = {
    "present": ["HP:0001083", "Aortic root aneurysm", "HP:0001166"],
    "absent": ["HP:0001263"],
    "age_years": 16,
    "sex": "female",
    "top": 5,
}

INTERVIEW: dict[str, Any] = {
    "present": ["Ectopia lentis"],
    "absent": ["HP:0001263"],
    "unknown": ["Aortic root aneurysm"],
    "age_years": 16,
    "sex": "female",
}

INTERACTIONS: dict[str, Any] = {
    "drugs": ["Tab. Warfarin 5 mg od", "Ibuprofen 400 mg", "Vitamin X"],
}

CYPHER: dict[str, Any] = {
    "query": "MATCH (d:Disease {id: $id})-[r:has_phenotype]->(p) RETURN p.name, r.sources",
    "parameters": {"id": "OMIM:154700"},
    "limit": 20,
}
