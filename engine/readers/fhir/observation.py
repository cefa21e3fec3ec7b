"""Observation: measurements, and findings coded with HPO."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import orjson

from engine.readers import tree
from engine.readers.fhir import coding
from engine.readers.fhir.entry import Entry, resolve, status, when
from engine.readers.record import Record
from engine.readers.tree import Node
from engine.types import Code, Observation, Phenotype, SignalSource

FIELDS = (
    "status",
    "code",
    "subject",
    "focus",
    "effectiveDateTime",
    "effectivePeriod",
    "effectiveInstant",
    "issued",
    "valueQuantity",
    "valueCodeableConcept",
    "valueString",
    "valueBoolean",
    "valueInteger",
    "valueRange",
    "valueRatio",
    "valueSampledData",
    "dataAbsentReason",
    "interpretation",
    "referenceRange",
    "component",
)

PRESENT = frozenset(
    {"52101004", "10828004", "260373001", "373066001", "LA9633-4", "LA33-6", "Y", "POS"}
    | {"present", "positive", "detected", "yes", "true"}
)
ABSENT = frozenset(
    {"2667000", "260385009", "260415000", "373067005", "LA9634-2", "LA32-8", "N", "NEG"}
    | {"absent", "negative", "not detected", "no", "false"}
)
"""SNOMED CT, LOINC answer, HL7 yes/no and interpretation codes, and words, for an HPO finding."""


VOLTS = frozenset({"v", "mv", "uv", "µv", "μv", "nv"})


@dataclass(frozen=True, slots=True)
class _Value:
    number: float | None = None
    unit: str | None = None
    comparator: str | None = None
    text: str | None = None


def read(entry: Entry, record: Record) -> None:
    """Its own value and each component's.

    Raises:
        ValueError: its date cannot be read.
    """
    if status(entry.raw, "status") in ("entered-in-error", "cancelled"):
        return record.skip(entry.id, "entered in error or cancelled", kind=entry.type)
    if entry.raw.get("focus"):
        return record.skip(entry.id, "about a focus other than the patient", kind=entry.type)
    recorded = when(entry.raw, "effectiveDateTime", "effectiveInstant", "effectivePeriod", "issued")
    if any(_is_voltage(part) for _, part in _parts(entry)):
        files = {"observation.json": orjson.dumps(entry.raw)}
        record.recordings.append(SignalSource(entry.id, files=files, recorded=recorded))
    for item, part in _parts(entry):
        try:
            _read_part(entry, part, item, recorded, record)
        except ValueError as fault:
            record.issue("error", item, f"not used: {fault}", fix="give it a code and a value")
    return None


def _parts(entry: Entry) -> list[tuple[str, Node]]:
    """The observation itself, unless it only groups components, and its components."""
    components = [
        (f"{entry.id}.component[{index}]", component)
        for index, component in enumerate(tree.children(entry.raw, "component"))
    ]
    own = [(entry.id, entry.raw)] if not components or _has_value(entry.raw) else []
    return own + components


def _read_part(
    entry: Entry, part: Node, item: str, recorded: datetime | None, record: Record
) -> None:
    """An observation or one component of it: the two are built alike."""
    concept = tree.child(part, "code")
    codes, name = coding.codes(concept), coding.label(concept)
    if not name:
        raise ValueError("no readable code")
    if part.get("dataAbsentReason"):
        why = coding.label(tree.child(part, "dataAbsentReason")) or "no reason given"
        return record.skip(item, f"no value ({why})", kind=entry.type)
    if sign := _sign(part, codes):
        term, excluded = sign
        record.phenotypes.append(Phenotype(item, term, excluded=excluded, recorded=recorded))
        return None
    if "valueSampledData" in part:
        if not _is_voltage(part):
            record.skip(item, "samples of something that is no voltage", kind=entry.type)
        return None
    value = _value(part)
    if value is None:
        return record.skip(item, "no value of a kind that is read", kind=entry.type)
    low, high = _range(part, value.unit, item, record)
    observation = Observation(
        id=item,
        name=name,
        codes=codes,
        value=value.number,
        unit=value.unit,
        comparator=value.comparator,
        text=value.text,
        low=low,
        high=high,
        interpretation=_interpretation(part),
        specimen=_specimen(entry),
        recorded=recorded,
    )
    record.observations.append(observation)
    return None


def _is_voltage(part: Node) -> bool:
    """Whether it is a lead of an ECG as far as units tell: samples in volts."""
    unit = _unit(tree.child(tree.child(part, "valueSampledData"), "origin"))
    return (unit or "").lower() in VOLTS


def _has_value(part: Node) -> bool:
    return any(field.startswith("value") for field in part) or "dataAbsentReason" in part


def _sign(part: Node, codes: tuple[Code, ...]) -> tuple[Code, bool] | None:
    """The HPO term an observation asserts, and whether as absent; None when it is none."""
    concept = tree.child(part, "valueCodeableConcept")
    term = coding.hpo(codes)
    if term is None:
        found = coding.hpo(coding.codes(concept))
        return (found, False) if found else None
    said = {code.code for code in coding.codes(concept)} | set(_interpretation(part))
    words = (tree.text(concept, "text") or tree.text(part, "valueString") or "").casefold()
    truth = part.get("valueBoolean")
    if truth is False or said & ABSENT or words in ABSENT:
        return term, True
    if truth is True or said & PRESENT or words in PRESENT or not _has_value(part):
        return term, False
    raise ValueError("an HPO finding whose value says neither present nor absent")


def _value(part: Node) -> _Value | None:
    quantity = tree.child(part, "valueQuantity")
    number = tree.number(quantity, "value")
    if number is not None:
        return _Value(number, _unit(quantity), tree.text(quantity, "comparator"))
    number = tree.number(part, "valueInteger")
    if number is not None:
        return _Value(number)
    words = tree.text(part, "valueString") or coding.label(tree.child(part, "valueCodeableConcept"))
    if not words and isinstance(truth := part.get("valueBoolean"), bool):
        words = "true" if truth else "false"
    words = words or _pair(part, "valueRatio", ("numerator", "denominator"), ":")
    words = words or _pair(part, "valueRange", ("low", "high"), "-")
    return _Value(text=words) if words else None


def _pair(part: Node, field: str, ends: tuple[str, str], sign: str) -> str | None:
    """A titre ("1:128") or a range ("3-5 mg/L") in words."""
    first_end, second_end = (tree.child(tree.child(part, field), end) for end in ends)
    numbers = [tree.number(end, "value") for end in (first_end, second_end)]
    if None in numbers:
        return None
    unit = _unit(second_end)
    return sign.join(f"{number:g}" for number in numbers) + (f" {unit}" if unit else "")


def _unit(quantity: Node) -> str | None:
    """The UCUM code where there is one, else the unit as written."""
    ucum = tree.text(quantity, "system") == "http://unitsofmeasure.org"
    return (tree.text(quantity, "code") if ucum else None) or tree.text(quantity, "unit")


def _range(
    part: Node, unit: str | None, item: str, record: Record
) -> tuple[float | None, float | None]:
    """The one normal range, in the value's unit; several or a foreign unit are not chosen from."""
    ranges = [r for r in tree.children(part, "referenceRange") if _is_normal(r)]
    if not ranges:
        return None, None
    low, high = tree.child(ranges[0], "low"), tree.child(ranges[0], "high")
    if not low and not high:
        record.issue(
            "info",
            item,
            f"its reference range is only text ({tree.text(ranges[0], 'text') or 'empty'})"
            " and is not used",
            fix="send referenceRange.low and .high",
        )
    units = {_unit(end) for end in (low, high)} - {None, unit}
    if len(ranges) > 1 or units:
        record.issue(
            "info",
            item,
            "its reference range is not used: "
            + ("it is in another unit" if units else "several are given"),
            fix="send the one range that applies, in the unit of the value",
        )
        return None, None
    return tree.number(low, "value"), tree.number(high, "value")


def _is_normal(stated: Node) -> bool:
    kinds = {code.code for code in coding.codes(tree.child(stated, "type"))}
    return not kinds or "normal" in kinds


def _interpretation(part: Node) -> tuple[str, ...]:
    concepts = tree.children(part, "interpretation")
    found = ([code.code for code in coding.codes(c)] or [coding.label(c)] for c in concepts)
    return tuple(said for concept in found for said in concept if said)


def _specimen(entry: Entry) -> str | None:
    reference = tree.child(entry.raw, "specimen")
    kind = coding.label(tree.child(resolve(entry, reference), "type"))
    return tree.text(reference, "display") or kind or None
