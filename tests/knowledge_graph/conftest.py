"""The Neo4j server of the tests marked `neo4j`: `eval "$(.ci/neo4j/start)"` gives one."""

from __future__ import annotations

import os

import pytest

from knowledge_graph.neo4j_store import Settings


@pytest.fixture(scope="session")
def server() -> Settings:
    """Where the server is. Its graph is overwritten."""
    if not os.environ.get("KONSIL_NEO4J_URI"):
        pytest.skip("needs a Neo4j server: KONSIL_NEO4J_URI is not set")
    return Settings.from_environment()
