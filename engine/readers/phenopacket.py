"""GA4GH phenopacket, version 2, as JSON.

Every element is checked on its own against the schema (`phenopackets`), so one bad feature never
loses the rest. Diseases and interpretations are the answer a phenopacket was published for: they
are never read, not even parsed.

A phenopacket describes the course of one disease, so a feature marked as resolved still counts.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar, cast

import orjson

from engine.exceptions import InputError
from engine.readers import dates, limits, tree
from engine.readers.assemble import assemble
from engine.readers.identity import Identity
from engine.readers.record import Record
from engine.readers.tree import Node
from engine.types import Code, Observation, PatientBundle, Phenotype, Sex, Statement

if TYPE_CHECKING:
    from google.protobuf.message import Message
    from phenopackets.schema.v2.core.base_pb2 import OntologyClass, TimeElement
    from phenopackets.schema.v2.core.individual_pb2 import Individual
    from phenopackets.schema.v2.core.measurement_pb2 import Measurement, Quantity, Value
    from phenopackets.schema.v2.core.medical_action_pb2 import MedicalAction
    from phenopackets.schema.v2.core.phenotypic_feature_pb2 import PhenotypicFeature

M = TypeVar("M", bound="Message")

ANSWER = "the answer, never read as a finding"
NOT_READ = {
    "diseases": ANSWER,
    "interpretations": ANSWER,
    "biosamples": "not used",
    "files": "not used",
}

SEXES: dict[int, Sex] = {1: "female", 2: "male"}
"""Sex.FEMALE and Sex.MALE of the schema; unknown and other are read as not stated."""


def is_phenopacket(root: Node) -> bool:
    """Whether a JSON object looks like one, and not like FHIR."""
    return "resourceType" not in root and ("phenotypicFeatures" in root or "subject" in root)


def from_json(
    source: bytes | Mapping[str, object],
    *,
    name: str = "phenopacket",
    as_of: datetime | None = None,
) -> PatientBundle:
    """One phenopacket, as bytes or already parsed.

    name: for errors. as_of: see `engine.bundle.read`. The sha256 of a parsed one is that of its
    JSON with sorted keys.

    Raises:
        InputError: not a phenopacket of version 2.
    """
    if isinstance(source, bytes):
        data, root = source, tree.parse(source, where=name)
    else:
        data, root = orjson.dumps(source, option=orjson.OPT_SORT_KEYS), source
    record = Record()
    read(root, record, where=name)
    sha256 = hashlib.sha256(data).hexdigest()
    return assemble(record, format="phenopacket", sha256=sha256, as_of=as_of)


def read(root: Node, record: Record, *, where: str, prefix: str = "") -> None:
    """Adds everything usable to `record`. prefix: goes before every item's id.

    Raises:
        InputError: not a phenopacket of version 2.
    """
    from phenopackets.schema.v2.core.individual_pb2 import Individual
    from phenopackets.schema.v2.core.measurement_pb2 import Measurement
    from phenopackets.schema.v2.core.medical_action_pb2 import MedicalAction
    from phenopackets.schema.v2.core.phenotypic_feature_pb2 import PhenotypicFeature

    version = tree.text(tree.child(root, "metaData"), "phenopacketSchemaVersion") or "2"
    if not is_phenopacket(root) or not version.startswith("2"):
        raise InputError(
            "not a GA4GH phenopacket of version 2",
            where=where,
            fix="convert it to version 2 (phenopacket-tools convert)",
        )
    if subject := _message(root.get("subject") or {}, Individual, f"{prefix}subject", record):
        record.identities.append(_identity(subject, f"{prefix}subject", record))
    for item, raw in _items(root, "phenotypicFeatures", where, prefix):
        if feature := _message(raw, PhenotypicFeature, item, record):
            _read_feature(feature, item, record)
    for item, raw in _items(root, "measurements", where, prefix):
        if measurement := _message(raw, Measurement, item, record):
            _read_measurement(measurement, item, record)
    for item, raw in _items(root, "medicalActions", where, prefix):
        if action := _message(raw, MedicalAction, item, record):
            _read_action(action, item, record)
    for field, reason in NOT_READ.items():
        for index, _ in enumerate(tree.children(root, field)[: limits.MAX_ENTRIES]):
            record.skip(f"{prefix}{field}[{index}]", reason, kind=field)


def _items(root: Node, field: str, where: str, prefix: str) -> list[tuple[str, object]]:
    """The elements of a list, each with its id."""
    listed: object = root.get(field) or []
    if not isinstance(listed, list) or len(cast(list[object], listed)) > limits.MAX_ENTRIES:
        raise InputError(
            f"{field} is not a list of at most {limits.MAX_ENTRIES:,}",
            where=where,
            fix="send one patient's phenopacket",
        )
    elements = enumerate(cast(list[object], listed))
    return [(f"{prefix}{field}[{index}]", raw) for index, raw in elements]


def _message(raw: object, kind: type[M], item: str, record: Record) -> M | None:
    """The element as the schema has it; a fault becomes an issue and None."""
    from google.protobuf.json_format import ParseDict, ParseError

    try:
        if not isinstance(raw, dict):
            raise ParseError("not an object")
        return ParseDict(cast(dict[str, object], raw), kind())
    except (ParseError, TypeError, ValueError, AttributeError, OverflowError) as error:
        record.issue(
            "error",
            item,
            f"not used: {str(error).splitlines()[0][:300]}",
            fix="correct it so that it follows the phenopacket schema, version 2",
        )
        return None


def _identity(subject: Individual, where: str, record: Record) -> Identity:
    born = subject.date_of_birth
    seen = subject.time_at_last_encounter
    if seen.WhichOneof("element") == "age_range":
        record.issue(
            "info", where, "age given as a range; its middle is used", fix="give the age if known"
        )
    if seen.WhichOneof("element") == "timestamp":
        record.events.append(seen.timestamp.ToDatetime(UTC))
    return Identity(
        where=where,
        identifiers=frozenset(filter(None, (subject.id, *subject.alternate_ids))),
        birth=born.ToDatetime(UTC).date().isoformat() if born.ByteSize() else None,
        sex=SEXES.get(subject.sex),
        age_years=_age_years(seen, where, record),
    )


def _read_feature(feature: PhenotypicFeature, item: str, record: Record) -> None:
    code = _code(feature.type)
    if code.system != "HPO":
        return record.skip(item, "not an HPO term", kind="phenotypicFeatures")
    onset = _age_years(feature.onset, item, record)
    phenotype = Phenotype(item, code, excluded=feature.excluded, onset_years=onset)
    return record.phenotypes.append(phenotype)


def _read_measurement(measurement: Measurement, item: str, record: Record) -> None:
    observed, code = measurement.time_observed, _code(measurement.assay)
    at = observed.timestamp.ToDatetime(UTC) if observed.HasField("timestamp") else None
    blank = Observation(
        id=item,
        name=code.display or code.code,
        codes=(code,),
        recorded=at,
        age_years=_age_years(observed, item, record),
    )
    if not blank.name:
        return record.skip(item, "names no assay", kind="measurements")
    if measurement.HasField("value"):
        return _read_value(measurement.value, blank, record)
    for index, part in enumerate(measurement.complex_value.typed_quantities):
        named = replace(
            blank,
            id=f"{item}.typedQuantities[{index}]",
            name=f"{blank.name}: {part.type.label or part.type.id}",
            codes=(_code(part.type),),
        )
        record.observations.append(_measured(named, part.quantity))
    return None


def _read_value(value: Value, blank: Observation, record: Record) -> None:
    if value.HasField("quantity"):
        record.observations.append(_measured(blank, value.quantity))
    elif words := value.ontology_class.label or value.ontology_class.id:
        record.observations.append(replace(blank, text=words))
    else:
        record.skip(blank.id, "no value", kind="measurements")


def _measured(blank: Observation, quantity: Quantity) -> Observation:
    """The range counts only if it is in the unit of the value."""
    unit, stated = _unit(quantity.unit), quantity.reference_range
    ranged = quantity.HasField("reference_range") and _unit(stated.unit) in (unit, None)
    return replace(
        blank,
        value=_finite(quantity.value),
        unit=unit,
        low=_finite(stated.low) if ranged else None,
        high=_finite(stated.high) if ranged else None,
    )


def _finite(value: float) -> float | None:
    """The schema's JSON also allows NaN and infinities."""
    return value if math.isfinite(value) else None


