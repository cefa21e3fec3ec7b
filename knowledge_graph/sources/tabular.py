"""Tables of a source (CSV or TSV, plain or .gz), read row by row with their place in the file."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from engine.exceptions import SourceError
from knowledge_graph.schema import Edge


@dataclass(frozen=True, slots=True)
class Row:
    """number: line in the file, from 1. cells: text by column, stripped. fault: "" if usable."""

    number: int
    cells: dict[str, str]
    fault: str = ""


def rows(path: Path, needed: Sequence[str], *, delimiter: str) -> Iterator[Row]:
    """Every row below the header that is not blank; a byte order mark and CRLF are moot.

    Quotes have a meaning in CSV only. A row with more or fewer cells than the header has a fault.

    Raises:
        SourceError: absent, cut short, not UTF-8, no table, or without a needed column.
    """
    quoting = csv.QUOTE_MINIMAL if delimiter == "," else csv.QUOTE_NONE
    table = csv.reader(_lines(path), delimiter=delimiter, quoting=quoting, strict=True)
    try:
        header = [cell.strip() for cell in next(table, list[str]())]
        _check_header(path, header, needed)
        for cells in table:
            if any(cell.strip() for cell in cells):
                yield _row(table.line_num, header, cells)
    except csv.Error as error:
        raise SourceError(
            f"{path}:{table.line_num}: no table row: {error}",
            fix="close the quotes of this row, or of one before it",
        ) from error


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


def joined(edges: Iterable[Edge]) -> list[Edge]:
    """One edge for each subject, predicate and object: all sources, the properties of the first."""
    found: dict[tuple[str, str, str], Edge] = {}
    for edge in edges:
        key = edge.subject, edge.predicate, edge.object
        first = found.get(key)
        sources = (*first.sources, *edge.sources) if first else edge.sources
        found[key] = replace(first or edge, sources=tuple(dict.fromkeys(sources)))
    return list(found.values())


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


def _lines(path: Path) -> Iterator[str]:
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
        raise SourceError(f"{path} cannot be read: {error}", fix="give the whole file") from error
