"""What is taught in torch and scikit-learn is what runs in numpy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
ensemble = pytest.importorskip("sklearn.ensemble")

from signals import train_rhythm  # noqa: E402
from signals.rhythm_model import Look, log_softmax, look, normal, padded, seen, trained  # noqa: E402
from signals.rhythm_network import Network  # noqa: E402
from tests.signals.strips import drawn, irregular, steady  # noqa: E402

LABELS = [1, 0, 1, 0, 2, 0, 2, 0, 3] * 4


@pytest.fixture(scope="module")
def looks() -> list[Look]:
    seconds = [9.0, 12.0, 10.0, 15.0]
    rhythms = [f(s, **k) for s in seconds for f, k in ((irregular, {"seed": int(s)}), (steady, {}))]
    found = [drawn(r, seconds=r[-1] + 0.6, seed=i) for i, r in enumerate(rhythms)]
    flat = look(np.zeros(3000, np.float32), 300.0, 0.0)
    return [*(look(one.signal[0], one.rate, 0.0) for one in found), flat] * 4


def test_numpy_answers_as_torch(
    looks: list[Look], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train_rhythm, "EPOCHS", 1)
    monkeypatch.setattr(train_rhythm, "GROWTH", {"max_iter": 2, "max_leaf_nodes": 4})
    labels = np.array(LABELS)
    names = [f"r{i}" for i in range(len(looks))]
    weights = train_rhythm.learn(looks, labels, names)
    file = tmp_path / "rhythm.safetensors"
    train_rhythm.save(weights, file, names)
    network = trained(file)
    assert seen(file) == frozenset(names)
    for name in ("features.knots", "calibration.scale"):
        np.testing.assert_array_equal(network.weights[name], weights[name])
    assert (np.diff(network.weights["features.knots"], axis=1) >= 0).all()
    chances, spoken = network(looks)
    np.testing.assert_allclose(chances.sum(1), 1, atol=1e-5)
    assert [x.shape for x in spoken] == [(len(one.r), 4) for one in looks]
    assert chances[-1].tolist() == [0, 0, 0, 1]  # the flat one
    arrays = (*padded(looks), _numbers(looks, network.weights))
    for member in range(train_rhythm.MEMBERS):
        same = Network()
        state = {
            name: torch.from_numpy(network.weights[name][member]) for name in same.state_dict()
        }
        same.load_state_dict(state)
        expected = same.eval()(*map(torch.from_numpy, arrays)).log_softmax(-1).detach().numpy()
        np.testing.assert_allclose(network.member(member, *arrays)[0], expected, atol=1e-5)


def _numbers(looks: list[Look], weights: dict[str, np.ndarray]) -> np.ndarray:
    numbers = np.stack([one.numbers for one in looks])
    return normal(numbers, weights["features.knots"], weights["features.scores"])


def test_the_same_seed_teaches_the_same(looks: list[Look], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train_rhythm, "EPOCHS", 1)
    monkeypatch.setattr(train_rhythm, "GROWTH", {"max_iter": 2, "max_leaf_nodes": 4})
    labels = np.array(LABELS)
    names = [f"r{i}" for i in range(len(looks))]
    one, other = (train_rhythm.learn(looks, labels, names) for _ in range(2))
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name])


def test_trees_answer_as_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = np.random.default_rng(0)
    x = chance.standard_normal((300, 6)).astype(np.float32)
    labels = (x[:, 0] > 0).astype(np.int64) * 2 + (x[:, 1] * x[:, 2] > 0)
    growth = {"max_iter": 7, "max_leaf_nodes": 6}
    monkeypatch.setattr(train_rhythm, "GROWTH", growth)
    trees = train_rhythm.grown(x, labels, 3)
    model = ensemble.HistGradientBoostingClassifier(
        **growth, early_stopping=False, random_state=3
    ).fit(x, labels)
    expected = np.log(model.predict_proba(x))
    np.testing.assert_allclose(log_softmax(trees(x)), expected, atol=1e-4)


def test_a_strip_is_judged_alike_alone_and_among_others(looks: list[Look]) -> None:
    network = trained()
    together, spoken = network(looks)
    for i, one in enumerate(looks[:9]):
        alone, said = network([one])
        np.testing.assert_allclose(alone[0], together[i], atol=1e-5)
        np.testing.assert_allclose(said[0], spoken[i], atol=1e-4)


def test_equal_numbers_have_equal_ranks() -> None:
    knots = np.array([[0, 0, 0, 1, 2]], np.float32)
    scores = np.array([-2, -1, 0, 1, 2], np.float32)
    for x in ([[0.0]], [[0.0], [2.0], [0.0]], [[3.0], [0.0]]):
        ranks = normal(np.array(x), knots, scores)[:, 0]
        assert ranks[np.array(x)[:, 0] == 0].tolist() == [-1] * x.count([0.0])
    assert normal(np.array([[0.5], [-1], [9]]), knots, scores)[:, 0].tolist() == [0.5, -2, 2]
