"""The embedded store: records in an SQLite database, in memory or in a file that is only read.

A file opens at once however large the graph is, so nothing has to be indexed at the start of a
command. Nodes are numbered in the order of their ids and predicates in that of their names: the
order of numbers is the order of every answer.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property, reduce
from pathlib import Path
from typing import Any, Self, cast, get_args

import orjson

from knowledge_graph.checksum import check
from knowledge_graph.schema import Edge, Node, Predicate, Value
from knowledge_graph.store import Direction, StoreError
from knowledge_graph.store_base import StoreBase, Strongest
from knowledge_graph.strength import strength
from knowledge_graph.wording import PREFIX_FROM, Wanted, codes, labels, typos, words

PREDICATES: tuple[Predicate, ...] = tuple(sorted(get_args(Predicate)))
_NUMBER = {predicate: number for number, predicate in enumerate(PREDICATES)}
_TABLES = """
CREATE TABLE node (number INTEGER PRIMARY KEY, id TEXT NOT NULL, record BLOB NOT NULL);
CREATE TABLE edge (
    subject INTEGER, predicate INTEGER, object INTEGER, strength REAL, record BLOB NOT NULL,
    PRIMARY KEY (subject, predicate, object)
) WITHOUT ROWID;
CREATE TABLE word (number INTEGER PRIMARY KEY, text TEXT NOT NULL);
CREATE TABLE label (word INTEGER, node INTEGER, PRIMARY KEY (word, node)) WITHOUT ROWID;
CREATE TABLE code (text TEXT, node INTEGER, PRIMARY KEY (text, node)) WITHOUT ROWID;
"""
_INDEXES = """
CREATE UNIQUE INDEX node_id ON node (id);
CREATE UNIQUE INDEX word_text ON word (text);
CREATE INDEX edge_in ON edge (object, predicate, subject, strength);
"""
_EDGES = """
SELECT a.id, e.predicate, b.id, e.record FROM edge e
JOIN node a ON a.number = e.subject JOIN node b ON b.number = e.object
"""
_GIVEN = "(SELECT value FROM json_each(?))"
_LAST = "\U0010ffff"


class RecordStore(StoreBase):
    """`GraphStore` over nodes and edges in this process; safe to share between threads."""

    def __init__(self, nodes: Iterable[Node], edges: Iterable[Edge]) -> None:
        """In memory.

        Raises:
            StoreError: records that no store can hold (see checksum.check).
        """
        self._db = _connect(":memory:")
        _fill(self._db, nodes, edges)

    @classmethod
    def write(cls, path: Path, nodes: Iterable[Node], edges: Iterable[Edge]) -> None:
        """Write an empty file for `open`; records as in the constructor."""
        db = _connect(str(path))
        try:
            db.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")
            _fill(db, nodes, edges)
        finally:
            db.close()

    @classmethod
    def open(cls, path: Path) -> Self:
        """The store in a file that nobody writes any more.

        Raises:
            StoreError: no such file, or not all of it is there.
        """
        store = cls.__new__(cls)
        try:
            store._db = _connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1")
            pages, size = (_one(store._db, f"PRAGMA page_{what}") for what in ("count", "size"))
            whole = path.stat().st_size == pages * size > 0
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"{path}: {error}", fix="delete the file; it is made again") from error
        if not whole:
            store.close()
            raise StoreError(f"{path} is damaged", fix="delete the file; it is made again")
        store._db.execute("PRAGMA mmap_size = 1000000000")
        return store

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def nodes(self, identifiers: Collection[str]) -> list[Node]:
        return self._nodes("id", identifiers)

    def with_codes(self, codes: Collection[str]) -> list[Node]:
        return self._nodes("number", self._column(f"code WHERE text IN {_GIVEN}", _json(codes)))

    def with_words(self, query: Wanted, *, every: bool) -> list[Node]:
        combine = set[int].intersection if every else set[int].union
        found = reduce(combine, (self._with_word(word) for word in query.words))
        return self._nodes("number", found)

    def count_words(self, words: Collection[str]) -> Mapping[str, int]:
        return {word: len(self._with_word(word)) for word in words}

    def edges_of(
        self, identifier: str, *, predicate: Predicate | None, direction: Direction, limit: int
    ) -> list[Edge]:
        end, other = _ends(direction)
        chosen = "" if predicate is None else f"AND predicate = {_NUMBER[predicate]}"
        rows = self._db.execute(
            f"{_EDGES} WHERE {end} = ? {chosen} ORDER BY predicate, {other} LIMIT ?",
            (self._place(identifier), limit),
        )
        return list(map(_edge, rows))

    def strongest(
        self, identifier: str, *, direction: Direction, limit: int
    ) -> Iterator[Strongest]:
        end, other = _ends(direction)
        place = self._place(identifier)
        counts = self._db.execute(
            f"SELECT predicate, count(*) FROM edge WHERE {end} = ? GROUP BY predicate", (place,)
        )
        for predicate, total in counts.fetchall():
            first = (
                f"SELECT {other} FROM edge WHERE {end} = ? AND predicate = ? "
                f"ORDER BY strength DESC, {other} LIMIT ?"  # NULL is the least
            )
            rows = self._db.execute(
                f"{_EDGES} WHERE {end} = ? AND predicate = ? AND {other} IN ({first}) "
                f"ORDER BY strength DESC, {other}",
                (place, predicate, place, predicate, limit),
            )
            yield PREDICATES[predicate], total, list(map(_edge, rows))

    def adjacent(
        self, identifiers: Collection[str], *, without: Predicate | None = None
    ) -> Mapping[str, Collection[str]]:
        near: dict[str, set[str]] = {identifier: set() for identifier in identifiers}
        chosen = "" if without is None else f"AND e.predicate != {_NUMBER[without]}"
        given = _json(identifiers)
        for direction in ("out", "in"):
            end, other = _ends(direction)
            rows = self._db.execute(
                f"SELECT x.id, y.id FROM node x JOIN edge e ON e.{end} = x.number {chosen} "
                f"JOIN node y ON y.number = e.{other} WHERE x.id IN {_GIVEN}",
                (given,),
            )
            for identifier, next_to in rows:
                near[identifier].add(next_to)
        return near

    def edges_among(
        self, identifiers: Collection[str], *, predicate: Predicate | None = None
    ) -> list[Edge]:
        given = _json(identifiers)
        chosen = "" if predicate is None else f"AND e.predicate = {_NUMBER[predicate]}"
        rows = self._db.execute(
            f"{_EDGES} WHERE a.id IN {_GIVEN} AND b.id IN {_GIVEN} {chosen}", (given, given)
        )
        return list(map(_edge, rows))

    # ---- Inside -------------------------------------------------------------------------------

    def _place(self, identifier: str) -> int:
        """The number of a node; -1, which none has, of an unknown one."""
        return _one(self._db, "SELECT number FROM node WHERE id = ?", identifier) or -1

    def _nodes(self, column: str, values: Collection[str] | Collection[int]) -> list[Node]:
        rows = self._db.execute(
            f"SELECT record FROM node WHERE {column} IN {_GIVEN}", (_json(values),)
        )
        return [_node(record) for (record,) in rows]

    def _column(self, where: str, *values: str) -> set[int]:
        return {number for (number,) in self._db.execute(f"SELECT node FROM {where}", values)}

    @cached_property
    def _vocabulary(self) -> Mapping[int, list[str]]:
        """Words by their length."""
        by_length: defaultdict[int, list[str]] = defaultdict(list)
        for (text,) in self._db.execute("SELECT text FROM word ORDER BY text"):
            by_length[len(text)].append(text)
        return dict(by_length)

    def _with_word(self, word: str) -> set[int]:
        labelled = "label JOIN word ON word.number = label.word WHERE text"
        found = self._column(f"{labelled} IN {_GIVEN}", _json([word, *self._similar(word)]))
        if len(word) >= PREFIX_FROM:
            found |= self._column(f"{labelled} >= ? AND text < ?", word, word + _LAST)
        return found

    def _similar(self, word: str) -> list[str]:
        """Words of the vocabulary within the typos forgiven, a swap of two letters being one."""
        allowed = typos(word)
        if not allowed:
            return []
        from rapidfuzz import process
        from rapidfuzz.distance import OSA

        near: list[str] = []
        for length in range(len(word) - allowed, len(word) + allowed + 1):
            near += self._vocabulary.get(length, ())
        close = process.extract(word, near, scorer=OSA.distance, score_cutoff=allowed, limit=None)
        return [similar for similar, _, _ in close]


def _connect(where: str) -> sqlite3.Connection:
    return sqlite3.connect(where, uri=True, check_same_thread=False, isolation_level=None)


def _one(db: sqlite3.Connection, statement: str, *values: Any) -> Any:
    row = db.execute(statement, values).fetchone()
    return None if row is None else row[0]


def _fill(db: sqlite3.Connection, nodes: Iterable[Node], edges: Iterable[Edge]) -> None:
    listed, drawn = sorted(nodes, key=lambda node: node.id), list(edges)
    check(listed, drawn)
    places = {node.id: number for number, node in enumerate(listed, 1)}
    db.executescript(_TABLES)
    db.execute("BEGIN")
    db.executemany("INSERT INTO node VALUES (?, ?, ?)", map(_node_row, places.values(), listed))
    db.executemany(
        "INSERT INTO edge VALUES (?, ?, ?, ?, ?)", sorted(_edge_row(edge, places) for edge in drawn)
    )
    labelled: dict[str, set[int]] = {}
    coded: set[tuple[str, int]] = set()
    for place, node in enumerate(listed, 1):
        coded.update((code, place) for code in codes(node))
        for word in {word for label in labels(node) for word in words(label)}:
            labelled.setdefault(word, set()).add(place)
    vocabulary = list(enumerate(sorted(labelled)))
    db.executemany("INSERT INTO word VALUES (?, ?)", vocabulary)
    for number, word in vocabulary:
        db.executemany("INSERT INTO label VALUES (?, ?)", ((number, n) for n in labelled[word]))
    db.executemany("INSERT INTO code VALUES (?, ?)", sorted(coded))
    db.execute("COMMIT")
    db.executescript(f"{_INDEXES} ANALYZE;")


def _ends(direction: str) -> tuple[str, str]:
    return ("subject", "object") if direction == "out" else ("object", "subject")


def _json(values: Collection[str] | Collection[int]) -> str:
    return orjson.dumps(list(values)).decode()


def _node_row(place: int, node: Node) -> tuple[int, str, bytes]:
    fields = (node.kind, node.name, node.synonyms, node.xrefs, dict(node.properties))
    return place, node.id, orjson.dumps((node.id, *fields))


def _node(record: bytes) -> Node:
    identifier, kind, name, synonyms, xrefs, properties = orjson.loads(record)
    return Node(identifier, kind, name, tuple(synonyms), tuple(xrefs), _values(properties))


def _edge_row(edge: Edge, places: Mapping[str, int]) -> tuple[int, int, int, float | None, bytes]:
    ends = places[edge.subject], _NUMBER[edge.predicate], places[edge.object]
    return *ends, strength(edge), orjson.dumps((edge.sources, dict(edge.properties)))


def _edge(row: tuple[str, int, str, bytes]) -> Edge:
    subject, predicate, target, record = row
    sources, properties = orjson.loads(record)
    return Edge(subject, PREDICATES[predicate], target, tuple(sources), _values(properties))


def _values(stored: dict[str, Any]) -> dict[str, Value]:
    listed = {k: tuple(cast(list[str], v)) for k, v in stored.items() if isinstance(v, list)}
    return {**stored, **listed}
