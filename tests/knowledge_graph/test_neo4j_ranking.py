"""Ranking from a server: what the embedded graph says, bit for bit."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.differential import differential
from api.engine import Engine
from engine.rank import diagnosis, rank
from engine.types import Code, Finding, ModelRef, Patient
from knowledge_graph import snapshot
from knowledge_graph.from_store import graph_from
from knowledge_graph.memory import MemoryGraph
from knowledge_graph.neo4j_store import Neo4jGraph, Settings, load
from knowledge_graph.neo4j_store.connection import Server
from knowledge_graph.records import edges, nodes
from knowledge_graph.store import StoreError
from tests.knowledge_graph.compiled import compiled, differing
from tests.knowledge_graph.graphs import SMALL, Graph
from tests.knowledge_graph.test_compile import RHYTHM

pytestmark = pytest.mark.neo4j
BY = ModelRef("test", "0")


@pytest.fixture
def no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "cache_folder", lambda: tmp_path)


@pytest.mark.usefixtures("no_cache")
def test_small_graph(server: Settings) -> None:
    load(nodes(compiled()), edges(compiled()), server)
    with Neo4jGraph(server) as held:
        assert differing(compiled().snapshot, held.current().snapshot) == []


@pytest.mark.usefixtures("no_cache")
def test_a_differential_is_one_query(server: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    read = Server.read

    def spy(server: Server, statement: str, **parameters: object):
        asked.append(statement)
        return read(server, statement, **parameters)

    load(nodes(compiled()), edges(compiled()), server)
    finding = Finding(Code("HPO", RHYTHM), "present", (), BY)
    with Neo4jGraph(server) as held:
        first = held.current()
        monkeypatch.setattr(Server, "read", spy)
        assert rank([finding], Patient(), held.current()).order
        assert held.current() is first
    assert len(asked) == 2
    with Neo4jGraph(server) as held:  # another process finds the arrays in the cache
        held.current()
    assert len(asked) == 3


@pytest.mark.usefixtures("no_cache")
def test_a_new_release_is_read(server: Settings) -> None:
    listed, drawn = list(nodes(compiled())), list(edges(compiled()))
    load(listed, drawn, server)
    with Neo4jGraph(server) as held:
        before = held.current()
        load(listed, [edge for edge in drawn if edge.predicate != "lacks_phenotype"], server)
        after = held.current()
    assert before.snapshot.annotation_negated.sum() > after.snapshot.annotation_negated.sum() == 0


@pytest.mark.usefixtures("no_cache")
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("MATCH (r:KonsilRelease) DELETE r", "holds no complete graph"),
        ("MATCH (r:KonsilRelease) REMOVE r.complete", "holds no complete graph"),
        ("MATCH (r:KonsilRelease) SET r.checksum = 'x'", "not the graph its release marker names"),
        ("MATCH ()-[r:is_a]->() DELETE r", "not the graph its release marker names"),
    ],
)
def test_damage_is_said_aloud(server: Settings, damage: str, message: str) -> None:
    load(nodes(compiled()), edges(compiled()), server)
    with Server(server) as session:
        session.write(damage)
    with Neo4jGraph(server) as held, pytest.raises(StoreError, match=message):
        held.current()


@pytest.mark.usefixtures("no_cache")
def test_records_without_an_ontology_are_refused(server: Settings) -> None:
    load(*SMALL, server)
    with Neo4jGraph(server) as held, pytest.raises(StoreError, match="no graph to rank by"):
        held.current()


# ---- A part of the packaged graph; last, because nothing after it waits for it to be removed ----


@pytest.fixture(scope="module")
def part(graph: MemoryGraph) -> Graph:
    """Every eighth disease, all terms; test_from_store.py has the whole graph, without server."""
    left_out = {entry.id for i, entry in enumerate(graph.entries) if i % 8}
    listed = [node for node in nodes(graph) if node.id not in left_out]
    drawn = [e for e in edges(graph) if left_out.isdisjoint((e.subject, e.object))]
    return tuple(listed), tuple(drawn)


@pytest.fixture(scope="module")
def embedded(part: Graph) -> MemoryGraph:
    return graph_from(*part)


@pytest.fixture(scope="module")
def remote(
    server: Settings, part: Graph, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MemoryGraph]:
    """The same, loaded and read back once for this module."""
    assert load(*part, server).ok
    folder = tmp_path_factory.mktemp("graph")
    with pytest.MonkeyPatch.context() as patch, Neo4jGraph(server) as held:
        patch.setattr(snapshot, "cache_folder", lambda: folder)
        yield held.current()


def differentials(graph: MemoryGraph) -> Iterator[tuple[list[Finding], Patient]]:
    """200 patients: 1 to 10 findings of a random disease and others, some looked for in vain."""
    draw = random.Random(20250116)
    phenotypes = [x.term for x in graph.labels() if x.kind == "name" and graph.is_phenotype(x.term)]
    for _ in range(200):
        disease = draw.randrange(len(graph.diseases))
        own = [edge.object for edge in graph.annotations(disease)]
        size = draw.randint(1, 10)
        terms = draw.sample(own, min(len(own), draw.randint(0, size)))
        terms += draw.sample(phenotypes, size - len(terms))
        findings = [
            Finding(Code("HPO", term), draw.choices(("present", "absent"), (4, 1))[0], (), BY)
            for term in terms
        ]
        age = draw.choice((None, draw.uniform(0, 90)))
        yield findings, Patient(sex=draw.choice((None, "female", "male")), age_years=age)


def test_arrays_are_those_of_the_embedded_graph(embedded: MemoryGraph, remote: MemoryGraph) -> None:
    assert len(remote.diseases) > 1_500
    assert differing(embedded.snapshot, remote.snapshot) == []


def test_200_differentials(embedded: MemoryGraph, remote: MemoryGraph) -> None:
    ranked = 0
    for findings, patient in differentials(embedded):
        one, other = rank(findings, patient, embedded), rank(findings, patient, remote)
        assert one.findings == other.findings
        assert one.order == other.order
        assert one.scores.tobytes() == other.scores.tobytes()
        assert one.parts.tobytes() == other.parts.tobytes()
        for disease in one.order[:3]:
            assert diagnosis(one, disease, embedded) == diagnosis(other, disease, remote)
        assert [embedded.diseases[i] for i in one.order] == [
            remote.diseases[i] for i in other.order
        ]
        ranked += len(one.order)
    assert ranked == 200 * 100


@pytest.mark.usefixtures("no_cache")
def test_the_engine_ranks_with_what_the_server_holds(
    server: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Settings, "from_environment", lambda: server)
    load(nodes(compiled()), edges(compiled()), server)
    there, here = Engine(store="neo4j"), Engine(graph=compiled(), store="embedded")
    assert there.graph is there.graph
    ranked = differential(there, [RHYTHM], patient=Patient()).result()
    assert ranked == differential(here, [RHYTHM], patient=Patient()).result()
    there.close()
