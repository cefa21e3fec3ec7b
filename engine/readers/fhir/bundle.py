"""The walk through a Bundle: one bad entry never loses the rest."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, cast

from engine.exceptions import InputError
from engine.readers import dates, limits, tree
from engine.readers.fhir import document, observation, patient, statement
from engine.readers.fhir.entry import Entry, status, when
from engine.readers.fhir.validation import faults
from engine.readers.identity import Identity
from engine.readers.record import Record
from engine.readers.tree import Node


@dataclass(frozen=True, slots=True)
class Kind:
    """How a resource type is read, and the top-level fields that reading depends on."""

    fields: tuple[str, ...]
    read: Callable[[Entry, Record], None]


def _read_patient(entry: Entry, record: Record) -> None:
    """Nothing left to do: its identity was taken before anything else."""


KINDS = {
    "Patient": Kind(patient.FIELDS, _read_patient),
    "Observation": Kind(observation.FIELDS, observation.read),
    "Condition": Kind(statement.CONDITION_FIELDS, statement.read_condition),
    "MedicationStatement": Kind(statement.DRUG_FIELDS, statement.read_drug),
    "MedicationRequest": Kind(statement.DRUG_FIELDS, statement.read_drug),
    "AllergyIntolerance": Kind(statement.ALLERGY_FIELDS, statement.read_allergy),
    "FamilyMemberHistory": Kind(statement.FAMILY_FIELDS, statement.read_family),
    "DocumentReference": Kind(document.DOCUMENT_FIELDS, document.read_document),
    "DiagnosticReport": Kind(document.REPORT_FIELDS, document.read_report),
    "Media": Kind(document.MEDIA_FIELDS, document.read_media),
    "ImagingStudy": Kind(document.STUDY_FIELDS, document.read_study),
}

EVENTS = {
    "Encounter": ("period",),
    "Procedure": ("performedDateTime", "performedPeriod"),
    "Immunization": ("occurrenceDateTime",),
    "ImagingStudy": ("started",),
}
"""Dated things that happened; they only tell how far the record goes."""

FIX = "correct the resource so that it is valid FHIR R4"

HAPPENED = ("finished", "completed", "in-progress", "available")


def read(root: Node, record: Record, *, where: str, prefix: str = "") -> None:
    """Adds everything usable in a Bundle or single resource to `record`.

    where: name of the input, for errors. prefix: goes before every item's id, to keep the items of
    several files apart.

    Raises:
        InputError: it is no FHIR resource, is empty, or has too many entries.
    """
    entries = _entries(root, record, where=where, prefix=prefix)
    subjects: dict[Identity, Identity] = {}
    for entry in entries:
        if entry.type == "Patient":
            record.identities.append(patient.read(entry))
        try:
            about = patient.subject(entry)
        except ValueError as other:
            record.skip(entry.id, str(other), kind=entry.type)
            continue
        if about:
            subjects.setdefault(replace(about, where=""), about)
        _read_entry(entry, record)
    record.identities.extend(subjects.values())


def _read_entry(entry: Entry, record: Record) -> None:
    _note_event(entry, record)
    kind = KINDS.get(entry.type)
    if kind is None:
        return record.skip(entry.id, "not used", kind=entry.type)
    if tree.size(entry.raw) > limits.MAX_ENTRY_VALUES:
        fault = "error", f"more than {limits.MAX_ENTRY_VALUES:,} values in one resource"
    else:
        fault = faults(entry.raw, kind=entry.type, read=kind.fields)
    if fault:
        level, message = fault
        use = "not used" if level == "error" else "used"
        record.issue(level, entry.id, f"{use}: {message}", fix=FIX)
    if fault and fault[0] == "error":
        return None
    try:
        kind.read(entry, record)
    except ValueError as error:
        record.issue("error", entry.id, f"not used: {error}", fix=FIX)
    return None


def _note_event(entry: Entry, record: Record) -> None:
    """These resources are not validated, so a date that cannot be read says nothing."""
    fields = EVENTS.get(entry.type, ())
    if fields and status(entry.raw, "status") in HAPPENED:
        with suppress(ValueError):
            record.events.extend(filter(None, [when(entry.raw, *fields)]))


def _entries(root: Node, record: Record, *, where: str, prefix: str) -> list[Entry]:
    """The resources of the bundle, each in its newest version."""
    listed = _listed(root, record, where=where)
    resources = {key: raw for raw, url in listed for key in _keys(raw, url)}
    births = (tree.text(raw, "birthDate") for raw, _ in listed if raw["resourceType"] == "Patient")
    birth = _birth(next(filter(None, births), ""))
    chosen: dict[str, Entry] = {}
    for index, (raw, url) in enumerate(listed):
        kind = str(raw["resourceType"])
        entry = Entry(prefix + _name(raw, url, index), kind, raw, url, birth, resources)
        older = chosen.get(entry.id) if kind != "Patient" else None
        if older is None:
            chosen[entry.id if kind != "Patient" else f"{entry.id}[{index}]"] = entry
            continue
        record.skip(entry.id, "repeated; the version last updated is used", kind=kind)
        if _updated(raw) > _updated(older.raw):
            chosen[entry.id] = entry
    return list(chosen.values())


def _listed(root: Node, record: Record, *, where: str) -> list[tuple[Node, str | None]]:
    """Every resource with its fullUrl."""
    if tree.text(root, "resourceType") != "Bundle":
        return [(root, None)]
    listed = root.get("entry")
    entries = cast(list[Any], listed) if isinstance(listed, list) else []
    if not entries:
        raise InputError("a Bundle without entries", where=where, fix="send at least one resource")
    if len(entries) > limits.MAX_ENTRIES:
        raise InputError(
            f"more than {limits.MAX_ENTRIES:,} entries",
            where=where,
            fix="send the part of the record that matters for the question",
        )
    if any(tree.text(link, "relation") == "next" for link in tree.children(root, "link")):
        record.issue(
            "warning", where, "one page of several: the record is incomplete", fix="send all pages"
        )
    found: list[tuple[Node, str | None]] = []
    for index, entry in enumerate(entries):
        node: Node = cast(Node, entry) if isinstance(entry, dict) else tree.EMPTY
        resource = tree.child(node, "resource")
        if tree.text(resource, "resourceType"):
            found.append((resource, tree.text(node, "fullUrl")))
        else:
            record.issue("warning", f"{where} entry[{index}]", "holds no resource", fix=FIX)
    return found


def _keys(raw: Node, url: str | None) -> list[str]:
    own = tree.text(raw, "id")
    return [key for key in (url, f"{raw['resourceType']}/{own}" if own else None) if key]


def _name(raw: Node, url: str | None, index: int) -> str:
    """The shortest name the sender would know it by."""
    own = tree.text(raw, "id")
    name = f"{raw['resourceType']}/{own}" if own else url
    return name if name and len(name) <= limits.MAX_LABEL_CHARS else f"entry[{index}]"


def _updated(raw: Node) -> str:
    return tree.text(tree.child(raw, "meta"), "lastUpdated") or ""


def _birth(stated: str) -> date | None:
    with suppress(ValueError):
        return dates.moment(stated).date()
    return None