def _read_action(action: MedicalAction, item: str, record: Record) -> None:
    agent = action.treatment.agent
    if not (agent.label or agent.id):
        return record.skip(item, "no drug treatment", kind="medicalActions")
    code = _code(agent)
    return record.statements.append(
        Statement(item, kind="medication", codes=(code,), text=code.display or code.code)
    )


def _age_years(time: TimeElement, item: str, record: Record) -> float | None:
    """Of an age range the middle; None for a class such as "Congenital onset": no guess."""
    try:
        if time.HasField("age"):
            return dates.duration_years(time.age.iso8601duration)
        if time.HasField("age_range"):
            start, end = time.age_range.start, time.age_range.end
            ages = [dates.duration_years(age.iso8601duration) for age in (start, end)]
            return sum(ages) / 2
    except ValueError as error:
        record.issue("warning", item, f"age not used: {error}", fix='write it as "P5Y3M"')
    return None


def _code(term: OntologyClass) -> Code:
    """ "LOINC:2986-8" is the LOINC code 2986-8; ontologies keep their CURIE."""
    prefix, _, local = term.id.partition(":")
    if prefix == "HP":
        return Code("HPO", term.id, term.label)
    own = prefix in ("LOINC", "SNOMED", "RXNORM", "ATC") and local
    return Code(prefix, local if own else term.id, term.label)


def _unit(unit: OntologyClass) -> str | None:
    """The UCUM code where there is one, else the unit as written."""
    ucum = unit.id.removeprefix("UCUM:") if unit.id.startswith("UCUM:") else ""
    return ucum or unit.label or unit.id or None
