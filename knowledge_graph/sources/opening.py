"""Opening the text files of a source, plain or gzipped."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO, cast

from engine.exceptions import SourceError


@contextmanager
def opened(path: Path) -> Generator[TextIO]:
    """The file as UTF-8 text, unpacked if its name ends in .gz; line ends are left as they are.

    Raises:
        SourceError: while opening or reading: it is absent, cut short, not gzip, not UTF-8
            or no table.
    """
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8", newline="") as file:
            yield cast(TextIO, file)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise SourceError(
            f"{path} cannot be read: {error}", fix="give the file as its publisher offers it"
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
