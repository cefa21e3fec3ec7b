"""HL7 annotated ECG (aECG, XML): the rhythm waveforms of its series."""

from __future__ import annotations

from datetime import UTC, datetime
from xml.etree.ElementTree import Element

import numpy as np

from engine.exceptions import InputError
from engine.readers.ecg import aecg
from signals.readers.channels import (
    MAX_VALUES,
    About,
    Channel,
    Values,
    check_size,
    piece,
    recording,
)
from signals.recording import Recording

SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6}
MAX_DIGITS = 100_000_000
"""Characters of the samples of a lead; as words they take many times their size in memory."""
_FIX = "export the ECG as HL7 aECG (PORT_MT020001) again, or in another format"


def read(data: bytes, name: str) -> Recording:
    """The recording in an aECG file; averaged beats and other derived series are left out.

    Raises:
        InputError: not XML, a document type, no series, malformed samples, or too large.
    """
    root = aecg.parse(data, where=name)
    series = [s for s in root.iter("series") if _code(s) == "RHYTHM"] or list(root.iter("series"))
    if root.tag != "AnnotatedECG" or not series:
        raise InputError("no aECG with a series of samples", where=name, fix=_FIX)
    try:
        parts = [_part(s, name) for s in series[0].findall("component/sequenceSet")]
    except (ValueError, OverflowError) as error:
        message = f"malformed samples: {error}"[:200]
        raise InputError(message, where=name, fix=_FIX) from error
    begin = min((start for start, _, _ in parts if start), default=None)
    earliest = min((offset for _, offset, _ in parts), default=0.0)
    channels = [
        Channel(c.name, c.values, c.rate, c.unit, _after(begin, start) + offset - earliest)
        for start, offset, part in parts
        for c in part
    ]
    more = len(list(root.iter("series"))) - 1 + len(list(root.iter("derivedSeries")))
    remarks = (f"{more} further series left out",) * (more > 0)
    return recording([piece(channels, where=name)], _about(root, name, begin, remarks))


def _part(sequences: Element, name: str) -> tuple[datetime | None, float, list[Channel]]:
    """When a set of sequences begins, as a moment and relative, s, and its leads."""
    start, offset, rate = None, 0.0, None
    leads: list[tuple[str, str, Values]] = []
    for sequence in sequences.iter("sequence"):
        code, value = _code(sequence) or "", sequence.find("value")
        if value is None:
            continue
        if code in ("TIME_ABSOLUTE", "TIME_RELATIVE"):
            step = _quantity(value, "increment")
            unit = SECONDS.get(step[1])
            if unit is None or not step[0] > 0:
                raise ValueError("no usable increment of time")
            rate, head = 1 / (step[0] * unit), value.find("head")
            if code == "TIME_ABSOLUTE" and head is not None:
                start = aecg.moment(head.get("value", ""))
            elif head is not None:
                first, unit_first = _quantity(value, "head")
                if unit_first not in SECONDS:
                    raise ValueError("no usable start of time")
                offset = first * SECONDS[unit_first]
        elif (digits := value.findtext("digits")) is not None:
            (zero, unit_zero), (scale, unit) = _quantity(value, "origin"), _quantity(value, "scale")
            if zero and unit_zero != unit:
                raise ValueError("origin and scale have different units")
            check_size(1, len(digits) * MAX_VALUES / MAX_DIGITS, where=name)
            words = digits.split()
            check_size(1, len(words), where=name)
            leads.append((code, unit, np.array(words, np.float64) * scale + zero))
    if rate is None:
        raise ValueError("a set of sequences without its times")
    return start, offset, [Channel(code, values, rate, unit) for code, unit, values in leads]


def _quantity(value: Element, tag: str) -> tuple[float, str]:
    found = value.find(tag)
    if found is None:
        raise ValueError(f"no {tag}")
    return float(found.get("value", "")), found.get("unit", "")


def _code(element: Element) -> str | None:
    code = element.find("code")
    return None if code is None else code.get("code")


def _after(begin: datetime | None, start: datetime | None) -> float:
    return (start - begin).total_seconds() if begin and start else 0.0


def _about(root: Element, name: str, begin: datetime | None, remarks: tuple[str, ...]) -> About:
    person = aecg.subject(root, where=name)
    birth = datetime.fromisoformat(person.birth).replace(tzinfo=UTC) if person.birth else None
    return About(
        id=name.rpartition("/")[2],
        start=begin,
        sex=person.sex,
        age_years=round((begin - birth).days / 365.25, 2) if begin and birth else None,
        identifiers=tuple(sorted(person.identifiers)),
        remarks=remarks,
    )
