"""Notes as the text commands are given them: files, folders, standard input."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.exceptions import InputError

if TYPE_CHECKING:
    from engine.types import Issue

STDIN = Path("-")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def files(notes: Sequence[Path], *, stdin: bool = False) -> Iterator[Path]:
    """Every file, and the .txt files of every folder. stdin: "-" is allowed.

    Raises:
        InputError: a path leads nowhere, or to a folder without any.
    """
    for note in notes:
        if note.is_dir():
            found = sorted(path for path in note.iterdir() if path.suffix.lower() == ".txt")
            if not found:
                raise InputError("no .txt file in it", where=str(note), fix="name files")
            yield from found
        elif note.is_file() or (stdin and note == STDIN):
            yield note
        else:
            raise InputError("no such file or folder", where=str(note), fix="check the path")


def text_of(file: Path, name: str = "") -> tuple[str, tuple[Issue, ...]]:
    """The text of a file, and what is wrong with it; an error where it is none.

    name: the note's, for issues.
    """
    from engine.readers.text import decode
    from engine.types import Issue

    try:
        data = sys.stdin.buffer.read() if file == STDIN else file.read_bytes()
        text, remark = decode(data)
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or error
        return "", (Issue("error", name, f"cannot be read: {said}", "send a text file"),)
    if remark is None:
        return text, ()
    return text, (Issue("warning", name, remark, "save the note as UTF-8"),)


def progress(message: str) -> None:
    """Say what takes long, beside the output."""
    click.echo(message, err=True)


def print_issue(issue: Issue) -> None:
    """One line on standard error."""
    line = f"{issue.level}: {issue.where}: {issue.message}. Fix: {issue.fix}."
    click.echo(one_line(line), err=True)


def one_line(text: str) -> str:
    """Blanks for control characters (colours, cursor moves): they must not reach a terminal."""
    return _CONTROL.sub(" ", text)
