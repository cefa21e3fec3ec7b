"""Who an input is about, and the refusal to mix two people.

Every source states some of it. Two statements conflict when both name something and disagree;
what one of them leaves out is never a conflict.
"""

from __future__ import annotations

import operator
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from engine.exceptions import InputError
from engine.types import Sex

T = TypeVar("T")

Name = tuple[str, str]
"""(family, first given), each normalised by `name`; "" when not stated."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What one source states about the patient.

    where: the entry or file that states it. references: FHIR ids and URLs by which entries point
    to the patient. identifiers: record numbers. birth: ISO date, possibly partial ("1980-05").
    age_years: as stated, when no birth date is. died: moment of death (UTC).
    """

    where: str
    references: frozenset[str] = frozenset()
    identifiers: frozenset[str] = frozenset()
    names: frozenset[Name] = frozenset()
    birth: str | None = None
    sex: Sex | None = None
    age_years: float | None = None
    died: datetime | None = None


def name(family: str, given: str) -> Name:
    """A name reduced to what two systems can be expected to agree on: its bare letters."""
    return _letters(family), _letters(given)


def refuse_mixture(identities: Iterable[Identity]) -> None:
    """Checks that all identities can be one person.

    Raises:
        InputError: two of them disagree. The message names the property, never its values.
    """
    seen: list[Identity] = []
    for new in identities:
        for old in seen:
            if conflict := _conflict(old, new):
                raise InputError(
                    f"two patients: {conflict} differs from {old.where}",
                    where=new.where,
                    fix="send one patient's data only, or correct the identity in one of them",
                )
        seen.append(new)


def _conflict(one: Identity, other: Identity) -> str | None:
    if not _any_agrees(one.references, other.references, _same_reference):
        return "the patient reference"
    if not _any_agrees(one.identifiers, other.identifiers, operator.eq):
        return "the patient identifier"
    if not _any_agrees(one.names, other.names, _same_name):
        return "the patient's name"
    if one.birth and other.birth and not _same_start(one.birth, other.birth):
        return "the birth date"
    return "the sex" if one.sex and other.sex and one.sex != other.sex else None


def _any_agrees(one: frozenset[T], other: frozenset[T], same: Callable[[T, T], bool]) -> bool:
    """Whether some pair is the same; true when either side states nothing."""
    return not one or not other or any(same(a, b) for a in one for b in other)


def _same_reference(one: str, other: str) -> bool:
    """Absolute URLs must be equal; a relative reference is compared by its id."""
    if "://" in one and "://" in other:
        return one == other
    return one.rpartition("/")[2] == other.rpartition("/")[2]


def _same_name(one: Name, other: Name) -> bool:
    families = not one[0] or not other[0] or one[0] == other[0]
    return families and _same_start(one[1], other[1])


def _same_start(one: str, other: str) -> bool:
    """Equal as far as both go: an initial and a name, a year and a day of it."""
    return one.startswith(other) or other.startswith(one)


def _letters(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text).casefold() if c.isalnum())
