"""Annotated texts in the formats of the field: PubTator, brat and the ADE corpus.

Offsets count characters of `Annotated.text` and every span equals its text there, but for blanks; a
file in which one does not is an error that names the line: a shifted annotation teaches nonsense.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.exceptions import InputError

_LINE = re.compile(r"(?P<id>[^\t|]+)\|(?P<part>[ta])\|(?P<text>.*)")


@dataclass(frozen=True, slots=True)
class Entity:
    """A mention. start, end: characters. label: as the corpus names it. concepts: ids it links to,
    empty where it links to none.
    """

    start: int
    end: int
    label: str
    concepts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Relation:
    """Between two mentions (positions in `entities`, as texts) or two concepts (ids).

    label: as the corpus names it.
    """

    label: str
    head: str
    tail: str


@dataclass(frozen=True, slots=True)
class Annotated:
    """A text with what its annotators marked. group: texts of one group must not be split."""

    id: str
    group: str
    text: str
    entities: tuple[Entity, ...]
    relations: tuple[Relation, ...] = ()


def read(path: Path) -> Iterator[Annotated]:
    """Every annotated text of a PubTator file, or of a folder of PubTator files or brat folders, or
    of the ADE corpus.

    Raises:
        InputError: none is there, or one is damaged.
    """
    if (path / "DRUG-AE.rel").exists():
        yield from ade(path)
        return
    files = [path] if path.is_file() else sorted(path.rglob("*.[Pp]ub[Tt]ator*"))
    folders = sorted({found.parent for found in path.rglob("*.ann")}) if path.is_dir() else []
    if not files and not folders:
        raise InputError(
            "no annotations in a known format",
            where=str(path),
            fix="name a .PubTator file, a folder with .ann and .txt files, or the ADE corpus's",
        )
    for file in files:
        yield from pubtator(file)
    for folder in folders:
        yield from brat(folder)


# ---- PubTator -----------------------------------------------------------------------------------


def pubtator(path: Path) -> Iterator[Annotated]:
    """Titles and abstracts of a PubTator file (BC5CDR, BioRED), joined by one space.

    Raises:
        InputError: a line is of no known form, or a span is not the text at its offsets.
    """
    block = _Block()
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        where = f"{path.name}:{number}"
        if not line.strip():
            if block.parts:
                yield block.done()
            block = _Block()
        else:
            block.add(line, where)
    if block.parts:
        yield block.done()


@dataclass(slots=True)
class _Block:
    """One document of a PubTator file as its lines come."""

    id: str = ""
    parts: dict[str, str] = field(default_factory=dict)
    entities: list[Entity] = field(default_factory=list)
    relations: list[Relation] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join(self.parts[part] for part in "ta" if part in self.parts)

    def add(self, line: str, where: str) -> None:
        if (match := _LINE.fullmatch(line)) is not None:
            self.id = match["id"]
            self.parts[match["part"]] = match["text"]
            return
        columns = line.split("\t")
        if len(columns) >= 5 and columns[1].isdigit() and columns[2].isdigit():
            start, end = int(columns[1]), int(columns[2])
            _check(self.text, start, end, columns[3], where)
            ids = columns[5] if len(columns) > 5 else ""
            concepts = tuple(i for i in re.split(r"[|,;]", ids) if i not in ("", "-", "-1"))
            self.entities.append(Entity(start, end, columns[4], concepts))
        elif len(columns) >= 4:
            self.relations.append(Relation(columns[1], columns[2], columns[3]))
        else:
            raise InputError(
                "neither text, mention nor relation", where=where, fix="give a PubTator file"
            )

    def done(self) -> Annotated:
        return Annotated(self.id, self.id, self.text, tuple(self.entities), tuple(self.relations))


# ---- brat ---------------------------------------------------------------------------------------


def brat(folder: Path) -> Iterator[Annotated]:
    """Every .ann file of a folder with its .txt (MACCROBAT, the NCBI disease corpus).

    A mention in several pieces is taken from its first character to its last.

    Raises:
        InputError: a text is missing, or a span does not lie in it.
    """
    for path in sorted(folder.glob("*.ann")):
        source = path.with_suffix(".txt")
        if not source.exists():
            raise InputError(
                f"{path.name} has no text", where=str(folder), fix=f"put {source.name} beside it"
            )
        yield _brat(path, source.read_bytes().decode("utf-8"))


def _brat(path: Path, text: str) -> Annotated:
    entities: list[Entity] = []
    places: dict[str, int] = {}
    concepts: dict[str, list[str]] = defaultdict(list)
    events: dict[str, str] = {}
    relations: list[tuple[str, str, str]] = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        where = f"{path.name}:{number}"
        name, _, rest = line.partition("\t")
        what = rest.split("\t")[0].split()
        if name.startswith("T"):
            ends = [int(n) for n in re.findall(r"\d+", " ".join(what[1:]))]
            start, end = ends[0], ends[-1]
            if not 0 <= start < end <= len(text):
                raise InputError("a span outside the text", where=where, fix="mend the offsets")
            if len(ends) == 2:  # of a mention in pieces, the text between them is not given
                _check(text, start, end, rest.partition("\t")[2], where)
            places[name] = len(entities)
            entities.append(Entity(start, end, what[0]))
        elif name.startswith("N"):
            concepts[what[1]].append(what[2])
        elif name.startswith("E"):
            events[name] = what[0].partition(":")[2]
        elif name.startswith("R"):
            head, tail = (part.partition(":")[2] for part in what[1:3])
            relations.append((what[0], head, tail))
    return Annotated(
        id=path.stem,
        group=path.stem,
        text=text,
        entities=tuple(
            Entity(e.start, e.end, e.label, tuple(concepts.get(name, ())))
            for name, e in zip(places, entities, strict=True)
        ),
        relations=tuple(
            Relation(label, *(str(places[events.get(end, end)]) for end in (head, tail)))
            for label, head, tail in relations
        ),
    )


# ---- The ADE corpus -----------------------------------------------------------------------------

_ADE_LABELS = {"DRUG-AE.rel": "Adverse_effect", "DRUG-DOSE.rel": "Dose"}


def ade(folder: Path) -> Iterator[Annotated]:
    """Sentences of the ADE corpus with drugs and their adverse effects or doses, and those without.

    The offsets of the corpus count from the start of an abstract that it does not carry; a sentence
    begins where all of its mentions fit their texts.

    Raises:
        InputError: a mention is not in its sentence.
    """
    rows: dict[tuple[str, str], list[tuple[str, Sequence[str], str]]] = defaultdict(list)
    for name, label in _ADE_LABELS.items():
        path = folder / name
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            columns = line.split("|")
            rows[columns[0], columns[1]].append((label, columns[2:], f"{name}:{number}"))
    for number, ((group, text), found) in enumerate(rows.items()):
        yield _ade(f"{group}:{number}", group, text, found)
    for line in (folder / "ADE-NEG.txt").read_text("utf-8").splitlines():
        group, _, text = line.partition(" NEG ")
        yield Annotated(f"{group}:{text[:20]}", group, text, ())


def _ade(
    identifier: str, group: str, text: str, found: Iterable[tuple[str, Sequence[str], str]]
) -> Annotated:
    entities: dict[Entity, int] = {}
    relations: list[Relation] = []
    given = list(found)
    origin = _origin(text, given)
    for label, (effect, start, end, drug, drug_start, drug_end), where in given:
        pair = (
            _placed(text, effect, int(start), int(end), origin, label, where),
            _placed(text, drug, int(drug_start), int(drug_end), origin, "Drug", where),
        )
        places = [entities.setdefault(entity, len(entities)) for entity in pair]
        relations.append(Relation(f"Drug-{label}", str(places[1]), str(places[0])))
    return Annotated(identifier, group, text, tuple(entities), tuple(relations))


def _origin(text: str, given: Sequence[tuple[str, Sequence[str], str]]) -> int | None:
    """Offset of the sentence in its abstract: the one at which most mentions fit."""
    votes: dict[int, int] = defaultdict(int)
    for _, columns, _ in given:
        for said, start in ((columns[0], int(columns[1])), (columns[3], int(columns[4]))):
            for match in re.finditer(re.escape(said), text):
                votes[start - match.start()] += 1
    return max(votes, key=lambda origin: (votes[origin], -origin), default=None)


def _placed(
    text: str, said: str, start: int, end: int, origin: int | None, label: str, where: str
) -> Entity:
    begin = -1 if origin is None else start - origin
    if begin < 0 or text[begin : begin + len(said)] != said:
        begin = text.find(said)
    if begin < 0:
        raise InputError(f"{said!r} is not in its sentence", where=where, fix="mend the line")
    return Entity(begin, begin + len(said), label)


def _check(text: str, start: int, end: int, said: str, where: str) -> None:
    if text[start:end].split() != said.split():
        raise InputError(
            f"characters {start} to {end} are {text[start:end]!r}, not {said!r}",
            where=where,
            fix="mend the offsets",
        )
