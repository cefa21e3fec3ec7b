"""The folder of PTB-XL: which record is whose, in which fold, and what its statements come to."""

from __future__ import annotations

import csv
from ast import literal_eval
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.exceptions import InputError
from engine.types import Sex
from signals.recording import STANDARD, Recording

CLASSES = ("NORM", "MI", "STTC", "CD", "HYP")
"""Normal; infarction; ST and T changes; conduction disturbance; hypertrophy."""
OLDEST = 90.0
"""Years: who is older than 89 is entered as 300."""
_SEX: Mapping[str, Sex] = {"0": "male", "1": "female"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One record of the database.

    codes: statement -> likelihood as the annotators gave it, 0 to 100, where 0 is "unknown", not
    "no". classes: the superclasses of all its diagnostic statements, whatever their likelihood, as
    the database's own benchmark counts them; empty when it has only statements of form or rhythm.
    axis: the heart's electrical axis as stated ("LAD"), "" in most records.
    """

    id: str
    patient: str
    fold: int
    sex: Sex | None
    age_years: float | None
    codes: Mapping[str, float]
    classes: frozenset[str]
    axis: str
    folder: Path
    file: str

    def recording(self) -> Recording:
        """Its signal at 100 samples a second.

        Raises:
            InputError: the signal is not there or cannot be read.
        """
        return recorded(self.folder / self.file, self.id, self.sex, self.age_years)


def recorded(
    file: Path, name: str, sex: Sex | None = None, age_years: float | None = None
) -> Recording:
    """A WFDB record, by its path without an ending.

    Raises:
        InputError: it is not there or cannot be read.
    """
    from wfdb import rdsamp

    try:
        signal, about = rdsamp(str(file))
    except Exception as wrong:  # wfdb raises whatever its parsing runs into
        raise InputError(
            f"record {name}: {wrong}",
            where=str(file),
            fix="give the folder with the records beside its tables",
        ) from wrong
    written = {lead.upper(): lead for lead in STANDARD}
    return Recording(
        id=name,
        signal=np.asarray(signal, np.float32).T,
        rate=float(about["fs"]),
        leads=tuple(written.get(str(lead).upper(), str(lead)) for lead in about["sig_name"]),
        sex=sex,
        age_years=age_years,
    )


def entries(folder: Path) -> list[Entry]:
    """All records of a folder with ptbxl_database.csv and scp_statements.csv.

    Raises:
        InputError: a table is missing or lacks a column.
    """
    try:
        diagnostic = {
            row[""]: row["diagnostic_class"]
            for row in _table(folder / "scp_statements.csv")
            if row["diagnostic"] and float(row["diagnostic"]) == 1
        }
        return [_entry(row, diagnostic, folder) for row in _table(folder / "ptbxl_database.csv")]
    except KeyError as missing:
        raise InputError(
            f"no column {missing}", where=str(folder), fix="give the tables as PTB-XL has them"
        ) from missing


def _table(file: Path) -> Sequence[dict[str, str]]:
    if not file.is_file():
        raise InputError("no such table", where=str(file), fix="give a folder of PTB-XL")
    with file.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def _entry(row: Mapping[str, str], diagnostic: Mapping[str, str], folder: Path) -> Entry:
    codes: dict[str, float] = literal_eval(row["scp_codes"])
    return Entry(
        id=row["ecg_id"],
        patient=row["patient_id"],
        fold=int(row["strat_fold"]),
        sex=_SEX.get(row["sex"]),
        age_years=min(float(row["age"]), OLDEST) if row["age"] else None,
        codes=codes,
        classes=frozenset(diagnostic[code] for code in codes if code in diagnostic),
        axis=row["heart_axis"],
        folder=folder,
        file=row["filename_lr"],
    )
