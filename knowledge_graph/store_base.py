"""What both stores share: every answer that follows from a few primitive ones."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping
from itertools import pairwise

from engine.exceptions import NotFoundError
from knowledge_graph.routes import reach, shortest_routes
from knowledge_graph.schema import Edge, Node, Predicate
from knowledge_graph.store import (
    LARGEST_SUBGRAPH,
    LONGEST_PATH,
    Direction,
    Found,
    Route,
    Subgraph,
    edge_order,
)
from knowledge_graph.wording import Wanted, by_code, by_name, wanted


class StoreBase(ABC):
    """`GraphStore` over six primitives; a store says only how it gets at its records."""

    # ---- Primitives ---------------------------------------------------------------------------

    @abstractmethod
    def nodes(self, identifiers: Collection[str]) -> list[Node]:
        """Those of these nodes that the store holds, in any order."""

    @abstractmethod
    def with_code(self, code: str) -> list[Node]:
        """Nodes with this id or cross-reference (folded as in wording.py), in any order."""

    @abstractmethod
    def with_words(self, query: Wanted, *, every: bool) -> list[Node]:
        """Nodes with every (or any) word of a query: whole, as a prefix or with typos."""

    @abstractmethod
    def edges_of(
        self, identifier: str, *, predicate: Predicate | None, direction: Direction, limit: int
    ) -> list[Edge]:
        """The first edges of a node by `edge_order`; none of an unknown one."""

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
        """Nodes by id, cross-reference, name or synonym, typos allowed; by (-score, id)."""
        query = wanted(text)
        if not query.code:
            return []
        if found := by_code(query, self.with_code(query.code)):
            return found[:limit]
        if not query.words:
            return []
        found = by_name(query, self.with_words(query, every=True))
        if not found and len(query.words) > 1:
            found = by_name(query, self.with_words(query, every=False))
        return found[:limit]

    def node(self, identifier: str) -> Node:
        """The node with exactly this id.

        Raises:
            NotFoundError: no such node; suggestions name the closest.
        """
        if found := self.nodes([identifier]):
            return found[0]
        close = self.search(identifier, limit=3)
        raise NotFoundError(
            f"the graph has no node {identifier!r}",
            fix="find its id with `konsil kg search`",
            suggestions=tuple(f"{hit.node.id} {hit.node.name}" for hit in close),
        )

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
        return [
            Route(route, tuple(best[frozenset(step)] for step in pairwise(route)))
            for route in routes
        ]

    def subgraph(
        self, identifiers: Iterable[str], *, hops: int = 1, limit: int = LARGEST_SUBGRAPH
    ) -> Subgraph:
        """Everything within this many edges, in either direction, of the given nodes."""
        starts = [self.node(identifier).id for identifier in identifiers]
        inside, complete = reach(starts, self.adjacent, hops=hops, limit=limit)
        nodes = sorted(self.nodes(inside), key=lambda node: node.id)
        edges = sorted(self.edges_among(inside), key=lambda e: (e.subject, e.predicate, e.object))
        return Subgraph(tuple(nodes), tuple(edges), complete)
