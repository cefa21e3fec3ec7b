"""A client of the HTTP API over the packaged graph."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from api import app as application
from api.engine import Engine
from knowledge_graph.memory import MemoryGraph


@pytest.fixture(scope="module")
def client(graph: MemoryGraph) -> Iterator[TestClient]:
    app = application.create_app(Engine(graph=graph))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client
