"""Dates and ages as records write them.

Every moment is UTC; one without a time zone is read as UTC. A partial date is read as its first day
("2012" is 2012-01-01), so that nothing looks newer than it can be shown to be.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

_PARTIAL = re.compile(r"(\d{4})(?:-(\d{2}))?")
_LEAP_SECOND = re.compile(r"(?<=:\d\d:)60")
_DURATION = re.compile(
    r"P(?=.)(?:(\d+(?:\.\d+)?)Y)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)W)?(?:(\d+(?:\.\d+)?)D)?"
    r"(?:T(?=.)(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?",
    re.ASCII,
)
_PER_YEAR = (1, 12, 365.25 / 7, 365.25, 365.25 * 24, 365.25 * 1440, 365.25 * 86400)


def moment(text: str) -> datetime:
    """An ISO 8601 / FHIR date or date-time as UTC.

    Raises:
        ValueError: not a date, or out of the calendar's range.
    """
    if partial := _PARTIAL.fullmatch(text):
        return datetime(int(partial[1]), int(partial[2] or 1), 1, tzinfo=UTC)
    try:
        return utc(datetime.fromisoformat(_LEAP_SECOND.sub("59", text)))
    except OverflowError as error:
        raise ValueError(f"out of range: {text[:40]!r}") from error


def utc(value: datetime) -> datetime:
    """The same moment in UTC; a naive one is taken to be UTC."""
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def duration_years(text: str) -> float:
    """An ISO 8601 duration ("P5Y3M") in years.

    Raises:
        ValueError: not a duration.
    """
    parts = _DURATION.fullmatch(text)
    if parts is None:
        raise ValueError(f"not an ISO 8601 duration: {text[:40]!r}")
    pairs = zip(parts.groups(), _PER_YEAR, strict=True)
    return sum(float(part) / per_year for part, per_year in pairs if part)


def age_years(birth: date, at: datetime) -> float | None:
    """Age in years, whole on every birthday; None before birth."""
    age = at.year - birth.year + (at.month - birth.month) / 12 + (at.day - birth.day) / 365.25
    return age if age >= 0 else None
