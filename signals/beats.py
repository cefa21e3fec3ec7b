"""What kind each heartbeat is: the classes of AAMI EC57, by a recurrent network over beats.

A beat in each lead is read by a small network, what it says is pooled over the leads, and a
bidirectional GRU reads the beats in their order. Trained by `python -m signals.train_beats`;
weights/BEATS.md has data and numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.exceptions import SourceError
from engine.types import ModelRef
from signals.annotated import CLASSES
from signals.beat_features import Beats, measure
from signals.beat_scaling import Scaling
from signals.layers import gru, relu
from signals.recording import Recording, Seconds

FILE = Path(__file__).parent / "weights" / "beats.safetensors"
VERSION = "1"
PIECE, OVERLAP = 1800.0, 30.0
"""Seconds of a recording that are looked at together, and further ones at either side. What is
usual is learned in each piece, so that a day of it takes no more memory than an hour.
"""
WINDOW, CONTEXT = 96, 16
"""Beats that the GRU reads together, and further ones at either side: their number bounds how far
away something can change a label.
"""
GATES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
PREFERRED = ("II", "MLII", "V1", "V5")
READABLE = 0.5
"""Share of a lead that must be known for it to be preferred to one that is."""
MOST = 2
"""Leads that are read unless told otherwise: as many as were in training."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class BeatLabels:
    """B beats. labels: (B,), one of "N" "S" "V" "F" "Q" each. probabilities: (B, 5) of these in
    this order, calibrated; a row sums to 1. The label is the most probable.
    """

    labels: NDArray[np.str_]
    probabilities: NDArray[np.float64]


class Classifier:
    """Beats in, logits or probabilities of the five classes out."""

    def __init__(self, given: Mapping[str, NDArray[Any]]) -> None:
        """given: as `signals.train_beats` saves them."""
        self.seen: frozenset[int] = (
            frozenset(given["seen"].tolist()) if "seen" in given else frozenset()
        )
        """`Annotated.digest` of the recordings it learned from."""
        self._scaling = Scaling.saved(given)
        self._weights = {
            name: array.astype(np.float32)
            for name, array in given.items()
            if array.dtype.kind == "f" and not name.startswith("scaling.")
        }
        w = self._weights
        self._scale = float(w["calibration.scale"][0]) if "calibration.scale" in w else 1.0
        nothing = np.zeros(len(CLASSES), np.float32)
        self._bias = w.get("calibration.bias", nothing)

    def classify(
        self, recording: Recording, r: Seconds, *, leads: Sequence[str] | None = None
    ) -> BeatLabels:
        """See `classify`."""
        logits = self.logits(recording, r, leads=leads)
        calibrated = (self._scale * logits + self._bias).astype(np.float64)
        raised = np.exp(calibrated - calibrated.max(axis=1, keepdims=True, initial=-np.inf))
        chosen = raised.argmax(axis=1)
        return BeatLabels(
            np.array(list(CLASSES))[chosen], raised / raised.sum(axis=1, keepdims=True)
        )

    def logits(
        self, recording: Recording, r: Seconds, *, leads: Sequence[str] | None = None
    ) -> Floats:
        """(B, 5), before calibration."""
        names = chosen_leads(recording) if leads is None else tuple(leads)
        found = np.zeros((len(r), len(CLASSES)), np.float32)
        for piece, beats, own, since in _pieces(recording, r):
            if beats.start < beats.stop:
                found[beats][own] = self.read(measure(piece, r[beats] - since, names))[own]
        return found

    def read(self, beats: Beats) -> Floats:
        """(B, 5): the logits of beats in their order."""
        return self._in_context(self._each(beats))

    def _each(self, beats: Beats) -> Floats:
        """(B, WIDE): each beat by itself, over its leads."""
        w = self._weights
        each, times = self._scaling(beats)  # (B, L, WIDTH), (B, TIMES)
        x = relu(each @ w["first.weight"].T + w["first.bias"])
        x = relu(x @ w["second.weight"].T + w["second.bias"]) * beats.seen[..., None]
        mean = x.sum(axis=1) / np.maximum(beats.seen.sum(axis=1), 1)[:, None]
        x = np.concatenate([mean, x.max(axis=1), times], axis=-1).astype(np.float32)
        return relu(x @ w["joined.weight"].T + w["joined.bias"])

    def _in_context(self, x: Floats) -> Floats:
        """(B, WIDE) -> (B, 5): windows of beats at once, each with others at either side."""
        w = self._weights
        found = np.zeros((len(x), len(CLASSES)), np.float32)
        for length, starts in _windows(len(x)).items():
            places = np.array(starts)[:, None] + np.arange(length)  # (W, T)
            given = x[places]  # (W, T, WIDE)
            context = [
                gru(given, *(w[f"gru.{name}_l0{way}"] for name in GATES), back=bool(way))
                for way in ("", "_reverse")
            ]
            logits = np.concatenate([given, *context], axis=-1) @ w["out.weight"].T + w["out.bias"]
            first = np.where(np.array(starts) > 0, CONTEXT, 0)[:, None]
            last = np.where(places[:, -1:] < len(x) - 1, length - CONTEXT, length)
            own = (np.arange(length) >= first) & (np.arange(length) < last)
            found[places[own]] = logits[own]
        return found


