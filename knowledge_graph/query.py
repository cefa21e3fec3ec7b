"""Questions to the graph: search by name, the card of a node, cited paths between two nodes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, pairwise
from typing import Literal

from engine.exceptions import NotFoundError
from engine.types import Code, GraphEdge
from knowledge_graph.memory import MemoryGraph
from knowledge_graph.schema import Disease, Edge, Term

NodeKind = Literal["disease", "phenotype"]
LOWEST_SCORE = 75.0
"""Similarity (0 to 100, rapidfuzz WRatio) below which a name is not offered."""
SHORTEST_SHARE = 0.6
"""A name shorter than this share of the query is only a part of it ("ARF" in "marfan")."""
LONGEST_PATH = 6
"""Edges; longer connections in this graph say nothing."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A node whose name or synonym is like the query. score: 0 to 100, 100 is the same text."""

    kind: NodeKind
    code: Code
    matched: str
    score: float


@dataclass(frozen=True, slots=True)
class DiseaseCard:
    """A disease and every phenotype edge of it, the most frequent first.

    facts: tests, treatments, contraindications and risk factors; names: what their ends are called.
    """

    disease: Disease
    edges: tuple[GraphEdge, ...]
    facts: tuple[Edge, ...]
    names: dict[str, str]


@dataclass(frozen=True, slots=True)
class PhenotypeCard:
    """A finding term, its parents and how many diseases show it or something more specific."""

    term: Term
    parents: tuple[Code, ...]
    diseases: int


@dataclass(frozen=True, slots=True)
class Path:
    """Nodes from one end to the other and the cited edges between them."""

    nodes: tuple[Code, ...]
    edges: tuple[GraphEdge, ...]


class Queries:
    """Read-only queries over one graph; indexes are built on first use."""

    def __init__(self, graph: MemoryGraph) -> None:
        self.graph = graph

    def search(self, text: str, *, limit: int = 10) -> list[Hit]:
        """Nodes by id, name or synonym, typos allowed; best first, never below `LOWEST_SCORE`."""
        if (exact := self._by_id(text.strip())) is not None:
            return [exact]
        from rapidfuzz import fuzz, process, utils

        wanted = utils.default_process(text)
        if not wanted:
            return []
        names = self._names
        found = process.extract(
            wanted, names.processed, scorer=fuzz.WRatio, score_cutoff=LOWEST_SCORE, limit=limit * 8
        )
        best: dict[str, Hit] = {}
        for processed, score, place in found:
            if len(processed) < SHORTEST_SHARE * len(wanted):
                continue
            kind, code, label = names.nodes[place]
            # WRatio forgives missing words; a name of another length is less alike than it says
            score *= 0.9 + 0.1 * min(len(wanted), len(processed)) / max(len(wanted), len(processed))
            if code.code not in best or best[code.code].score < score:
                best[code.code] = Hit(kind, code, label, round(score, 1))
        return sorted(best.values(), key=lambda hit: (-hit.score, hit.code.code))[:limit]

    def card(self, identifier: str) -> DiseaseCard | PhenotypeCard:
        """Everything about one node, by id (case does not matter) or exact name.

        Raises:
            NotFoundError: no such node; suggestions name the closest.
        """
        wanted = identifier.strip()
        if (position := self.graph.find_disease(wanted)) is not None:
            edges = sorted(
                self.graph.annotations(position),
                key=lambda e: (e.predicate, -(e.frequency or 0.0), e.object),
            )
            facts = self.graph.facts_about(position)
            names = {fact.subject: self.graph.fact_nodes[fact.subject].name for fact in facts}
            return DiseaseCard(self.graph.entries[position], tuple(edges), facts, names)
        term = self.graph.term(wanted.upper()) or self._term_by_name(wanted)
        if term is None:
            hits = self.search(wanted, limit=3)
            raise NotFoundError(
                f"the graph has no node {identifier!r}",
                fix="find its id with `konsil kg search`",
                suggestions=tuple(f"{hit.code.code} {hit.code.display}" for hit in hits),
            )
        parents = tuple(code for p in term.parents if (code := self.graph.code(p)))
        return PhenotypeCard(term, parents, self.graph.shown_by(term.id))

    def paths(self, start: str, end: str, *, limit: int = 5) -> list[Path]:
        """Shortest paths between two nodes, shortest first, at most `LONGEST_PATH` edges.

        Raises:
            NotFoundError: one end is not in the graph.
        """
        import networkx as nx

        first, last = self._node(start), self._node(end)
        around = self.graph.networkx.to_undirected(as_view=True)
        try:
            routes = nx.shortest_simple_paths(around, first, last)
            return [
                self._path(route)
                for route in islice(routes, limit)
                if len(route) <= LONGEST_PATH + 1
            ]
        except nx.NetworkXNoPath:
            return []

    # ---- Inside -------------------------------------------------------------------------------

    def _node(self, identifier: str) -> str:
        card = self.card(identifier)
        return card.disease.id if isinstance(card, DiseaseCard) else card.term.id

    def _path(self, route: list[str]) -> Path:
        edges = tuple(self._edge(a, b) for a, b in pairwise(route))
        return Path(tuple(self._code(node) for node in route), edges)

    def _edge(self, a: str, b: str) -> GraphEdge:
        subject, target = (a, b) if self.graph.networkx.has_edge(a, b) else (b, a)
        position = self.graph.disease_index.get(subject)
        if position is None:
            hpo = self.graph.sources[0]
            return GraphEdge(subject, "is_a", target, (f"{hpo.name} {hpo.version}",))
        edges = self.graph.annotations(position)
        return next(e for e in edges if e.object == target and e.predicate == "has_phenotype")

    def _code(self, node: str) -> Code:
        position = self.graph.disease_index.get(node)
        code = self.graph.code(node) if position is None else self.graph.diseases[position]
        return code or Code("", node)

    def _by_id(self, text: str) -> Hit | None:
        if (position := self.graph.disease_index.get(text.upper())) is not None:
            return Hit("disease", self.graph.diseases[position], text, 100.0)
        if (code := self.graph.code(text.upper())) is not None:
            return Hit("phenotype", code, text, 100.0)
        return None

    def _term_by_name(self, wanted: str) -> Term | None:
        name = wanted.casefold()
        label = next((x for x in self.graph.labels() if x.text.casefold() == name), None)
        return None if label is None else self.graph.term(label.term)

    @cached_property
    def _names(self) -> _Names:
        from rapidfuzz import utils

        nodes = list(self._labelled())
        return _Names(nodes, [utils.default_process(label) for _, _, label in nodes])

    def _labelled(self) -> Iterator[tuple[NodeKind, Code, str]]:
        for code, entry in zip(self.graph.diseases, self.graph.entries, strict=True):
            yield "disease", code, code.display
            for synonym in entry.synonyms:
                yield "disease", code, synonym
        for label in self.graph.labels():
            if (code := self.graph.code(label.term)) is not None:
                yield "phenotype", code, label.text


@dataclass(frozen=True, slots=True)
class _Names:
    nodes: list[tuple[NodeKind, Code, str]]
    processed: list[str]
