"""Results as JSON: the same result always gives the same bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any, cast

import orjson

from engine.types import Citation, Diagnosis, Result

DIGITS = 6
"""Floats are rounded to this many decimals, so that harmless noise does not change bytes."""


def to_json(result: Result) -> bytes:
    """UTF-8 JSON of a result. No timestamps are added; `None` becomes null."""
    return as_bytes(result)


def as_bytes(value: Any) -> bytes:
    """UTF-8 JSON of any of our dataclasses, or of a dictionary or list of them."""
    return orjson.dumps(plain(value))


def plain(value: Any) -> Any:
    """Dataclasses as dictionaries of plain values, in field order.

    Citations carry their class name as "type". A posterior is null where nothing was calibrated.
    """
    if isinstance(value, float):
        return round(value, DIGITS)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        items = cast(Sequence[Any], value)
        return [plain(item) for item in items]
    if isinstance(value, Mapping):
        entries = cast(Mapping[str, Any], value)
        return {key: plain(item) for key, item in entries.items()}
    if not is_dataclass(value):
        return value
    entry: dict[str, Any] = {"type": type(value).__name__} if isinstance(value, Citation) else {}
    for field in fields(value):
        entry[field.name] = plain(getattr(value, field.name))
    if isinstance(value, Diagnosis):
        entry["log_lr"] = round(value.log_lr, DIGITS)
        entry["posterior"] = plain(value.posterior)
    return entry
