"""What a graph store answers, embedded or on a server: same answers, same order.

`RecordStore` (store_memory.py) and `Neo4jQueries` (neo4j_store/queries.py) keep this protocol;
tests/knowledge_graph/test_neo4j_parity.py asks both the same questions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from engine.exceptions import KonsilError
from knowledge_graph.schema import Edge, Node, NodeKind, Predicate, Value

Direction = Literal["out", "in"]
LONGEST_PATH = 6
"""Edges; longer connections in this graph say nothing."""
LARGEST_SUBGRAPH = 2_000
"""Nodes; a larger picture is no picture."""
CARD_EDGES = 50
"""Edges of one predicate and direction that a card shows unless told."""


class StoreError(KonsilError):
    """A graph store refuses a query or does not hold what it should."""


class NoServerError(StoreError):
    """No Neo4j server is configured."""


class UnreachableError(StoreError):
    """The configured server gives no answer or does not let us in."""


@dataclass(frozen=True, slots=True)
class End:
    """One end of an edge, with its name."""

    id: str
    kind: NodeKind
    name: str


@dataclass(frozen=True, slots=True)
class NamedEdge:
    """An `Edge` for a reader: the names of its ends are with it."""

    subject: End
    predicate: Predicate
    object: End
    sources: tuple[str, ...]
    properties: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Group:
    """Edges of one node with one predicate. total: how many there are.

    edges: the first of them by (-strength, id of the other end); see strength.py.
    """

    predicate: Predicate
    direction: Direction
    total: int
    edges: tuple[NamedEdge, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """A node with its edges by predicate, those that leave it first."""

    node: Node
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A node whose id, code, name or synonym is like the query.

    matched: the id or label that is. score: 0 to 100, 100 is the same text.
    """

    node: Node
    matched: str
    score: float


@dataclass(frozen=True, slots=True)
class Route:
    """A simple path. nodes: from one end to the other; edges: one for each step, as stated."""

    nodes: tuple[End, ...]
    edges: tuple[NamedEdge, ...]


@dataclass(frozen=True, slots=True)
class Subgraph:
    """nodes: by id; edges: all between them, by (subject, predicate, object).

    complete: False when more nodes were in reach than asked for; the nearest are kept.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    complete: bool


class GraphStore(Protocol):
    """Read-only questions to one graph. An unknown identifier raises `NotFoundError`."""

    def search(self, text: str, *, limit: int = 10) -> list[Found]:
        """Nodes by id, cross-reference, name or synonym, typos allowed; by (-score, kind, id).

        A code that no node has is answered with those one digit away.
        """
        ...

    def node(self, identifier: str) -> Node:
        """The node with exactly this id."""
        ...

    def nodes(self, identifiers: Collection[str]) -> list[Node]:
        """Those of these nodes that the store holds, in any order."""
        ...

    def find(self, text: str, *, kind: NodeKind | None = None) -> Node:
        """The node that has this id or code, or exactly this name or synonym.

        An id goes before a cross-reference, a name before a synonym, and the kinds in the order of
        `NodeKind`. Several nodes of equal standing raise `NotFoundError`, which names them.
        """
        ...

    def card(self, text: str, *, limit: int = CARD_EDGES) -> Card:
        """A node, found as by `find`, with at most `limit` edges of each predicate."""
        ...

    def neighbours(
        self,
        identifier: str,
        *,
        predicate: Predicate | None = None,
        direction: Direction = "out",
        limit: int = 100,
    ) -> list[Edge]:
        """Edges that leave ("out") or reach ("in") a node, by (predicate, object, subject)."""
        ...

    def treats(self, disease: str, *, limit: int = 100) -> list[Edge]:
        """What treats a disease."""
        ...

    def confirms(self, disease: str, *, limit: int = 100) -> list[Edge]:
        """Which tests confirm a disease."""
        ...

    def contraindicates(self, disease: str, *, limit: int = 100) -> list[Edge]:
        """Which drugs and drug classes must not be given in a disease."""
        ...

    def interactions(self, drugs: Iterable[str]) -> list[Edge]:
        """Interactions among these drugs, by (predicate, object, subject).

        A drug the graph does not hold has none here: the caller says "not checked".
        """
        ...

    def paths(
        self, start: str, end: str, *, limit: int = 5, longest: int = LONGEST_PATH
    ) -> list[Route]:
        """Simple paths along edges in either direction, by (number of edges, node ids).

        What a disease is stated not to show (`lacks_phenotype`) connects nothing. Of several edges
        between two nodes the first by (predicate, object, subject) is given.
        """
        ...

    def subgraph(
        self, identifiers: Iterable[str], *, hops: int = 1, limit: int = LARGEST_SUBGRAPH
    ) -> Subgraph:
        """Everything within this many edges, in either direction, of the given nodes."""
        ...


def shown(properties: Mapping[str, Value]) -> dict[str, Value]:
    """Properties for a reader: those whose names begin with _ only serve to rank again."""
    return {name: value for name, value in properties.items() if not name.startswith("_")}


def ends(store: GraphStore, identifiers: Iterable[str]) -> dict[str, End]:
    """These nodes by id, with their names."""
    return {n.id: End(n.id, n.kind, n.name) for n in store.nodes(sorted(set(identifiers)))}


def named(store: GraphStore, edges: Iterable[Edge]) -> list[NamedEdge]:
    """These edges with the names of their ends."""
    listed = list(edges)
    names = ends(store, (end for edge in listed for end in (edge.subject, edge.object)))
    return [
        NamedEdge(names[e.subject], e.predicate, names[e.object], e.sources, shown(e.properties))
        for e in listed
    ]


def edge_order(edge: Edge) -> tuple[str, str, str]:
    """The order of every list of edges."""
    return edge.predicate, edge.object, edge.subject
