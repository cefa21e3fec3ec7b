"""The property graph embedded: dicts over the records, no server, no files."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property, reduce
from itertools import islice, takewhile

from knowledge_graph.checksum import check
from knowledge_graph.schema import Edge, Node, Predicate
from knowledge_graph.store import Direction, edge_order
from knowledge_graph.store_base import StoreBase
from knowledge_graph.wording import PREFIX_FROM, Wanted, codes, labels, typos, words


class RecordStore(StoreBase):
    """`GraphStore` over nodes and edges in memory; the indexes are built on first use."""

    def __init__(self, nodes: Iterable[Node], edges: Iterable[Edge]) -> None:
        """Raises `StoreError` for records that no store can hold (see checksum.check)."""
        listed, drawn = tuple(nodes), sorted(edges, key=edge_order)
        check(listed, drawn)
        self._nodes = {node.id: node for node in listed}
        self._out: defaultdict[str, list[Edge]] = defaultdict(list)
        self._in: defaultdict[str, list[Edge]] = defaultdict(list)
        for edge in drawn:
            self._out[edge.subject].append(edge)
            self._in[edge.object].append(edge)

    def nodes(self, identifiers: Collection[str]) -> list[Node]:
        return [self._nodes[i] for i in identifiers if i in self._nodes]

    def with_code(self, code: str) -> list[Node]:
        return [self._nodes[i] for i in self._by_code.get(code, ())]

    def with_words(self, query: Wanted, *, every: bool) -> list[Node]:
        combine = set[str].intersection if every else set[str].union
        found = reduce(combine, (self._with_word(word) for word in query.words))
        return [self._nodes[i] for i in found]

    def edges_of(
        self, identifier: str, *, predicate: Predicate | None, direction: Direction, limit: int
    ) -> list[Edge]:
        edges = (self._out if direction == "out" else self._in).get(identifier, [])
        chosen = (edge for edge in edges if predicate in (None, edge.predicate))
        return list(islice(chosen, limit))

    def adjacent(
        self, identifiers: Collection[str], *, without: Predicate | None = None
    ) -> Mapping[str, Collection[str]]:
        return {i: set(self._next_to(i, without)) for i in identifiers}

    def edges_among(
        self, identifiers: Collection[str], *, predicate: Predicate | None = None
    ) -> list[Edge]:
        inside = frozenset(identifiers)
        return [
            edge
            for i in inside
            for edge in self._out.get(i, ())
            if edge.object in inside and predicate in (None, edge.predicate)
        ]

    # ---- Inside -------------------------------------------------------------------------------

    def _next_to(self, identifier: str, without: Predicate | None) -> Iterator[str]:
        for edge in self._out.get(identifier, ()):
            if edge.predicate != without:
                yield edge.object
        for edge in self._in.get(identifier, ()):
            if edge.predicate != without:
                yield edge.subject

    @cached_property
    def _by_code(self) -> Mapping[str, list[str]]:
        index: defaultdict[str, list[str]] = defaultdict(list)
        for node in self._nodes.values():
            for code in set(codes(node)):
                index[code].append(node.id)
        return index

    @cached_property
    def _by_word(self) -> Mapping[str, set[str]]:
        index: defaultdict[str, set[str]] = defaultdict(set)
        for node in self._nodes.values():
            for label in labels(node):
                for word in words(label):
                    index[word].add(node.id)
        return index

    @cached_property
    def _vocabulary(self) -> list[str]:
        return sorted(self._by_word)

    def _with_word(self, word: str) -> set[str]:
        found = self._by_word.get(word, set[str]()).copy()
        if len(word) >= PREFIX_FROM:
            places = range(bisect_left(self._vocabulary, word), len(self._vocabulary))
            after = (self._vocabulary[place] for place in places)
            for longer in takewhile(lambda other: other.startswith(word), after):
                found |= self._by_word[longer]
        for similar in self._similar(word):
            found |= self._by_word[similar]
        return found

    def _similar(self, word: str) -> list[str]:
        """Words of the vocabulary within the typos forgiven, a swap of two letters being one."""
        allowed = typos(word)
        if not allowed:
            return []
        from rapidfuzz import process
        from rapidfuzz.distance import OSA

        close = process.extract(
            word, self._vocabulary, scorer=OSA.distance, score_cutoff=allowed, limit=None
        )
        return [similar for similar, _, _ in close]
