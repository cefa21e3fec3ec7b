"""One resource of a bundle, and what the readers of all resource types ask of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from engine.readers import dates, tree
from engine.readers.tree import EMPTY, Node


@dataclass(frozen=True, slots=True)
class Entry:
    """A resource. id: how it is called in the result ("Observation/abc", a fullUrl, "entry[12]").

    birth: the patient's birth date, for onsets. resources: everything in the bundle by reference.
    """

    id: str
    type: str
    raw: Node
    full_url: str | None
    birth: date | None
    resources: Mapping[str, Node]


def when(raw: Node, *fields: str) -> datetime | None:
    """The first of these date fields that is filled; of a period its end, else its start.

    Raises:
        ValueError: the field holds no date.
    """
    for field in fields:
        period = tree.child(raw, field)
        stated = tree.text(raw, field) or tree.text(period, "end") or tree.text(period, "start")
        if stated:
            return dates.moment(stated)
    return None


def onset_years(entry: Entry) -> float | None:
    """Age at onset from onsetAge (UCUM units of time) or onsetDateTime and the birth date."""
    age = tree.child(entry.raw, "onsetAge")
    value, unit = tree.number(age, "value"), tree.text(age, "code") or tree.text(age, "unit")
    if value is not None:
        per_year = {"a": 1, "mo": 12, "wk": 365.25 / 7, "d": 365.25}.get(unit or "")
        return value / per_year if per_year else None
    began = when(entry.raw, "onsetDateTime")
    return dates.age_years(entry.birth, began) if began and entry.birth else None


def resolve(entry: Entry, reference: Node) -> Node:
    """The resource a Reference points to: contained, or another entry of the bundle."""
    target = tree.text(reference, "reference") or ""
    if target.startswith("#"):
        inside = tree.children(entry.raw, "contained")
        return next((c for c in inside if tree.text(c, "id") == target[1:]), EMPTY)
    return entry.resources.get(target, EMPTY)


def status(raw: Node, field: str) -> str | None:
    """The code of a status, whether a plain code or a CodeableConcept."""
    coded = tree.children(tree.child(raw, field), "coding")
    return tree.text(raw, field) or next((tree.text(c, "code") for c in coded), None)
