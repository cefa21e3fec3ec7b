"""The reader of patient bundles: the door through which every input comes.

A bundle is a FHIR R4 Bundle or resource (JSON), a GA4GH phenopacket (version 2, JSON), a folder or
zip of files, or a single file (see `engine.readers.files`; of a WFDB record its header, on disk);
JSON and text may be gzip'ed.

Faults of single items become issues and never lose the rest. Only an input that is unusable as a
whole, hostile, or about two patients raises `InputError`. Bounds are in `engine.readers.limits`,
the recency windows in `engine.readers.assemble`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from engine.exceptions import InputError
from engine.readers import dates, files, limits, members
from engine.readers.assemble import assemble
from engine.readers.ecg.edf import is_edf
from engine.readers.ecg.gather import gather
from engine.readers.members import Member
from engine.readers.record import Record
from engine.readers.tree import too_large
from engine.types import PatientBundle

__all__ = ["question_moment", "read", "read_bytes"]


def read(path: Path, *, as_of: datetime | None = None) -> PatientBundle:
    """The bundle in a file or folder.

    as_of: the moment of the question; entries dated later are left out. Default: the newest dated
    entry. Naive moments are UTC.

    Raises:
        InputError: unreadable, too large, hostile, of no known format, or about two patients.
    """
    try:
        if path.is_dir():
            record = Record()
            inside = members.of_folder(path, record)
            return _read_files(inside, record, where=path.name, as_of=as_of)
        if not path.is_file():
            raise InputError("no such file or folder", where=str(path), fix="check the path")
        if path.suffix.lower() == ".hea":
            inside = members.of_recording(path)
            return _read_files(inside, Record(), where=path.name, as_of=as_of)
        with path.open("rb") as file:
            limit = _limit(file.read(8))
        data = members.read_bounded(path, limit=limit, where=path.name)
    except OSError as error:
        raise InputError(
            f"cannot be read: {error.strerror}", where=path.name, fix="check its permissions"
        ) from error
    return _read_one(Member(path.name, data, path), as_of=as_of)


def read_bytes(data: bytes, *, name: str, as_of: datetime | None = None) -> PatientBundle:
    """The bundle in the bytes of one file, as received over HTTP.

    name: the file's name; its suffix helps to tell the format. as_of, errors: see `read`.
    """
    return _read_one(Member(name, data), as_of=as_of)


def question_moment(text: str) -> datetime:
    """The moment of a question as a user writes it (ISO 8601, UTC); a date is its last instant.

    Raises:
        InputError: not a date or date-time.
    """
    try:
        moment = dates.moment(text)
    except ValueError as error:
        fix = "give a date such as 2026-09-02, or a date and time"
        raise InputError(f"not a date: {text[:40]!r}", where="as_of", fix=fix) from error
    whole_day = len(text) == len("2026-09-02")
    return moment + timedelta(days=1, microseconds=-1) if whole_day else moment


def _read_one(member: Member, *, as_of: datetime | None) -> PatientBundle:
    zipped = member.data.startswith(members.ZIP_MARKS)
    limit = _limit(member.data)
    if len(member.data) > limit:
        raise too_large(member.name, limit)
    if not member.data.strip():
        raise InputError("an empty file", where=member.name, fix="send a file with content")
    sha256 = hashlib.sha256(member.data).hexdigest()
    record = Record()
    if zipped:
        inside = members.of_zip(member.data, record, where=member.name)
        _read_set(inside, record, where=member.name)
        return assemble(record, format="zip", sha256=sha256, as_of=as_of)
    member = files.unpacked(member)
    reader = files.reader_of(member)
    if reader is None:
        raise InputError(
            "not a kind of file that is read",
            where=member.name,
            fix="send FHIR or phenopacket JSON, text, or a folder or zip of files",
        )
    format = reader(member, record, "")
    gather(record)
    return assemble(record, format=format, sha256=sha256, as_of=as_of)


def _limit(data: bytes) -> int:
    """Bytes of one file: a set of files and a recording of a day are larger than a text."""
    large = data.startswith(members.ZIP_MARKS) or is_edf(data)
    return limits.MAX_SET_BYTES if large else limits.MAX_FILE_BYTES


def _read_files(
    inside: Iterable[Member], record: Record, *, where: str, as_of: datetime | None
) -> PatientBundle:
    """The hash covers every file's name and content, each with its length."""
    digest = hashlib.sha256()

    def hashed() -> Iterator[Member]:
        for member in inside:
            for part in (member.name.encode(), member.data):
                digest.update(len(part).to_bytes(8, "big"))
                digest.update(part)
            yield member

    _read_set(hashed(), record, where=where)
    return assemble(record, format="folder", sha256=digest.hexdigest(), as_of=as_of)


def _read_set(inside: Iterable[Member], record: Record, *, where: str) -> None:
    if files.read_all(inside, record) == 0 and not record.issues:
        raise InputError("holds no files", where=where, fix="put the patient's files into it")
