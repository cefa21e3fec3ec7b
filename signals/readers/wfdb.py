"""WFDB records: a header, and signals beside it, in one or many segments (PhysioNet).

What the header names is checked here first: the wfdb package would follow a URL or a path out of
the folder, and take memory for any length that is claimed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from engine.exceptions import InputError
from engine.readers import dates
from engine.types import Sex
from signals.readers.channels import (
    MAX_VALUES,
    About,
    Channel,
    Piece,
    check_rate,
    check_size,
    no_ecg,
    piece,
    recording,
)
from signals.readers.leads import is_lead, millivolts
from signals.recording import Recording

SECONDS = 600.0
"""Read at once, so that only the result takes memory."""

MAX_HEADER_BYTES = 1024 * 1024
MAX_DEPTH = 3
MAX_SECONDS = 62 * 86_400
"""Longest record that is read in pieces: a header can claim any."""

_NAME = re.compile(r"[\w][\w.+-]*", re.ASCII)
_RECORD_LINE = re.compile(r"(\S+?)(?:/(\d+))?\s+(\d+)(?:\s+(\S+)(?:\s+(\d+))?.*)?", re.ASCII)
_AGE = re.compile(
    r"(?:^|[<#>\s])age>?\s*[:=]?\s*(\d{1,3}(?:\.\d+)?)\b(?!\s*(?:mo|w|d|h|min))"
    r"|^\s*(\d{1,3}) [MF] ",
    re.I | re.M,
)
_SEX = re.compile(
    r"^\s*(?:.*<age>.*)?[<#]*\s*(?:sex|gender)>?\s*[:=]?\s*(female|male|f|m)\b|^\s*\d{1,3} ([MF]) ",
    re.I | re.M,
)
OLDEST = 130.0
"""Years; PTB-XL writes 300 for more than 89."""
_SEXES: dict[str, Sex] = {"f": "female", "m": "male"}


def read(path: Path) -> Recording:
    """The recording of a header ("100.hea"), whose signals lie beside it.

    Raises:
        InputError: a malformed header, a missing or damaged file, no ECG lead, or too large.
    """
    header = _header(path)
    samples = _length(header) * _most_per_frame(header)
    check_size(sum(_wanted(header)), samples, where=path.name)
    with _errors(path.name):
        return recording(
            _pieces(path, header, SECONDS), _about(path, header), samples=samples or None
        )


def read_files(files: Mapping[str, bytes], name: str) -> Recording:
    """As `read`, from memory: wfdb reads files only, so they go to a folder that is removed."""
    with TemporaryDirectory(prefix="konsil-") as folder:
        for called, content in files.items():
            plain = called.rpartition("/")[2]
            if _NAME.fullmatch(plain):
                Path(folder, plain).write_bytes(content)
        return read(Path(folder, name.rpartition("/")[2]))


def stream(path: Path, *, seconds: float) -> Iterator[Recording]:
    """Pieces of `seconds` in order, the last one shorter; memory does not grow with the length."""
    header = _header(path)
    about = _about(path, header)
    with _errors(path.name):
        for part in _pieces(path, header, seconds):
            yield recording([part], about)


def _pieces(path: Path, header: Any, seconds: float) -> Iterator[Piece]:
    import wfdb

    frames, length = max(1, int(seconds * header.fs)), _length(header)
    for first in range(0, max(length, 1), frames):
        record: Any = wfdb.rdrecord(
            str(path.with_suffix("")),
            sampfrom=first,
            sampto=min(first + frames, length) if length else None,
            smooth_frames=False,
        )
        yield piece(_channels(header, record), where=path.name)


def _channels(header: Any, record: Any) -> list[Channel]:
    """The names, units and limits of the header, as those of a segment may differ."""
    signals = [np.asarray(s, np.float64) for s in record.e_p_signal]
    frames = record.sig_len
    return [
        Channel(name, values, header.fs * len(values) / frames, unit, rails=rails)
        for name, unit, values, rails in zip(
            _names(header), _units(header), signals, _rails(header), strict=True
        )
    ]


def _layout(header: Any) -> Any:
    """The header that names the signals: of several segments the first that there is."""
    segments = getattr(header, "segments", None)
    return next(s for s in segments if s is not None) if segments else header


def _units(header: Any) -> list[str]:
    return [unit or "mV" for unit in _layout(header).units]


def _names(header: Any) -> list[str]:
    return [name or f"unnamed {k}" for k, name in enumerate(_layout(header).sig_name, 1)]


def _per_frame(header: Any) -> list[int]:
    return [n or 1 for n in _layout(header).samps_per_frame]


def _wanted(header: Any) -> list[bool]:
    return [is_lead(name, unit) for name, unit in zip(_names(header), _units(header), strict=True)]


def _most_per_frame(header: Any) -> int:
    """Of the ECG leads: their samples a second are that many times the frames'."""
    return max(n for n, wanted in zip(_per_frame(header), _wanted(header), strict=True) if wanted)


def _length(header: Any) -> int:
    """Frames; 0 when the header does not say."""
    return int(header.sig_len or 0)


def _rails(header: Any) -> list[tuple[float, float] | None]:
    """The limits of the converters in physical units; segments may have different ones."""
    if getattr(header, "segments", None):
        return [None] * len(header.segments[0].sig_name if header.segments[0] else _units(header))
    rails: list[tuple[float, float] | None] = []
    for bits, zero, base, gain in zip(
        header.adc_res, header.adc_zero, header.baseline, header.adc_gain, strict=True
    ):
        if not bits or not gain:
            rails.append(None)
            continue
        low, high = (zero or 0) - 2 ** (bits - 1), (zero or 0) + 2 ** (bits - 1) - 1
        rails.append(((low - base) / gain, (high - base) / gain))
    return rails


