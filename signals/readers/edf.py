"""EDF and EDF+ (European Data Format), read as its specification lays it out (edfplus.info).

Its own few lines because gaps count: of an interrupted recording (EDF+D) every data record is put
at the time that its annotations state, and what lies between is NaN. edfio 0.4 joins them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.exceptions import InputError
from engine.readers.ecg import edf
from signals.readers.channels import (
    About,
    Channel,
    Piece,
    check_rate,
    check_size,
    no_ecg,
    piece,
    recording,
)
from signals.readers.leads import is_lead
from signals.recording import Recording

SECONDS = 600.0
MAX_SIGNALS = 512
MAX_SECONDS = 62 * 86_400
_WIDTHS = (16, 80, 8, 8, 8, 8, 8, 80, 8, 32)
_ANNOTATIONS = "EDF Annotations"
_ONSET = re.compile(rb"([+-]\d+(?:\.\d*)?)(?:\x15[\d.]*)?\x14")
Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal of the header. at: its first sample in a data record. gain, base: to `unit`."""

    name: str
    unit: str
    at: int
    count: int
    gain: float
    base: float
    rails: tuple[float, float]


@dataclass(frozen=True, slots=True)
class File:
    """An EDF file. records: (records, bytes of one). onsets: (records,), seconds from the start."""

    about: About
    records: Any
    signals: tuple[Signal, ...]
    duration: float
    onsets: NDArray[np.float64]


def read(data: Bytes, name: str) -> Recording:
    """The recording in the bytes of an EDF file (an array, possibly mapped from disk).

    Raises:
        InputError: malformed, damaged, no ECG lead, or too large.
    """
    file = _file(data, name)
    leads = [s for s in file.signals if is_lead(s.name, s.unit)]
    rate = max(s.count for s in leads) / file.duration
    check_rate(rate, where=name)
    samples = round((file.onsets[-1] + file.duration) * rate)
    check_size(len(leads), samples, where=name)
    return recording(_pieces(file, SECONDS), file.about, samples=samples)


def stream(data: Bytes, name: str, *, seconds: float) -> Iterator[Recording]:
    """Pieces of about `seconds` (whole data records) in order, gaps included."""
    file = _file(data, name)
    for part in _pieces(file, seconds):
        yield recording([part], file.about)


def _pieces(file: File, seconds: float) -> Iterator[Piece]:
    step = max(1, round(seconds / file.duration)) * file.duration
    end = file.onsets[-1] + file.duration
    for number in range(int(np.ceil((end - 1e-6) / step))):
        begin = number * step
        yield piece(
            [_channel(file, s, begin, min(begin + step, end)) for s in file.signals],
            where=file.about.id,
        )


def _channel(file: File, signal: Signal, begin: float, end: float) -> Channel:
    """One signal from `begin` to `end` seconds, NaN where no data record lies."""
    rate = signal.count / file.duration
    start, samples = round(begin * rate), round(end * rate) - round(begin * rate)
    values = np.full(samples, np.nan)
    inside = (file.onsets > begin - file.duration) & (file.onsets < end)
    for number in np.flatnonzero(inside):
        raw = file.records[number, 2 * signal.at : 2 * (signal.at + signal.count)]
        digital = np.ascontiguousarray(raw).view("<i2")  # (count,)
        first = round(file.onsets[number] * rate) - start
        cut = digital[max(-first, 0) : samples - first]
        values[max(first, 0) : max(first, 0) + len(cut)] = cut * signal.gain + signal.base
    return Channel(signal.name, values, rate, signal.unit, rails=signal.rails)


def _file(data: Bytes, name: str) -> File:
    try:
        return _parsed(data, name)
    except InputError:
        raise
    except (ValueError, OverflowError, IndexError) as error:
        raise InputError(
            f"a malformed EDF header: {error}"[:200], where=name, fix="export the recording again"
        ) from error


