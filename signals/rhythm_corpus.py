"""Recordings whose rhythm is known: folders like CinC 2017, labels in a CSV beside WFDB records."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.exceptions import InputError
from signals.corpora import recording
from signals.recording import Recording
from signals.rhythm import KINDS, Kind

LABELS: dict[str, Kind] = dict(zip("NAO~", KINDS, strict=True))
REFERENCES = ("REFERENCE-v3.csv", "REFERENCE.csv")
"""The newest labels first; each row is a record's name and its label."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A record on disk (path without suffix) and its rhythm."""

    path: Path
    kind: Kind

    @property
    def name(self) -> str:
        """Of the record: what a fold goes by."""
        return self.path.name

    def recording(self) -> Recording:
        """As read by wfdb, mV."""
        return recording(self.path)


def labelled(paths: Sequence[Path]) -> list[Labelled]:
    """The records of folders that have labels, in the order of those files.

    Raises:
        InputError: no such file, a label that is not one of N, A, O and ~, or no record.
    """
    return [one for path in paths for one in _of(path)]


def _of(folder: Path) -> Iterator[Labelled]:
    file = next((folder / name for name in REFERENCES if (folder / name).exists()), None)
    if file is None:
        fix = f"give a folder that has {' or '.join(REFERENCES)}"
        raise InputError("no labels of rhythm", where=str(folder), fix=fix)
    with file.open(encoding="utf-8", newline="") as rows:
        for number, row in enumerate(csv.reader(rows), start=1):
            if len(row) < 2 or row[1] not in LABELS:
                fix = f"a row is a record's name and one of {', '.join(LABELS)}"
                raise InputError("no label that is known", where=f"{file}:{number}", fix=fix)
            if not (path := folder / row[0]).with_suffix(".hea").exists():
                fix = "put the record beside its label, or take the row out"
                raise InputError(f"no record {row[0]}", where=f"{file}:{number}", fix=fix)
            yield Labelled(path, LABELS[row[1]])
