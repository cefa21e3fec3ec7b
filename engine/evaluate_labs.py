"""Cases of the RAMEDIS metabolic registry, for `bench labs`: what do laboratory rows add?

A file has one case a line (.jsonl or .jsonl.gz); the two CSV maps to HPO lie beside it. Only the
symptoms, laboratory findings, sex and age are read: history and genetics can name the answer.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.types import (
    Citation,
    Code,
    CodedEntry,
    Finding,
    LabValue,
    ModelRef,
    Patient,
    Sex,
    Status,
)

Terms = Mapping[tuple[str, ...], tuple[Code, ...]]

_REF = ModelRef("RAMEDIS maps to HPO", "timgroup_disease_diagnosis f3a2c25")
_ABNORMAL = ("Increased", "Decreased", "Abnormal", "Detectable")
_DENIED = ("no", "-")
_YEARS = {"Day": 1 / 365.25, "Week": 7 / 365.25, "Month": 1 / 12, "Year": 1.0}
_SEX: dict[str, Sex] = {"f": "female", "m": "male"}


@dataclass(frozen=True, slots=True)
class RamedisCase:
    """One registry patient. truth: OMIM CURIE of the diagnosis, None when unknown.

    patient.age_years: at diagnosis, else at onset. symptoms, laboratory: one finding a term;
    present as soon as one row says so. unmapped: rows that no map knows.
    """

    id: str
    truth: str | None
    patient: Patient
    symptoms: tuple[Finding, ...]
    laboratory: tuple[Finding, ...]
    unmapped: int


def ramedis_cases(path: Path) -> Iterator[RamedisCase]:
    """Read a file, or every .jsonl and .jsonl.gz of a folder in sorted order.

    Raises:
        FileNotFoundError: the file, or symptom_map_hpo.csv or labfinding_map_hpo.csv beside it.
    """
    folder = path if path.is_dir() else path.parent
    symptom_map = _read_map(folder / "symptom_map_hpo.csv", "SYMPTOM", "RANGE")
    lab_map = _read_map(folder / "labfinding_map_hpo.csv", "NAME", "SPECIMEN", "QUALITY")
    for file in sorted(path.glob("*.jsonl*")) if path.is_dir() else [path]:
        for line in _lines(file):
            if line.strip():
                yield _case(json.loads(line), symptom_map, lab_map)


def _lines(file: Path) -> Iterator[str]:
    with (
        gzip.open(file, "rt", encoding="utf-8")
        if file.suffix == ".gz"
        else file.open(encoding="utf-8")
    ) as stream:
        yield from stream


def _read_map(file: Path, *keys: str) -> Terms:
    """Rows of a map by their key columns; cells that are not HPO ids are left out."""
    terms: defaultdict[tuple[str, ...], list[Code]] = defaultdict(list)
    with file.open(encoding="utf-8-sig", newline="") as stream:
        for row in csv.DictReader(stream):
            if re.fullmatch(r"HP:\d{7}", row["HPO"]):
                key = tuple(row[column].strip() for column in keys)
                terms[key].append(Code("HPO", row["HPO"], row["ENG_NAME"].strip()))
    return {key: tuple(codes) for key, codes in terms.items()}


def _case(raw: dict[str, Any], symptom_map: Terms, lab_map: Terms) -> RamedisCase:
    main = raw["MainData"]
    diagnosis = re.search(r"\(MIM (\d{6})\)", main.get("Diagnosis", ""))
    age = _age(main.get("Age of diagnosis", "")) or _age(main.get("Age of symptoms onset", ""))
    symptoms = [_symptom(i, row, symptom_map) for i, row in enumerate(raw["Symptoms"])]
    labs = [_lab(i, row, lab_map) for i, row in enumerate(raw["Lab findings"])]
    return RamedisCase(
        id=str(raw["id"]),
        truth=f"OMIM:{diagnosis[1]}" if diagnosis else None,
        patient=Patient(_SEX.get(main.get("Gender", "")), age),
        symptoms=_findings(symptoms),
        laboratory=_findings(labs),
        unmapped=sum(not said for said in symptoms + labs),
    )


Said = list[tuple[Code, Status, Citation]]
"""What one row says: nothing when no map knows it."""


def _symptom(index: int, row: dict[str, str], terms: Terms) -> Said:
    """The map's row for this range, else for any; "no" and "-" deny the symptom."""
    name, extent = row["Name"].strip(), row["Range"].strip()
    status: Status = "absent" if extent in _DENIED else "present"
    codes = terms.get((name, extent)) or terms.get((name, "")) or ()
    return [(code, status, CodedEntry(f"Symptoms[{index}]", code)) for code in codes]


def _lab(index: int, row: dict[str, str], terms: Terms) -> Said:
    """A normal result denies every abnormality that the map knows for this test and specimen."""
    name, specimen, quality = row["Name"].strip(), row["Specimen"].strip(), row["Quality"]
    normal = quality == "Normal"
    codes = (
        [c for q in _ABNORMAL for c in terms.get((name, specimen, q), ())]
        if normal
        else terms.get((name, specimen, quality), ())
    )
    cited = LabValue(
        f"Lab findings[{index}]",
        name,
        None,
        None,
        f"{quality} (RAMEDIS)",
        row["Quantity"] or quality,
    )
    return [(code, "absent" if normal else "present", cited) for code in codes]


def _findings(rows: Iterable[Said]) -> tuple[Finding, ...]:
    """One finding a term, in order of first mention: present if any row says so, citing it."""
    found: dict[str, tuple[Code, Status, Citation]] = {}
    for code, status, cited in (item for row in rows for item in row):
        if code.code not in found or (status, found[code.code][1]) == ("present", "absent"):
            found[code.code] = (code, status, cited)
    return tuple(Finding(code, status, (cited,), _REF) for code, status, cited in found.values())


def _age(text: str) -> float | None:
    """Years from "14.78 Month(s)"; None when empty or in another form."""
    match = re.fullmatch(r"([\d.]+) (Day|Week|Month|Year)\(s\)", text.strip())
    return float(match[1]) * _YEARS[match[2]] if match else None
