"""Learning weights, on small made-up choices whose right weights are known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from api import training
from api.calibrating import Outcome
from api.cases import MOST, Labelled, chosen
from api.training import FOLDS, SETS, Choice, fit, weights_of, with_calibration, write
from engine import fusion
from engine.calibrate import Calibration, Known
from engine.fusion import NAMES, NOT_NEGATIVE, Fusion, fold_of, trained
from engine.types import Patient


def labelled(number: int, disease: str, name: str = "clean") -> Labelled:
    return Labelled(name, disease, (number,), Patient(), (), number)


def choices(informative: str, *, sign: float = 1.0) -> list[Choice]:
    """The right disease is higher (lower) in one feature; all others are noise."""
    random = np.random.default_rng(7)
    drawn: list[Choice] = []
    for number in range(60):
        table = random.normal(size=(10, len(NAMES))).astype(np.float32)
        table[0, NAMES.index(informative)] += 4 * sign
        drawn.append(Choice(labelled(number, f"OMIM:{number}"), table))
    return drawn


@pytest.mark.parametrize("informative", ["typical", "covered", "publications"])
def test_what_tells_diseases_apart_gets_the_weight(informative: str) -> None:
    learned: dict[str, float] = dict(zip(NAMES, fit(choices(informative)).weights, strict=True))
    others = [abs(weight) for name, weight in learned.items() if name != informative]
    assert learned[informative] > 1
    assert learned[informative] > 2 * max(others)


def test_evidence_never_counts_against_and_other_features_may() -> None:
    against = dict(zip(NAMES, fit(choices("ratio", sign=-1)).weights, strict=True))
    assert against["ratio"] == 0
    assert all(against[name] >= 0 for name in NOT_NEGATIVE)
    late = dict(zip(NAMES, fit(choices("late", sign=-1)).weights, strict=True))
    assert late["late"] < -1


def test_the_same_choices_give_the_same_weights() -> None:
    assert fit(choices("typical")) == fit(choices("typical"))


def test_diseases_weigh_the_same_within_a_set() -> None:
    names = list(SETS)[:2]
    cases = [
        *(labelled(i, "OMIM:1", names[0]) for i in range(3)),
        labelled(3, "OMIM:2", names[0]),
        labelled(4, "OMIM:1", names[1]),
    ]
    weights = weights_of(cases)
    assert weights.sum() == pytest.approx(1)
    assert weights[:3].sum() == pytest.approx(weights[3])
    assert weights[:4].sum() / weights[4] == pytest.approx(SETS[names[0]] / SETS[names[1]])


def test_of_a_disease_with_many_cases_the_same_few_are_taken() -> None:
    cases = [labelled(i, "OMIM:1") for i in range(MOST + 5)]
    cases += [labelled(99, "OMIM:2"), labelled(100, "OMIM:1", "seen")]
    first = list(chosen(cases))
    assert len(first) == MOST + 2
    assert list(chosen(reversed(cases))) == first


def test_a_fold_is_calibrated_without_the_cases_of_its_diseases(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: list[set[str]] = []

    def noted(seen: Sequence[Outcome]) -> Calibration:
        given.append({outcome.case.disease for outcome in seen})
        return Calibration(float(len(given)), (0.0, 0.0, 0.0), (0.0, 0.0), 0.9)

    monkeypatch.setattr(training, "calibrate", noted)
    one = np.zeros(1)
    held = [
        Outcome(labelled(i, f"OMIM:{i}"), 1.0, one, Known(one, one), (0,), one.astype(np.float32))
        for i in range(30)
    ]
    whole, folds = with_calibration(training.PLAIN, (training.PLAIN,) * FOLDS, held)
    diseases = {outcome.case.disease for outcome in held}
    apart = [{d for d in diseases if fold_of(d, FOLDS) == fold} for fold in range(FOLDS)]
    assert given == [diseases, *(diseases - own for own in apart)]
    assert all(apart)
    found = [fusion.calibration for fusion in (whole, *folds)]
    assert [c.temperature for c in found if c] == [1, 2, 3, 4, 5, 6]


def test_what_is_written_is_read_and_written_again_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "weights" / "ranking.safetensors"
    monkeypatch.setattr(training, "FILE", path)
    monkeypatch.setattr(fusion, "FILE", path)
    learned = Fusion(tuple(i / 7 for i in range(len(NAMES))))
    folds = (learned, training.PLAIN)
    write(learned, folds, [3, 2**64 - 1, 3])
    first = path.read_bytes()
    held = trained.__wrapped__()
    assert (held.fusion, held.folds) == (learned, folds)
    assert held.seen == frozenset({3, 2**64 - 1})
    assert held.ref.version == training.VERSION
    write(learned, folds, [2**64 - 1, 3])
    assert path.read_bytes() == first
