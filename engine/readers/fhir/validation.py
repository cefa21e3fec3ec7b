"""What a resource's own specification says against it, by fhir.resources (R4B)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from engine.readers import dates
from engine.readers.tree import Node
from engine.types import Level

MAX_FAULTS = 1_000
"""Faults of one entry above which it is not used, wherever they are."""

DATES = ("date", "issued", "effectiveDateTime", "createdDateTime", "recordedDate", "authoredOn")
"""Top-level fields that only say when."""

MAX_SHOWN = 3
"""Faults of one entry that are spelled out; the rest is counted."""


def faults(raw: Node, *, kind: str, read: Iterable[str]) -> tuple[Level, str] | None:
    """Whether the resource may be used and what is wrong with it; None when it is valid.

    "error" when a top-level field we read is at fault, "warning" when only other fields are. A date
    that is only less exact than its field demands ("2026-08-01" for an instant) is still readable.
    Contained resources are not validated: of them we read names only.
    """
    from pydantic import ValidationError

    try:
        _model(kind).model_validate({k: v for k, v in raw.items() if k != "contained"})
    except ValidationError as error:
        if error.error_count() > MAX_FAULTS:  # listing them takes far longer than counting
            return "error", f"{error.error_count()} faults"
        found = [
            (".".join(map(str, fault["loc"])), fault["msg"])
            for fault in error.errors(include_url=False, include_context=False, include_input=False)
        ]
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        return "error", f"cannot be validated ({type(error).__name__})"
    else:
        return None
    fields = tuple(read)
    grave = [
        fault
        for fault in found
        if any(_touches(*fault, field=field) for field in fields)
        and not _readable_date(raw, fault[0])
    ]
    shown = [": ".join(filter(None, fault)) for fault in (grave or found)[:MAX_SHOWN]]
    more = f"; {len(found) - len(shown)} more" if len(found) > len(shown) else ""
    return "error" if grave else "warning", "; ".join(shown) + more


def _touches(place: str, message: str, *, field: str) -> bool:
    """A fault of the whole resource ("only one of value[x]") names its fields in the message."""
    return place.partition(".")[0] == field or (not place and f"'{field}'" in message)


def _readable_date(raw: Node, place: str) -> bool:
    value = raw.get(place) if place in DATES else None
    if not isinstance(value, str):
        return False
    try:
        dates.moment(value)
    except ValueError:
        return False
    return True


@cache
def _model(kind: str) -> Any:
    """Imported on first use: all models together take seconds."""
    from fhir.resources.R4B import get_fhir_model_class

    return get_fhir_model_class(kind)
