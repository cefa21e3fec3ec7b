"""An ECG as a table (CSV): a header with the names of the leads, then one row a sample.

    # rate: 500 Hz                 or a first column time, time_ms, seconds
    # unit: mV                     or units in the header: I (mV), II [uV]
    I,II,V1
    0.01,0.02,-0.1

Lines with "#" come first. An empty cell, "nan" or "-" is a missing sample. Columns are separated by
commas, semicolons or tabs; numbers have a point.
"""

from __future__ import annotations

import re

import numpy as np

from engine.exceptions import InputError
from signals.readers.channels import About, Channel, Values, check_size, piece, recording
from signals.recording import Recording

_STATED = re.compile(r"#\s*(rate|fs|sampling[ _]rate|units?)\s*[:=]\s*(\S+)\s*(k?hz)?\s*$", re.I)
_COLUMN = re.compile(r"(.*?)\s*(?:[(\[/]\s*([a-zµμ]{1,7})\s*[)\]]?)?", re.I)
_TIMES = {"time": 1.0, "t": 1.0, "seconds": 1.0, "sec": 1.0, "time_s": 1.0, "timestamp": 1.0}
_TIMES |= {"time_ms": 1e-3, "ms": 1e-3, "milliseconds": 1e-3}
_UNITS_OF_TIME = {"s": 1.0, "sec": 1.0, "ms": 1e-3}
_INDEX = ("sample", "index", "n", "#", "")
_MISSING = ("", "nan", "na", "-", "null", "none")
MAX_ROWS = 5_000_000
"""Rows that are read: as text they take many times their size in memory."""
JITTER = 0.2
"""Share of a sample's length by which a time may be off. Source: curated, unreferenced."""

_FIX_RATE = 'add a line "# rate: 500 Hz" at the top, or a column time in seconds'


def read(data: bytes, name: str) -> Recording:
    """The recording in a CSV file.

    Raises:
        InputError: no header, no rate, uneven times, a cell that is no number, or too large.
    """
    if data.count(b"\n") > MAX_ROWS:
        fix = "send a part of the recording, or WFDB or EDF"
        raise InputError(f"more than {MAX_ROWS:,} rows", where=name, fix=fix)
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise InputError("not UTF-8 text", where=name, fix="save it as UTF-8") from error
    stated = {m[1].lower()[0]: m for m in (_STATED.match(x.strip()) for x in lines[:50]) if m}
    rows = [(i, x) for i, x in enumerate(lines, 1) if x.strip() and not x.lstrip().startswith("#")]
    if len(rows) < 2:
        raise InputError("no header or no samples", where=name, fix="see the example in the manual")
    mark = max(",;\t", key=rows[0][1].count)
    header = [cell.strip().strip('"') for cell in rows[0][1].split(mark)]
    if all(_is_number(cell) for cell in header):
        raise InputError("no header", where=name, fix="name the leads in the first row: I,II,V1")
    check_size(len(header), len(rows) - 1, where=name)
    values = _values(rows[1:], header, mark, name)  # (samples, columns)
    columns = [_COLUMN.fullmatch(cell) for cell in header]
    names = [(m[1] if m else cell) for m, cell in zip(columns, header, strict=True)]
    units = [m[2] if m else None for m in columns]
    rate = _rate(names, units, values, stated, name)
    default = stated["u"][2] if "u" in stated else None
    leads = [i for i, n in enumerate(names) if n.lower() not in (*_TIMES, *_INDEX)]
    silent = default is None and any(units[i] is None for i in leads)
    remark = ("no unit is stated, so its numbers are taken for mV",) if silent else ()
    channels = [Channel(names[i], values[:, i], rate, units[i] or default or "mV") for i in leads]
    about = About(name.rpartition("/")[2], remarks=remark)
    return recording([piece(channels, where=name)], about)


def _values(rows: list[tuple[int, str]], header: list[str], mark: str, name: str) -> Values:
    values = np.empty((len(rows), len(header)))
    for at, (line, text) in enumerate(rows):
        cells = [cell.strip().strip('"').lower() for cell in text.split(mark)]
        try:
            if len(cells) != len(header):
                raise ValueError("another number of cells")
            values[at] = [np.nan if cell in _MISSING else float(cell) for cell in cells]
        except ValueError as error:
            raise InputError(
                f"{len(cells)} cells or one that is no number, where {len(header)} are expected",
                where=f"{name}:{line}",
                fix="write numbers with a point, one row a sample, and nothing for a missing one",
            ) from error
    return values


def _rate(
    names: list[str],
    units: list[str | None],
    values: Values,
    stated: dict[str, re.Match[str]],
    where: str,
) -> float:
    """Samples a second: as stated, else from the times."""
    said = stated.get("r") or stated.get("f") or stated.get("s")
    if said:
        number = re.sub(r"(?i)hz$", "", said[2])
        if not _is_number(number) or not float(number) > 0:
            raise InputError("its rate is no number", where=where, fix=_FIX_RATE)
        return float(number) * (1000 if (said[3] or "").lower() == "khz" else 1)
    column = next((i for i, n in enumerate(names) if n.lower() in _TIMES), None)
    if column is None:
        raise InputError("no sampling rate is stated", where=where, fix=_FIX_RATE)
    written = (units[column] or "").lower()
    if written and written not in _UNITS_OF_TIME:
        raise InputError(f"times in {written!r} are not read", where=where, fix=_FIX_RATE)
    unit = _UNITS_OF_TIME.get(written, _TIMES[names[column].lower()])
    times = values[:, column] * unit
    if len(times) < 2 or not np.isfinite(times).all() or times[-1] <= times[0]:
        raise InputError("its times do not grow", where=where, fix=_FIX_RATE)
    step = (times[-1] - times[0]) / (len(times) - 1)
    off = np.abs(times - times[0] - np.arange(len(times)) * step)
    if off.max() > JITTER * step:
        raise InputError(
            f"its times are uneven around row {int(off.argmax()) + 2}: a gap or a changing rate",
            where=where,
            fix="send a row for every sample (with empty cells where none was recorded)",
        )
    return 1 / step


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
