from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save

from engine import fusion
from engine.fusion import NAMES, NOT_NEGATIVE, PICTURE, Fusion, digest_of, fold_of, trained
from engine.protocols import Evidence


def test_the_packaged_weights_are_of_these_features() -> None:
    held = trained()
    assert len(held.folds) > 1
    assert held.ref.sha256 == hashlib.sha256(fusion.FILE.read_bytes()).hexdigest()
    for weights in (held.fusion, *held.folds):
        named = dict(zip(NAMES, weights.weights, strict=True))
        assert all(named[name] >= 0 for name in NOT_NEGATIVE)
        assert named["ratio"] > 0


def test_weights_of_other_features_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ranking.safetensors"
    tensors = {"weights": np.zeros((2, len(NAMES))), "seen": np.zeros(0, np.uint64)}
    names = ",".join((*NAMES[1:], NAMES[0]))
    path.write_bytes(save(tensors, metadata={"model": f"1:{names}"}))
    monkeypatch.setattr(fusion, "FILE", path)
    with pytest.raises(RuntimeError, match=r"other features; run `python -m api\.training`"):
        trained.__wrapped__()


def test_each_weight_has_its_place() -> None:
    weights = Fusion(tuple(map(float, range(len(NAMES)))))
    by_name = dict(zip(NAMES, weights.weights, strict=True))
    evidence = Evidence(np.eye(3, dtype=np.float32))
    assert weights.says(evidence).tolist() == [
        by_name["ratio"],
        by_name["lineage"],
        by_name["typical"],
    ]
    assert weights.denies(np.array([-1], np.float32)).tolist() == [-by_name["absent"]]
    assert weights.risk == by_name["risk"]
    assert weights.picture.tolist() == [by_name[name] for name in PICTURE]
    assert weights.prior.tolist() == list(weights.weights[NAMES.index("prior") :])


@pytest.mark.parametrize(
    ("disease", "fold"), [("OMIM:154700", 0), ("ORPHA:558", 0), ("KONSIL:gout", 1)]
)
def test_a_fold_is_the_same_everywhere(disease: str, fold: int) -> None:
    assert fold_of(disease, 5) == fold


@given(st.text(), st.integers(1, 20))
def test_a_fold_is_one_of_them(disease: str, folds: int) -> None:
    assert 0 <= fold_of(disease, folds) < folds


@given(st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8")), max_size=4))
def test_a_digest_fits_eight_bytes_and_tells_parts_apart(parts: list[str]) -> None:
    digest = digest_of(parts)
    assert 0 <= digest < 2**64
    assert digest == digest_of(tuple(parts))
    assert digest != digest_of([*parts, "more"])
