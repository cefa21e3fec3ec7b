"""Small inputs for the tests of the bundle reader."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from typing import Any

Resource = dict[str, Any]


def fhir(*resources: Resource, **extra: Any) -> bytes:
    """A collection Bundle of these resources."""
    entries = [{"resource": resource} for resource in resources]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    return json.dumps(bundle | extra).encode()


def patient(**fields: Any) -> Resource:
    """A girl born on 2010-05-01 called Ada Berg."""
    return {
        "resourceType": "Patient",
        "id": "p1",
        "gender": "female",
        "birthDate": "2010-05-01",
        "name": [{"family": "Berg", "given": ["Ada"]}],
    } | fields


def observation(number: int = 1, **fields: Any) -> Resource:
    """A potassium of 5.9 mmol/L on 2020-05-01."""
    return {
        "resourceType": "Observation",
        "id": f"o{number}",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "2823-3"}], "text": "Potassium"},
        "subject": {"reference": "Patient/p1"},
        "effectiveDateTime": "2020-05-01T08:00:00+02:00",
        "valueQuantity": {
            "value": 5.9,
            "unit": "mmol/l",
            "system": "http://unitsofmeasure.org",
            "code": "mmol/L",
        },
    } | fields


def condition(**fields: Any) -> Resource:
    """Asthma, active, recorded in 2018."""
    return {
        "resourceType": "Condition",
        "id": "c1",
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "verificationStatus": {"coding": [{"code": "confirmed"}]},
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "195967001"}]},
        "subject": {"reference": "Patient/p1"},
        "recordedDate": "2018",
    } | fields


def hpo(code: str = "HP:0001250", display: str = "Seizure") -> Resource:
    """A CodeableConcept of HPO."""
    system = "http://human-phenotype-ontology.org"
    return {"coding": [{"system": system, "code": code, "display": display}]}


def zipped(files: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def dicom(
    *,
    number: str = "",
    name: str = "",
    birth: str = "",
    sex: str = "",
    removed: str = "",
    syntax: str = "1.2.840.10008.1.2.1",
    preamble: str = "",
    sop_class: str = "",
    study: str = "",
) -> bytes:
    """A DICOM header in explicit VR little endian with the given patient."""
    elements = [
        *([_element(0x0008, 0x0016, b"UI", sop_class)] if sop_class else []),
        *([_element(0x0008, 0x0020, b"DA", study)] if study else []),
        _element(0x0010, 0x0010, b"PN", name),
        _element(0x0010, 0x0020, b"LO", number),
        _element(0x0010, 0x0030, b"DA", birth),
        _element(0x0010, 0x0040, b"CS", sex),
        _element(0x0012, 0x0062, b"CS", removed),
        _element(0x0028, 0x0004, b"CS", "MONOCHROME2"),
    ]
    meta = _element(0x0002, 0x0010, b"UI", syntax)
    return preamble.encode().ljust(128, b"\0") + b"DICM" + meta + b"".join(elements)


def _element(group: int, element: int, vr: bytes, text: str) -> bytes:
    value = text.encode("latin-1")
    value += b" " * (len(value) % 2)
    return struct.pack("<HH2sH", group, element, vr, len(value)) + value
