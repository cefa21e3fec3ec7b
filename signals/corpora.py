"""Annotated recordings in WFDB form: beats of the MIT-BIH kind, waves of the LUDB kind."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signals.recording import Recording, Samples, Seconds

BEATS = frozenset("NLRBAaJSVrFejnE/fQ?")
"""Annotation symbols of WFDB that mark a heartbeat."""
WAVES = {"p": "p", "N": "qrs", "t": "t"}
"""Annotation symbols of LUDB that mark the peak of a wave, to fields of `Waves`."""


@dataclass(frozen=True, slots=True)
class Beats:
    """Annotated heartbeats: seconds from the start, and the symbol of each."""

    at: Seconds
    symbols: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Marked:
    """The annotated waves of one lead. start, end: between them every wave is annotated."""

    record: str
    lead: str
    signal: Samples
    rate: float
    kinds: NDArray[np.str_]
    times: NDArray[np.float64]
    """kinds: (W,) of "p", "qrs", "t"; times: (W, 3), onset, peak and offset, s, by onset."""

    @property
    def start(self) -> float:
        """The first onset, s."""
        return float(self.times[0, 0])

    @property
    def end(self) -> float:
        """The last offset, s."""
        return float(self.times[:, 2].max())


def record_paths(folder: Path, annotations: str) -> list[Path]:
    """Records of a folder (or the one named) that have annotations, without suffix, sorted.

    annotations: the suffix of their file, without the dot.
    """
    if not folder.is_dir():
        return [folder.with_suffix("")]
    return sorted(path.with_suffix("") for path in folder.rglob(f"*.{annotations}"))


def recording(path: Path) -> Recording:
    """A WFDB record whose channels have one rate; physical units are mV. path: without suffix."""
    import wfdb

    record: Any = wfdb.rdrecord(str(path))
    return Recording(
        record.record_name, record.p_signal.T.astype(np.float32), record.fs, tuple(record.sig_name)
    )


def beats(path: Path) -> Beats:
    """The annotated heartbeats of a record (`.atr`). path: without suffix."""
    import wfdb

    read: Any = wfdb.rdann(str(path), "atr")
    kept = [i for i, symbol in enumerate(read.symbol) if symbol in BEATS]
    return Beats(read.sample[kept] / read.fs, tuple(read.symbol[i] for i in kept))


def marked(path: Path) -> list[Marked]:
    """The leads of a record whose waves are annotated (`.i`, `.ii`, ...). path: without suffix."""
    import wfdb

    whole = recording(path)
    found: list[Marked] = []
    for lead, signal in zip(whole.leads, whole.signal, strict=True):
        if not path.with_suffix(f".{lead}").exists():
            continue
        read: Any = wfdb.rdann(str(path), lead)
        kinds, times = _waves(read.symbol, read.sample / whole.rate)
        if kinds:
            found.append(
                Marked(path.name, lead, signal, whole.rate, np.array(kinds), np.array(times))
            )
    return found


def _waves(symbols: list[str], times: Seconds) -> tuple[list[str], list[list[float]]]:
    """Peaks with the brackets that stand right beside them; a wave without both is left out."""
    kinds: list[str] = []
    places: list[list[float]] = []
    for i, symbol in enumerate(symbols):
        whole = 0 < i < len(symbols) - 1 and symbols[i - 1] == "(" and symbols[i + 1] == ")"
        if symbol in WAVES and whole:
            kinds.append(WAVES[symbol])
            places.append([times[i - 1], times[i], times[i + 1]])
    return kinds, places
