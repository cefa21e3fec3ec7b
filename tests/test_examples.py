"""The examples give what examples/README.md says they give."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from api.engine import Engine
from engine.types import TextSpan
from knowledge_graph.memory import MemoryGraph

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
ROW = re.compile(
    r"^\| `(?P<name>[^`]+)` \|.*\| (?P<disease>[^|]+) \((?P<id>[A-Z]+:[\w-]+)\) \|$", re.M
)
EXPECTED = {m["name"]: m["id"] for m in ROW.finditer((EXAMPLES / "README.md").read_text())}


def test_every_example_is_described() -> None:
    names = {p.name for p in EXAMPLES.iterdir()} - {"README.md"}
    assert set(EXPECTED) == names
    assert len(names) >= 5
    assert any(name.startswith("damaged-") for name in names)


@pytest.mark.parametrize(("name", "disease"), EXPECTED.items())
def test_the_expected_disease_comes_first(graph: MemoryGraph, name: str, disease: str) -> None:
    assessment = Engine(graph=graph).read_path(EXAMPLES / name)
    result = assessment.result()
    assert result.ranked[0].disease.code == disease
    texts = {d.id: d.text for d in assessment.bundle.documents}
    for finding in result.findings:
        assert finding.citations
        for citation in finding.citations:
            if isinstance(citation, TextSpan):
                assert texts[citation.document][citation.start : citation.end] == citation.quote


def test_the_damaged_example_says_what_is_wrong(graph: MemoryGraph) -> None:
    result = Engine(graph=graph).read_path(EXAMPLES / "damaged-fabry-fhir.json").result()
    places = {issue.where for issue in result.issues}
    assert {
        "Observation/creatinine",
        "Observation/sodium",
        "Observation/no-code",
        "Observation/bad-date",
        "DocumentReference/broken-base64",
    } <= places
    assert all(issue.message and issue.fix for issue in result.issues)
