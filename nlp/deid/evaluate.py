"""`konsil bench deid`: what is found, what is wrongly replaced, and which findings survive.

Without PATHS, 200 notes are written from evaluation.toml, which shares no name, template or format
with what the tagger learned from. A PATH is

- a .jsonl file (or a folder of them): {"text": ..., "spans": [[start, end, kind], ...]} a line,
  kind one of name, date, age, place, organisation, phone, email, url, ip, id;
- templates as .toml, as held.toml beside this file: notes are written from them;
- MTSamples as .csv: identifiers are planted into 200 of the notes that training never read. These
  notes hold identifiers of their own that nobody annotated; replacing those counts as wrong.

Recall: an identifier is found when every letter and digit of it is replaced. Precision: a replaced
span is right when at least half of its letters and digits belong to annotated identifiers.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import Any

import orjson

from engine.evaluate import BenchReport, bootstrap_ci
from engine.exceptions import InputError
from engine.protocols import Label, Vocabulary
from engine.types import Document
from nlp.deid.deidentify import Deidentified, Patient
from nlp.deid.draw import Draw
from nlp.deid.finder import Finder
from nlp.deid.generate import EVALUATION, Annotated, Writer
from nlp.deid.mentions import KINDS, Mention
from nlp.deid.train import own_half, read_notes
from nlp.extract import Reader, reader

SEED = 2
COUNT = 200
_PLANTED = 6  # sentences in a real note
_KEY = b"a key for benchmarks, no secret."
_END = re.compile(r"(?<=[a-z]{4}\.)(?=[ ,\n])")


@dataclass(frozen=True, slots=True)
class Scored:
    """One note. found: (kind, was it) of each identifier. right: of the replaced spans.

    kept: findings still read afterwards, of `findings`.
    """

    found: tuple[tuple[str, bool], ...]
    right: int
    replaced: int
    kept: int
    findings: int


def deid(
    paths: Sequence[Path], vocabulary: Vocabulary, *, protected: Iterable[Label]
) -> BenchReport:
    """De-identify annotated notes and score them.

    protected: the names that are never replaced.

    Raises:
        InputError: a path is neither .jsonl nor .csv, or a line of it is not as it should be.
    """
    notes = list(_notes(paths))
    if not notes:
        raise InputError(
            "no annotated notes", where=", ".join(map(str, paths)), fix="give .jsonl or .csv files"
        )
    finder = Finder.compile(protected)
    reading = reader(vocabulary)
    scored: list[Scored] = []
    misses: list[dict[str, Any]] = []
    seconds, words = 0.0, 0
    for number, note in enumerate(notes):
        start = perf_counter()
        patient = Patient(finder, Draw(_KEY, str(number)), "en")
        written = patient.write(str(number), note.text)
        seconds += perf_counter() - start
        words += len(note.text.split())
        scored.append(_scored(note, written, reading))
        misses += _misses(number, note, written)
    return BenchReport(
        bench="deid",
        n=len(scored),
        metrics=metrics(scored) | {"words_per_s": words / seconds},
        ci95=bootstrap_ci(metrics, scored),
        seconds=seconds,
        provenance={
            "konsil": version("konsil"),
            "weights_sha256": finder.tagger.sha256,
            "seed": SEED,
            "paths": [str(path) for path in paths] or [f"generated from {EVALUATION.name}"],
            "sha256": sha256("".join(note.text for note in notes).encode()).hexdigest(),
        },
        misses=misses,
        notes=[
            "recall: identifiers of which every letter and digit is replaced; precision: replaced"
            " spans of which at least half is annotated; intervals resample notes",
            "terms_kept: findings (term and status) of the note that are read from the result too",
            *(["own identifiers of the real notes are not annotated"] if _real(paths) else []),
        ],
    )


def metrics(scored: Sequence[Scored]) -> dict[str, float]:
    """Recall (of all and of each kind), precision, and the share of findings that survive."""
    found = [one for note in scored for one in note.found]
    by_kind = {
        f"recall_{kind}": _share(hit for which, hit in found if which == kind) for kind in KINDS
    }
    return {
        "recall": _share(hit for _, hit in found),
        "precision": _part(sum(n.right for n in scored), sum(n.replaced for n in scored)),
        "terms_kept": _part(sum(n.kept for n in scored), sum(n.findings for n in scored)),
        **{key: value for key, value in by_kind.items() if value == value},
    }


def _share(hits: Iterator[bool]) -> float:
    said = list(hits)
    return sum(said) / len(said) if said else float("nan")


def _part(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")


# ---- Scoring --------------------------------------------------------------------------------


def _marks(text: str, spans: Sequence[tuple[int, int]]) -> set[int]:
    """Letters and digits inside the spans."""
    return {i for start, end in spans for i in range(start, end) if text[i].isalnum()}


def _scored(note: Annotated, written: Deidentified, reading: Reader) -> Scored:
    gone = _marks(note.text, [(r.start, r.end) for r in written.replaced])
    gold = _marks(note.text, [(m.start, m.end) for m in note.mentions])
    found = tuple((m.kind, _marks(note.text, [(m.start, m.end)]) <= gone) for m in note.mentions)
    right = sum(_is_right(note.text, r.start, r.end, gold) for r in written.replaced)
    before, after = _findings(note.text, reading), _findings(written.text or "", reading)
    kept = (before & after).total()
    return Scored(found, right, len(written.replaced), kept, before.total())


def _is_right(text: str, start: int, end: int, gold: set[int]) -> bool:
    inside = _marks(text, [(start, end)])
    return 2 * len(inside & gold) >= len(inside)


def _findings(text: str, reading: Reader) -> Counter[tuple[str, str]]:
    found, _ = reading.read(Document("note", "", text, language="en"))
    return Counter((finding.code.code, finding.status) for finding in found)


def _misses(number: int, note: Annotated, written: Deidentified) -> Iterator[dict[str, Any]]:
    gone = _marks(note.text, [(r.start, r.end) for r in written.replaced])
    gold = _marks(note.text, [(m.start, m.end) for m in note.mentions])
    for m in note.mentions:
        if not _marks(note.text, [(m.start, m.end)]) <= gone:
            yield _miss(number, "missed", m.kind, note.text, m.start, m.end)
    for r in written.replaced:
        if not _is_right(note.text, r.start, r.end, gold):
            yield _miss(number, "invented", r.kind, note.text, r.start, r.end)


def _miss(number: int, error: str, kind: str, text: str, start: int, end: int) -> dict[str, Any]:
    around = text[max(0, start - 60) : start] + "⟦" + text[start:end] + "⟧" + text[end : end + 40]
    return {"note": number, "error": error, "kind": kind, "words": text[start:end], "in": around}


# ---- Notes ----------------------------------------------------------------------------------


def _real(paths: Sequence[Path]) -> bool:
    return any(path.suffix == ".csv" for path in paths)


def _notes(paths: Sequence[Path]) -> Iterator[Annotated]:
    if not paths:
        yield from generated(EVALUATION)
    for path in paths:
        files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
        for file in files:
            if file.suffix == ".csv":
                yield from planted(file)
            elif file.suffix == ".toml":
                yield from generated(file)
            elif file.suffix == ".jsonl":
                yield from annotated(file)
            else:
                raise InputError(
                    "neither .jsonl nor .csv nor .toml",
                    where=str(file),
                    fix="see `nlp/deid/evaluate.py`",
                )


def generated(file: Path) -> Iterator[Annotated]:
    """Notes written from the templates of a file."""
    writer = Writer(file, random.Random(SEED))
    yield from (writer.note() for _ in range(COUNT))


def annotated(path: Path) -> Iterator[Annotated]:
    """The notes of a .jsonl file.

    Raises:
        InputError: a line is not {"text", "spans": [[start, end, kind]]}; it is named.
    """
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        fix = f'write {{"text": ..., "spans": [[start, end, kind]]}}, kind of {", ".join(KINDS)}'
        try:
            item = orjson.loads(line)
            text, spans = item["text"], [(s, e, kind) for s, e, kind in item["spans"]]
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"not an annotated note: {error}", where=where, fix=fix) from error
        for start, end, kind in spans if isinstance(text, str) else ():
            fits = isinstance(start, int) and isinstance(end, int) and 0 <= start < end <= len(text)
            if not fits or kind not in KINDS:
                raise InputError(f"span {[start, end, kind]} is wrong", where=where, fix=fix)
        if not isinstance(text, str):
            raise InputError("the text is no text", where=where, fix=fix)
        mentions = sorted(Mention(s, e, kind) for s, e, kind in spans)
        if any(a.overlaps(b) for a, b in pairwise(mentions)):
            raise InputError("two spans overlap", where=where, fix="join them")
        yield Annotated(text, tuple(mentions))


def planted(path: Path) -> Iterator[Annotated]:
    """Real notes that training never read, with a heading, sentences and a signature put in."""
    rng = random.Random(SEED)
    texts = [text for text in read_notes(path) if not own_half(text)]
    writer = Writer(EVALUATION, rng)
    for text in rng.sample(texts, min(COUNT, len(texts))):
        writer.begin()
        ends = [m.start() for m in _END.finditer(text)]
        places = sorted(rng.sample(ends, min(_PLANTED, len(ends))))
        pieces = [writer.filled("Name: <patient.full>   MRN: <mrn>   DOB: <dob>\n")]
        for start, end in pairwise([0, *places]):
            pieces += [Annotated(text[start:end] + " ", ()), writer.sentence()]
        pieces.append(Annotated(text[places[-1] if places else 0 :], ()))
        pieces.append(writer.filled("\n<doctor.full>, MD\n<date>"))
        yield joined(pieces)


def joined(pieces: Sequence[Annotated]) -> Annotated:
    """One text of several."""
    text, mentions = "", list[Mention]()
    for piece in pieces:
        by = len(text)
        mentions += [Mention(m.start + by, m.end + by, m.kind) for m in piece.mentions]
        text += piece.text
    return Annotated(text, tuple(mentions))
