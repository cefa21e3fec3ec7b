"""Small graphs for the store tests: one by hand, random ones, and a slice of the packaged one."""

from __future__ import annotations

from functools import cache
from itertools import islice

from hypothesis import strategies as st

from knowledge_graph.memory import MemoryGraph
from knowledge_graph.schema import Edge, Node, NodeKind, Predicate

Graph = tuple[tuple[Node, ...], tuple[Edge, ...]]

SOURCE = ("made up for tests",)
NODES = (
    Node("OMIM:1", "Disease", "Gout", ("Podagra", "Urate arthropathy"), ("ORPHA:77", "ICD:M10")),
    Node("OMIM:2", "Disease", "Sjögren syndrome", (), ("MONDO:2",), {"grouping": True}),
    Node("OMIM:3", "Disease", "Myocardial infarction", ("Heart attack",)),
    Node("HP:1", "Phenotype", "Arthritis"),
    Node("HP:2", "Phenotype", "Painful arthritis", ("Sore joints",), (), {"depth": 3, "x": 0.5}),
    Node("HP:3", "Phenotype", "Dry mouth", ("Xerostomia",)),
    Node("DB:1", "Drug", "Colchicine", (), (), {"routes": ("oral",), "none": ()}),
    Node("DB:2", "Drug", "Clarithromycin"),
    Node("DB:3", "Drug", "Aspirin"),
    Node("T:1", "Test", "Serum urate"),
)
EDGES = (
    Edge("HP:2", "is_a", "HP:1", SOURCE),
    Edge("OMIM:1", "has_phenotype", "HP:2", ("a", "PMID:1"), {"frequency": 0.9, "stated": "9/10"}),
    Edge("OMIM:1", "lacks_phenotype", "HP:3", SOURCE),
    Edge("OMIM:2", "has_phenotype", "HP:3", SOURCE, {"frequency": 1.0}),
    Edge("OMIM:2", "has_phenotype", "HP:1", SOURCE, {"frequency": 1}),
    Edge("DB:1", "treats", "OMIM:1", SOURCE),
    Edge("DB:3", "treats", "OMIM:3", SOURCE),
    Edge("DB:3", "contraindicated_in", "OMIM:1", SOURCE, {"because": "raises urate"}),
    Edge("DB:1", "interacts_with", "DB:2", SOURCE, {"severity": "major"}),
    Edge("T:1", "confirms", "OMIM:1", SOURCE),
)
SMALL: Graph = (NODES, EDGES)


@cache
def packaged(diseases: int = 200) -> Graph:
    """The first diseases of the packaged release, their findings and what these are."""
    graph = MemoryGraph.packaged()
    nodes: dict[str, Node] = {}
    edges: dict[tuple[str, str, str], Edge] = {}

    def add_term(term: str) -> None:
        if term in nodes or (found := graph.term(term)) is None:
            return
        synonyms = tuple(sorted({s.text for s in found.synonyms}))
        nodes[term] = Node(term, "Phenotype", found.name, synonyms)
        for parent in found.parents:
            add_term(parent)
            edges[term, "is_a", parent] = Edge(term, "is_a", parent, ("HPO",))

    for place, entry in islice(enumerate(graph.entries), diseases):
        properties = {"grouping": entry.grouping, "onset": entry.onset}
        nodes[entry.id] = Node(
            entry.id, "Disease", entry.name, (), tuple(sorted(entry.aliases)), properties
        )
        for found in graph.annotations(place):
            add_term(found.object)
            stated = {"frequency": found.frequency, "stated": found.stated}
            edge = Edge(
                found.subject,
                "has_phenotype" if found.predicate == "has_phenotype" else "lacks_phenotype",
                found.object,
                tuple(found.sources),
                {name: value for name, value in stated.items() if value is not None},
            )
            edges[edge.subject, edge.predicate, edge.object] = edge
    drawn = (e for e in edges.values() if e.subject in nodes and e.object in nodes)
    return tuple(nodes.values()), tuple(drawn)


TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
NAMES = st.lists(
    st.sampled_from(["gout", "Gouty", "arthritis", "Arthrosis", "of", "ABCA1", "ABCA2", "Sjögren"]),
    min_size=1,
    max_size=3,
).map(" ".join)
VALUES = st.one_of(
    TEXTS,
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.lists(TEXTS, max_size=3).map(tuple),
)
PROPERTIES = st.dictionaries(st.sampled_from(["because", "frequency", "stated"]), VALUES)
KINDS: st.SearchStrategy[NodeKind] = st.sampled_from(["Disease", "Phenotype", "Drug"])
PREDICATES: st.SearchStrategy[Predicate] = st.sampled_from(
    ["is_a", "has_phenotype", "lacks_phenotype", "treats"]
)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Up to eight nodes with any edges between them, loops and two-way edges included."""
    count = draw(st.integers(1, 8))
    ids = [f"X:{i}" for i in range(count)]
    nodes = tuple(
        Node(
            i,
            draw(KINDS),
            draw(NAMES | TEXTS),
            tuple(draw(st.lists(NAMES | TEXTS, max_size=2))),
            tuple(draw(st.lists(st.sampled_from(["A:1", "a:1", "B:2"]), max_size=2))),
            draw(PROPERTIES),
        )
        for i in ids
    )
    keys = draw(
        st.lists(
            st.tuples(st.sampled_from(ids), PREDICATES, st.sampled_from(ids)),
            max_size=20,
            unique=True,
        )
    )
    edges = tuple(Edge(a, p, b, ("test",), draw(PROPERTIES)) for a, p, b in keys)
    return nodes, edges
