"""The example requests of the OpenAPI document; a test sends them and checks the answer."""

from __future__ import annotations

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
