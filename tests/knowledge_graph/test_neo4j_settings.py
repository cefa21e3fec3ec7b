import socket
import subprocess
import sys
from collections.abc import Callable

import pytest

from knowledge_graph.neo4j_store import (
    Neo4jGraph,
    Neo4jQueries,
    Settings,
    cypher,
    load,
    read_edges,
    read_nodes,
    verify,
)
from knowledge_graph.store import StoreError
from tests.knowledge_graph.graphs import SMALL

CALLS = {
    "load": lambda settings: load(*SMALL, settings),
    "verify": lambda settings: verify(settings, *SMALL),
    "read_nodes": lambda settings: list(read_nodes(settings)),
    "read_edges": lambda settings: list(read_edges(settings)),
    "cypher": lambda settings: cypher("RETURN 1", settings=settings, timeout_s=1),
    "graph": lambda settings: ranked_by(settings),
    "search": lambda settings: asked(settings, lambda store: store.search("gout")),
    "node": lambda settings: asked(settings, lambda store: store.node("OMIM:1")),
}


def asked(settings: Settings, question: Callable[[Neo4jQueries], object]) -> object:
    with Neo4jQueries(settings) as store:
        return question(store)


def ranked_by(settings: Settings) -> object:
    with Neo4jGraph(settings) as held:
        return held.current()


def test_from_environment():
    settings = Settings.from_environment(
        {
            "KONSIL_NEO4J_URI": "neo4j+s://db.example.org",
            "KONSIL_NEO4J_USER": "reader",
            "KONSIL_NEO4J_PASSWORD": "secret",
            "KONSIL_NEO4J_QUERY_S": "2.5",
            "KONSIL_NEO4J_HOME": "/tmp/not-a-setting",
            "PATH": "/bin",
        }
    )
    assert settings.uri == "neo4j+s://db.example.org"
    assert (settings.user, settings.database) == ("reader", "neo4j")
    assert (settings.connect_s, settings.query_s) == (5.0, 2.5)
    assert "secret" not in repr(settings)


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({}, "no Neo4j server is named"),
        ({"URI": "http://localhost:7474"}, "no address of a Neo4j server"),
        ({"URI": "bolt://localhost", "QUERY_S": "soon"}, "is no number"),
        ({"URI": "bolt://localhost", "QUERY_S": "0"}, "must be above 0 s"),
        ({"URI": "bolt://localhost", "RETRY_S": "nan"}, "must be above 0 s"),
    ],
)
def test_unusable_settings(environment: dict[str, str], message: str):
    named = {f"KONSIL_NEO4J_{key}": value for key, value in environment.items()}
    with pytest.raises(StoreError, match=message):
        Settings.from_environment(named)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_server_down(call):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound, not listening: nobody answers here
        port = unused.getsockname()[1]
        settings = Settings(f"bolt://127.0.0.1:{port}", connect_s=0.5, retry_s=0.2)
        with pytest.raises(StoreError, match="no answer from the Neo4j server") as raised:
            call(settings)
    assert "KONSIL_NEO4J_URI" in raised.value.fix


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_server_that_takes_the_call_and_says_nothing(call):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        settings = Settings(f"bolt://127.0.0.1:{port}", connect_s=0.2, retry_s=0.2)
        with pytest.raises(StoreError, match="no answer from the Neo4j server"):
            call(settings)


def test_driver_is_imported_when_it_is_needed():
    command = "import sys, knowledge_graph.neo4j_store; sys.exit('neo4j' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", command], check=False).returncode == 0
