"""What both stores share: every answer that follows from a few primitive ones."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import pairwise

from engine.exceptions import NotFoundError
from knowledge_graph.routes import reach, shortest_routes
from knowledge_graph.schema import KINDS, Edge, Node, NodeKind, Predicate
from knowledge_graph.store import (
    CARD_EDGES,
    LARGEST_SUBGRAPH,
    LONGEST_PATH,
    Card,
    Direction,
    Found,
    Group,
    Route,
    Subgraph,
    edge_order,
    ends,
    named,
    shown,
)
from knowledge_graph.wording import (
    Wanted,
    by_close_code,
    by_code,
    by_name,
    called,
    close_codes,
    code,
    rarest,
    wanted,
)

Strongest = tuple[Predicate, int, list[Edge]]
"""A predicate, how many edges a node has of it, and the first of these."""


class StoreBase(ABC):
    """`GraphStore` over eight primitives; a store says only how it gets at its records."""

    # ---- Primitives ---------------------------------------------------------------------------

    @abstractmethod
    def nodes(self, identifiers: Collection[str]) -> list[Node]:
        """Those of these nodes that the store holds, in any order."""

    @abstractmethod
    def with_codes(self, codes: Collection[str]) -> list[Node]:
        """Nodes with one of these ids or cross-references (folded by wording.code), in any order;
        each once."""

    @abstractmethod
    def with_words(self, query: Wanted, *, every: bool) -> list[Node]:
        """Nodes with every (or any) word of a query: whole, as a prefix or with typos."""

    @abstractmethod
    def count_words(self, words: Collection[str]) -> Mapping[str, int]:
        """How many nodes have each of these words, as `with_words` finds them."""

    @abstractmethod
    def edges_of(
        self, identifier: str, *, predicate: Predicate | None, direction: Direction, limit: int
    ) -> list[Edge]:
        """The first edges of a node by `edge_order`; none of an unknown one."""

    @abstractmethod
    def strongest(
        self, identifier: str, *, direction: Direction, limit: int
    ) -> Iterable[Strongest]:
        """For each predicate in order the first edges of a node by (-strength, other end).

        Strength is that of strength.py; edges without one come last.
        """

    @abstractmethod
    def adjacent(
        self, identifiers: Collection[str], *, without: Predicate | None = None
    ) -> Mapping[str, Collection[str]]:
        """Ids next to each of these, along edges in either direction."""

    @abstractmethod
    def edges_among(
        self, identifiers: Collection[str], *, predicate: Predicate | None = None
    ) -> list[Edge]:
        """Edges with both ends among these nodes, in any order."""

    # ---- What follows -------------------------------------------------------------------------

    def search(self, text: str, *, limit: int = 10) -> list[Found]:
        """Nodes by id, cross-reference, name or synonym, typos allowed; by (-score, kind, id)."""
        found = next((found for found in self._answers(text) if found), list[Found]())
        return [replace(hit, node=_readable(hit.node)) for hit in found[:limit]]

    def node(self, identifier: str) -> Node:
        """The node with exactly this id.

        Raises:
            NotFoundError: no such node; suggestions name the closest.
        """
        if found := self.nodes([identifier]):
            return found[0]
        raise self._unknown(identifier, None)

    def find(self, text: str, *, kind: NodeKind | None = None) -> Node:
        """The node that has this id or code, or exactly this name or synonym.

        Raises:
            NotFoundError: none, or several of equal standing; suggestions name them.
        """
        for standing in self._standings(text):
            fitting = [node for node in standing if kind in (None, node.kind)]
            first = min((KINDS.index(node.kind) for node in fitting), default=None)
            same = [node for node in fitting if KINDS.index(node.kind) == first]
            if len(same) > 1:
                raise NotFoundError(
                    f"{len(same)} nodes are called {text!r}",
                    fix="give the id of the one you mean",
                    suggestions=_listed(sorted(same, key=lambda node: node.id)),
                )
            if same:
                return same[0]
        raise self._unknown(text, kind)

    def card(self, text: str, *, limit: int = CARD_EDGES) -> Card:
        """A node, found as by `find`, with at most `limit` edges of each predicate."""
        node = self.find(text)
        directions: tuple[Direction, ...] = ("out", "in")
        groups: list[Group] = []
        for direction in directions:
            for predicate, total, edges in self.strongest(
                node.id, direction=direction, limit=limit
            ):
                groups.append(Group(predicate, direction, total, tuple(named(self, edges))))
        return Card(_readable(node), tuple(groups))

    def neighbours(
        self,
        identifier: str,
        *,
        predicate: Predicate | None = None,
        direction: Direction = "out",
        limit: int = 100,
    ) -> list[Edge]:
        """Edges that leave ("out") or reach ("in") a node, by (predicate, object, subject)."""
        edges = self.edges_of(identifier, predicate=predicate, direction=direction, limit=limit)
        if not edges:
            self.node(identifier)
        return edges

    def treats(self, disease: str, *, limit: int = 100) -> list[Edge]:
        """What treats a disease."""
        return self.neighbours(disease, predicate="treats", direction="in", limit=limit)

    def confirms(self, disease: str, *, limit: int = 100) -> list[Edge]:
        """Which tests confirm a disease."""
        return self.neighbours(disease, predicate="confirms", direction="in", limit=limit)

    def contraindicates(self, disease: str, *, limit: int = 100) -> list[Edge]:
        """Which drugs and drug classes must not be given in a disease."""
        return self.neighbours(disease, predicate="contraindicated_in", direction="in", limit=limit)

    def interactions(self, drugs: Iterable[str]) -> list[Edge]:
        """Interactions among these drugs, by (predicate, object, subject)."""
        return sorted(self.edges_among(set(drugs), predicate="interacts_with"), key=edge_order)

    def paths(
        self, start: str, end: str, *, limit: int = 5, longest: int = LONGEST_PATH
    ) -> list[Route]:
        """Simple paths along edges in either direction, by (number of edges, node ids)."""
        first, last = self.node(start).id, self.node(end).id

        def around(ids: Collection[str]) -> Mapping[str, Collection[str]]:
            return self.adjacent(ids, without="lacks_phenotype")

        routes = shortest_routes(first, last, around, limit=limit, longest=longest)
        among = self.edges_among({node for route in routes for node in route})
        best: dict[frozenset[str], Edge] = {}
        for edge in sorted(among, key=edge_order):
            if edge.predicate != "lacks_phenotype":
                best.setdefault(frozenset((edge.subject, edge.object)), edge)
        names = ends(self, (node for route in routes for node in route))
        return [
            Route(
                tuple(names[node] for node in route),
                tuple(named(self, (best[frozenset(step)] for step in pairwise(route)))),
            )
            for route in routes
        ]

    def subgraph(
        self, identifiers: Iterable[str], *, hops: int = 1, limit: int = LARGEST_SUBGRAPH
    ) -> Subgraph:
        """Everything within this many edges, in either direction, of the given nodes."""
        starts = [self.node(identifier).id for identifier in identifiers]
        inside, complete = reach(starts, self.adjacent, hops=hops, limit=limit)
        nodes = sorted(map(_readable, self.nodes(inside)), key=lambda node: node.id)
        drawn = (replace(e, properties=shown(e.properties)) for e in self.edges_among(inside))
        edges = sorted(drawn, key=lambda e: (e.subject, e.predicate, e.object))
        return Subgraph(tuple(nodes), tuple(edges), complete)

    # ---- Inside -------------------------------------------------------------------------------

    def _answers(self, text: str) -> Iterator[list[Found]]:
        """What a search may answer, the surest first; asked for one after the other."""
        query = wanted(text)
        if not query.code:
            return
        yield by_code(query, self.with_codes([query.code]))
        if query.words:
            yield by_name(query, self.with_words(query, every=True))
        if len(query.words) > 1:
            rare = rarest(self.count_words(set(query.words)))
            if rare:
                yield by_name(query, self.with_words(replace(query, words=rare), every=False))
        if close := close_codes(text):
            yield by_close_code(query, close, self.with_codes(close))

    def _standings(self, text: str) -> Iterator[list[Node]]:
        """Nodes that a text names, those it names best first; asked for one after the other."""
        yield self.nodes([text.strip()])
        query = wanted(text)
        coded = [hit.node for hit in by_code(query, self.with_codes([query.code]))]
        yield [node for node in coded if code(node.id) == query.code]
        yield coded
        if query.words:
            yield from called(query, self.with_words(query, every=True))

    def _unknown(self, text: str, kind: NodeKind | None) -> NotFoundError:
        close = [hit.node for hit in self.search(text, limit=10)]
        fitting = [node for node in close if kind in (None, node.kind)]
        return NotFoundError(
            f"the graph has no {kind or 'node'} {text!r}",
            fix="find its id with `konsil kg search`",
            suggestions=_listed(fitting[:3]),
        )


def _listed(nodes: Iterable[Node]) -> tuple[str, ...]:
    return tuple(f"{node.id} {node.name}" for node in nodes)


def _readable(node: Node) -> Node:
    return replace(node, properties=shown(node.properties))
