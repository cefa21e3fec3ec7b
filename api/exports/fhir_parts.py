"""Small parts of FHIR resources."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from engine.readers.fhir.coding import SYSTEMS
from engine.types import Code

Node = dict[str, Any]

URLS = {short: url for url, short in reversed(SYSTEMS.items())}
"""Short name of a code system -> its FHIR URL, the first of several."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def words(text: str) -> str:
    """As one line: FHIR strings hold no control characters, and no blanks at their ends."""
    return " ".join(_CONTROL.sub(" ", text).split())


def concept(system: str, code: str) -> Node:
    """A CodeableConcept of one code."""
    return {"coding": [{"system": system, "code": code}]}


def named(text: str, codes: Sequence[Code] = ()) -> Node:
    """A CodeableConcept as the note writes it, with what it is linked to where `has_url`."""
    node: Node = {"text": words(text)}
    if codings := [_coding(code) for code in codes if has_url(code)]:
        node["coding"] = codings
    return node


def has_url(code: Code) -> bool:
    """Has its catalogue an address, as Coding.system needs? None is made up."""
    return code.system in URLS


def _coding(code: Code) -> Node:
    """A code of the graph bears the name of its catalogue: it goes, but for HPO's own "HP:"."""
    display = {"display": code.display} if code.display else {}
    return {
        "system": URLS[code.system],
        "code": code.code.removeprefix(f"{code.system}:"),
        **display,
    }


def note(*remarks: str) -> Node:
    """The field `note`, where there are remarks."""
    return {"note": [{"text": remark} for remark in remarks]} if remarks else {}


def quantity(value: float, unit: str | None, comparator: str | None = None) -> Node:
    """A Quantity in UCUM; without a unit where none is certain."""
    node: Node = {"value": value}
    if comparator:
        node["comparator"] = comparator
    if unit:
        node |= {"unit": unit, "system": "http://unitsofmeasure.org", "code": unit}
    return node
