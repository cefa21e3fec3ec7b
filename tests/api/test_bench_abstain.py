from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from api.benchmarks.abstain import auroc, calibration_error, measures, run, slope
from engine.exceptions import InputError
from knowledge_graph.memory import MemoryGraph
from tests.test_benchmarks import case

MARFAN = case("known", "OMIM:154700", "HP:0001083", "HP:0002616", "HP:0001166", "HP:0100775")
UNKNOWN = case("unknown", "OMIM:999999", "HP:0001250")


def test_auroc_counts_ties_half_and_weights_cases() -> None:
    score = np.array([0.1, 0.4, 0.4, 0.9])
    positive = np.array([False, False, True, True])
    assert auroc(score, positive, np.ones(4)) == pytest.approx((1 + 0.5 + 1 + 1) / 4)
    weight = np.array([1.0, 1.0, 0.0, 1.0])
    assert auroc(score, positive, weight) == 1
    assert np.isnan(auroc(score, np.ones(4, bool), np.ones(4)))


def test_true_chances_have_slope_one_and_no_error() -> None:
    rng = np.random.default_rng(0)
    chance = rng.uniform(0.02, 0.98, 40_000)
    right = (rng.uniform(size=chance.size) < chance).astype(float)
    assert slope(chance, right, np.ones(chance.size)) == pytest.approx(1, abs=0.05)
    assert calibration_error(chance, right, np.ones(chance.size)) < 0.02


def test_overconfidence_is_seen() -> None:
    rng = np.random.default_rng(1)
    truth = rng.uniform(0.02, 0.98, 20_000)
    right = (rng.uniform(size=truth.size) < truth).astype(float)
    odds = 2 * np.log(truth / (1 - truth))
    told = 1 / (1 + np.exp(-odds))
    assert slope(told, right, np.ones(truth.size)) == pytest.approx(0.5, abs=0.05)
    assert calibration_error(told, right, np.ones(truth.size)) > 0.05


def test_every_disease_weighs_the_same() -> None:
    # absent, elsewhere, covered, size, top, right
    one = np.array([[0, 0.1, 1, 10, 0.9, 1]] * 9, float)
    other = np.array([[0, 0.1, 0, 30, 0.2, 0]], float)
    unknown = np.array([[1, 0.8, 0, 30, 0.1, 0]], float)
    found = measures([one, other, unknown])
    assert found["coverage"] == pytest.approx(0.5)
    assert found["set_size"] == pytest.approx(20)
    assert found["top1"] == pytest.approx(0.5)
    assert found["auroc"] == 1


def written(folder: Path, *cases: dict[str, Any], name: str = "cases.jsonl") -> Path:
    path = folder / name
    path.write_text("\n".join(map(json.dumps, cases)))
    return path


def test_known_and_unknown_diseases_are_judged_together(tmp_path: Path, graph: MemoryGraph) -> None:
    written(tmp_path, MARFAN, UNKNOWN)
    written(tmp_path, case("seen", "OMIM:154700", "HP:0001250"), name="seen.dev.jsonl")
    report = run([tmp_path], graph, 5)  # of a folder seen.* is skipped
    assert (report.n, report.metrics["known"], report.metrics["diseases"]) == (2, 1, 2)
    assert (report.metrics["coverage"], report.metrics["top1"]) == (1, 1)
    assert report.metrics["median_set_size"] >= 1
    assert report.misses == []


@pytest.mark.parametrize("only", [MARFAN, UNKNOWN], ids=["known", "unknown"])
def test_one_kind_of_disease_alone_is_refused(
    tmp_path: Path, graph: MemoryGraph, only: dict[str, Any]
) -> None:
    with pytest.raises(InputError, match="of known and of unknown"):
        run([written(tmp_path, only)], graph)
