"""FHIR SampledData: an Observation, or its components, whose values are a series of samples."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import numpy as np

from engine.exceptions import InputError
from engine.readers import dates, tree
from engine.readers.tree import Node
from signals.readers.channels import About, Channel, check_size, piece, recording
from signals.readers.leads import lead_name
from signals.recording import STANDARD, Recording

_FIX = "send origin, period (ms), factor, dimensions and data as FHIR R4 describes SampledData"


def read(data: bytes, name: str) -> Recording:
    """The recording in an Observation (JSON); every component with samples is a lead.

    "E" (error), "U" and "L" (beyond the limits of the device) are missing samples.

    Raises:
        InputError: malformed, no voltage, or too large.
    """
    root = tree.parse(data, where=name)
    channels = [c for part, at in _parts(root) for c in _channels(part, f"{name}{at}")]
    if not channels:
        raise InputError("holds no valueSampledData", where=name, fix=_FIX)
    limited = sum(word in ("U", "L") for part, _ in _parts(root) for word in _words(part))
    remarks = (f"{limited} samples beyond the limits of the device are missing",) * bool(limited)
    about = About(name.rpartition("/")[2], _start(root), remarks=remarks)
    return recording([piece(channels, where=name)], about)


def _parts(root: Node) -> Iterator[tuple[Node, str]]:
    if tree.child(root, "valueSampledData"):
        yield root, ""
    for index, part in enumerate(tree.children(root, "component")):
        if tree.child(part, "valueSampledData"):
            yield part, f".component[{index}]"


def _words(part: Node) -> list[str]:
    return (tree.text(tree.child(part, "valueSampledData"), "data") or "").split()


def _channels(part: Node, where: str) -> Iterator[Channel]:
    """One a dimension; their samples alternate."""
    sampled = tree.child(part, "valueSampledData")
    origin = tree.child(sampled, "origin")
    period, zero = tree.number(sampled, "period"), tree.number(origin, "value")
    dimensions = sampled.get("dimensions")
    factor = tree.number(sampled, "factor")
    unit = tree.text(origin, "code") or tree.text(origin, "unit") or ""
    if not period or period < 0 or not isinstance(dimensions, int) or dimensions < 1:
        raise InputError("no usable period or dimensions", where=where, fix=_FIX)
    words = _words(part)
    check_size(1, len(words), where=where)
    if len(words) % dimensions or not words:
        raise InputError("its data do not fill its dimensions", where=where, fix=_FIX)
    values = np.array([_number(word, where) for word in words])
    values = values * (1.0 if factor is None else factor) + (zero or 0.0)
    for index, series in enumerate(values.reshape(-1, dimensions).T, 1):
        name = _name(part) if dimensions == 1 else f"{_name(part)} {index}"
        yield Channel(name, series, 1000 / period, unit)


def _number(word: str, where: str) -> float:
    if word in ("E", "U", "L"):
        return np.nan
    try:
        return float(word)
    except ValueError as error:
        raise InputError(f"{word[:20]!r} is no sample", where=where, fix=_FIX) from error


def _name(part: Node) -> str:
    concept = tree.child(part, "code")
    said: list[Any] = [tree.text(concept, "text")]
    for coding in tree.children(concept, "coding"):
        said += [tree.text(coding, "display"), tree.text(coding, "code")]
    named = [text for text in said if text]
    known = [text for text in named if lead_name(text) in STANDARD]
    return next(iter((*known, *named)), "unnamed")


def _start(root: Node) -> datetime | None:
    period = tree.child(root, "effectivePeriod")
    stated = tree.text(root, "effectiveDateTime") or tree.text(period, "start")
    try:
        return dates.moment(stated) if stated else None
    except ValueError:
        return None