def _parsed(data: Bytes, name: str) -> File:
    head = data[:256].tobytes().decode("latin-1")
    if head.startswith("\xff"):
        raise InputError("BDF is not read", where=name, fix="export the recording as EDF+")
    count = int(head[252:256])
    if len(head) < 256 or not 0 < count <= MAX_SIGNALS or len(data) < 256 * (count + 1):
        raise ValueError("cut short, or an impossible number of signals")
    fields = _fields(data[256 : 256 * (count + 1)].tobytes().decode("latin-1"), count)
    counts = [int(n) for n in fields[8]]
    signals = _signals(fields, counts)
    if not any(is_lead(s.name, s.unit) for s in signals):
        raise no_ecg(((s.name, s.unit) for s in signals), where=name)
    duration, size = float(head[244:252]), 2 * sum(counts)
    if min(counts) < 0 or size == 0:
        raise ValueError("no samples in its data records")
    if not 0 < duration < MAX_SECONDS:
        raise ValueError(f"data records of {duration:g} s")
    stated, there = int(head[236:244]), (len(data) - 256 * (count + 1)) // size
    if there == 0:
        raise ValueError("no complete data record")
    number = min(stated, there) if stated > 0 else there
    body = data[256 * (count + 1) :][: number * size].reshape(number, size)
    onsets = _onsets(body, fields[0], counts, duration, interrupted="EDF+D" in head[192:236])
    if onsets[-1] > MAX_SECONDS or np.any(np.diff(onsets) < duration - 1e-3):
        raise ValueError("its data records overlap, are out of order or months apart")
    remarks = [f"cut short: {there} of {stated} data records are there"] * (stated > there)
    known = edf.header(data[:256].tobytes(), where=name)
    about = About(
        id=name.rpartition("/")[2],
        start=known.start,
        sex=known.identity.sex,
        identifiers=tuple(sorted(known.identity.identifiers)),
        remarks=(*remarks, *_gaps(onsets, duration)),
    )
    return File(about, body, signals, duration, onsets)


def _fields(text: str, count: int) -> list[list[str]]:
    """The ten fields of the signal headers, each with one value a signal."""
    fields: list[list[str]] = []
    at = 0
    for width in _WIDTHS:
        fields.append([text[at + i * width : at + (i + 1) * width].strip() for i in range(count)])
        at += width * count
    return fields


def _signals(fields: list[list[str]], counts: list[int]) -> tuple[Signal, ...]:
    starts = np.cumsum([0, *counts])
    found: list[Signal] = []
    for i, label in enumerate(fields[0]):
        if label == _ANNOTATIONS or counts[i] == 0:
            continue
        low, high, least, most = (float(fields[f][i]) for f in (3, 4, 5, 6))
        if least >= most or low == high or not np.isfinite([low, high]).all():
            raise ValueError(f"no usable range of signal {label!r}")
        gain = (high - low) / (most - least)
        rails = (min(low, high), max(low, high))
        base = low - least * gain
        found.append(Signal(label, fields[2][i], int(starts[i]), counts[i], gain, base, rails))
    return tuple(found)


def _onsets(
    body: Any, labels: list[str], counts: list[int], duration: float, *, interrupted: bool
) -> NDArray[np.float64]:
    """(records,), when each data record begins; only an EDF+D file says so."""
    if not interrupted:
        return np.arange(len(body), dtype=np.float64) * np.float64(duration)
    if _ANNOTATIONS not in labels:
        raise ValueError("an interrupted recording (EDF+D) that does not say when its parts begin")
    signal = labels.index(_ANNOTATIONS)
    begin = 2 * sum(counts[:signal])
    found = [_ONSET.match(record[begin : begin + 2 * counts[signal]].tobytes()) for record in body]
    if not all(found):
        raise ValueError("a data record that does not say when it begins")
    times = [float(m[1]) for m in found if m]
    return np.array([time - times[0] for time in times], np.float64)


def _gaps(onsets: NDArray[np.float64], duration: float) -> list[str]:
    ends, begins = onsets[:-1] + duration, onsets[1:]
    gaps = [(e, b) for e, b in zip(ends, begins, strict=True) if b - e > 1e-3]
    shown = ", ".join(f"{e:g} to {b:g} s" for e, b in gaps[:5]) + ", ..." * (len(gaps) > 5)
    return [f"interrupted, nothing was recorded from {shown}"] if gaps else []
