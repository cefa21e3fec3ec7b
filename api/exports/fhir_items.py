"""The items of a record as FHIR R4 resources, none of which says more than the note.

What is only possible in the future, or of a relative and not a condition he has, has no resource
that would not mislead; `left_out` names it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from api.exports.fhir_parts import Node, concept, has_url, named, note, quantity, words
from engine.types import Issue, TextSpan
from nlp.record import (
    MODIFIES,
    Assertion,
    Medication,
    Modifier,
    Problem,
    Procedure,
    Record,
    Test,
)

_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/"
_VERIFIED = {"present": "confirmed", "uncertain": "unconfirmed", "absent": "refuted"}
_CONDITIONAL = "the note says that it is there only under a condition"
_HISTORY = "the note tells it as history; whether it still holds is not said"
_DOUBT = "the note is not certain of it"

Item = tuple[str, Node, tuple[TextSpan, ...]]
"""Type of resource, its fields, and the characters it was read from."""


def resources(record: Record, patient: Node) -> Iterator[Item]:
    """Every resource of a record. patient: the reference to its Patient."""
    for problems in _alike(record.problems):
        yield from _problem(problems, patient)
    for test in record.tests:
        yield from _observation(test, patient)
    for medication in record.medications:
        yield from _medication(medication, patient)
    for procedure in record.procedures:
        yield from _procedure(procedure, patient)


def left_out(record: Record) -> Iterator[Issue]:
    """What the record holds and no resource says; one issue for each kind."""
    coded = [*record.problems, *record.medications]
    stated = record.patient
    kinds = {
        "problems": [p.span for p in record.problems if not (_told(p.said) or _of_family(p.said))],
        "words that say more of problems": [*_unsaid(record.problems)],
        "tests": [t.span for t in record.tests if not _has_result(t)],
        "results that are denied or not certain": [
            span
            for test in record.tests
            if _has_result(test)
            for span in test.results
            if span not in _results(test)
        ],
        "medicines": [m.span for m in record.medications if not _told(m.said)],
        "allergies or what is given instead": [
            m.span for m in record.medications if _told(m.said) and m.allergy is None
        ],
        "what values mean": [test.span for test in record.tests if test.judged],
        "LOINC codes of values that fit several": [
            test.span for test in record.tests if len(test.codes) > 1
        ],
        "the patient's age": [stated.span] if stated and stated.age_years is not None else [],
        "what a medicine causes": [r.tail for r in record.relations if r.label != MODIFIES],
        "procedures": [p.span for p in record.procedures if not _told(p.said)],
        "words that say more of procedures": [
            m.span
            for p in record.procedures
            if _told(p.said)
            for m in p.modifiers
            if m.kind != "anatomy"
        ],
        "codes of catalogues without an address in FHIR": [
            item.span for item in coded if item.code and not has_url(item.code)
        ],
        "dates and durations": [moment.span for moment in record.timeline],
    }
    for kind, spans in kinds.items():
        if spans:
            places = ", ".join(f"{span.start}-{span.end}" for span in spans[:_NAMED])
            more = f" and {len(spans) - _NAMED} more" if len(spans) > _NAMED else ""
            message = f"{kind} of the note that no resource tells: characters {places}{more}"
            yield Issue("info", record.document, message, "see --format json")


_NAMED = 3
_KEPT = ("severity", "anatomy")
"""Modifiers that a Condition has a field for."""


def _told(said: Assertion) -> bool:
    """Is it about this patient, now or formerly?"""
    return said.context in ("current", "historical")


def _of_family(said: Assertion) -> bool:
    return said.context == "family" and said.status != "absent"


def _alike(problems: Sequence[Problem]) -> Iterator[list[Problem]]:
    """Mentions of one problem at one site of which the same is said, in the order of the first of
    each.
    """

    def key(problem: Problem) -> tuple[object, ...]:
        name = problem.code.code if problem.code else words(problem.span.quote).casefold()
        more = {(m.kind, words(m.span.quote).casefold()) for m in problem.modifiers}
        kept = frozenset(one for one in more if one[0] in _KEPT)
        return name, problem.code is None, problem.said, kept

    groups: dict[tuple[object, ...], list[Problem]] = {}
    for problem in problems:
        groups.setdefault(key(problem), []).append(problem)
    yield from groups.values()


def _problem(mentions: Sequence[Problem], patient: Node) -> Iterator[Item]:
    first = mentions[0]
    said = first.said
    code = named(first.span.quote, () if first.code is None else (first.code,))
    spans = tuple(mention.span for mention in mentions)
    if _of_family(said):
        member = {"code": code}
        if said.status == "uncertain":
            member |= note(_DOUBT)
        yield "FamilyMemberHistory", _relative(patient, member), spans
    elif _told(said):
        modifiers = _modifiers(mentions)
        fields = {"code": code, "subject": patient, **_verified(said), **_modified(modifiers)}
        more = (modifier.span for these in modifiers.values() for modifier in these)
        yield "Condition", fields, tuple(dict.fromkeys((*spans, *more)))


def _relative(patient: Node, member: Node) -> Node:
    return {
        "status": "partial",
        "patient": patient,
        "relationship": concept(f"{_TERMINOLOGY}v3-RoleCode", "FAMMEMB"),
        "condition": [member],
    }


def _verified(said: Assertion) -> Node:
    """verificationStatus, and clinicalStatus of what is there now: history may be lasting."""
    node: Node = {
        "verificationStatus": concept(f"{_TERMINOLOGY}condition-ver-status", _VERIFIED[said.status])
    }
    if said.status != "absent" and said.context == "current":
        node["clinicalStatus"] = concept(f"{_TERMINOLOGY}condition-clinical", "active")
    return node | note(*_remarks(said))


def _remarks(said: Assertion) -> Iterator[str]:
    """What no code says."""
    if said.status != "absent" and said.context == "historical":
        yield _HISTORY
    if said.conditional:
        yield _CONDITIONAL


def _modifiers(mentions: Sequence[Problem]) -> Mapping[str, list[Modifier]]:
    """Those a Condition tells: sites, and severity where only one is told."""
    said: dict[str, list[Modifier]] = {kind: [] for kind in _KEPT}
    for modifier in (modifier for mention in mentions for modifier in mention.modifiers):
        if modifier.kind in said:
            said[modifier.kind].append(modifier)
    if len({words(modifier.span.quote) for modifier in said["severity"]}) > 1:
        said["severity"] = []
    return said


def _modified(modifiers: Mapping[str, Sequence[Modifier]]) -> Node:
    """Severity and site as written."""
    said = {
        kind: dict.fromkeys(words(modifier.span.quote) for modifier in these)
        for kind, these in modifiers.items()
    }
    node: Node = {}
    if said["severity"]:
        node["severity"] = {"text": next(iter(said["severity"]))}
    if said["anatomy"]:
        node["bodySite"] = [{"text": site} for site in said["anatomy"]]
    return node


def _unsaid(problems: Sequence[Problem]) -> Iterator[TextSpan]:
    """What says more of a problem that is told, and is in no resource."""
    for mentions in _alike(problems):
        told = _told(mentions[0].said)
        kept = [m for these in _modifiers(mentions).values() for m in these] if told else []
        if told or _of_family(mentions[0].said):
            every = (modifier for mention in mentions for modifier in mention.modifiers)
            yield from (modifier.span for modifier in every if modifier not in kept)


def _has_result(test: Test) -> bool:
    """An Observation says that it was done and what came out: neither denied nor doubted."""
    there = _told(test.said) and test.said.status == "present" and test.whose != "no measurement"
    return there and bool(test.values or _results(test))


def _results(test: Test) -> list[TextSpan]:
    """Those in words that the note states."""
    both = zip(test.results, test.results_said, strict=True)
    return [span for span, said in both if said.status == "present" and _told(said)]


def _observation(test: Test, patient: Node) -> Iterator[Item]:
    """A LOINC code only where the measured quantity has but one: the note does not choose."""
    if not _has_result(test):
        return
    codes = test.codes if len(test.codes) == 1 else ()
    node: Node = {"status": "unknown", "code": named(test.name, codes), "subject": patient}
    if len(test.values) == 1:
        node["valueQuantity"] = quantity(test.values[0], test.unit, test.comparator)
    elif test.values and test.values[0] <= test.values[1]:
        low, high = (quantity(value, test.unit) for value in test.values)
        node["valueRange"] = {"low": low, "high": high}
    elif test.values:  # a Range may not fall
        node["valueString"] = words(test.span.quote)
    else:
        node["valueString"] = "; ".join(words(span.quote) for span in _results(test))
    if test.interpretation:
        node["interpretation"] = [_interpretation(word) for word in test.interpretation]
    limits = {"low": test.low, "high": test.high}
    if any(limit is not None for limit in limits.values()):
        node["referenceRange"] = [
            {
                name: quantity(value, test.unit)
                for name, value in limits.items()
                if value is not None
            }
        ]
    if test.whose == "older" or test.said.context == "historical":
        node |= note("an earlier value")
    if test.specimen in _SPECIMENS:
        node["specimen"] = {"display": test.specimen}
    yield "Observation", node, (test.span, *_results(test))


def _interpretation(word: str) -> Node:
    """Of a flag or a word for one; others stay words."""
    code = _INTERPRETATIONS.get(word.casefold())
    system = f"{_TERMINOLOGY}v3-ObservationInterpretation"
    return ({} if code is None else concept(system, code)) | {"text": words(word)}


_INTERPRETATIONS = {
    "h": "H", "high": "H", "elevated": "H", "hh": "HH", "l": "L", "low": "L", "ll": "LL",
    "n": "N", "normal": "N", "a": "A", "abnormal": "A",
}  # fmt: skip
"""v3-ObservationInterpretation."""
_SPECIMENS = ("blood", "urine", "csf")


def _medication(medication: Medication, patient: Node) -> Iterator[Item]:
    """An allergy is no medication; of others a note seldom says whether they are taken."""
    if not _told(medication.said) or medication.allergy is None:
        return
    code = medication.code
    name = named(medication.span.quote, () if code is None else (code,))
    spans = (medication.span, *medication.use)
    if medication.allergy:
        yield "AllergyIntolerance", _allergy(medication, name, patient), spans
        return
    taken = "not-taken" if medication.said.status == "absent" else "unknown"
    node: Node = {"status": taken, "medicationCodeableConcept": name, "subject": patient}
    node |= note(*_doubts(medication.said), *_remarks(medication.said))
    if dosage := _dosage(medication):
        node["dosage"] = [dosage]
    yield "MedicationStatement", node, spans


def _doubts(said: Assertion) -> list[str]:
    return [_DOUBT] if said.status == "uncertain" else []


def _allergy(medication: Medication, name: Node, patient: Node) -> Node:
    verified = "refuted" if medication.said.status == "absent" else "unconfirmed"
    return {
        "clinicalStatus": concept(f"{_TERMINOLOGY}allergyintolerance-clinical", "active"),
        "verificationStatus": concept(f"{_TERMINOLOGY}allergyintolerance-verification", verified),
        "code": name,
        "patient": patient,
    }


def _dosage(medication: Medication) -> Node:
    """As written."""
    use = medication.use
    node: Node = {"text": " ".join(words(span.quote) for span in use)} if use else {}
    if medication.routes:
        node["route"] = {"text": _joined(medication.routes)}
    if medication.frequencies:
        node["timing"] = {"code": {"text": _joined(medication.frequencies)}}
    return node


def _joined(spans: Sequence[TextSpan]) -> str:
    return ", ".join(text for text, _ in groupby(words(span.quote) for span in spans))


def _procedure(procedure: Procedure, patient: Node) -> Iterator[Item]:
    if not _told(procedure.said):
        return
    done = "not-done" if procedure.said.status == "absent" else "unknown"
    node: Node = {"status": done, "code": named(procedure.span.quote), "subject": patient}
    node |= note(*_doubts(procedure.said), *_remarks(procedure.said))
    sites = [m.span for m in procedure.modifiers if m.kind == "anatomy"]
    if sites:
        node["bodySite"] = [{"text": words(span.quote)} for span in sites]
    yield "Procedure", node, (procedure.span, *sites)
