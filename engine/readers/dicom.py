"""Who a DICOM file is about and what it is: its header alone, never its pixels.

Elements are taken raw, so no value is converted, inflated or reported by pydicom on the way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO

from pydicom.charset import python_encoding
from pydicom.filereader import data_element_generator
from pydicom.tag import BaseTag

from engine.readers import identity
from engine.readers.attachment import is_dicom
from engine.readers.identity import Identity
from engine.types import Sex

PREFIX_END = 132
HEADER_BYTES = 4 * 1024 * 1024
"""The patient is near the start; a file where that is further away is refused."""

MAX_ELEMENTS = 10_000
"""Elements read on the way to the patient; real headers have a few dozen."""

MAX_NAME_BYTES = 1_000

_TRANSFER_SYNTAX = 0x00020010
_CHARSET = 0x00080005
_SOP_CLASS, _STUDY_DATE, _ACQUIRED = 0x00080016, 0x00080020, 0x0008002A
_NAME, _ID, _BIRTH, _SEX = 0x00100010, 0x00100020, 0x00100030, 0x00100040
_REMOVED = 0x00120062
_WANTED: list[BaseTag | int] = [
    *(_TRANSFER_SYNTAX, _SOP_CLASS, _STUDY_DATE, _ACQUIRED),
    *(_NAME, _ID, _BIRTH, _SEX, _REMOVED),
]
_ECG = "1.2.840.10008.5.1.4.1.1.9.1."
"""What the storage classes of electrocardiograms begin with (PS3.4 B.5): 12-lead, general, ..."""

_DEFLATED = "1.2.840.10008.1.2.1.99"
_IMPLICIT, _BIG_ENDIAN = "1.2.840.10008.1.2", "1.2.840.10008.1.2.2"
_PROGRAMS = (b"MZ", b"\x7fELF", b"#!", b"PK")
_UID = re.compile(r"[0-9.]+", re.ASCII)
_DATE = re.compile(r"(\d{4})\.?(\d\d)\.?(\d\d)", re.ASCII)
_MOMENT = re.compile(r"(\d{8})(\d{0,6})(?:\.\d*)?(?:([+-])(\d\d)(\d\d))?", re.ASCII)
_SEXES: dict[str, Sex] = {"F": "female", "M": "male"}


@dataclass(frozen=True, slots=True)
class Header:
    """identity: of the patient; deidentified: that it is removed or a pseudonym, and left out.

    ecg: it holds waveforms of the heart and no image. recorded: when they were taken, UTC where
    the file states no zone.
    """

    identity: Identity
    deidentified: bool
    ecg: bool
    recorded: datetime | None


def header(data: bytes, *, where: str) -> Header:
    """What the header states.

    Raises:
        ValueError: no DICOM, a deflated one (it can grow a thousandfold), a program in disguise, or
            damaged before the patient's part.
    """
    if not is_dicom(data):
        raise ValueError("no DICOM prefix")
    if data.startswith(_PROGRAMS):
        raise ValueError("its preamble is that of a program or archive")
    try:
        elements = _elements(data)
    except ValueError:
        raise
    except Exception as error:  # pydicom raises nearly anything on damaged files
        raise ValueError(f"damaged header ({type(error).__name__})") from error
    ecg = _text(elements, _SOP_CLASS).startswith(_ECG)
    recorded = _moment(_text(elements, _ACQUIRED) or _text(elements, _STUDY_DATE))
    if _text(elements, _REMOVED) == "YES":
        return Header(Identity(where=where), True, ecg, recorded)
    number = _text(elements, _ID)
    born = _DATE.fullmatch(_text(elements, _BIRTH))
    stated = Identity(
        where=where,
        identifiers=frozenset([number] if number else []),
        names=_names(elements),
        birth="-".join(born.groups()) if born else None,
        sex=_SEXES.get(_text(elements, _SEX)),
    )
    return Header(stated, False, ecg, recorded)


def _elements(data: bytes) -> dict[int, bytes]:
    """The wanted elements of the file meta group and of the data set up to the patient."""
    stream = BytesIO(data[:HEADER_BYTES])
    stream.seek(PREFIX_END)
    meta, _ = _read(stream, last=0x0002FFFF, implicit=False, little_endian=True)
    syntax = _text(meta, _TRANSFER_SYNTAX)
    if syntax == _DEFLATED:
        raise ValueError("deflated, which can grow a thousandfold")
    if not _UID.fullmatch(syntax):
        raise ValueError("no transfer syntax")
    found, reached = _read(
        stream, last=_REMOVED, implicit=syntax == _IMPLICIT, little_endian=syntax != _BIG_ENDIAN
    )
    if not reached:  # every image has elements after the patient's
        raise ValueError("it ends, or its header is too long, before the patient is known")
    return found


def _read(
    stream: BytesIO, *, last: int, implicit: bool, little_endian: bool
) -> tuple[dict[int, bytes], bool]:
    """Raw values up to tag `last`, and whether a later tag was met."""
    count, reached = 0, False

    def stop(tag: BaseTag, _vr: str | None, _length: int) -> bool:
        nonlocal count, reached
        count, reached = count + 1, tag > last
        if count > MAX_ELEMENTS:
            raise ValueError("its header is too long")
        return reached

    elements = data_element_generator(
        stream, implicit, little_endian, stop_when=stop, specific_tags=_WANTED
    )
    values = {int(element.tag): element.value for element in elements}
    return {tag: bytes(v) for tag, v in values.items() if isinstance(v, bytes)}, reached


def _moment(text: str) -> datetime | None:
    """A DICOM date, or date and time ("20240305081500.000000+0100")."""
    parts = _MOMENT.fullmatch(text)
    if parts is None:
        return None
    day, time, sign, hours, minutes = parts.groups()
    try:
        at = datetime.strptime(day + (time or "").ljust(6, "0"), "%Y%m%d%H%M%S")
    except ValueError:
        return None
    shift = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    return at.replace(tzinfo=UTC) + (shift if sign == "-" else -shift)


def _text(elements: dict[int, bytes], tag: int) -> str:
    return elements.get(tag, b"").decode("latin-1").strip(" \0")


def _names(elements: dict[int, bytes]) -> frozenset[identity.Name]:
    """The alphabetic form of the name (an ideographic one follows after "=")."""
    charset = _text(elements, _CHARSET).partition("\\")[0]
    encoding = python_encoding.get(charset, "latin-1")
    written = (
        elements.get(_NAME, b"")[:MAX_NAME_BYTES]
        .partition(b"=")[0]
        .decode(encoding, errors="replace")
    )
    family, _, rest = written.strip(" \0").partition("^")
    given = rest.partition("^")[0].partition(" ")[0]
    return frozenset([identity.name(family, given)] if family.strip() else [])
