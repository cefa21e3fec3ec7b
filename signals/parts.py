"""What reading a recording is made of. Each part is one function, imported on first use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, Literal

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
    """read: a source as it arrived. unreadable: where no wave may be sought. delineate: the waves
    of one lead. label: classes of the beats; None where nobody can tell. models: the others, and
    what they could not judge."""

    read: Callable[[SignalSource], Recording]
    unreadable: Callable[[Recording], Sequence[Unreadable]]
    delineate: Callable[[Recording, str], Waves]
    delineated_by: ModelRef
    label: Callable[[Recording, Waves], Labels] | None = None
    models: tuple[Callable[[Recording, Waves], Iterable[Judged | Issue]], ...] = ()


INSTALLED = {
    "read": "signals.read:read_source",
    "unreadable": "signals.quality:unreadable",
    "delineate": "signals.delineate:delineate",
    "delineated_by": "signals.delineate:MODEL",
}
"""Part -> "module:name". What is not listed is not built in."""


@cache
def installed() -> Parts:
    """The parts of this installation."""
    found: dict[str, Any] = {name: _import(path) for name, path in INSTALLED.items()}
    return Parts(**found)


def _import(path: str) -> Any:
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)
