"""`konsil deid`: notes without what identifies the patient, and an account of what was replaced."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from api.notes import files, print_issue, progress, text_of
from engine.exceptions import InputError

if TYPE_CHECKING:
    from engine.types import Issue
    from nlp.deid.deidentify import Deidentified
    from nlp.deid.finder import Finder

SHORTEST_KEY = 16
"""Bytes; a shorter key could be guessed."""
PATH = click.Path(path_type=Path)


@click.command()
@click.argument("notes", type=PATH, nargs=-1, required=True, metavar="NOTE...")
@click.option(
    "--patient",
    metavar="ID",
    help="All NOTES are of this one patient and share surrogates; else each note stands alone.",
)
@click.option(
    "--key-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A secret of 16 bytes and more: the same key, patient and notes give the same surrogates.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write note-0001.txt, ... to this folder; names of files may identify, so none is kept.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(("text", "json")),
    default="text",
    show_default=True,
    help="json prints one line for each note.",
)
@click.option("--language", metavar="TAG", help="The language of the notes, if you know it: en.")
@click.option("--show-original", is_flag=True, help="Put the replaced words into the report.")
def deid(
    notes: tuple[Path, ...],
    patient: str | None,
    key_file: Path | None,
    out: Path | None,
    form: str,
    language: str | None,
    show_original: bool,
) -> None:
    """Replace what identifies people in notes by surrogates.

    A NOTE is a text file, or a folder of .txt files. Names, places, organisations and numbers
    become others of the same form, dates move by one secret number of weeks a patient, ages over
    89 become "90 or older"; findings and medicines stay. Check the result: no method finds
    everything.

    The exit code is 1 when a note was not written. Files are told apart as note-0001, ... in all
    that is written, as their names may identify; which is which goes to standard error.
    """
    found = list(files(notes))
    if form == "text" and out is None and len(found) > 1:
        raise InputError(
            f"{len(found)} notes cannot share one output",
            where="NOTE",
            fix="name a folder with --out, or use --format json",
        )
    if patient is not None and not patient.strip():
        raise InputError("the id is empty", where="--patient", fix="give the patient's id")
    key = _key(key_file)
    if out is not None:
        _prepare(out)
    whole = True
    for name, text, done in _written(found, patient, key, language):
        target = None if out is None or done.text is None else out / f"{name}.txt"
        if target is not None:
            done = _saved(name, done, target)
        show = _print_json if form == "json" else _print_text
        show(name, text if show_original else None, done, target)
        whole = whole and done.text is not None
    sys.exit(0 if whole else 1)


# ---- Reading --------------------------------------------------------------------------------


def _key(file: Path | None) -> bytes:
    from nlp.deid.deidentify import new_key

    if file is None:
        click.echo("no --key-file: a key was made for this run and is not kept", err=True)
        return new_key()
    fix = f"write {SHORTEST_KEY} and more random bytes to it: head -c 32 /dev/urandom > FILE"
    try:
        key = file.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(file), fix=fix) from error
    if len(key.strip()) < SHORTEST_KEY:
        raise InputError(f"the key has {len(key.strip())} bytes", where=str(file), fix=fix)
    return key.strip()


def _prepare(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        full = any(out.glob("note-*.txt"))
    except OSError as error:
        raise InputError(
            f"cannot be made: {error}", where=str(out), fix="name a folder of yours"
        ) from error
    if full:
        raise InputError(
            "it holds notes that were written before", where=str(out), fix="name an empty folder"
        )


def _written(
    found: Sequence[Path], patient: str | None, key: bytes, language: str | None
) -> Iterator[tuple[str, str, Deidentified]]:
    """Each note as it is to be written, by its new name; of one patient, all are read for people's
    names first. A note that fails becomes an issue, and the others are still written.
    """
    from nlp.deid.deidentify import Deidentified, Patient, patient_of
    from nlp.deid.draw import Draw

    finder = _finder()
    one = None if patient is None else Patient(finder, Draw(key, patient), language)
    if one is not None and len(found) > 1:
        for file in found:
            with suppress(Exception):  # said below, where the note is written
                one.meet(text_of(file)[0])
    for number, file in enumerate(found, 1):
        name = f"note-{number:04}"
        click.echo(f"{name}: {file}", err=True)
        text, issues = text_of(file, name)
        if any(issue.level == "error" for issue in issues):
            yield name, text, Deidentified(None, issues=issues)
            continue
        who = one or Patient(finder, Draw(key, patient_of(text)), language)
        try:
            done = who.write(name, text)
        except Exception as error:  # the border between notes: the others are still written
            done = Deidentified(None, issues=(_failed(name, error),))
        yield name, text, replace(done, issues=(*issues, *done.issues))


def _failed(name: str, error: Exception) -> Issue:
    from engine.types import Issue

    said = f"this note could not be worked on ({type(error).__name__}); nothing was written"
    return Issue("error", name, said, "report this, without the text of the note")


def _saved(name: str, done: Deidentified, target: Path) -> Deidentified:
    """The same, or an issue where it could not be written."""
    from engine.types import Issue
    from nlp.deid.deidentify import Deidentified

    try:
        target.write_bytes((done.text or "").encode("utf-8", "replace"))
    except OSError as error:
        issue = Issue("error", name, f"cannot be written: {error.strerror}", "make room for it")
        return Deidentified(None, issues=(*done.issues, issue))
    return done


def _finder() -> Finder:
    from api.protected import protected
    from knowledge_graph.memory import MemoryGraph
    from nlp.deid.finder import Finder

    return Finder.compile(protected(MemoryGraph.chosen(progress)))


# ---- Reporting ------------------------------------------------------------------------------


def _print_json(name: str, original: str | None, done: Deidentified, target: Path | None) -> None:
    from engine.serialize import as_bytes

    replaced: list[dict[str, Any]] = []
    for one in done.replaced:
        span = {"kind": one.kind, "how": one.how, "start": one.start, "end": one.end}
        span |= {"out_start": one.out_start, "out_end": one.out_end}
        if original is not None:
            span["original"] = original[one.start : one.end]
        replaced.append(span)
    line: dict[str, Any] = {"note": name}
    line |= {"text": done.text} if target is None or done.text is None else {"written": str(target)}
    sys.stdout.buffer.write(
        as_bytes({**line, "replaced": replaced, "issues": list(done.issues)}) + b"\n"
    )
    sys.stdout.buffer.flush()


def _print_text(name: str, original: str | None, done: Deidentified, target: Path | None) -> None:
    """The text goes to standard output, if it has no file; the report never goes there with it."""
    aside = target is None
    if aside and done.text is not None:
        sys.stdout.buffer.write(done.text.encode("utf-8", "replace"))
        sys.stdout.buffer.flush()
    if done.text is not None:
        counts = Counter(one.kind for one in done.replaced)
        summary = ", ".join(f"{count} {kind}" for kind, count in counts.most_common()) or "nothing"
        click.echo(f"{name}{'' if aside else f' -> {target}'}: replaced {summary}", err=aside)
    for one in done.replaced:
        words = "" if original is None else f"  {original[one.start : one.end]!r}"
        click.echo(
            f"  {one.kind:<12}  {one.start} to {one.end} -> {one.out_start} to {one.out_end}"
            f"  {one.how}{words}",
            err=aside,
        )
    for issue in done.issues:
        print_issue(issue)
