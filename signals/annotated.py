"""Recordings whose beats were annotated by people: WFDB records with an .atr file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.exceptions import InputError
from signals import corpora
from signals.recording import Recording, Seconds

CLASSES = "NSVFQ"
"""Of AAMI EC57: normal and bundle branch block, supraventricular ectopic, ventricular ectopic,
fusion of ventricular and normal, paced or unclassifiable.
"""
CLASS_OF = {
    symbol: kind
    for kind, symbols in {"N": "NLRejB", "S": "AaJS", "V": "VEr", "F": "F", "Q": "/fQ?"}.items()
    for symbol in symbols
}
"""WFDB's symbol of a beat -> its class (EC57 as MANIFEST.md of the shared data has it; the rarer
symbols, which MIT-BIH does not use, by their meaning).
"""
SAME_PATIENT = {"202": "201"}
"""Records of MIT-BIH from one person -> the record that stands for them."""


@dataclass(frozen=True, slots=True)
class Annotated:
    """A recording with its beats.

    r: (B,) and classes: (B,), places in `CLASSES`. unreadable: (K, 2), seconds from and to, where
    flutter or fibrillation of the ventricles was marked: no beats there to be found.
    """

    recording: Recording
    r: Seconds
    classes: NDArray[np.int64]
    unreadable: Seconds

    @property
    def group(self) -> str:
        """What is kept together when data are split: the patient."""
        return SAME_PATIENT.get(self.recording.id, self.recording.id)

    @property
    def digest(self) -> int:
        """Names the signal, so that it is known again: 63 bits."""
        whole = sha256(np.ascontiguousarray(self.recording.signal).tobytes()).digest()
        return int.from_bytes(whole[:8], "big") >> 1


def read(paths: Sequence[Path]) -> Iterator[Annotated]:
    """All annotated records of folders, or single ones (with or without .hea, .dat or .atr).

    Raises:
        InputError: no annotated record at a path, or one that cannot be read.
    """
    for path in paths:
        files = sorted(path.glob("*.atr")) if path.is_dir() else [path.with_suffix(".atr")]
        if not files or not all(file.is_file() for file in files):
            raise InputError(
                "no annotated record", where=str(path), fix="give a folder or record with .atr"
            )
        for file in files:
            yield _record(file.with_suffix(""))


def _record(name: Path) -> Annotated:
    import wfdb  # two seconds

    try:
        recording = corpora.recording(name)
        notes: Any = wfdb.rdann(str(name), "atr")
    except (OSError, ValueError, IndexError) as fault:
        raise InputError(
            f"cannot be read: {fault}", where=str(name), fix="check .hea, .dat and .atr"
        ) from fault
    beats = [i for i, symbol in enumerate(notes.symbol) if symbol in CLASS_OF]
    times = np.asarray(notes.sample, np.float64) / recording.rate
    r, first = np.unique(times[beats], return_index=True)
    return Annotated(
        recording,
        r,
        np.array([CLASSES.index(CLASS_OF[notes.symbol[beats[i]]]) for i in first], np.int64),
        _stretches(notes.symbol, times, recording.seconds),
    )


def _stretches(symbols: Sequence[str], times: Seconds, end: float) -> Seconds:
    """(K, 2): from each "[" to the next "]", or to the end."""
    found: list[tuple[float, float]] = []
    begun: float | None = None
    for symbol, time in zip(symbols, times.tolist(), strict=True):
        if symbol == "[" and begun is None:
            begun = time
        elif symbol == "]" and begun is not None:
            found.append((begun, time))
            begun = None
    if begun is not None:
        found.append((begun, end))
    return np.array(found, np.float64).reshape(-1, 2)
