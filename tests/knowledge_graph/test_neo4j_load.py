"""A load ends in the verified graph, whatever happened to the one before."""

from __future__ import annotations

import multiprocessing
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from knowledge_graph.neo4j_store import Settings, cypher, load, loading, verify
from knowledge_graph.neo4j_store.connection import Server
from knowledge_graph.store import StoreError
from tests.knowledge_graph.graphs import SMALL, packaged

pytestmark = pytest.mark.neo4j
MANY = 25
"""Diseases of the packaged graph: about a thousand records, ten batches of a hundred."""
CI = Path(__file__).resolve().parents[2] / ".ci" / "neo4j"


def test_load_and_verify(server: Settings):
    assert load(*SMALL, server).ok
    held = verify(server, *SMALL)
    assert held.ok
    assert held.report().endswith("the same graph")


def test_second_load_writes_nothing(server: Settings):
    said: list[str] = []
    load(*SMALL, server)
    load(*SMALL, server, said.append)
    assert said == ["this release is marked as loaded; reading it back"]


def test_another_graph_replaces_the_first_and_leaves_foreign_nodes_alone(server: Settings):
    load(*packaged(MANY), server)
    with Server(server) as session:
        session.write("MERGE (:Foreign {id: 'kept'})")
        assert load(*SMALL, server).ok
        assert session.read("MATCH (n:Foreign) RETURN n.id AS id") == [{"id": "kept"}]
        session.write("MATCH (n:Foreign) DELETE n")


@pytest.mark.parametrize(
    ("damage", "line"),
    [
        ("MATCH ()-[r:treats]->({id: 'OMIM:1'}) DELETE r", "treats +2 +1 +differs"),
        ("MATCH ({id: 'OMIM:1'})-[r:has_phenotype]->() SET r.frequency = 0.8", "has_ph.*differs"),
        ("MATCH (n {id: 'OMIM:1'}) SET n.name = 'Gouut'", "Disease +3 +3 +differs"),
        ("MATCH (a {id: 'HP:1'}), (b {id: 'HP:3'}) CREATE (a)-[:is_a]->(b)", "is_a +1 +2"),
        ("MATCH (r:KonsilRelease) DELETE r", "marker is missing"),
    ],
)
def test_damage_shows_and_the_next_load_repairs_it(server: Settings, damage: str, line: str):
    load(*SMALL, server)
    with Server(server) as session:
        session.write(damage)
        if "CREATE" in damage:
            session.write("MATCH ()-[r:is_a]->() SET r.sources = ['x']")
    held = verify(server, *SMALL)
    assert not held.ok
    assert re.search(line, held.report())
    assert load(*SMALL, server).ok


def _load_and_die(settings: Settings, messages: int) -> None:
    loading.BATCH = 100
    graph = packaged(MANY)
    said: list[str] = []

    def progress(message: str) -> None:
        said.append(message)
        if len(said) == messages:
            os.kill(os.getpid(), signal.SIGKILL)

    load(*graph, settings, progress)


@pytest.mark.parametrize("messages", [1, 8])
def test_client_killed_in_the_middle(server: Settings, messages: int):
    load(*SMALL, server)
    child = multiprocessing.get_context("spawn").Process(
        target=_load_and_die, args=(server, messages)
    )
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    held = verify(server, *packaged(MANY))
    assert not held.ok
    assert held.release is None
    assert load(*packaged(MANY), server).ok
    assert verify(server, *packaged(MANY)).ok


class Proxy:
    """Passes bytes on to a server until `most` of them came from the client, then cuts the line."""

    def __init__(self, settings: Settings, *, most: int) -> None:
        host, port = settings.uri.rpartition("/")[2].split(":")
        self._to, self._most = (host, int(port)), most
        self._door = socket.create_server(("127.0.0.1", 0))
        self.settings = replace(
            settings, uri=f"bolt://127.0.0.1:{self._door.getsockname()[1]}", retry_s=0.5
        )

    def __enter__(self) -> Proxy:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._door.close()

    def _serve(self) -> None:
        while self._most > 0:
            try:
                client, _ = self._door.accept()
            except OSError:
                return
            far = socket.create_connection(self._to)
            threading.Thread(target=self._pass, args=(far, client), daemon=True).start()
            threading.Thread(target=self._pass, args=(client, far, True), daemon=True).start()
        self._door.close()

    def _pass(self, source: socket.socket, sink: socket.socket, counted: bool = False) -> None:
        with source, sink:
            try:
                while self._most > 0 and (some := source.recv(4096)):
                    self._most -= len(some) if counted else 0
                    sink.sendall(some)
                sink.shutdown(socket.SHUT_RDWR)
                source.shutdown(socket.SHUT_RDWR)
            except OSError:
                return


@pytest.mark.parametrize("most", [1_000, 60_000])
def test_line_cut_in_the_middle(server: Settings, most: int):
    load(*SMALL, server)
    with Proxy(server, most=most) as proxy, pytest.raises(StoreError, match="no answer"):
        load(*packaged(MANY), proxy.settings)
    assert load(*packaged(MANY), server).ok
    assert verify(server, *packaged(MANY)).ok


@pytest.fixture
def own_server(server: Settings, tmp_path: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    """A second server that a test may kill."""
    if not shutil.which("java"):
        pytest.skip("needs Java to start a second server")
    home = tmp_path / "neo4j"
    environment = {**os.environ, "KONSIL_NEO4J_HOME": str(home)}
    yield home, environment
    subprocess.run([CI / "stop"], env=environment, check=True)
    shutil.rmtree(home)


def _start(environment: dict[str, str]) -> Settings:
    # its log goes to a file: a pipe would stay open as long as the server
    started = subprocess.run([CI / "start"], env=environment, check=True, stdout=subprocess.PIPE)
    lines = (line.split()[1].partition("=") for line in started.stdout.decode().splitlines())
    return Settings.from_environment({name: value for name, _, value in lines})


@pytest.mark.slow
def test_server_killed_in_the_middle(own_server: tuple[Path, dict[str, str]], monkeypatch):
    home, environment = own_server
    monkeypatch.setattr(loading, "BATCH", 100)
    said: list[str] = []

    def progress(message: str) -> None:
        said.append(message)
        if len(said) == 5:
            os.kill(int((home / "pid").read_text()), signal.SIGKILL)

    settings = replace(_start(environment), retry_s=0.5)
    with pytest.raises(StoreError, match="no answer"):
        load(*packaged(MANY), settings, progress)
    settings = _start(environment)
    assert not verify(settings, *packaged(MANY)).ok
    assert load(*packaged(MANY), settings).ok
    assert verify(settings, *packaged(MANY)).ok
    assert cypher("MATCH (n:KonsilRelease) RETURN n.complete", settings=settings).rows == ((True,),)
