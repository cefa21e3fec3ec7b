"""DICOM waveforms (PS3.3 A.34, Supplement 30): 12-lead, general and ambulatory ECG objects."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import numpy as np

from engine.exceptions import InputError
from engine.readers.dicom import header
from signals.readers.channels import About, Channel, Values, check_size, piece, recording
from signals.recording import Recording

SCHEMES = {"MDC": "2:", "SCPECG": "5.6.3-9-"}
LEADS = {1: "I", 2: "II", 61: "III", 62: "aVR", 63: "aVL", 64: "aVF"} | {
    number + 2: f"V{number}" for number in range(1, 7)
}
"""What codes of leads begin with, by coding scheme, and what their number means: as pydicom's table
of MDC has them; its test file has the same numbers with the scheme of SCP-ECG."""
_FIX = "send a standard, uncompressed DICOM ECG (12-lead, general or ambulatory ECG storage)"
_TYPES = {("SB", 8): "i1", ("UB", 8): "u1", ("SS", 16): "i2", ("US", 16): "u2"}
_TYPES |= {("SL", 32): "i4", ("UL", 32): "u4"}


def read(data: bytes, name: str) -> Recording:
    """The recording in a DICOM file; multiplex groups marked as derived are left out.

    Raises:
        InputError: no or a hostile DICOM file, no waveform, malformed, or too large.
    """
    try:
        known = header(data, where=name)
        dataset = _dataset(data)
        groups = list(dataset.get("WaveformSequence") or ())
        original = [g for g in groups if g.get("WaveformOriginality") != "DERIVED"] or groups
        channels = [c for group in original for c in _channels(dataset, group, name)]
    except InputError:
        raise
    except Exception as error:  # pydicom raises nearly anything on damaged files
        message = f"no readable DICOM waveform: {error}"[:200]
        raise InputError(message, where=name, fix=_FIX) from error
    if not channels:
        raise InputError("a DICOM file without waveforms", where=name, fix=_FIX)
    left = len(groups) - len(original)
    about = About(
        id=name.rpartition("/")[2],
        start=known.recorded,
        sex=known.identity.sex,
        age_years=_age(dataset),
        identifiers=tuple(sorted(known.identity.identifiers)),
        remarks=(f"{left} derived waveforms left out",) * (left > 0),
    )
    return recording([piece(channels, where=name)], about)


def _dataset(data: bytes) -> Any:
    import pydicom

    return pydicom.dcmread(BytesIO(data))


def _channels(dataset: Any, group: Any, name: str) -> Iterator[Channel]:
    samples, count = int(group.NumberOfWaveformSamples), int(group.NumberOfWaveformChannels)
    check_size(count, samples, where=name)
    kind = _TYPES[(group.WaveformSampleInterpretation, int(group.WaveformBitsAllocated))]
    order = ">" if dataset.file_meta.TransferSyntaxUID.is_little_endian is False else "<"
    type = np.dtype(kind).newbyteorder(order)
    raw = np.frombuffer(group.WaveformData, type, count=samples * count).reshape(samples, count)
    start = float(group.get("MultiplexGroupTimeOffset") or 0) / 1000
    rate = float(group.SamplingFrequency)
    padding = _padding(group, type)
    for column, channel in zip(raw.T, group.ChannelDefinitionSequence, strict=True):
        values: Values = column.astype(np.float64)
        if padding is not None:
            values[column == padding] = np.nan
        scale, base, unit = _scale(channel)
        rails = _rails(channel, scale, base) if type.kind == "i" else None
        called = _called(channel.ChannelSourceSequence[0])
        yield Channel(called, values * scale + base, rate, unit, max(start, 0.0), rails)


def _called(source: Any) -> str:
    """By its code where that is one of a standard lead, else as it is written."""
    before = SCHEMES.get(str(source.get("CodingSchemeDesignator") or ""))
    code = str(source.get("CodeValue") or "")
    number = code.removeprefix(before) if before and code.startswith(before) else ""
    lead = LEADS.get(int(number)) if number.isdecimal() else None
    return lead or str(source.CodeMeaning)


def _scale(channel: Any) -> tuple[float, float, str]:
    """What one count is worth, what 0 is worth, and their unit (UCUM)."""
    if "ChannelSensitivity" not in channel:
        raise ValueError("a channel without sensitivity: its samples have no unit")
    sensitivity = float(channel.ChannelSensitivity)
    correction = float(channel.get("ChannelSensitivityCorrectionFactor") or 1)
    unit = str(channel.ChannelSensitivityUnitsSequence[0].CodeValue)
    return sensitivity * correction, float(channel.get("ChannelBaseline") or 0), unit


def _padding(group: Any, type: np.dtype[Any]) -> Any:
    value = group.get("WaveformPaddingValue")
    if value is None or isinstance(value, bytes):
        return np.frombuffer(value, type, count=1)[0] if value else None
    return value


def _rails(channel: Any, scale: float, base: float) -> tuple[float, float] | None:
    """From the bits that are stored, where they are stated."""
    bits = int(channel.get("WaveformBitsStored") or 0)
    if not bits:
        return None
    low, high = (scale * n + base for n in (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1))
    return min(low, high), max(low, high)


def _age(dataset: Any) -> float | None:
    """ "047Y", "011M", "003W", "010D"."""
    text = str(dataset.get("PatientAge") or "")
    per_year = {"Y": 1, "M": 12, "W": 365.25 / 7, "D": 365.25}.get(text[-1:])
    return int(text[:-1]) / per_year if per_year and text[:-1].isdigit() else None
