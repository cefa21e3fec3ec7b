"""The numbers an issue promises, on the shared development data: accuracy only, never speed."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from api.benchmarks import labs, rank
from api.cli import main
from knowledge_graph.memory import MemoryGraph


def test_rank_on_diseases_whose_publication_the_graph_has_not_seen(
    graph: MemoryGraph, data: Path
) -> None:
    report = rank.run([data / "cases/phenopackets/clean.dev.jsonl.gz"], graph, cv=5)
    assert report.n == 1254
    assert report.metrics["macro_top1"] >= 0.25
    assert report.metrics["macro_top10"] >= 0.45
    low, high = report.ci95["macro_top1"]
    assert low < report.metrics["macro_top1"] < high
    assert report.metrics["gain_macro_top10"] > 0


@pytest.mark.slow
def test_rank_on_seen_publications(graph: MemoryGraph, data: Path) -> None:
    report = rank.run([data / "cases/phenopackets/seen.dev.jsonl.gz"], graph, cv=5)
    assert report.metrics["top1"] >= 0.65


def test_rank_on_pheval_with_diseases_and_with_genes(graph: MemoryGraph, data: Path) -> None:
    report = rank.run([data / "cases/pheval"], graph)
    assert report.n > 600
    assert len(report.misses) == report.n - round(report.metrics["top1"] * report.n)


def test_laboratory_rows_add_to_symptoms(graph: MemoryGraph, data: Path) -> None:
    report = labs.run([data / "cases/ramedis/dev.jsonl.gz"], graph, cv=5)
    assert report.ci95["gain_top1"][0] > 0
    assert report.metrics["top10"] - report.metrics["top10_without_labs"] >= 0.3


def case(name: str, disease: str, *terms: str) -> dict[str, Any]:
    return {
        "id": name,
        "subject": {"id": name},
        "phenotypicFeatures": [{"type": {"id": term}} for term in terms],
        "interpretations": [{"diagnosis": {"disease": {"id": disease}}}],
    }


def test_bench_reads_any_file_of_the_format(tmp_path: Path) -> None:
    cases = [
        case("easy", "OMIM:154700", "HP:0001083", "HP:0002616", "HP:0001166", "HP:0100775"),
        case("missed", "OMIM:154700", "HP:0001250"),
        case("unknown", "OMIM:999999", "HP:0001250"),
    ]
    path = tmp_path / "cases.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(json.dumps(c) for c in cases).encode()))
    misses = tmp_path / "misses.jsonl"
    result = CliRunner().invoke(
        main, ["bench", "rank", str(path), "--json", "--misses", str(misses)]
    )
    report = json.loads(result.stdout)
    assert {"bench", "n", "metrics", "ci95", "seconds", "provenance"} <= report.keys()
    assert (report["n"], report["metrics"]["top1"], report["metrics"]["unknown"]) == (2, 0.5, 1)
    assert json.loads(misses.read_text())["case"] == "missed"


def test_a_benchmark_without_a_usable_case_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text(json.dumps(case("unknown", "OMIM:999999", "HP:0001250")))
    result = CliRunner().invoke(main, ["bench", "rank", str(path)])
    assert result.exit_code == 2
    assert "no case here" in result.stderr
