"""From the channels of a file to the leads of a recording: one clock, millivolts, known names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain, groupby

import numpy as np
from numpy.typing import NDArray

from engine.exceptions import InputError
from engine.types import Sex
from signals.readers.leads import is_lead, lead_name, millivolts
from signals.recording import Recording, Samples

MAX_VALUES = 128_000_000
"""Samples of all leads of one recording in memory (512 MB); 24 h of 4 leads at 360 Hz have 124."""

RATES = (10.0, 100_000.0)
"""Samples a second that an ECG can have. Source: curated, unreferenced."""

CLIPPED_RUN, CLIPPED_S = 3, 0.01
"""Samples in a row, and seconds, at the limit of the converter from which it is clipping and not
the top of one wave. Source: curated, unreferenced."""

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel as a file has it. values: (samples,), in `unit`; NaN where nothing was recorded.

    rate: samples a second. start_s: of its first sample, from the start of the recording. rails:
    the least and greatest value that the converter can give, in `unit`; None when not known.
    """

    name: str
    values: Values
    rate: float
    unit: str
    start_s: float = 0.0
    rails: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class About:
    """What a file states beside its samples; the fields are those of `Recording`."""

    id: str
    start: datetime | None = None
    sex: Sex | None = None
    age_years: float | None = None
    identifiers: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a recording. clipped: seconds of each lead at the limit of its converter."""

    signal: Samples
    rate: float
    leads: tuple[str, ...]
    clipped: tuple[float, ...]
    remarks: tuple[str, ...]


def piece(channels: Sequence[Channel], *, where: str) -> Piece:
    """The ECG leads among these channels, at the highest of their rates.

    Channels of one name are parts of one lead (a print of 3 x 4 leads); what lies between is NaN.

    Raises:
        InputError: none is an ECG lead, a rate is out of range, or it would be too large.
    """
    kept = [c for c in channels if is_lead(c.name, c.unit)]
    if not kept:
        raise no_ecg(((c.name, c.unit) for c in channels), where=where)
    rate = max(c.rate for c in kept)
    for channel in kept:
        check_rate(channel.rate, where=where)
    names = _unique(kept)
    leads = tuple(dict.fromkeys(names))
    samples = max(round((c.start_s + len(c.values) / c.rate) * rate) for c in kept)
    check_size(len(leads), samples, where=where)
    signal: Samples = np.full((len(leads), samples), np.nan, np.float32)  # (leads, samples)
    clipped = [0.0] * len(leads)
    for name, channel in zip(names, kept, strict=True):
        row, first = leads.index(name), round(channel.start_s * rate)
        clipped[row] += _clipped_s(channel)
        values = _resampled(channel, rate)[: samples - first]
        signal[row, first : first + len(values)] = values * (millivolts(channel.unit) or 0.0)
    signal[~np.isfinite(signal)] = np.nan
    return Piece(signal, rate, leads, tuple(clipped), _remarks(channels, kept, rate))


def recording(pieces: Iterable[Piece], about: About, *, samples: int | None = None) -> Recording:
    """The pieces as one recording. samples: in all, where known, so that memory is taken once.

    Raises:
        InputError: no samples, or too many.
    """
    parts = iter(pieces)
    first = next(parts, None)
    if first is None or first.signal.size == 0:
        raise InputError("holds no samples", where=about.id, fix="send the complete recording")
    check_size(len(first.leads), samples or 0, where=about.id)
    if samples is None or samples == first.signal.shape[1]:
        rest = [first, *parts]
        signal = np.concatenate([p.signal for p in rest], axis=1) if len(rest) > 1 else first.signal
    else:
        signal, rest = _filled(first, parts, samples)
    seconds = np.sum([p.clipped for p in rest], axis=0)
    clipped = (
        f"lead {lead} is at the limit of its converter for {s:.2g} s"
        for lead, s in zip(first.leads, seconds, strict=True)
        if s > 0
    )
    remarks = dict.fromkeys((*about.remarks, *(r for p in rest for r in p.remarks), *clipped))
    return Recording(
        id=about.id,
        signal=signal,
        rate=first.rate,
        leads=first.leads,
        start=about.start,
        sex=about.sex,
        age_years=about.age_years,
        identifiers=about.identifiers,
        remarks=tuple(remarks),
    )


def check_size(leads: int, samples: float, *, where: str) -> None:
    """Refuses (InputError) what would not fit into memory, before any is taken."""
    if leads * samples > MAX_VALUES:
        raise InputError(
            f"claims {leads * samples:,.0f} samples; at most {MAX_VALUES:,} are read at once",
            where=where,
            fix="check the header, or send a part of the recording",
        )


def check_rate(rate: float, *, where: str) -> None:
    """Refuses (InputError) a rate that no ECG has."""
    if not RATES[0] <= rate <= RATES[1]:
        raise InputError(
            f"{rate:g} samples a second are no ECG",
            where=where,
            fix=f"send a recording of {RATES[0]:g} to {RATES[1]:g} Hz and check the stated rate",
        )


def no_ecg(channels: Iterable[tuple[str, str]], *, where: str) -> InputError:
    """The error for channels, by name and unit, none of which is an ECG lead."""
    there = ", ".join(dict.fromkeys(f"{name} ({unit or 'no unit'})" for name, unit in channels))
    return InputError(
        f"no channel is an ECG lead; there are {there[:200]}" if there else "no channels",
        where=where,
        fix="send a recording with at least one lead in uV, mV or V",
    )


def _filled(first: Piece, rest: Iterator[Piece], samples: int) -> tuple[Samples, list[Piece]]:
    """One array filled piece by piece; the pieces are kept without their samples."""
    signal: Samples = np.full((len(first.leads), samples), np.nan, np.float32)
    at, seen = 0, []
    none = first.signal[:, :0]
    for part in chain((first,), rest):
        count = min(part.signal.shape[1], samples - at)
        signal[:, at : at + count] = part.signal[:, :count]
        at += count
        seen.append(replace(part, signal=none))
    return signal[:, :at], seen


def _unique(channels: Sequence[Channel]) -> list[str]:
    """Names of leads; of two that run at the same time the second is called "II (2)"."""
    names: list[str] = []
    taken: list[tuple[str, float, float]] = []
    for channel in channels:
        name, number = lead_name(channel.name) or "unnamed", 1
        begin, end = channel.start_s, channel.start_s + len(channel.values) / channel.rate
        called = name
        while any(n == called and b < end and begin < e for n, b, e in taken):
            number += 1
            called = f"{name} ({number})"
        taken.append((called, begin, end))
        names.append(called)
    return names


def _resampled(channel: Channel, rate: float) -> Values:
    """At `rate`, by straight lines between samples; NaN stays NaN."""
    if channel.rate == rate:
        return channel.values
    count = round(len(channel.values) * rate / channel.rate)
    times = np.arange(count) * (channel.rate / rate)
    return np.interp(times, np.arange(len(channel.values)), channel.values)


def _clipped_s(channel: Channel) -> float:
    if channel.rails is None:
        return 0.0
    low, high = channel.rails
    margin = (high - low) * 1e-6
    at_rail = (channel.values <= low + margin) | (channel.values >= high - margin)
    if not at_rail.any():
        return 0.0
    least = max(CLIPPED_RUN, CLIPPED_S * channel.rate)
    runs = (len(list(run)) for rail, run in groupby(at_rail.tolist()) if rail)
    return sum(run for run in runs if run >= least) / channel.rate


def _remarks(channels: Sequence[Channel], kept: Sequence[Channel], rate: float) -> tuple[str, ...]:
    out = dict.fromkeys(c.name for c in channels if not any(c is k for k in kept))
    slower = dict.fromkeys(lead_name(c.name) for c in kept if c.rate != rate)
    said = [f"no ECG and left out: {', '.join(out)}"] if out else []
    if slower:
        said.append(f"brought to {rate:g} Hz: {', '.join(slower)}")
    return tuple(said)
