"""Files that a later specialist reads: kept by name and size once their patient is known."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from engine.readers.record import Record
from engine.types import Attachment

_PREFIX = slice(128, 132)


def is_dicom(data: bytes) -> bool:
    """Whether the bytes carry the DICOM prefix, whatever they are called."""
    return data[_PREFIX] == b"DICM"


def keep(
    data: bytes,
    *,
    item: str,
    kind: Literal["image", "signal", "other"],
    media_type: str,
    record: Record,
    path: Path | None = None,
) -> None:
    """Adds the attachment; a DICOM file only if its header says whom it is about."""
    if is_dicom(data) or media_type == "application/dicom":
        if not _identify(data, item, record):
            return
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


def _identify(data: bytes, item: str, record: Record) -> bool:
    from engine.readers import dicom  # pydicom only where there is DICOM

    try:
        stated, removed = dicom.header_identity(data, where=item)
    except ValueError as fault:
        record.issue(
            "error",
            item,
            f"DICOM file not used: {fault}",
            fix="send a standard, uncompressed DICOM part-10 file",
        )
        return False
    if removed:
        record.issue(
            "warning",
            item,
            "de-identified: nothing shows that it is this patient's",
            fix="check that it belongs to the patient",
        )
    record.identities.append(stated)
    return True
