"""Patient, and the references by which other resources point to one."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from engine.readers import dates, identity, tree
from engine.readers.fhir.entry import Entry, resolve
from engine.readers.identity import Identity
from engine.readers.tree import Node
from engine.types import Sex

FIELDS = ("gender", "birthDate", "deceasedDateTime")

SEXES: dict[str, Sex] = {"female": "female", "male": "male"}
"""FHIR's "other" and "unknown" are read as not stated."""


def read(entry: Entry) -> Identity:
    """Who a Patient resource is; of a faulty one, every part that can be read."""
    return replace(_person(entry.raw, entry.id), references=_own_references(entry))


def subject(entry: Entry) -> Identity | None:
    """Whom the resource is about, as far as its subject says.

    Raises:
        ValueError: it is about something else than a patient.
    """
    stated = tree.child(entry.raw, "subject") or tree.child(entry.raw, "patient")
    reference = (tree.text(stated, "reference") or "").partition("/_history/")[0]
    if reference.startswith("#"):
        contained = resolve(entry, stated)
        return _person(contained, entry.id) if contained else None
    kind = tree.text(stated, "type") or _type(reference)
    if kind not in (None, "Patient"):
        raise ValueError(f"about a {kind}, not the patient")
    number = tree.text(tree.child(stated, "identifier"), "value")
    if "?" in reference:  # conditional: "Patient?identifier=system|value"
        reference, number = "", reference.rpartition("|")[2]
    if not reference and not number:
        return None
    return Identity(
        where=entry.id,
        references=frozenset([reference.removeprefix("urn:uuid:")] if reference else []),
        identifiers=frozenset([number] if number else []),
    )


def _own_references(entry: Entry) -> frozenset[str]:
    """An absolute URL says more than the id at its end, so it stands alone."""
    url, own = entry.full_url or "", tree.text(entry.raw, "id") or ""
    if "://" in url:
        return frozenset([url])
    return frozenset(filter(None, (url.removeprefix("urn:uuid:"), own)))


def _person(raw: Node, where: str) -> Identity:
    names = (
        identity.name(tree.text(name, "family") or "", next(iter(tree.texts(name, "given")), ""))
        for name in tree.children(raw, "name")
        if tree.text(name, "family")
    )
    numbers = (tree.text(number, "value") for number in tree.children(raw, "identifier"))
    return Identity(
        where=where,
        identifiers=frozenset(filter(None, numbers)),
        names=frozenset(names),
        birth=tree.text(raw, "birthDate") if _moment(raw, "birthDate") else None,
        sex=SEXES.get(tree.text(raw, "gender") or ""),
        died=_moment(raw, "deceasedDateTime"),
    )


def _moment(raw: Node, field: str) -> datetime | None:
    """A faulty date has been reported by the validation already."""
    with suppress(ValueError):
        return dates.moment(tree.text(raw, field) or "")
    return None


def _type(reference: str) -> str | None:
    """ "Group" of "Group/12"; None for an id, a URN or a bare number."""
    path = reference.split("/")
    return path[-2] if len(path) > 1 and path[-2].isalpha() else None
