"""From what the readers collected to the bundle: identity, time of the question, recency, ages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TypeVar

from engine.readers import dates
from engine.readers.identity import Identity, refuse_mixture
from engine.readers.record import Record
from engine.types import (
    Document,
    Observation,
    Patient,
    PatientBundle,
    Phenotype,
    SignalSource,
    Statement,
)

RECENCY: dict[str, timedelta | None] = {
    # A sign stated as a code (a malformation, a seizure disorder) lasts until the record says it
    # was resolved, so it has no window.
    "phenotype": None,
    # A measurement describes the episode it was taken in; three months is the usual limit after
    # which a clinic repeats a test before relying on it.
    "observation": timedelta(days=90),
    # An unexplained illness gathers letters over months; older ones mostly tell of other episodes.
    "document": timedelta(days=180),
    # A recording shows the hours it was taken in; as of a measurement, a clinic repeats it.
    "recording": timedelta(days=90),
}
"""Older than this before `as_of`, an item is historical: kept, but not counted as present."""

AS_OF_GAP = timedelta(days=3653)
"""A newest entry this much later than all others is questioned: a mistyped year ages the rest."""

Recent = TypeVar("Recent", Phenotype, Document, Observation, SignalSource)
Dated = TypeVar("Dated", Phenotype, Document, Observation, SignalSource, Statement)


def assemble(
    record: Record, *, format: str, sha256: str, as_of: datetime | None = None
) -> PatientBundle:
    """The bundle of one patient.

    as_of: the moment of the question; entries dated after it are left out. Default: the newest
    dated entry.

    Raises:
        InputError: the identities cannot be one person.
    """
    refuse_mixture(record.identities)
    at = dates.utc(as_of) if as_of else _newest(record)
    birth = _birth(record.identities)
    phenotypes = _known_by(at, record.phenotypes, "phenotype", record)
    documents = _known_by(at, record.documents, "document", record)
    observations = _known_by(at, record.observations, "observation", record)
    recordings = _known_by(at, record.recordings, "recording", record)
    return PatientBundle(
        format=format,
        sha256=sha256,
        patient=_patient(record, birth=birth, at=at),
        as_of=at,
        phenotypes=tuple(_aged(item, at, "phenotype") for item in phenotypes),
        documents=tuple(_aged(item, at, "document") for item in documents),
        observations=tuple(_with_age(_aged(o, at, "observation"), birth) for o in observations),
        statements=tuple(_known_by(at, record.statements, "statement", record)),
        recordings=tuple(_aged(item, at, "recording") for item in recordings),
        attachments=tuple(record.attachments),
        issues=tuple(record.issues),
        skipped=record.skipped,
    )


def _newest(record: Record) -> datetime | None:
    dated = (
        *record.phenotypes,
        *record.documents,
        *record.observations,
        *record.recordings,
        *record.statements,
    )
    moments = {item.recorded for item in dated if item.recorded} | set(record.events)
    earlier, newest = [None, None, *sorted(moments)][-2:]
    if newest and earlier and newest - earlier > AS_OF_GAP:
        record.issue(
            "warning",
            "as_of",
            f"the newest entry ({newest.date()}) is {(newest - earlier).days // 365} years"
            " later than all others, which are therefore historical",
            fix="check the date of that entry, or state the moment of the question",
        )
    return newest


def _known_by(
    at: datetime | None, items: Iterable[Dated], kind: str, record: Record
) -> Sequence[Dated]:
    """The items that existed at the moment of the question; undated ones count and are reported."""
    if at is None:  # nothing is dated: there is no time axis to be missing from
        return list(items)
    known: list[Dated] = []
    for item in items:
        if item.recorded and item.recorded > at:
            record.skip(item.id, f"dated after {at.date()}", kind=kind)
        else:
            known.append(item)
    if undated := sum(item.recorded is None for item in known):
        record.issue(
            "info",
            kind,
            f"{undated} without a date, counted as current",
            fix="send dates, so that old entries can be told from current ones",
        )
    return known


def _aged(item: Recent, at: datetime | None, kind: str) -> Recent:
    """The item, historical if it is older than the window of its kind."""
    window = RECENCY[kind]
    if window is None or at is None or item.recorded is None or at - item.recorded <= window:
        return item
    return replace(item, historical=True)


def _birth(identities: Iterable[Identity]) -> date | None:
    stated = next((i.birth for i in identities if i.birth), None)
    return dates.moment(stated).date() if stated else None


def _with_age(observation: Observation, birth: date | None) -> Observation:
    """The patient's age when it was taken, unless the sender stated it."""
    if birth is None or observation.recorded is None or observation.age_years is not None:
        return observation
    return replace(observation, age_years=dates.age_years(birth, observation.recorded))


def _patient(record: Record, *, birth: date | None, at: datetime | None) -> Patient:
    """The age is the one at `at`, or at death if that was earlier."""
    identities = record.identities
    died = next((i.died for i in identities if i.died), None)
    age = next((i.age_years for i in identities if i.age_years is not None), None)
    if birth and at is None and age is None:
        record.skip(
            "birth date",
            "nothing here is dated, so it gives no age: date the entries or state as_of",
            kind="birth date",
        )
    if birth and at:
        age = dates.age_years(birth, min(at, died) if died else at)
    return Patient(
        sex=next((i.sex for i in identities if i.sex), None),
        age_years=age,
        identifiers=tuple(sorted({n for i in identities for n in i.references | i.identifiers})),
    )
