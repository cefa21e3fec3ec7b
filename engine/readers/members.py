"""The files of a folder or zip, one at a time, in sorted order, within bounds.

Nothing is written to disk, links are not followed, and no declared size is believed.
"""

from __future__ import annotations

import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from engine.exceptions import InputError
from engine.readers import limits
from engine.readers.ecg import wfdb
from engine.readers.tree import too_large

if TYPE_CHECKING:
    from engine.readers.record import Record

ZIP_MARKS = (b"PK\x03\x04", b"PK\x05\x06")
_CENTRAL_ENTRY = b"PK\x01\x02"
_ENCRYPTED = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DRIVE = re.compile(r"[A-Za-z]:")
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    RuntimeError,
)
"""What `zipfile` raises on damaged archives, not all of it documented."""

_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Member:
    """A file. name: its path inside the folder or zip, with "/". path: None inside a zip."""

    name: str
    data: bytes
    path: Path | None = None


def of_folder(folder: Path, record: Record) -> Iterator[Member]:
    """The regular files below a folder; links are reported and left out.

    Raises:
        InputError: too many files, or too large in total.
    """

    def report(error: OSError) -> None:
        record.issue("error", folder.name, f"cannot be read: {error.strerror}", fix="check access")

    paths: list[Path] = []
    for root, folders, files in os.walk(folder, onerror=report):
        folders[:] = [name for name in folders if not Path(root, name).is_symlink()]
        paths += [Path(root, name) for name in files]
        _check_count(len(paths), folder.name)
    left = limits.MAX_SET_BYTES
    if sum(path.lstat().st_size for path in paths) > left:
        raise too_large(folder.name, left)
    for path in sorted(paths):
        name = path.relative_to(folder).as_posix().encode(errors="replace").decode()
        if path.is_symlink() or not path.is_file():
            record.issue("warning", name, "a link or device, not read", fix="send the file itself")
            continue
        try:
            data = read_bounded(path, limit=left, where=folder.name)
        except OSError as error:
            record.issue("error", name, f"cannot be read: {error.strerror}", fix="check the file")
            continue
        left -= len(data)
        yield Member(name, data, path)


def of_zip(data: bytes, record: Record, *, where: str) -> Iterator[Member]:
    """The files of a zip, inflated in memory.

    Raises:
        InputError: damaged, encrypted, a path out of its folder, too many files, or too large once
            inflated, whatever its headers claim.
    """
    _check_count(data.count(_CENTRAL_ENTRY), where)
    try:
        archive = zipfile.ZipFile(BytesIO(data))
    except _DAMAGE as error:
        raise _damaged(where) from error
    with archive:
        infos = sorted(archive.infolist(), key=lambda info: info.filename)
        for info in infos:
            _check_entry(info, where)
        left, seen = limits.MAX_SET_BYTES, set[str]()
        for info in infos:
            if info.is_dir():
                continue
            if info.filename in seen:
                record.issue("error", info.filename, "twice in the zip", fix="zip it once")
                continue
            seen.add(info.filename)
            if info.compress_type not in _METHODS:
                record.issue(
                    "error",
                    info.filename,
                    "compressed in a way that is not read",
                    fix="use deflate",
                )
                continue
            content = _inflate(archive, info, limit=left, where=where)
            left -= len(content)
            yield Member(info.filename, content)


def of_recording(header: Path) -> Iterator[Member]:
    """A WFDB header and the files beside it that it names, and those that they name.

    Raises:
        InputError: too large. OSError: cannot be read.
    """
    waiting, seen = [header.name], set[str]()
    left = limits.MAX_SET_BYTES
    while waiting:
        name = waiting.pop(0)
        path = header.with_name(name)
        if name in seen or path.name != name or not path.is_file():
            continue
        seen.add(name)
        data = read_bounded(path, limit=left, where=name)
        left -= len(data)
        if path.suffix.lower() == ".hea":
            waiting += wfdb.header(data).files
        yield Member(name, data, path)


def read_bounded(path: Path, *, limit: int, where: str) -> bytes:
    """The content of a file of at most `limit` bytes.

    Raises:
        InputError: larger. OSError: cannot be read.
    """
    if path.stat().st_size > limit:
        raise too_large(where, limit)
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:  # it grew, or its size was not known
        raise too_large(where, limit)
    return data


def _inflate(archive: zipfile.ZipFile, info: zipfile.ZipInfo, *, limit: int, where: str) -> bytes:
    parts: list[bytes] = []
    size = 0
    try:
        with archive.open(info) as stream:
            while chunk := stream.read(_CHUNK):
                size += len(chunk)
                if size > limit:
                    raise too_large(where, limits.MAX_SET_BYTES)
                parts.append(chunk)
    except _DAMAGE as error:
        raise _damaged(f"{where}:{info.filename}") from error
    return b"".join(parts)


def _check_entry(info: zipfile.ZipInfo, where: str) -> None:
    """Refuses what could leave the folder (zip slip) and what cannot be read."""
    name = info.filename
    escapes = ".." in PurePosixPath(name).parts or name.startswith("/") or "\\" in name
    if escapes or _DRIVE.match(name) or stat.S_ISLNK(info.external_attr >> 16):
        raise InputError(
            "the zip holds a link or a path out of its folder",
            where=where,
            fix="zip plain files and folders only",
        )
    if info.flag_bits & _ENCRYPTED:
        raise InputError("the zip is encrypted", where=where, fix="send it without a password")


def _check_count(count: int, where: str) -> None:
    if count > limits.MAX_MEMBERS:
        raise InputError(
            f"more than {limits.MAX_MEMBERS:,} files",
            where=where,
            fix="send the files that matter for the question",
        )


def _damaged(where: str) -> InputError:
    return InputError("a damaged or truncated zip", where=where, fix="create the zip again")
