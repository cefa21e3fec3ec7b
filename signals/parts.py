"""What reading a recording is made of. Each part is one function, imported on first use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Literal

import numpy as np

from engine.types import Issue, ModelRef, SignalSource
from signals.annotated import CLASSES
from signals.recording import STANDARD, Recording, Seconds
from signals.waves import Waves

Label = Literal["N", "S", "V", "F", "Q"]
RHYTHM_LEADS = ("II", "MLII", "I")
"""Where the rhythm is sought first: what it was taught on is lead I or near it."""
MANY_LEADS = 6
"""From so many on a recording is one of twelve leads, of which some may be missing."""
TOLD = ("MI", "STTC", "CD", "HYP")
BLOCKS = {
    "complete left bundle branch block": "left bundle branch block",
    "complete right bundle branch block": "right bundle branch block",
    "left anterior fascicular block": "left anterior fascicular block",
}
"""Criteria of `signals.twelve_rules` that say more than the rest of the reading does."""
CRITERIA = ModelRef("signals.twelve_rules", version("konsil"))
ADULT = 16.0
EPISODE_S, SURE_EPISODE = 30.0, 0.8
"""Of a recording of many windows only an episode this long counts, and it is sure from here on: in
20 half hours of MIT-BIH DS1 without fibrillation the surest were .76, in the two with it .87."""
PLACES = 5
"""Episodes that are cited, the surest first."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A stretch of a lead, in seconds, that must not be read. why: in words."""

    lead: str
    start_s: float
    end_s: float
    why: str


@dataclass(frozen=True, slots=True)
class Labels:
    """The AAMI class of every beat, (B,), and the probability of that class, (B,), 0 to 1."""

    label: tuple[Label, ...]
    probability: Seconds
    by: ModelRef


@dataclass(frozen=True, slots=True)
class Place:
    """Some seconds of a lead, or of all: None."""

    lead: str | None
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Judged:
    """What a trained model says. key: of findings.toml. probability: calibrated, 0 to 1.

    places: what it rests on, the weightiest first; at least one. doubt: why it is uncertain
    whatever its probability.
    """

    key: str
    probability: float
    places: tuple[Place, ...]
    by: ModelRef
    doubt: str | None = None


@dataclass(frozen=True, slots=True)
class Met:
    """A criterion that a recording meets. key: of findings.toml. because: what was measured."""

    key: str
    because: str
    place: Place
    by: ModelRef


Said = Judged | Met | Issue


@dataclass(frozen=True, slots=True)
class Parts:
    """read: a source as it arrived. delineate: the waves of one lead. unreadable: where no wave may
    be sought. label: classes of the beats; None where nobody can tell. models: the others, and what
    they could not judge."""

    read: Callable[[SignalSource], Recording]
    delineate: Callable[[Recording, str], Waves]
    delineated_by: ModelRef
    unreadable: Callable[[Recording], Sequence[Unreadable]] = lambda _: ()
    label: Callable[[Recording, Waves], Labels] | None = None
    models: tuple[Callable[[Recording, Waves], Iterable[Said]], ...] = ()


@cache
def installed() -> Parts:
    """The parts of this installation."""
    from signals.delineate import delineate, trained
    from signals.read import read_source

    return Parts(
        read=read_source,
        delineate=delineate,
        delineated_by=trained().ref,
        unreadable=unreadable,
        label=labels,
        models=(fibrillation, twelve_leads),
    )


def unreadable(recording: Recording) -> list[Unreadable]:
    """Every ten seconds of a lead that are noisy, flat, saturated or mostly missing."""
    from signals.quality import quality

    return [
        Unreadable(stretch.lead, stretch.start_s, stretch.end_s, stretch.state)
        for stretch in quality(recording)
        if stretch.state != "ok"
    ]


def labels(recording: Recording, beats: Waves) -> Labels:
    """The class of every beat, by `signals.beats`."""
    from signals.beats import classify, packaged

    told = classify(recording, beats.r)
    chosen: list[Label] = told.labels.tolist()
    places = [CLASSES.index(label) for label in chosen]
    return Labels(tuple(chosen), told.probabilities[np.arange(len(beats)), places], packaged()[1])


def fibrillation(recording: Recording, beats: Waves) -> Iterator[Said]:
    """Atrial fibrillation, by `signals.rhythm` in one lead.

    Of a short recording the probability is that of the whole; of a long one that of its surest
    episode.
    """
    from signals.rhythm import WHOLE_S, Episode, classify
    from signals.rhythm_model import trained

    lead = _best_lead(recording)
    told = classify(recording, lead)
    if isinstance(told, Issue):
        yield told
        return
    kind = "atrial fibrillation"
    episodes = sorted(
        (x for x in told.episodes if x.kind == kind), key=lambda x: x.probability, reverse=True
    )
    doubt = None
    if recording.seconds <= WHOLE_S:
        whole = Episode(kind, 0.0, recording.seconds, told.probabilities[kind])
        episodes = [whole, *[x for x in episodes if x.end - x.start < recording.seconds]]
    else:
        episodes = [x for x in episodes if x.end - x.start >= EPISODE_S]
        if episodes and episodes[0].probability < SURE_EPISODE:
            doubt = "the surest of many windows, of which some are wrong by chance"
    if episodes:
        places = (Place(lead, *told.strongest(episode)) for episode in episodes[:PLACES])
        yield Judged(kind, episodes[0].probability, tuple(places), trained().ref, doubt)
    yield from told.remarks


def _best_lead(recording: Recording) -> str:
    """The one that can be read for longest; of equals the one most like those of training."""

    def worth(name: str) -> tuple[float, int]:
        known = RHYTHM_LEADS.index(name) if name in RHYTHM_LEADS else len(RHYTHM_LEADS)
        return round(float(np.isfinite(recording.lead(name)).mean()), 1), -known

    return max(recording.leads, key=worth)


def twelve_leads(recording: Recording, beats: Waves) -> Iterator[Said]:
    """The superclasses of PTB-XL but NORM, and the conduction blocks whose criteria are met.

    Says nothing of recordings that were not made with twelve leads.
    """
    if len(set(STANDARD) & set(recording.leads)) < MANY_LEADS:
        return
    from signals.ecg12_model import packaged
    from signals.reversal import reversal
    from signals.twelve import classify
    from signals.twelve_rules import statements

    if recording.age_years is not None and recording.age_years < ADULT:
        message = "twelve leads of a child are not judged: what they say was learned from adults"
        yield Issue("info", recording.id, message, "have it read by a paediatric cardiologist")
        return
    exchanged = reversal(recording)
    doubt = None if exchanged is None else f"{exchanged} may be exchanged"
    if doubt is not None:
        message = f"the electrodes of {doubt}: axis, infarction and limb leads would mislead"
        yield Issue("warning", recording.id, message, "check the electrodes and record again")
    told = classify(recording)
    if isinstance(told, Issue):
        yield told
        return
    for key in TOLD:
        places = [Place(basis.lead, basis.start_s, basis.end_s) for basis in told.basis[key]]
        whole = Place(None, 0.0, recording.seconds)
        by = packaged()[1]
        yield Judged(key, told.probabilities[key], tuple(places) or (whole,), by, doubt)
    for met in statements(told.read, told.measures):
        if met.name in BLOCKS:
            place = Place(met.lead, met.start_s, met.end_s)
            yield Met(BLOCKS[met.name], met.because, place, CRITERIA)
    for remark in told.remarks:
        yield Issue("info", recording.id, remark, "check the recording")
