"""Text files and tables of a source, plain or .gz, read line by line and row by row."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from engine.exceptions import SourceError


@dataclass(frozen=True, slots=True)
class Row:
    """number: line in the file, from 1. cells: text by column, stripped. fault: "" if usable."""

    number: int
    cells: dict[str, str]
    fault: str = ""


def lines(path: Path) -> Iterator[str]:
    """The lines of a UTF-8 file with their ends, unpacked if its name ends in .gz.

    Raises:
        SourceError: while reading: it is absent, cut short, not gzip or not UTF-8.
    """
    number = 0
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            for number, line in enumerate(file, 1):
                yield line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        raise SourceError(
            f"{path}:{number}: not UTF-8: {error.reason} at byte {error.start} of the line",
            fix='save the file as UTF-8 (in a spreadsheet: "CSV UTF-8")',
        ) from error
    except (OSError, EOFError, zlib.error) as error:
        raise SourceError(
            f"{path} cannot be read: {error}", fix="give the whole file as its publisher offers it"
        ) from error


def rows(
    path: Path, needed: Sequence[str], *, delimiter: str, quoted: bool = False, comment: str = ""
) -> Iterator[Row]:
    """Every row below the header that is not blank; a byte order mark and CRLF are moot.

    A row with more or fewer cells than the header has a fault.

    Args:
        needed: columns that must be there. quoted: quotes have a meaning, as they always have in
            CSV. comment: what lines before the header begin with.

    Raises:
        SourceError: absent, cut short, not UTF-8, no table, or without a needed column.
    """
    text = lines(path)
    passed, first = _without_comments(text, comment)
    quoting = csv.QUOTE_MINIMAL if quoted or delimiter == "," else csv.QUOTE_NONE
    table = csv.reader(chain(first, text), delimiter=delimiter, quoting=quoting, strict=True)
    try:
        header = [cell.strip() for cell in next(table, list[str]())]
        _check_header(path, header, needed)
        for cells in table:
            if any(cell.strip() for cell in cells):
                yield _row(passed + table.line_num, header, cells)
    except csv.Error as error:
        raise SourceError(
            f"{path}:{passed + table.line_num}: no table row: {error}",
            fix="close the quotes of this row, or of one before it",
        ) from error


def files_in(path: Path, pattern: str) -> list[Path]:
    """The file itself, or the files of a folder whose names match the glob pattern, sorted.

    Raises:
        SourceError: there is none.
    """
    found = sorted(path.glob(pattern)) if path.is_dir() else [path]
    if not found:
        raise SourceError(f"{path} holds no {pattern}", fix="give the folder with these files")
    return found


def one_file(folder: Path, pattern: str) -> Path:
    """The only file of the folder with such a name.

    Raises:
        SourceError: there is none, or several.
    """
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise SourceError(
            f"{folder} holds {len(found)} files {pattern}", fix=f"give a folder with one {pattern}"
        )
    return found[0]


def _without_comments(text: Iterator[str], comment: str) -> tuple[int, list[str]]:
    """How many lines were passed over, and the first that is no comment (none at the end)."""
    for passed, line in enumerate(text):
        if not comment or not line.startswith(comment):
            return passed, [line]
    return 0, []


def _row(number: int, header: list[str], cells: list[str]) -> Row:
    fault = "" if len(cells) == len(header) else f"{len(cells)} cells instead of {len(header)}"
    named = {column: cell.strip() for column, cell in zip(header, cells, strict=False)}
    if stray := named.pop("", ""):
        fault = f"{stray!r} is below no column name"
    return Row(number, named, fault)


def _check_header(path: Path, header: list[str], needed: Sequence[str]) -> None:
    if missing := [column for column in needed if column not in header]:
        raise SourceError(
            f"{path} lacks the columns {', '.join(missing)}; it has {', '.join(header) or 'none'}",
            fix=f"name them in the first line: {', '.join(needed)}",
        )
    if twice := sorted({column for column in header if column and header.count(column) > 1}):
        raise SourceError(
            f"{path} has twice the columns {', '.join(map(repr, twice))}",
            fix="give each column a name of its own",
        )
