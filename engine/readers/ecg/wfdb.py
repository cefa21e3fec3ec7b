"""Headers of WFDB records (PhysioNet): the files they name, when they begin, the sex they state."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from engine.types import Sex

MAX_BYTES = 1024 * 1024
_SEX = re.compile(
    r"\b(?:sex|gender)>?\s*[:=]\s*(female|male|f|m)\b|^\s*\d{1,3} ([MF]) \d", re.I | re.M
)
_TIME = re.compile(
    r"\s(?:(?:(\d{1,2}):)?(\d{1,2}):)?(\d{1,2})(?:\.\d+)?\s+(\d\d?)/(\d\d?)/(\d{4})\s*$"
)
_SEXES: dict[str, Sex] = {"f": "female", "m": "male"}


@dataclass(frozen=True, slots=True)
class Header:
    """files: names of the signal files and of the headers of segments, as written.

    start: UTC (the format knows no zone); None without a date. sex: from the comments.
    """

    files: tuple[str, ...]
    start: datetime | None
    sex: Sex | None


def header(data: bytes) -> Header:
    """What a header states; of a malformed one as much as can be made out."""
    lines = data[:MAX_BYTES].decode("latin-1").splitlines()
    said = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    first = said[0] if said else ""
    segments = "/" in first.partition(" ")[0]
    named = (line.split()[0] for line in said[1:])
    files = dict.fromkeys(f"{n}.hea" if segments else n for n in named if n != "~")
    sex = _SEX.search("\n".join(line.lstrip("# ") for line in lines if line.startswith("#")))
    return Header(
        files=tuple(files),
        start=_start(first),
        sex=_SEXES[(sex[1] or sex[2])[0].lower()] if sex else None,
    )


def records(headers: Mapping[str, Header]) -> dict[str, tuple[str, ...]]:
    """The records among the headers of one folder, by their main header: all files each names.

    A header that another one names is a segment of that record and none of its own.
    """
    parts = {name for h in headers.values() for name in h.files}
    return {name: tuple(_closure(name, headers)) for name in headers if name not in parts}


def _closure(name: str, headers: Mapping[str, Header]) -> Iterable[str]:
    found = dict.fromkeys([name])
    waiting = [name]
    while waiting:
        inside = headers.get(waiting.pop(0))
        for file in inside.files if inside else ():
            if file not in found:
                found[file] = None
                waiting.append(file)
    return found


def _start(line: str) -> datetime | None:
    parts = _TIME.search(line)
    if parts is None:
        return None
    hour, minute, second, day, month, year = (int(part or 0) for part in parts.groups())
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
