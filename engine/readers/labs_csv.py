"""labs.csv: one measurement a row.

Columns, by name and in any order; only the first two must exist:

    name            as the laboratory calls it ("Potassium"); required in every row
    value           a number ("5.1"), a bound ("<0.1") or words ("positive"); required in every row
    unit            as printed, UCUM preferred ("mmol/L")
    low, high       reference range, numbers in `unit`; either may be empty
    interpretation  HL7 code ("H", "LL", "N", ...)
    loinc           LOINC code
    date            ISO 8601 ("2024-03-05", "2024-03-05T08:15:00Z")
    specimen        words ("serum")

Numbers are written with a point. UTF-8, separated by commas.
"""

from __future__ import annotations

import csv
import math
import re
from io import StringIO

from engine.exceptions import InputError
from engine.readers import dates, limits
from engine.readers.record import Record
from engine.types import Code, Observation

REQUIRED = ("name", "value")
COLUMNS = (*REQUIRED, "unit", "low", "high", "interpretation", "loinc", "date", "specimen")

_NUMBER = re.compile(r"(<=|>=|<|>)?\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?)", re.ASCII)
_AMBIGUOUS = re.compile(r"[<>=\s]*[-+]?\d[\d.,]*,[\d.,]*", re.ASCII)
_LOINC = re.compile(r"\d{1,7}-\d", re.ASCII)


def has_header(text: str) -> bool:
    """Whether a CSV file names the required columns."""
    first = text.partition("\n")[0]
    return set(REQUIRED) <= {_column(cell) for cell in first.split(",")}


def read(text: str, record: Record, *, name: str) -> None:
    """Adds one observation a row, called "labs.csv:7" by its line; a bad row becomes an issue.

    Raises:
        InputError: no header with the required columns.
    """
    if not has_header(text):
        first = text.partition("\n")[0]
        if has_header(first.replace(";", ",").replace("\t", ",")):
            message = "separated by semicolons or tabs, not by commas"
            fix = "save it with commas between columns and points in numbers"
            raise InputError(message, where=name, fix=fix)
        raise InputError(
            "no header with name and value", where=name, fix=f"start with {','.join(COLUMNS)}"
        )
    rows = csv.reader(StringIO(text, newline=""), strict=True)
    header = [_column(cell) for cell in next(rows)]
    if unknown := [cell for cell in header if cell not in COLUMNS]:
        shown = ", ".join(unknown)[:200]
        record.issue("info", name, f"columns not used: {shown}", fix=f"known: {', '.join(COLUMNS)}")
    count = 0
    try:
        for row in rows:
            count += 1
            if count > limits.MAX_ROWS:
                raise csv.Error(f"more than {limits.MAX_ROWS:,} rows; the rest is not read")
            _read_row(row, header, f"{name}:{rows.line_num}", record)
    except csv.Error as error:
        record.issue("error", f"{name}:{rows.line_num}", str(error), fix="write it as plain CSV")


def _read_row(row: list[str], header: list[str], where: str, record: Record) -> None:
    if not any(cell.strip() for cell in row):
        return
    try:
        if len(row) > len(header):
            raise ValueError("more cells than columns")
        record.observations.append(_observation(dict(zip(header, row, strict=False)), where))
    except ValueError as error:
        record.issue("error", where, f"row not used: {error}", fix="correct the row")


def _observation(row: dict[str, str], where: str) -> Observation:
    cells = {column: cell.strip() for column, cell in row.items() if cell.strip()}
    name, written = cells.get("name"), cells.get("value")
    if not name or not written:
        raise ValueError("no name" if not name else "no value")
    comparator, value, text = _value(written)
    loinc, date = cells.get("loinc"), cells.get("date")
    if loinc and not _LOINC.fullmatch(loinc):
        raise ValueError("the LOINC code is malformed")
    return Observation(
        id=where,
        name=name,
        codes=(Code("LOINC", loinc),) if loinc else (),
        value=value,
        unit=cells.get("unit"),
        comparator=comparator,
        text=text,
        low=_bound(cells, "low"),
        high=_bound(cells, "high"),
        interpretation=tuple(filter(None, [cells.get("interpretation")])),
        specimen=cells.get("specimen"),
        recorded=dates.moment(date) if date else None,
    )


def _value(written: str) -> tuple[str | None, float | None, str | None]:
    """Comparator, number and words; a decimal comma could be a thousands separator."""
    if number := _NUMBER.fullmatch(written):
        return number[1], _finite(number[2]), None
    if _AMBIGUOUS.fullmatch(written):
        raise ValueError("a number with a comma; write a decimal point")
    return None, None, written


def _bound(cells: dict[str, str], column: str) -> float | None:
    written = cells.get(column)
    if written is None:
        return None
    number = _NUMBER.fullmatch(written)
    if number is None or number[1]:
        raise ValueError(f"{column} is not a number")
    return _finite(number[2])


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError("the number is out of range")
    return value


def _column(cell: str) -> str:
    return cell.strip().strip('"').lower()