def _windows(beats: int) -> dict[int, list[int]]:
    """Length -> where windows of that length start, so that the inner beats are every beat once."""
    whole = WINDOW + 2 * CONTEXT
    if beats <= whole:
        return {beats: [0]} if beats else {}
    starts = list(range(0, beats - whole, WINDOW))
    return {whole: [*starts, beats - whole]}


def chosen_leads(recording: Recording) -> tuple[str, ...]:
    """The leads that are read: those most like the ones in training, else the first."""
    first = [name for name in PREFERRED if name in recording.leads]
    others = [name for name in recording.leads if name not in first]
    known = {name: np.isfinite(recording.lead(name)).mean() for name in recording.leads}
    return tuple(sorted([*first, *others], key=lambda name: known[name] <= READABLE)[:MOST])


def _pieces(recording: Recording, r: Seconds) -> Iterator[tuple[Recording, slice, slice, float]]:
    """Pieces of a recording with some more at either side; which beats are in them; which of these
    are the piece's own; and when it starts, in seconds.
    """
    count = max(round(recording.seconds / PIECE), 1)
    edges = np.linspace(0, recording.seconds, count + 1)
    edges[0], edges[-1] = -np.inf, np.inf
    for begin, end in pairwise(edges.tolist()):
        first = max(int((begin - OVERLAP) * recording.rate), 0) if np.isfinite(begin) else 0
        last = int((end + OVERLAP) * recording.rate) if np.isfinite(end) else None
        since, until = first / recording.rate, end + OVERLAP
        low, high = np.searchsorted(r, [since, until])
        own = np.searchsorted(r, [begin, end]) - low
        yield (
            replace(recording, signal=recording.signal[:, first:last]),
            slice(int(low), int(high)),
            slice(int(own[0]), int(own[1])),
            since,
        )


@cache
def packaged() -> tuple[Classifier, ModelRef]:
    """The classifier that is installed, and its name.

    Raises:
        SourceError: its weights are missing or cannot be read.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        classifier = Classifier(load_file(FILE))
        digest = sha256(FILE.read_bytes()).hexdigest()
    except (OSError, SafetensorError, KeyError) as fault:
        raise SourceError(
            f"no weights of the beat classifier: {fault}",
            fix=f"train them with `python -m signals.train_beats` (they belong in {FILE})",
        ) from fault
    return classifier, ModelRef("signals.beats", VERSION, digest)


def classify(recording: Recording, r: Seconds, *, leads: Sequence[str] | None = None) -> BeatLabels:
    """The class of each beat.

    r: (B,), R peaks in ascending seconds from the start. leads: those to read, any number; by
    default at most two, most like those of the training. A beat that no lead shows (a gap) is told
    by its time alone. What changes a label lies in the same half hour: the usual beat and rate of
    `PIECE` and the `WINDOW` beats around it.

    Raises:
        KeyError: a lead that the recording does not have.
        SourceError: the weights are missing.
    """
    return packaged()[0].classify(recording, r, leads=leads)
