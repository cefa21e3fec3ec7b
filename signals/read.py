"""Reads an electrocardiogram of any known format as a `Recording` in millivolts.

    .hea with .dat, .mat    WFDB, also FLAC, several segments, several rates
    .edf                    EDF and EDF+; the gaps of an interrupted recording are NaN
    .csv .tsv               a table with the names of the leads (see `readers.table`)
    .xml                    HL7 aECG
    .dcm                    DICOM waveform
    .json                   a FHIR Observation with SampledData

What is in the file decides, not its name, except for tables. Every fault is an `InputError`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.exceptions import InputError
from engine.readers.attachment import is_dicom
from engine.readers.ecg.aecg import is_aecg
from engine.readers.ecg.edf import is_edf
from engine.types import SignalSource
from signals.readers import aecg, dicom, edf, sampled, table, wfdb
from signals.recording import Recording

__all__ = ["read", "read_files", "read_source", "stream"]

MAX_BYTES = 256 * 1024 * 1024
"""A file that has to be taken into memory as a whole; WFDB and EDF are not."""

_HEAD = 4096
_KNOWN = "WFDB, EDF, CSV, HL7 aECG, DICOM waveform or FHIR SampledData"


def read(path: Path) -> Recording:
    """The recording in a file; of several files the path is that of their header (.hea).

    Raises:
        InputError: missing, malformed, no ECG, of no known format, or too large.
    """
    try:
        if path.suffix.lower() == ".hea":
            return wfdb.read(path)
        if path.suffix.lower() == ".edf" or is_edf(_head(path)):
            return edf.read(_mapped(path), path.name)
        if path.stat().st_size > MAX_BYTES:
            raise InputError("too large", where=path.name, fix="send a part of the recording")
        return _of_bytes(path.read_bytes(), path.name)
    except OSError as error:
        fix = "check the path and its permissions"
        message = f"cannot be read: {error.strerror}"
        raise InputError(message, where=path.name, fix=fix) from error


def read_files(files: Mapping[str, bytes], name: str) -> Recording:
    """The recording that the file `name` is or is the header of, among files in memory.

    Raises:
        InputError: as `read`.
    """
    if name not in files:
        raise InputError("is missing", where=name, fix=f"choose from: {', '.join(files)}"[:200])
    if name.lower().endswith(".hea"):
        return wfdb.read_files(files, name)
    if name.lower().endswith(".edf") or is_edf(files[name]):
        return edf.read(np.frombuffer(files[name], np.uint8), name)
    return _of_bytes(files[name], name)


def read_source(source: SignalSource) -> Recording:
    """The recording of a bundle, under the id and with the start it has there.

    Raises:
        InputError: as `read`.
    """
    if source.path is not None:
        found = read(source.path)
    elif source.files:
        found = read_files(source.files, next(iter(source.files)))
    else:
        raise InputError("holds no file", where=source.id, fix="send the recording itself")
    return replace(found, id=source.id, start=found.start or source.recorded)


def stream(path: Path, *, seconds: float) -> Iterator[Recording]:
    """The recording in pieces of `seconds` in order, the last one shorter.

    Of WFDB and EDF memory does not grow with the length; other formats are read as a whole first.
    Pieces of EDF are of whole data records. Every piece has the start of the whole.

    Raises:
        InputError: as `read`, and for the part at fault when it is reached.
    """
    if path.suffix.lower() == ".hea":
        return wfdb.stream(path, seconds=seconds)
    if path.is_file() and (path.suffix.lower() == ".edf" or is_edf(_head(path))):
        return edf.stream(_mapped(path), path.name, seconds=seconds)
    return _cut(read(path), seconds)


def _cut(whole: Recording, seconds: float) -> Iterator[Recording]:
    step = max(1, int(seconds * whole.rate))
    for first in range(0, whole.signal.shape[1], step):
        yield replace(whole, signal=whole.signal[:, first : first + step])


def _of_bytes(data: bytes, name: str) -> Recording:
    if is_dicom(data):
        return dicom.read(data, name)
    if is_aecg(data):
        return aecg.read(data, name)
    if data[:_HEAD].removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        return sampled.read(data, name)
    if name.lower().endswith((".csv", ".tsv", ".txt")):
        return table.read(data, name)
    if data[16:22] == b"SCPECG" or name.lower().endswith(".scp"):
        raise InputError(
            "SCP-ECG is not read",
            where=name,
            fix="export the ECG from its device as HL7 aECG, DICOM or EDF",
        )
    raise InputError("no ECG of a kind that is read", where=name, fix=f"send {_KNOWN}")


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD)


def _mapped(path: Path) -> edf.Bytes:
    """The bytes of a file, taken from disk as they are used."""
    if path.stat().st_size == 0:
        raise InputError("an empty file", where=path.name, fix="send the complete recording")
    return np.memmap(path, np.uint8, "r")
