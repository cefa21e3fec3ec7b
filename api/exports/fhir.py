"""A record of a note as a FHIR R4 Bundle, every resource with its Provenance.

A Provenance names the characters its target was read from: `entity.what` is the DocumentReference,
and HL7's extension `derivation-reference` holds offset and length, in characters of the UTF-8 text
of its attachment. Mentions of one problem of which the same is said are one Condition with several
entities. No date is made up: nothing has one but Provenance, which says when the note was read.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from importlib.metadata import version
from typing import Any
from uuid import UUID, uuid5

from api.exports import fhir_items as items
from api.exports.fhir_parts import Node, concept, words
from engine.types import Issue, Level, TextSpan
from nlp.record import Record

DERIVATION = "http://hl7.org/fhir/StructureDefinition/derivation-reference"
"""The extension of HL7's pack for "a location within source text this was extracted from"."""
TEXT_PATH = "content[0].attachment.data"
_ROLE = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
_SEVERITY: dict[Level, str] = {"error": "error", "warning": "warning", "info": "information"}


def bundle(record: Record, *, recorded: datetime) -> Node:
    """A collection. recorded: when the note was read, with its time zone."""
    made = _Bundle(record, recorded)
    if record.read:
        for kind, resource, spans in items.resources(record, made.patient):
            made.add(kind, resource, spans)
    made.say([*record.issues, *items.left_out(record)])
    return {"resourceType": "Bundle", "type": "collection", "entry": made.entries}


class _Bundle:
    """The entries of a bundle; the same record gives the same identifiers."""

    def __init__(self, record: Record, recorded: datetime) -> None:
        self.entries: list[Node] = []
        self._recorded = recorded.isoformat(timespec="seconds")
        self._space = UUID(bytes=_digest(record)[:16])
        stated = record.patient.sex if record.patient else None
        gender = {} if stated is None else {"gender": stated}
        self.patient = self._put("Patient", gender)
        self._device = self._put("Device", _device(record))
        self._note = self._put("DocumentReference", _document(record, self.patient))
        if record.patient and gender:
            self._trace(self.patient, [record.patient.span])

    def add(self, kind: str, resource: Node, spans: Sequence[TextSpan]) -> None:
        """A resource and its Provenance."""
        self._trace(self._put(kind, resource), spans)

    def _trace(self, target: Node, spans: Sequence[TextSpan]) -> None:
        provenance = {
            "target": [target],
            "recorded": self._recorded,
            "agent": [{"type": concept(_ROLE, "assembler"), "who": self._device}],
            "entity": [self._source(span) for span in spans],
        }
        self._put("Provenance", provenance)

    def say(self, issues: Sequence[Issue]) -> None:
        """What was not read or not exported, if anything."""
        if issues:
            said = [
                {
                    "severity": _SEVERITY[issue.level],
                    "code": "informational" if issue.level == "info" else "processing",
                    "diagnostics": words(f"{issue.where}: {issue.message}. Fix: {issue.fix}."),
                }
                for issue in issues
            ]
            self._put("OperationOutcome", {"issue": said})

    def _put(self, kind: str, resource: Node) -> Node:
        """Adds a resource; the reference to it."""
        url = uuid5(self._space, f"{kind}/{len(self.entries)}").urn
        self.entries.append({"fullUrl": url, "resource": {"resourceType": kind, **resource}})
        return {"reference": url}

    def _source(self, span: TextSpan) -> Node:
        place = [
            {"url": "reference", "valueReference": self._note},
            {"url": "path", "valueString": TEXT_PATH},
            {"url": "offset", "valueInteger": span.start},
            {"url": "length", "valueInteger": span.end - span.start},
        ]
        extension = [{"url": DERIVATION, "extension": place}]
        return {"extension": extension, "role": "source", "what": self._note}


def _digest(record: Record) -> bytes:
    return sha256(f"{record.document}\0{record.text}".encode()).digest()


def _document(record: Record, patient: Node) -> Node:
    attachment: dict[str, Any] = {"contentType": "text/plain; charset=utf-8"}
    if record.text:
        attachment["data"] = b64encode(record.text.encode()).decode()
    else:
        attachment["title"] = "empty"
    return {
        "status": "current",
        "subject": patient,
        "description": words(record.document) or "note",
        "content": [{"attachment": attachment}],
    }


def _device(record: Record) -> Node:
    versions = [{"value": version("konsil")}]
    versions += [
        {"type": {"text": model.name}, "value": f"{model.version} sha256:{model.sha256}"}
        for model in record.models
    ]
    name = {"name": "Konsil", "type": "model-name"}
    return {"deviceName": [name], "version": versions}
