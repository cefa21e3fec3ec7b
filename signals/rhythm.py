"""The rhythm of one lead: normal, atrial fibrillation, another, or too noisy to say.

A BiGRU over heartbeats with attention, beside numbers that describe the whole strip
(`signals.rhythm_features`); taught by `signals.train_rhythm` on CinC 2017.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Literal, get_args

import numpy as np

from engine.types import Issue
from signals.condition import bridged
from signals.layers import Floats
from signals.recording import Recording, Samples, Seconds
from signals.rhythm_model import Look, Network, look, trained

Kind = Literal["normal", "atrial fibrillation", "other", "noise"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""In the order of the network's answers; N, A, O and ~ of CinC 2017."""

SHORTEST_S = 8.0
"""Nothing shorter is judged: the network was taught with 9 to 61 s."""
WHOLE_S = 61.0
"""A stretch up to this long is judged as one."""
WINDOW_S, STEP_S = 30.0, 20.0
"""A longer one in windows, each of which begins so long after the one before."""
BRIDGED_S = 0.5
"""A longer gap in the signal ends a stretch."""


@dataclass(frozen=True, slots=True)
class Episode:
    """A stretch of one rhythm. start, end: seconds from the start of the recording.

    probability: calibrated, 0 to 1, of the rhythm, mean over the windows in it.
    """

    kind: Kind
    start: float
    end: float
    probability: float


@dataclass(frozen=True, slots=True)
class Rhythm:
    """The rhythm of one lead.

    probabilities: of each kind, calibrated on strips of 9 to 61 s; they sum to 1. Of a longer lead
    the mean over its windows, which says how much of it is of that kind. episodes: in order of
    time; what lies between them was not judged. beats, saliency: (B,), R peaks in seconds and how
    much each spoke for the kind its window is told to be (its part of the network's logit, by
    attention), 0 to 1, relative to the beat of the window that spoke most for it.
    remarks: stretches that were not judged, and why.
    """

    probabilities: dict[Kind, float]
    episodes: tuple[Episode, ...]
    beats: Seconds
    saliency: Seconds
    remarks: tuple[Issue, ...] = ()

    def strongest(self, episode: Episode, *, seconds: float = 10.0) -> tuple[float, float]:
        """Start and end of the part of an episode, at most so long, that spoke most for it."""
        inside = (self.beats >= episode.start) & (self.beats <= episode.end)
        start = episode.start
        if inside.any() and episode.end - start > seconds:
            r, weights = self.beats[inside], self.saliency[inside]
            sums = [weights[(r >= a) & (r < a + seconds)].sum() for a in r]
            start = min(float(r[int(np.argmax(sums))]), episode.end - seconds)
        return start, min(start + seconds, episode.end)


def classify(
    recording: Recording,
    lead: str,
    *,
    step: float = STEP_S,
    network: Network | None = None,
) -> Rhythm | Issue:
    """The rhythm of a lead, or why it cannot be told.

    step: seconds from one window to the next, up to `WINDOW_S`; only of stretches longer than
    `WHOLE_S`.

    Raises:
        KeyError: there is no such lead.
    """
    signal = recording.lead(lead)
    where = f"{recording.id}, lead {lead}"
    stretches, remarks = _stretches(signal, recording.rate, where)
    if not stretches:
        return Issue(
            "warning",
            where,
            f"no {SHORTEST_S:g} s without a gap: the rhythm cannot be told",
            f"record {SHORTEST_S:g} s or more, better 30",
        )
    groups = [_looks(signal[a:b], recording.rate, a, step) for a, b in stretches]
    looks = [one for group in groups for one in group]
    if all(one.flat for one in looks):
        return Issue("warning", where, "a flat line: no rhythm to be told", "check the electrodes")
    chances, spoken = (network or trained())(looks)
    spans = np.array([one.end - one.start for one in looks])
    overall = spans @ chances / spans.sum()
    ends = np.cumsum([len(group) for group in groups])[:-1]
    return Rhythm(
        dict(zip(KINDS, overall.tolist(), strict=True)),
        tuple(
            episode
            for group, part in zip(groups, np.split(chances, ends), strict=True)
            for episode in _episodes(group, part)
        ),
        *_saliency(looks, chances, spoken),
        remarks=remarks,
    )


def _stretches(
    signal: Samples, rate: float, where: str
) -> tuple[list[tuple[int, int]], tuple[Issue, ...]]:
    """First sample and the one behind the last of each stretch long enough, and what is not."""
    there = np.isfinite(signal)
    edges = np.flatnonzero(np.diff(np.r_[False, there, False].astype(int)))
    joined: list[tuple[int, int]] = []
    for start, end in edges.reshape(-1, 2).tolist():
        if joined and start - joined[-1][1] <= BRIDGED_S * rate:
            start = joined.pop()[0]
        joined.append((start, end))
    long = [(a, b) for a, b in joined if b - a >= SHORTEST_S * rate]
    short = [(a, b) for a, b in joined if b - a < SHORTEST_S * rate]
    return long, tuple(
        Issue(
            "info",
            f"{where}, {a / rate:.1f} to {b / rate:.1f} s",
            f"shorter than {SHORTEST_S:g} s: its rhythm was not judged",
            "nothing to do, or record again without gaps",
        )
        for a, b in short
    )


def _looks(stretch: Samples, rate: float, first: int, step: float) -> list[Look]:
    """The windows of a stretch; first: its first sample in the recording."""
    whole = bridged(stretch)
    size, stride = int(WINDOW_S * rate), int(step * rate)
    if len(whole) <= WHOLE_S * rate:
        starts, size = [0], len(whole)
    else:
        starts = [*range(0, len(whole) - size, stride), len(whole) - size]
    return [look(whole[s : s + size], rate, (first + s) / rate) for s in starts]


def _episodes(looks: Sequence[Look], chances: Floats) -> Iterator[Episode]:
    """Runs of the likeliest kind. A moment has the mean probabilities of the windows around it."""
    edges = np.unique([edge for one in looks for edge in (one.start, one.end)])
    starts, ends = (np.array([getattr(one, edge) for one in looks]) for edge in ("start", "end"))
    pieces: list[tuple[float, float, Floats]] = []
    for a, b in pairwise(edges):
        around = (starts <= a) & (ends >= b)
        pieces.append((float(a), float(b), chances[around].mean(0)))
    for kind, run in groupby(pieces, key=lambda piece: int(piece[2].argmax())):
        parts = list(run)
        spans = np.array([b - a for a, b, _ in parts])
        mean = spans @ np.array([chance[kind] for _, _, chance in parts]) / spans.sum()
        yield Episode(KINDS[kind], parts[0][0], parts[-1][1], float(mean))


def _saliency(
    looks: Sequence[Look], chances: Floats, spoken: Sequence[Floats]
) -> tuple[Seconds, Seconds]:
    """Beats of all windows in order of time; one seen twice has the greater weight."""
    r = np.concatenate([one.r + one.start for one in looks])
    told = [parts[:, kind].clip(0) for parts, kind in zip(spoken, chances.argmax(1), strict=True)]
    weight = np.concatenate([x / max(x.max(initial=0), 1e-9) for x in told]).astype(np.float64)
    order = np.argsort(r)
    r, weight = r[order], weight[order]
    first = np.diff(r, prepend=-np.inf) > 0.1
    if not len(r):
        return r, weight
    return r[first], np.maximum.reduceat(weight, np.flatnonzero(first))
