"""How far the rules of rhythm agree with the rhythm annotations of MIT-BIH, given its beat labels.

    python -m signals.evaluate_rhythm_rules ../shared/data/signals/mitdb

An episode is found when the other side has one of its kind that overlaps it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signals.recording import Seconds
from signals.rhythm_rules import Kind, ectopy

AAMI = {
    **dict.fromkeys("NLRej", "N"),
    **dict.fromkeys("AaJS", "S"),
    **dict.fromkeys("VE", "V"),
    "F": "F",
    **dict.fromkeys("/fQ", "Q"),
}
"""Beat annotation of MIT-BIH -> class of AAMI EC57; "!" and what is no beat have none."""
ANNOTATED: dict[Kind, str] = {
    "bigeminy": "(B",
    "trigeminy": "(T",
    "ventricular tachycardia": "(VT",
    "supraventricular run": "(SVTA",
    "idioventricular": "(IVR",
}


@dataclass(frozen=True, slots=True)
class Annotated:
    """What MIT-BIH says of one record. r: (B,); labels: AAMI; rhythms: name, start and end.

    flutter: stretches of ventricular flutter, which hold no beats.
    """

    r: Seconds
    labels: tuple[str, ...]
    rhythms: tuple[tuple[str, float, float], ...]
    flutter: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of one kind: annotated and called episodes, how many of each the other side has; seconds."""

    annotated: int
    found: int
    called: int
    right: int


def read(record: Path) -> Annotated:
    """The annotations of one record, named without a suffix."""
    import wfdb

    notes: Any = wfdb.rdann(str(record), "atr")
    header: Any = wfdb.rdheader(str(record))
    times = notes.sample / header.fs
    beats = [k for k, symbol in enumerate(notes.symbol) if symbol in AAMI]
    changes = [(k, a.rstrip("\x00")) for k, a in enumerate(notes.aux_note) if a.startswith("(")]
    ends = [*(float(times[k]) for k, _ in changes[1:]), header.sig_len / header.fs]
    spans = [(n, float(times[k]), e) for (k, n), e in zip(changes, ends, strict=True)]
    labels = tuple(AAMI[notes.symbol[k]] for k in beats)
    flutter = tuple((start, end) for name, start, end in spans if name == "(VFL")
    return Annotated(times[beats], labels, tuple(spans), flutter)


def agreement(folder: Path) -> dict[Kind, Agreement]:
    """Over the records of the folder's RECORDS file."""
    tally: dict[Kind, NDArray[np.int_]] = {kind: np.zeros(4, np.int_) for kind in ANNOTATED}
    for name in (folder / "RECORDS").read_text().split():
        said = read(folder / name)
        called = ectopy(said.r, said.labels, unread=said.flutter)
        for kind, rhythm in ANNOTATED.items():
            theirs = [(s, e) for n, s, e in said.rhythms if n == rhythm]
            ours = [(x.start_s, x.end_s) for x in called if x.kind == kind]
            found, right = sum(_met(theirs, ours)), sum(_met(ours, theirs))
            tally[kind] += (len(theirs), found, len(ours), right)
    return {kind: Agreement(*counts.tolist()) for kind, counts in tally.items()}


def _met(these: list[tuple[float, float]], those: list[tuple[float, float]]) -> Iterator[bool]:
    return (any(s <= end and start <= e for s, e in those) for start, end in these)


def main() -> None:
    """Prints a table."""
    for kind, x in agreement(Path(sys.argv[1])).items():
        print(
            f"{kind:<24} annotated {x.annotated:>3}, found {x.found:>3};"
            f" called {x.called:>3}, annotated so {x.right:>3}"
        )


if __name__ == "__main__":
    main()
