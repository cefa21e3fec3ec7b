"""The recordings of a bundle, put together from its files once all of them are known."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from pathlib import PurePosixPath

from engine.readers.ecg import aecg, edf, wfdb
from engine.readers.identity import Identity
from engine.readers.members import Member
from engine.readers.record import Record
from engine.types import SignalSource

HEADER = ".hea"
SAMPLES = re.compile(r"\.(dat|mat|flac|d\d{1,2})")
"""Files that only a WFDB header makes sense of."""

ANNOTATIONS = (".atr", ".qrs", ".ari", ".ann", ".man")
ALONE = (".edf", ".bdf", ".scp")
_TABLE = re.compile(
    r"(?:^|[,;\t\"])\s*(?:i{1,3}|av[rlf]|v[1-6]|ml?i{1,3}|d(?:1|2|3|i{1,3}))\b", re.I
)
_CALLED = re.compile(r"ecg|ekg|lead|rhythm|holter|strip", re.I)


def is_part(member: Member) -> bool:
    """Whether a file is a recording of the heart or a part of one, by its name or first bytes."""
    suffix = PurePosixPath(member.name.lower()).suffix
    named = suffix in (HEADER, *ALONE, *ANNOTATIONS) or SAMPLES.fullmatch(suffix) is not None
    return named or edf.is_edf(member.data) or aecg.is_aecg(member.data)


def is_table(member: Member) -> bool:
    """Whether a CSV file is an ECG, by its name or the names of its columns."""
    lines = member.data[:4096].decode("utf-8", "replace").lstrip("\ufeff").splitlines()
    header = next((line for line in lines if line.strip() and not line.startswith("#")), "")
    return bool(_TABLE.search(header) or _CALLED.search(member.name))


def keep(member: Member, record: Record) -> None:
    """Sets a file aside for `gather`; one on disk without its samples, which stay there."""
    suffix = PurePosixPath(member.name.lower()).suffix
    if suffix in ANNOTATIONS:
        record.skip(member.name, "annotations of beats: the recording itself is read", kind="file")
    elif suffix == HEADER or SAMPLES.fullmatch(suffix):
        lean = suffix != HEADER and member.path is not None
        record.signal_files.append(replace(member, data=b"") if lean else member)
    else:
        keep_one(member, record)


def keep_one(member: Member, record: Record) -> None:
    """Adds the recording that a single file is; whose it is and when it began, as it states.

    Raises:
        InputError: an aECG that cannot be parsed.
    """
    start: datetime | None = None
    if edf.is_edf(member.data):
        known = edf.header(member.data, where=member.name)
        start = known.start
        record.identities.append(known.identity)
    elif aecg.is_aecg(member.data):
        root = aecg.parse(member.data, where=member.name)
        start = aecg.start(root)
        record.identities.append(aecg.subject(root, where=member.name))
    add(member, start, record)


def add(member: Member, start: datetime | None, record: Record) -> None:
    """Adds a recording of one file."""
    name = PurePosixPath(member.name).name
    files = {} if member.path else {name: member.data}
    record.recordings.append(SignalSource(member.name, member.path, files, start))


def gather(record: Record) -> None:
    """Adds the WFDB records among the files set aside; signals without a header are skipped."""
    for folder in dict.fromkeys(PurePosixPath(m.name).parent for m in record.signal_files):
        inside = [m for m in record.signal_files if PurePosixPath(m.name).parent == folder]
        _gather_folder({PurePosixPath(m.name).name: m for m in inside}, record)
    if record.signal_files:  # numbered in the order of their names, like all files
        record.recordings.sort(key=lambda recording: recording.id)
    record.signal_files.clear()


def _gather_folder(members: dict[str, Member], record: Record) -> None:
    headers = {
        name: wfdb.header(m.data) for name, m in members.items() if name.lower().endswith(HEADER)
    }
    used: set[str] = set()
    for name, files in wfdb.records(headers).items():
        used |= set(files)
        main, known = members[name], headers[name]
        there = {file: members[file].data for file in files if file in members}
        source = SignalSource(main.name, main.path, {} if main.path else there, known.start)
        record.recordings.append(source)
        record.identities.append(Identity(where=main.name, sex=known.sex))
    for name, member in members.items():
        if name not in used:
            record.skip(member.name, "a signal that no header (.hea) names", kind="file")
