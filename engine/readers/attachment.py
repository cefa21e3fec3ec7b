"""Files that a specialist reads: kept once it is known what they are and whom they are about."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from engine.readers.ecg import aecg, edf, gather
from engine.readers.members import Member
from engine.readers.record import Record
from engine.types import Attachment

if TYPE_CHECKING:
    from engine.readers.dicom import Header

_PREFIX = slice(128, 132)


def is_dicom(data: bytes) -> bool:
    """Whether the bytes carry the DICOM prefix, whatever they are called."""
    return data[_PREFIX] == b"DICM"


def keep(
    data: bytes,
    *,
    item: str,
    kind: Literal["image", "other"],
    media_type: str,
    record: Record,
    path: Path | None = None,
) -> None:
    """Adds the attachment or recording; a DICOM file only if its header says whom it is about."""
    if edf.is_edf(data) or aecg.is_aecg(data):
        return gather.keep_one(Member(item, data, path), record)
    if is_dicom(data) or media_type == "application/dicom":
        known = _identify(data, item, record)
        if known is None:
            return None
        if known.ecg:
            return gather.add(Member(item, data, path), known.recorded, record)
        kind, media_type = "image", "application/dicom"
    record.attachments.append(
        Attachment(
            id=item,
            kind=kind,
            media_type=media_type or "application/octet-stream",
            size=len(data),
            path=str(path) if path else None,
        )
    )
    return None


def _identify(data: bytes, item: str, record: Record) -> Header | None:
    from engine.readers import dicom  # pydicom only where there is DICOM

    try:
        known = dicom.header(data, where=item)
    except ValueError as fault:
        record.issue(
            "error",
            item,
            f"DICOM file not used: {fault}",
            fix="send a standard, uncompressed DICOM part-10 file",
        )
        return None
    if known.deidentified:
        record.issue(
            "warning",
            item,
            "de-identified: nothing shows that it is this patient's",
            fix="check that it belongs to the patient",
        )
    record.identities.append(known.identity)
    return known
