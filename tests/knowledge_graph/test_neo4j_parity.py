"""Every question to both stores: same answers, same order."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from engine.exceptions import NotFoundError
from knowledge_graph.neo4j_store import Neo4jQueries, Settings, load, read_edges, read_nodes
from knowledge_graph.store import GraphStore
from knowledge_graph.store_memory import RecordStore
from tests.knowledge_graph.graphs import SMALL, Graph, graphs, packaged

pytestmark = pytest.mark.neo4j


def answer(question: Callable[[GraphStore], Any], store: GraphStore) -> Any:
    """The answer, or what the store says about an unknown node."""
    try:
        return question(store)
    except NotFoundError as error:
        return (error.message, error.suggestions)


def questions(graph: Graph) -> Iterator[Callable[[GraphStore], Any]]:
    """Every method with arguments drawn from the graph, some of them unknown to it."""
    draw = random.Random(7)
    nodes, edges = graph
    ids = ["no:such", *(node.id for node in draw.sample(nodes, min(12, len(nodes))))]
    texts = ["", "arthritis", "gout", "AbCa", '"* OR ~', *ids]
    for node in draw.sample(nodes, min(6, len(nodes))):
        for label in (node.name, *node.synonyms, *node.xrefs):
            texts += [label, label[:6], label[1:], label.replace("e", "a", 1)]
    texts += [i[:-1] for i in ids] + [i.replace(":", " ") for i in ids]
    for text in texts:
        yield lambda store, text=text: store.search(text, limit=20)
        yield lambda store, text=text: store.find(text)
        yield lambda store, text=text: store.find(text, kind="Phenotype")
        for limit in (2, 1_000):
            yield lambda store, text=text, n=limit: store.card(text, limit=n)
    for i in ids:
        yield lambda store, i=i: store.node(i)
        yield lambda store, i=i: store.treats(i)
        yield lambda store, i=i: store.confirms(i)
        yield lambda store, i=i: store.contraindicates(i)
        for direction in ("out", "in"):
            for predicate in (None, "is_a", "has_phenotype"):
                for limit in (3, 1_000):
                    yield lambda store, i=i, d=direction, p=predicate, n=limit: store.neighbours(
                        i, predicate=p, direction=d, limit=n
                    )
    for start, end in zip(ids, reversed(ids), strict=True):
        yield lambda store, a=start, b=end: store.paths(a, b, limit=6)
    for hops in (0, 1, 2):
        yield lambda store, h=hops: store.subgraph(ids[1:3], hops=h)
        yield lambda store, h=hops: store.subgraph(ids[1:3], hops=h, limit=5)
    ends = [end for edge in edges[:40] for end in (edge.subject, edge.object)]
    yield lambda store: store.interactions([*ids, *ends])


def assert_parity(graph: Graph, server: Settings) -> None:
    load(*graph, server)
    embedded: GraphStore = RecordStore(*graph)
    with Neo4jQueries(server) as remote:
        for number, question in enumerate(questions(graph)):
            # As truth values: the difference of two large answers written out would take hours.
            same = answer(question, remote) == answer(question, embedded)
            assert same is True, f"question {number}, defaults {question.__defaults__}"


def test_small(server: Settings):
    assert_parity(SMALL, server)


def test_packaged(server: Settings):
    assert_parity(packaged(60), server)


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(graph=graphs())
def test_any_graph(server: Settings, graph: Graph):
    assert_parity(graph, server)
    nodes, edges = graph
    assert (list(read_nodes(server)) == sorted(nodes, key=lambda n: n.id)) is True
    ordered = sorted(edges, key=lambda e: (e.subject, e.predicate, e.object))
    assert (list(read_edges(server)) == ordered) is True
