"""What is measured in a recording: rate, intervals, axis and voltage, held against their ranges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.types import Patient
from signals import ranges
from signals.axis import frontal_axis
from signals.intervals import Intervals, Name, Spans
from signals.parts import Labels
from signals.ranges import Verdict
from signals.recording import Recording
from signals.voltage import voltages
from signals.waves import Waves

_RANGE: dict[Name, str] = {
    "P": "P",
    "PR": "PR",
    "QRS": "QRS",
    "QTc Bazett": "QTc",
    "QTc Fridericia": "QTc",
}


@dataclass(frozen=True, slots=True)
class Quantity:
    """A measurement: a median over `beats` beats with their interquartile range (`spread`).

    of: how many beats could have had it. spread: None where there is none. verdict: None for what
    has no range at any age.
    """

    name: str
    value: float
    unit: str
    spread: float | None
    beats: int
    of: int
    verdict: Verdict | None


def quantities(
    recording: Recording,
    waves: Waves,
    found: Intervals,
    *,
    usual: NDArray[np.bool_],
    patient: Patient,
) -> Iterator[Quantity]:
    """The rate of all beats, then what the `usual` beats (B,) have; what is absent is left out."""
    table = ranges.load()
    if (rr := found.median("RR")) is not None:
        beat = 60000 / rr.value
        verdict = table.judge("rate", beat, patient)
        yield Quantity("rate", beat, "/min", None, rr.beats + 1, len(waves), verdict)
    for name in found.ms:
        if (measured := found.median(name, of=usual)) is None:
            continue
        verdict = None
        if name in _RANGE:
            verdict = table.judge(_RANGE[name], measured.value, patient)
        yield Quantity(
            name, measured.value, "ms", measured.spread, measured.beats, int(usual.sum()), verdict
        )
    chosen = Waves(*(x[usual] for x in (waves.r, waves.p, waves.qrs, waves.t, waves.certainty)))
    if (axis := frontal_axis(recording, chosen)) is not None:
        verdict = table.judge("axis", axis, patient)
        yield Quantity("axis", axis, "degrees", None, len(chosen), len(chosen), verdict)
    for name, value in voltages(recording, chosen):
        verdict = table.judge(name, value, patient)
        yield Quantity(name, value, "mV", None, len(chosen), len(chosen), verdict)


def usual_beats(beats: int, labels: Labels | None) -> NDArray[np.bool_]:
    """(B,), beats whose intervals tell of the patient: normal ones after a normal one.

    Without labels every beat counts.
    """
    if labels is None:
        return np.ones(beats, np.bool_)
    normal = np.array([label == "N" for label in labels.label], np.bool_)
    return normal & np.concatenate([normal[:1], normal[:-1]])


def gaps(recording: Recording, lead: str) -> Spans:
    """Where a lead was not recorded: stretches of NaN."""
    missing = np.concatenate([[False], ~np.isfinite(recording.lead(lead)), [False]])
    edges = np.flatnonzero(np.diff(missing.astype(np.int8)))
    return [(a / recording.rate, b / recording.rate) for a, b in edges.reshape(-1, 2).tolist()]
