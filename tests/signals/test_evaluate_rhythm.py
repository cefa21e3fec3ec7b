"""`bench rhythm` and `bench episodes` on a few records."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from engine.exceptions import InputError
from signals import evaluate_episodes, evaluate_rhythm
from signals.calibration_scores import slope


@pytest.fixture
def few(data: Path, tmp_path: Path) -> Path:
    """Twelve records of the shared folder, under their names."""
    source = data / "signals" / "cinc2017"
    rows = (source / "REFERENCE-v3.csv").read_text("utf-8").splitlines()[:12]
    _linked(source, tmp_path, [row.split(",")[0] for row in rows], ("hea", "mat"))
    (tmp_path / "REFERENCE.csv").write_text("\n".join(rows), "utf-8")
    return tmp_path


def _linked(source: Path, folder: Path, names: Sequence[str], suffixes: Sequence[str]) -> None:
    for name in names:
        for suffix in suffixes:
            (folder / f"{name}.{suffix}").symlink_to(source / f"{name}.{suffix}")


def test_every_record_is_scored_and_known_ones_are_counted(few: Path) -> None:
    report = evaluate_rhythm.run([few])
    assert report.n == 12
    assert {"f1_nao", "f1_n", "f1_a", "f1_o", "f1_noisy"} <= report.metrics.keys()
    assert report.provenance["trained_on_overlap"] == 12
    assert len(report.misses) <= 6
    assert all(miss["told"] != miss["is"] for miss in report.misses)


@pytest.mark.parametrize(
    ("rows", "message"),
    [(None, "no labels"), ("A1,N", "no record A1"), ("A1,X", "no label that is known")],
)
def test_a_faulty_folder_is_refused(tmp_path: Path, rows: str | None, message: str) -> None:
    if rows is not None:
        (tmp_path / "REFERENCE.csv").write_text(rows, "utf-8")
    with pytest.raises(InputError, match=message) as refused:
        evaluate_rhythm.run([tmp_path])
    assert refused.value.fix


def test_one_fold_is_no_folds(few: Path) -> None:
    with pytest.raises(InputError, match="1 folds"):
        evaluate_rhythm.run([few], cv=1)


def test_the_slope_says_who_is_too_sure() -> None:
    chance = np.random.default_rng(0)
    odds = chance.normal(0, 2, 20_000)
    right = chance.random(20_000) < 1 / (1 + np.exp(-odds))
    assert slope(1 / (1 + np.exp(-odds)), right) == pytest.approx(1, abs=0.05)
    assert slope(1 / (1 + np.exp(-2 * odds)), right) == pytest.approx(0.5, abs=0.05)
    assert np.isnan(slope(np.full(3, 0.5), np.zeros(3, bool)))


def test_annotated_fibrillation_is_found(data: Path, tmp_path: Path) -> None:
    _linked(data / "signals" / "mitdb", tmp_path, ["201"], ("hea", "dat", "atr"))
    report = evaluate_episodes.run([tmp_path])
    assert report.n == 1
    assert report.metrics["af_sensitivity"] > 0.5
    assert report.metrics["af_ppv"] > 0.5
