"""The fixed header of an EDF or EDF+ file (edfplus.info): who it is about and when it began."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from engine.readers import identity
from engine.readers.identity import Identity
from engine.types import Sex

HEADER = 256
_VERSIONS = (b"0       ", b"\xffBIOSEMI")
_SEXES: dict[str, Sex] = {"F": "female", "M": "male"}
_UNKNOWN = datetime(1985, 1, 1, tzinfo=UTC).date()
"""What EDF+ writes for a start that is not to be known."""


@dataclass(frozen=True, slots=True)
class Header:
    """identity: of the patient; start: UTC where the file states no zone, which it never does."""

    identity: Identity
    start: datetime | None


def is_edf(data: bytes) -> bool:
    """Whether the bytes begin as an EDF or BDF file."""
    return data[:8] in _VERSIONS


def header(data: bytes, *, where: str) -> Header:
    """What the first 256 bytes state; plain EDF has no structure for the patient to rely on.

    EDF+ writes "number sex birthdate name", X for what is not known, "_" for spaces. Which part of
    the name comes first is not laid down, so either order agrees.
    """
    text = data[:HEADER].decode("latin-1")
    parts = text[8:88].split()
    if text[192:196] not in ("EDF+", "BDF+") or len(parts) < 4:
        return Header(Identity(where=where), _start(text))
    number, sex, born, called = (None if part in ("X", "") else part for part in parts[:4])
    names: set[identity.Name] = set()
    if called:
        first, _, rest = called.replace(",", "_").partition("_")
        names = {identity.name(first, rest), identity.name(rest, first)} if rest else set()
        names |= set() if rest else {identity.name(first, "")}
    stated = Identity(
        where=where,
        identifiers=frozenset([number] if number else []),
        names=frozenset(names),
        birth=_birth(born),
        sex=_SEXES.get(sex or ""),
    )
    return Header(stated, _start(text))


def _birth(text: str | None) -> str | None:
    try:
        return datetime.strptime(text or "", "%d-%b-%Y").date().isoformat()
    except ValueError:
        return None


def _start(text: str) -> datetime | None:
    """Two digits of a year are 1985 to 2084, as the specification has it."""
    try:
        day, month, year = (int(n) for n in text[168:176].split("."))
        hour, minute, second = (int(n) for n in text[176:184].split("."))
        century = 1900 if year >= 85 else 2000
        start = datetime(century + year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    return None if start.date() == _UNKNOWN else start
