from __future__ import annotations

import json

import pytest

from api.benchmarks import kg
from api.engine import Engine
from knowledge_graph.memory import MemoryGraph
from tests.api.test_cli import run


def test_questions_are_the_same_every_time_and_about_the_graph(graph: MemoryGraph) -> None:
    drawn = kg.draw(graph, questions=40, pairs=5)
    assert drawn == kg.draw(graph, questions=40, pairs=5)
    store = Engine(graph=graph, store="embedded").store
    assert all(store.node(node) for node in drawn.nodes)
    assert all(store.node(disease).kind == "Disease" for disease in drawn.diseases)
    for findings in drawn.findings:
        assert len(findings) == len(set(findings)) <= kg.FINDINGS
        assert all(graph.is_phenotype(finding) for finding in findings)


def test_the_report_has_the_agreed_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KONSIL_NEO4J_URI", raising=False)
    monkeypatch.setattr(kg, "QUESTIONS", 5)
    monkeypatch.setattr(kg, "PATHS", 2)
    code, out, _ = run("bench", "kg", "--json")
    assert code == 0
    report = json.loads(out)
    assert report["n"] == 5 * 5 + 2
    for key in ("card", "neighbours", "treats", "search", "path", "differential"):
        assert report["metrics"][f"{key}_p99_ms"] >= report["metrics"][f"{key}_p50_ms"] > 0
    assert report["metrics"]["ready_s"] > 0
    assert report["metrics"]["peak_mb"] > 10
