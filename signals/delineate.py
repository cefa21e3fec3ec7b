"""Where the heartbeats of a lead are, and where their P, QRS and T waves begin and end.

A U-Net (`signals.wave_network`, taught by `signals.train_waves`) says for every 8 ms how likely an
R peak is and which wave it belongs to; the rest is reading maxima and runs. A wave that is not
there is not drawn: it stays NaN.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.types import ModelRef
from signals.condition import RATE, conditioned
from signals.layers import Floats, conv, relu, sigmoid, softmax
from signals.recording import Recording, Samples, Seconds
from signals.waves import Waves

CLASSES = 4
KINDS = ("p", "qrs", "t")
"""Classes 1 to 3; class 0 is no wave."""
DEPTHS = (16, 32, 48, 64, 64)
"""Channels at each level of the U-Net, every one half as fine as the one before."""
STEM, WIDTH = 9, 7
"""Samples a convolution sees: the first, and the others."""
GRID = RATE / 2
"""Answers a second."""
WEIGHTS = Path(__file__).parent / "weights" / "waves.safetensors"

PIECE_S, MARGIN_S, HOUR_S = 96.0, 4.0, 3600.0
"""A recording is conditioned by the hour and read in smaller pieces; of each a margin on both sides
is only for context.
"""
BEAT = 0.1
"""How likely an R peak must be; of the records that the network did not see, more are missed above
and more are invented below (card)."""
SURE, NEIGHBOURS = 0.5, 61
RIPPLE_SHARE, RIPPLE_MV, HEIGHT_S = 0.2, 0.15, 0.06
"""What is lower than this share of the sure beats around it (`NEIGHBOURS` of them), and lower than
this in mV, within `HEIGHT_S` of its peak, is no beat. Chosen on standstills put into records of
CinC 2017, and on MIT-BIH, where ripples were 0.01 to 0.12 mV and beats 0.21 mV and more."""
REFRACTORY_S = 0.2
"""No two heartbeats are closer."""
EARLY_S, QRS_S, LATE_S = 0.45, 0.1, 0.75
"""How far before, around and after its R peak the middle of a P, QRS and T wave may lie."""
BRIDGED_S = 0.016
"""A shorter break does not end a wave."""
LEAST_S = {"p": 0.03, "qrs": 0.03, "t": 0.04}
"""Shorter runs are no waves."""


@dataclass(frozen=True, slots=True)
class Network:
    """The U-Net in numpy. weights: as `WaveNetwork.folded` gives them. seen: the records it was
    trained on, by corpus.
    """

    weights: Mapping[str, Floats]
    ref: ModelRef
    seen: Mapping[str, frozenset[str]]

    def __call__(self, x: Samples) -> Floats:
        """(T,) conditioned -> (1 + CLASSES, T / 2): probability of an R peak, then of nothing, P,
        QRS, T, which sum to 1. T is a multiple of 2 ** len(DEPTHS).
        """
        seen: list[Floats] = []
        value: Floats = x[None]
        for level in range(len(DEPTHS)):
            value = self._block(value, f"down.{level}.0", stride=2)
            value = self._block(value, f"down.{level}.1")
            seen.append(value)
        value = self._block(value, "bottom")
        for level, beside in enumerate(seen[-2::-1]):
            value = np.concatenate([np.repeat(value, 2, axis=-1), beside])
            value = self._block(value, f"up.{level}")
        logits = conv(value, self.weights["head.weight"], self.weights["head.bias"])
        return np.concatenate([sigmoid(logits[:1]), softmax(logits[1:], axis=0)])

    def _block(self, x: Floats, name: str, *, stride: int = 1) -> Floats:
        weight, bias = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        return relu(conv(x, weight, bias, stride=stride))


@cache
def trained(path: Path = WEIGHTS) -> Network:
    """The network that ships, or that of a file."""
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as file:
        names: list[str] = list(file.keys())
        weights = {name: file.get_tensor(name).astype(np.float32) for name in names}
        seen = {key: frozenset(given.split(",")) for key, given in file.metadata().items()}
    digest = sha256(path.read_bytes()).hexdigest()
    return Network(weights, ModelRef("signals.waves", version("konsil"), digest), seen)


def peaks(recording: Recording, lead: str, *, network: Network | None = None) -> Seconds:
    """R peaks, (B,), seconds from the start; also those whose waves cannot be told apart."""
    signal, rate = recording.lead(lead), recording.rate
    rows = [np.zeros((0, 2))]
    for part, begin, core in _hours(signal, rate):
        r, certainty = _peaks(_answers(conditioned(part, rate), network)[0])
        rows.append(np.column_stack([begin + r, certainty])[_within(r, core)])
    found = np.concatenate(rows)
    return found[_real(found[:, 0], found[:, 1], signal, rate), 0]


def delineate(recording: Recording, lead: str, *, network: Network | None = None) -> Waves:
    """The waves of one lead."""
    signal, rate = recording.lead(lead), recording.rate
    rows = [np.zeros((0, 11))]
    for part, begin, core in _hours(signal, rate):
        x = conditioned(part, rate)
        answer = _answers(x, network)
        r, certainty = _peaks(answer[0])
        times = begin + _times(x, r, answer[1:])
        rows.append(np.column_stack([times, certainty])[_within(r, core)])
    found = np.concatenate(rows)
    found = found[_real(found[:, 0], found[:, 10], signal, rate)]
    return Waves(found[:, 0], found[:, 1:4], found[:, 4:7], found[:, 7:10], found[:, 10])


def _hours(signal: Samples, rate: float) -> Iterator[tuple[Samples, float, tuple[float, float]]]:
    """Parts of a long lead with their margins, so that memory does not grow with it: the samples,
    the second at which they begin, and from and to which second of theirs they are the part's own.
    """
    for first in range(0, signal.size, max(int(HOUR_S * rate), 1)):
        last = min(first + int(HOUR_S * rate), signal.size)
        begin = max(first - int(2 * MARGIN_S * rate), 0)
        end = last + int(2 * MARGIN_S * rate)
        own = ((first - begin) / rate, (last - begin) / rate)
        yield signal[begin:end], begin / rate, own


def _within(r: Seconds, core: tuple[float, float]) -> NDArray[np.bool_]:
    return (r >= core[0]) & (r < core[1])


def _real(r: Seconds, certainty: Seconds, signal: Samples, rate: float) -> NDArray[np.bool_]:
    """Which beats lie where something was recorded, are one (of two that parts of a recording have
    on their border), and are no ripple of a standstill: the size of a lead is that of its seconds,
    so a silent one is enlarged until ripples look like beats.
    """
    if not r.size:
        return np.zeros(0, np.bool_)
    place = np.clip(np.rint(r * rate).astype(np.intp), 0, signal.size - 1)
    kept = (np.diff(r, prepend=-np.inf) > REFRACTORY_S / 2) & np.isfinite(signal[place])
    sure = kept & (certainty >= SURE)
    if not sure.any():
        return kept
    height = _heights(place, signal, int(HEIGHT_S * rate))
    from scipy.ndimage import median_filter

    usual = median_filter(height[sure], NEIGHBOURS, mode="nearest")
    ripple = height < RIPPLE_SHARE * np.interp(r, r[sure], usual)
    return kept & ~(ripple & (height < RIPPLE_MV))


def _heights(place: NDArray[np.intp], signal: Samples, reach: int) -> NDArray[np.float64]:
    """(B,), mV: from the lowest to the highest sample around each place; 0 where none is known."""
    around = np.clip(place[:, None] + np.arange(-reach, reach + 1), 0, signal.size - 1)
    values = signal[around]
    known = np.isfinite(values)
    high = np.where(known, values, -np.inf).max(axis=1)
    low = np.where(known, values, np.inf).min(axis=1)
    return np.where(known.any(axis=1), high - low, 0.0).astype(np.float64)


def _answers(x: Samples, network: Network | None) -> Floats:
    """What the network says of one lead: (2 T,) conditioned -> (1 + CLASSES, T), at `GRID`."""
    network = network or trained()
    parts = [network(piece)[:, kept] for piece, kept in _pieces(x)]
    return np.concatenate(parts, axis=1) if parts else np.zeros((1 + CLASSES, 0), np.float32)


def _pieces(x: Samples) -> Iterator[tuple[Samples, slice]]:
    """Pieces with their margins, and which answers of each count. All begin where the coarsest
    level has a sample, so that the borders between them leave no trace.
    """
    step = 2 ** len(DEPTHS)
    piece, margin = (int(seconds * RATE) // step * step for seconds in (PIECE_S, MARGIN_S))
    for start in range(0, x.size, piece):
        end = min(start + piece, x.size)
        left, right = max(start - margin, 0), min(end + margin, x.size)
        part = x[left:right]
        part = np.pad(part, (0, -part.size % step))
        yield part, slice((start - left) // 2, (end - left) // 2)


def _peaks(likely: Floats) -> tuple[Seconds, Seconds]:
    """(T,) -> seconds and likelihood of the R peaks: maxima, the likelier of two that are close."""
    from scipy.signal import find_peaks

    place, _ = find_peaks(likely, height=BEAT, distance=max(int(REFRACTORY_S * GRID), 1))
    around = np.stack(
        [likely.astype(np.float64)[np.clip(place + d, 0, likely.size - 1)] for d in (-1, 0, 1)]
    )
    bend = around[0] - 2 * around[1] + around[2]
    shift = np.divide(0.5 * (around[0] - around[2]), bend, out=np.zeros_like(bend), where=bend < 0)
    return (place + np.clip(shift, -0.5, 0.5)) / GRID, likely[place].astype(np.float64)


def _times(x: Samples, r: Seconds, likely: Floats) -> NDArray[np.float64]:
    """x: (2 T,), conditioned. likely: (CLASSES, T). (B, 10): R peak, then onset, peak and offset of
    the last P before it, of the QRS complex around it and of the most certain T after it.
    """
    runs = {kind: _runs(likely, 1 + k, LEAST_S[kind]) for k, kind in enumerate(KINDS)}
    times = np.full((r.size, 10), np.nan)
    times[:, 0] = r
    for beat, at in enumerate(r.tolist()):
        before = max(r[beat - 1] + REFRACTORY_S, at - EARLY_S) if beat else at - EARLY_S
        after = min(r[beat + 1], at + LATE_S) if beat + 1 < r.size else at + LATE_S
        times[beat, 1:4] = _chosen(x, runs["p"], before, at, by=1)
        times[beat, 4:7] = _chosen(x, runs["qrs"], at - QRS_S, at + QRS_S, by=2)
        times[beat, 7:10] = _chosen(x, runs["t"], at, after, by=2)
    times[:, 5] = np.where(np.isnan(times[:, 4]), np.nan, r)
    return times


def _runs(likely: Floats, which: int, least: float) -> NDArray[np.float64]:
    """(N, 3): onset, offset (s) and weight of the stretches where a class is the likeliest."""
    there = np.concatenate([[False], likely.argmax(axis=0) == which, [False]])
    edges = np.flatnonzero(np.diff(there))
    start, end = edges[::2], edges[1::2]
    apart = start[1:] - end[:-1] > BRIDGED_S * GRID
    start = start[np.concatenate([[True], apart])] if start.size else start
    end = end[np.concatenate([apart, [True]])] if end.size else end
    total = np.concatenate([[0.0], np.cumsum(likely[which], dtype=np.float64)])
    found = np.stack([(start - 0.5) / GRID, (end - 0.5) / GRID, total[end] - total[start]], axis=1)
    return found[end - start >= least * GRID].astype(np.float64)


def _chosen(
    x: Samples, runs: NDArray[np.float64], low: float, high: float, *, by: int
) -> tuple[float, float, float]:
    """Onset, peak and offset of the run whose middle lies in a stretch of time; NaN if none does.

    by: column of `runs` that is to be largest.
    """
    first, last = np.searchsorted(runs[:, 1], [low, high + LATE_S])
    near = runs[first:last]
    middle = (near[:, 0] + near[:, 1]) / 2
    near = near[(middle > low) & (middle < high)]
    if not len(near):
        return np.nan, np.nan, np.nan
    onset, offset, _ = near[near[:, by].argmax()].tolist()
    return onset, _summit(x, onset, offset), offset


def _summit(x: Samples, onset: float, offset: float) -> float:
    """Where a wave is farthest from the line between its ends, s."""
    first, last = int(max(onset, 0) * RATE), min(int(offset * RATE) + 1, x.size)
    part = x[first:last]
    if part.size < 3:
        return (onset + offset) / 2
    line = np.linspace(part[0], part[-1], part.size)
    return (first + int(np.abs(part - line).argmax())) / RATE
