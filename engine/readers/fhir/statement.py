"""The lists of the record: problems, drugs, allergies, relatives' conditions.

A problem is history and a prior, never an answer; one coded with HPO is a finding.
"""

from __future__ import annotations

from engine.readers import tree
from engine.readers.fhir import coding
from engine.readers.fhir.entry import Entry, onset_years, resolve, status, when
from engine.readers.record import Record
from engine.readers.tree import Node
from engine.types import Phenotype, Statement, StatementKind

CONDITION_FIELDS = (
    "clinicalStatus",
    "verificationStatus",
    "code",
    "subject",
    "onsetDateTime",
    "onsetAge",
    "recordedDate",
)
DRUG_FIELDS = (
    "status",
    "intent",
    "doNotPerform",
    "medicationCodeableConcept",
    "medicationReference",
    "subject",
    "authoredOn",
    "effectiveDateTime",
    "effectivePeriod",
    "dateAsserted",
)
ALLERGY_FIELDS = (
    "clinicalStatus",
    "verificationStatus",
    "code",
    "patient",
    "recordedDate",
    "onsetDateTime",
)
FAMILY_FIELDS = ("status", "patient", "date", "relationship", "condition")

ACTIVE = {
    **dict.fromkeys(("active", "recurrence", "relapse"), True),
    **dict.fromkeys(("inactive", "remission", "resolved"), False),
    **dict.fromkeys(("completed", "stopped", "on-hold", "cancelled"), False),
}
"""Clinical status of a problem or allergy, status of a drug; others do not say."""


def read_condition(entry: Entry, record: Record) -> None:
    """A problem; with an HPO code, a finding instead.

    Raises:
        ValueError: it says not what the problem is.
    """
    verified = status(entry.raw, "verificationStatus")
    recorded = when(entry.raw, "recordedDate", "onsetDateTime")
    term = coding.hpo(coding.codes(tree.child(entry.raw, "code")))
    if verified == "entered-in-error" or (verified == "refuted" and not term):
        return record.skip(entry.id, f"{verified}", kind=entry.type)
    if not term:
        return _state(entry, record, kind="condition", concept=tree.child(entry.raw, "code"))
    if verified in ("unconfirmed", "provisional", "differential"):
        return record.skip(entry.id, f"a finding that is only {verified}", kind=entry.type)
    phenotype = Phenotype(
        id=entry.id,
        code=term,
        excluded=verified == "refuted",
        onset_years=onset_years(entry),
        recorded=recorded,
        historical=ACTIVE.get(status(entry.raw, "clinicalStatus") or "") is False,
    )
    record.phenotypes.append(phenotype)
    return None


def read_drug(entry: Entry, record: Record) -> None:
    """MedicationStatement and MedicationRequest.

    Raises:
        ValueError: the drug is not named.
    """
    said = status(entry.raw, "status")
    if said in ("entered-in-error", "not-taken", "draft") or entry.raw.get("doNotPerform") is True:
        return record.skip(entry.id, "not given or entered in error", kind=entry.type)
    if (intent := status(entry.raw, "intent")) in ("proposal", "plan", "option"):
        return record.skip(entry.id, f"only a {intent}", kind=entry.type)
    concept = tree.child(entry.raw, "medicationCodeableConcept")
    resource = resolve(entry, tree.child(entry.raw, "medicationReference"))
    named = tree.text(tree.child(entry.raw, "medicationReference"), "display")
    concept = concept or tree.child(resource, "code") or {"text": named}
    return _state(entry, record, kind="medication", concept=concept)


def read_allergy(entry: Entry, record: Record) -> None:
    """AllergyIntolerance.

    Raises:
        ValueError: the substance is not named.
    """
    verified = status(entry.raw, "verificationStatus")
    if verified in ("refuted", "entered-in-error"):
        return record.skip(entry.id, verified, kind=entry.type)
    return _state(entry, record, kind="allergy", concept=tree.child(entry.raw, "code"))


def read_family(entry: Entry, record: Record) -> None:
    """FamilyMemberHistory: one statement for each condition of the relative."""
    if status(entry.raw, "status") == "entered-in-error":
        return record.skip(entry.id, "entered-in-error", kind=entry.type)
    conditions = tree.children(entry.raw, "condition")
    if not conditions:
        return record.skip(entry.id, "names no condition", kind=entry.type)
    relative = coding.label(tree.child(entry.raw, "relationship")) or "relative"
    recorded = when(entry.raw, "date")
    for index, condition in enumerate(conditions):
        concept = tree.child(condition, "code")
        record.statements.append(
            Statement(
                id=f"{entry.id}.condition[{index}]",
                kind="family",
                codes=coding.codes(concept),
                text=f"{relative}: {coding.label(concept)}",
                recorded=recorded,
            )
        )
    return None


def _state(entry: Entry, record: Record, *, kind: StatementKind, concept: Node) -> None:
    label = coding.label(concept)
    if not label:
        raise ValueError(f"the {kind} is not named")
    said = status(entry.raw, "clinicalStatus") or status(entry.raw, "status") or ""
    recorded = when(
        entry.raw,
        *("recordedDate", "authoredOn", "effectiveDateTime", "effectivePeriod"),
        *("dateAsserted", "onsetDateTime"),
    )
    record.statements.append(
        Statement(
            id=entry.id,
            kind=kind,
            codes=coding.codes(concept),
            text=label,
            active=ACTIVE.get(said),
            recorded=recorded,
        )
    )
