"""`konsil extract`: the structure of notes, for people and for programs."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from api.notes import files, print_issue, progress, text_of
from engine.exceptions import InputError

if TYPE_CHECKING:
    from spacy.tokens import DocBin

    from engine.types import Issue
    from nlp.notes import NoteReader
    from nlp.record import Record

FORMATS = ("text", "json", "fhir", "html", "docbin")


@click.command()
@click.argument(
    "notes", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="NOTE..."
)
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("--json", "form", flag_value="json", help="The same as --format json.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write to this file; else to standard output. docbin needs it.",
)
@click.option("--literature", is_flag=True, help="Abstracts or case reports: tell drugs' effects.")
@click.option("--language", metavar="TAG", help="The language of the notes, if you know it: en.")
def extract(
    notes: tuple[Path, ...], form: str, out: Path | None, language: str | None, *, literature: bool
) -> None:
    """Tell what notes hold, each item with its characters.

    A NOTE is a text file, a folder of .txt files, or - for standard input. Told are sections,
    problems with their HPO terms and whether they are denied, uncertain, history or a relative's,
    medicines with dose, tests with values, procedures and dates.

    json and fhir print one line for each note: a record, or a FHIR R4 Bundle with Provenance. html
    is one page for all notes, docbin a spaCy DocBin with one Doc for each. Characters count from 0
    in the text as decoded; the end is exclusive. What a drug causes is told only of --literature:
    that is learned from abstracts, and most of it would be wrong in a hospital's notes.

    The exit code is 1 when a note was not read; the others are told all the same.
    """
    found = list(files(notes, stdin=True))
    if form == "docbin" and out is None:
        raise InputError("a DocBin is no text", where="--format docbin", fix="name a file by --out")
    _check(out, found)
    reader = replace(_reader(), literature=literature)
    whole = True
    with _target(out) as stream:  # only now is an old file given up
        for piece, record in _written(reader, form, found, language):
            stream.write(piece)
            stream.flush()
            whole = whole and (record is None or record.read)
    sys.exit(0 if whole else 1)


def _check(out: Path | None, found: Sequence[Path]) -> None:
    if out is None or not out.exists():
        return
    if any(file.exists() and file.samefile(out) for file in found):
        raise InputError("it is one of the notes", where=str(out), fix="name another file")


def _target(out: Path | None) -> AbstractContextManager[BinaryIO]:
    if out is None:
        return nullcontext(sys.stdout.buffer)
    try:
        return out.open("wb")
    except OSError as error:
        raise InputError(
            f"cannot be written: {error.strerror}", where=str(out), fix="name a file of yours"
        ) from error


def _written(
    reader: NoteReader, form: str, found: Sequence[Path], language: str | None
) -> Iterator[tuple[bytes, Record | None]]:
    """What is written, piece by piece, and the record that a piece tells."""
    from api.exports import html
    from nlp.notes import packed_bin

    into = packed_bin() if form == "docbin" else None
    if form == "html":
        yield html.HEAD.encode(), None
    for file in found:
        piece, record = _told(reader, form, file, language, into)
        for issue in record.issues:
            print_issue(issue)
        yield piece, record
    if form == "html":
        yield html.FOOT.encode(), None
    if into is not None:
        yield into.to_bytes(), None


def _told(
    reader: NoteReader, form: str, file: Path, language: str | None, into: DocBin | None
) -> tuple[bytes, Record]:
    """One note. One that fails becomes an issue, and the others are still told."""
    from engine.types import Document
    from nlp.extract import encodable

    name = encodable(str(file))
    text, issues = text_of(file, name)
    document = Document(name, "", text, language=language)
    if any(issue.level == "error" for issue in issues):
        record = reader.refused(document, issues, into=into)
        return _as(form, record), record
    try:
        record = reader.read(document, remarks=issues, into=into)
        return _as(form, record), record
    except Exception as error:  # the border between notes: the others are still told
        record = reader.refused(document, (*issues, _failed(name, error)), into=into)
        return _as(form, record), record


def _failed(name: str, error: Exception) -> Issue:
    from engine.types import Issue

    said = f"this note could not be worked on ({type(error).__name__}); nothing was read from it"
    return Issue("error", name, said, "report this, without the text of the note")


def _as(form: str, record: Record) -> bytes:
    """A record in one of the forms that go out note by note."""
    if form == "json":
        from engine.serialize import as_bytes
        from nlp.record import as_plain

        return as_bytes(as_plain(record)) + b"\n"
    if form == "fhir":
        from api.exports.fhir import bundle
        from engine.serialize import as_bytes

        return as_bytes(bundle(record, recorded=datetime.now(UTC))) + b"\n"
    if form == "html":
        from api.exports.html import article

        return article(record).encode()
    if form == "docbin":
        return b""
    from api.exports.lines import lines

    return "".join(f"{line}\n" for line in lines(record)).encode()


def _reader() -> NoteReader:
    from api.linkable import terms
    from knowledge_graph.memory import MemoryGraph
    from nlp.notes import NoteReader

    graph = MemoryGraph.chosen(progress)
    return NoteReader.compile(graph, terms(graph))