def _about(path: Path, header: Any) -> About:
    comments = "\n".join(header.comments or ())
    ages, sexes = _AGE.search(comments), _SEX.search(comments)
    age = float(ages[1] or ages[2]) if ages else None
    return About(
        id=path.stem,
        start=dates.utc(header.base_datetime) if header.base_datetime else None,
        sex=_SEXES[(sexes[1] or sexes[2])[0].lower()] if sexes else None,
        age_years=age if age is not None and age <= OLDEST else None,
        remarks=tuple(_silent(path)),
    )


def _header(path: Path) -> Any:
    """The header as wfdb understands it, once it and all it names are known to be harmless."""
    import wfdb

    _check(path, depth=0)
    with _errors(path.name):
        header: Any = wfdb.rdheader(str(path.with_suffix("")), rd_segments=True)
        if not header.fs or header.fs <= 0 or _layout(header).sig_name is None:
            raise ValueError("no sampling rate or no names of signals")
        if min(_per_frame(header)) < 1:
            raise ValueError("samples per frame below 1")
        _check_segments(header)
    if not any(_wanted(header)):
        raise no_ecg(zip(_names(header), _units(header), strict=True), where=path.name)
    check_rate(header.fs * _most_per_frame(header), where=path.name)
    _check_length(path, header)
    return header


def _check_segments(header: Any) -> None:
    """Raises ValueError where wfdb would join what does not belong together."""
    segments = [s for s in getattr(header, "segments", None) or () if s is not None]
    if not segments:
        return
    units = dict(zip(segments[0].sig_name, segments[0].units, strict=True))
    for segment in segments[1:]:
        if header.layout == "fixed" and segment.sig_name != segments[0].sig_name:
            raise ValueError(f"segment {segment.record_name} has other signals than the first")
        for name, unit in zip(segment.sig_name or (), segment.units or (), strict=True):
            if millivolts(unit or "mV") != millivolts(units.get(name) or "mV"):
                raise ValueError(f"segment {segment.record_name} has {name} in another unit")


def _silent(path: Path) -> Iterator[str]:
    """What wfdb fills in where a header is silent."""
    lines = _lines(path)
    first = _RECORD_LINE.fullmatch(lines[0])
    if first is None or first[2]:
        return
    if first[4] is None:
        yield "no sampling rate is stated: read as 250 samples a second, WFDB's default"
    gains = (line.split()[2:3] for line in lines[1 : 1 + int(first[3])])
    stated = (re.match(r"[\d.eE+-]*", gain[0]) if gain else None for gain in gains)
    if any(not gain or gain[0] in ("", "0") for gain in stated):
        yield "not calibrated: read as WFDB's default of 200 steps a mV, so heights may be wrong"


def _lines(path: Path) -> list[str]:
    lines = [line.strip() for line in path.read_text("latin-1").splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def _check_length(path: Path, header: Any) -> None:
    if header.sig_len == 0:
        fix = "read the record that it is a segment of"
        raise _fault(path.name, "has no samples of its own", fix)
    if _length(header) / header.fs > MAX_SECONDS:
        raise _fault(path.name, "claims to last for months", "check its number of samples")
    if header.sig_len is None:
        files = {path.with_name(name) for name in header.file_name or ()}
        packed = any(str(fmt).startswith("5") for fmt in header.fmt or ())
        if packed or sum(file.stat().st_size for file in files) > MAX_VALUES:
            raise _fault(path.name, "does not say how long it is", "write the number of samples")


def _check(path: Path, *, depth: int) -> None:
    """Refuses (InputError) names that leave the folder, files that are missing, endless nesting."""
    if not _plain(path):
        raise _fault(path.name, "is missing", "send all files that the header names")
    if path.stat().st_size > MAX_HEADER_BYTES or depth > MAX_DEPTH:
        raise _fault(path.name, "is too large or nested too deep", "send a plain WFDB record")
    lines = _lines(path)
    first = _RECORD_LINE.fullmatch(lines[0]) if lines else None
    if first is None:
        raise _fault(path.name, "has no record line", "start it with 'name signals rate samples'")
    named = [line.split()[0] for line in lines[1:]]
    for name in dict.fromkeys(n for n in named if n != "~"):
        if not _NAME.fullmatch(name):
            raise _fault(path.name, f"names {name[:40]!r}", "name files of the same folder only")
        if first[2]:
            _check(path.with_name(f"{name}.hea"), depth=depth + 1)
        elif not _plain(path.with_name(name)):
            raise _fault(name, "is missing", f"send it together with {path.name}")


def _plain(path: Path) -> bool:
    """A link could lead to another patient's file."""
    return path.is_file() and not path.is_symlink()


@contextmanager
def _errors(where: str) -> Iterator[None]:
    """wfdb, numpy and libsndfile raise nearly anything on damaged files."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        raise InputError(
            f"no readable WFDB record: {type(error).__name__}: {error}"[:300],
            where=where,
            fix="check the header (dates are dd/mm/yyyy) and that its files are complete",
        ) from error


def _fault(where: str, message: str, fix: str) -> InputError:
    return InputError(message, where=where, fix=fix)
