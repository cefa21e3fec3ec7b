"""What reading a recording is made of. Each part is one function, imported on first use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from engine.types import Issue, ModelRef, SignalSource
from signals.recording import Recording, Seconds
from signals.waves import Waves

Label = Literal["N", "S", "V", "F", "Q"]


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

    places: what it rests on, the weightiest first; at least one.
    """

    key: str
    probability: float
    places: tuple[Place, ...]
    by: ModelRef


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
    models: tuple[Callable[[Recording, Waves], Iterable[Judged | Issue]], ...] = ()


@cache
def installed() -> Parts:
    """The parts of this installation."""
    from signals.delineate import delineate, trained
    from signals.read import read_source

    return Parts(read=read_source, delineate=delineate, delineated_by=trained().ref)
