"""Fixtures for all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from knowledge_graph.build import PACKAGED
from knowledge_graph.memory import MemoryGraph

os.environ["KONSIL_GRAPH"] = PACKAGED  # whatever this user has built: subprocesses see it too
# No test asserts a machine's speed. CI draws the same examples every time, developers new ones.
settings.register_profile("konsil", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("konsil")


@pytest.fixture(scope="session")
def data() -> Path:
    """The read-only data folder (KONSIL_DATA, else ../shared/data beside the project)."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("KONSIL_DATA", beside))
    if not folder.is_dir():
        pytest.skip(f"needs the data folder: {folder} is absent")
    return folder


@pytest.fixture(scope="session")
def graph() -> MemoryGraph:
    """The packaged graph, compiled once into the user's cache."""
    return MemoryGraph.packaged()


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where `konsil kg build` writes and reads its recipe; nothing is there yet."""
    path = tmp_path / "graph.json"
    monkeypatch.setenv("KONSIL_GRAPH", str(path))
    return path


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a skipped test is a failure: everything a test needs can be had there."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = len(reporter.stats.get("skipped", ())) if reporter else 0
    if skipped and os.environ.get("CI") and session.exitstatus == pytest.ExitCode.OK:
        print(f"\n{skipped} tests were skipped, which CI does not allow")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
