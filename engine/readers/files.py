"""What each file of a bundle is, and who reads it.

    *.txt *.md *.html       a document
    labs*.csv               measurements (see `labs_csv`)
    patient.json            {"id", "name", "sex", "birth_date", "age_years"}, all optional; name is
                            "Family, Given"; the birth date wins over the age
    *.json                  FHIR or a phenopacket
    *.hea with its signals  a recording of the heart (WFDB); annotations (*.atr) are skipped
    *.edf *.scp, aECG XML   a recording each, and a *.csv with names of leads, and a DICOM waveform
    other *.dcm, images     attachments for a later specialist
    *.json.gz               as without .gz

Text and JSON may also come without a suffix; DICOM is known by its prefix. The rest is skipped.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from io import BytesIO
from pathlib import PurePosixPath
from typing import Literal

from engine.exceptions import InputError
from engine.readers import attachment, dates, fhir, identity, labs_csv, limits, phenopacket, tree
from engine.readers import text as texts
from engine.readers.ecg import gather
from engine.readers.identity import Identity
from engine.readers.members import ZIP_MARKS, Member
from engine.readers.record import Record
from engine.types import Document, Sex

GZIP_MARK = b"\x1f\x8b"
TEXTS = (".txt", ".md", ".text", ".html", ".htm")
IMAGES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".bmp": "image/bmp",
    ".dcm": "application/dicom",
    ".nii": "application/x-nifti",
    ".nii.gz": "application/x-nifti",
}
SEXES: dict[str, Sex] = {"female": "female", "f": "female", "male": "male", "m": "male"}
MAX_AGE = 130
UNSEEN = ("__MACOSX", "Thumbs.db", "DICOMDIR")

Format = Literal["fhir", "phenopacket", "text", "folder"]
Reader = Callable[[Member, Record, str], Format]


def read_all(members: Iterable[Member], record: Record) -> int:
    """Reads every file and says how many there were; an unusable one becomes an issue."""
    count = 0
    for member in members:
        count += 1
        try:
            member = unpacked(member)
            if reader := reader_of(member):
                reader(member, record, f"{member.name}:")
            elif member.data.startswith(ZIP_MARKS):
                record.issue("warning", member.name, "a zip inside, not read", fix="unpack it")
            else:
                record.skip(member.name, "not a kind of file that is read", kind="file")
        except InputError as fault:
            record.issue("error", fault.where, fault.message, fix=fault.fix)
    gather.gather(record)
    return count


def reader_of(member: Member) -> Reader | None:
    """Who reads a file, by its name and first bytes; None when nobody does.

    A reader takes the file, the record to fill and what goes before every item's id. It returns
    the format it found and raises InputError when the file as a whole cannot be used.
    """
    name = PurePosixPath(member.name.lower())
    if any(part in UNSEEN or part.startswith(".") for part in PurePosixPath(member.name).parts):
        return None
    if attachment.is_dicom(member.data) or _image_type(member.name):
        return _attach
    if gather.is_part(member):
        return _read_recording
    if name.name == "patient.json":
        return _read_patient
    if name.suffix == ".csv":
        return _read_csv
    if name.suffix in TEXTS:
        return _read_text
    if name.suffix in (".json", ".fhir") or _looks_like_json(member.data):
        return _read_json
    return None if name.suffix else _read_text


def unpacked(member: Member) -> Member:
    """A gzip'ed file as what it holds; others, and images that are read gzip'ed, as they are.

    Raises:
        InputError: damaged, or too large once inflated.
    """
    if not member.data.startswith(GZIP_MARK) or _image_type(member.name):
        return member
    try:
        with gzip.GzipFile(fileobj=BytesIO(member.data)) as stream:
            data = stream.read(limits.MAX_FILE_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(
            "a damaged or truncated gzip file", where=member.name, fix="create it again"
        ) from error
    if len(data) > limits.MAX_FILE_BYTES:
        raise tree.too_large(member.name, limits.MAX_FILE_BYTES)
    return replace(member, name=member.name.removesuffix(".gz"), data=data)


def _read_json(member: Member, record: Record, prefix: str) -> Format:
    root = tree.parse(member.data, where=member.name)
    if tree.text(root, "resourceType"):
        fhir.read(root, record, where=member.name, prefix=prefix)
        return "fhir"
    if phenopacket.is_phenopacket(root):
        phenopacket.read(root, record, where=member.name, prefix=prefix)
        return "phenopacket"
    raise InputError(
        "JSON, but neither FHIR nor a phenopacket",
        where=member.name,
        fix="send a FHIR R4 Bundle or a GA4GH phenopacket (version 2)",
    )


def _read_text(member: Member, record: Record, prefix: str) -> Format:
    written = _decoded(member, record)
    if member.name.lower().endswith((".html", ".htm")):
        written = texts.from_html(written)
    title = PurePosixPath(member.name).stem
    record.add_document(Document(id=member.name, title=title, text=written))
    return "text"


def _read_csv(member: Member, record: Record, prefix: str) -> Format:
    """Measurements, or an ECG, by name or header."""
    named = PurePosixPath(member.name.lower()).name.startswith("labs")
    if not named and not labs_csv.has_header(member.data[:4096].decode("utf-8", "replace")):
        if gather.is_table(member):
            return _read_recording(member, record, prefix)
        record.skip(member.name, "a table of neither laboratory values nor an ECG", kind="file")
        return "folder"
    labs_csv.read(_decoded(member, record), record, name=member.name)
    return "folder"


def _read_patient(member: Member, record: Record, prefix: str) -> Format:
    root = tree.parse(member.data, where=member.name)
    if "resourceType" in root:
        return _read_json(member, record, prefix)
    born, sex = tree.text(root, "birth_date"), tree.text(root, "sex")
    age = tree.number(root, "age_years")
    family, _, given = (tree.text(root, "name") or "").partition(",")
    number = root.get("id")
    try:
        if born:
            dates.moment(born)
        if (sex and sex.lower() not in SEXES) or (age is not None and not 0 <= age <= MAX_AGE):
            raise ValueError("sex is not female or male, or the age is out of range")
    except ValueError as error:
        raise InputError(str(error), where=member.name, fix="correct it or leave it out") from error
    read = {"birth_date": born, "sex": sex, "age_years": age, "name": family, "id": number}
    if unused := sorted(key for key in root if read.get(key) in (None, "")):
        record.issue(
            "warning",
            member.name,
            f"not used: {', '.join(unused)[:200]}",
            fix="known: id, name, sex, birth_date (texts), age_years (a number)",
        )
    stated = Identity(
        where=member.name,
        identifiers=frozenset([str(number)] if isinstance(number, (str, int)) else []),
        names=frozenset([identity.name(family, given)] if family else []),
        birth=born[:10] if born else None,
        sex=SEXES.get(sex.lower()) if sex else None,
        age_years=age,
    )
    record.identities.append(stated)
    return "folder"


def _attach(member: Member, record: Record, prefix: str) -> Format:
    attachment.keep(
        member.data,
        item=member.name,
        kind="image",
        media_type=_image_type(member.name) or "application/dicom",
        record=record,
        path=member.path,
    )
    return "folder"


def _read_recording(member: Member, record: Record, prefix: str) -> Format:
    gather.keep(member, record)
    return "folder"


def _decoded(member: Member, record: Record) -> str:
    try:
        written, remark = texts.decode(member.data)
    except ValueError as error:
        raise InputError(f"not text: {error}", where=member.name, fix="send UTF-8 text") from error
    if remark:
        record.issue("warning", member.name, remark, fix="save it as UTF-8")
    if not written.strip():
        raise InputError("an empty file", where=member.name, fix="send a file with content")
    return written


def _image_type(name: str) -> str | None:
    return next((kind for end, kind in IMAGES.items() if name.lower().endswith(end)), None)


def _looks_like_json(data: bytes) -> bool:
    return data[:256].removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")
