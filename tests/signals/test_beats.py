from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signals import beats
from signals.beat_features import SHAPES, TIMES, Beats, measure
from signals.beat_scaling import Scaling
from signals.beats import CONTEXT, WINDOW, Classifier, chosen_leads
from signals.recording import Recording
from tests.signals.synthetic_beats import drawn, heartbeats

torch = pytest.importorskip("torch", reason="needs the extra train")

from signals.beat_network import Network  # noqa: E402


def _made_up(count: int, leads: int, seed: int = 0) -> Beats:
    chance = np.random.default_rng(seed)

    def floats(*shape: int) -> np.ndarray:
        return chance.normal(size=shape).astype(np.float32)

    seen = chance.random((count, leads)) < 0.8
    return Beats(
        floats(count, leads, 2, 80), floats(count, leads, SHAPES), floats(count, TIMES), seen
    )


@pytest.fixture(scope="module")
def network() -> Network:
    torch.manual_seed(0)
    return Network().eval()


@pytest.fixture(scope="module")
def scaling() -> Scaling:
    return Scaling.learned([_made_up(200, 2)])


@pytest.fixture(scope="module")
def classifier(network: Network, scaling: Scaling) -> Classifier:
    state = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    return Classifier(state | scaling.arrays())


@pytest.mark.parametrize(("count", "leads"), [(1, 1), (40, 2), (WINDOW + 2 * CONTEXT, 3)])
def test_numpy_says_what_torch_says(
    network: Network, scaling: Scaling, classifier: Classifier, count: int, leads: int
) -> None:
    given = _made_up(count, leads, seed=count)
    each, times = scaling(given)
    with torch.no_grad():
        whole = network(
            *(torch.from_numpy(x)[None] for x in (each, times, given.seen.astype(np.float32)))
        )
    np.testing.assert_allclose(classifier.read(given), whole[0].numpy(), atol=2e-5)


def test_far_away_beats_hardly_matter(
    classifier: Classifier, network: Network, scaling: Scaling
) -> None:
    given = _made_up(3 * WINDOW + 17, 2, seed=5)
    each, times = scaling(given)
    with torch.no_grad():
        whole = network(
            *(torch.from_numpy(x)[None] for x in (each, times, given.seen.astype(np.float32)))
        )
    assert np.abs(classifier.read(given) - whole[0].numpy()).max() < 0.02


@given(st.integers(0, 5 * WINDOW))
def test_every_beat_is_read_once(count: int) -> None:
    for length, starts in beats._windows(count).items():
        assert all(start >= 0 and start + length <= count for start in starts)
        covered = {p for start in starts for p in range(start, start + length)}
        assert covered == set(range(count))


def test_probabilities_of_every_beat(classifier: Classifier) -> None:
    r, kinds = heartbeats()
    found = classifier.classify(drawn(r, kinds), r)
    assert found.labels.shape == r.shape
    assert set(found.labels.tolist()) <= set("NSVFQ")
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1)


def test_the_order_of_leads_and_one_missing_do_not_matter(classifier: Classifier) -> None:
    r, kinds = heartbeats()
    recording = drawn(r, kinds)
    one = classifier.logits(recording, r)
    other = classifier.logits(recording, r, leads=recording.leads[::-1])
    np.testing.assert_allclose(one, other, atol=1e-4)
    gone = replace(recording, signal=recording.signal * np.array([[1], [np.nan]], np.float32))
    np.testing.assert_allclose(
        classifier.logits(gone, r), classifier.logits(recording, r, leads=["MLII"]), atol=1e-4
    )


def test_a_long_recording_in_pieces_is_nearly_the_same(
    classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    r, kinds = heartbeats(600)
    recording = drawn(r, kinds)
    whole = classifier.classify(recording, r)
    monkeypatch.setattr(beats, "PIECE", 150.0)
    pieces = classifier.classify(recording, r)
    assert (whole.labels == pieces.labels).mean() > 0.97
    assert np.abs(whole.probabilities - pieces.probabilities).mean() < 0.02


@pytest.mark.parametrize("value", [0.0, 1.0, np.nan])
def test_nothing_to_see_is_told_by_time_alone(classifier: Classifier, value: float) -> None:
    recording = Recording("flat", np.full((1, 3600), value, np.float32), 360.0, ("I",))
    found = classifier.classify(recording, np.array([1.0, 2.0, 3.0]))
    assert np.isfinite(found.probabilities).all()
    assert len(classifier.classify(recording, np.zeros(0)).labels) == 0


def test_beats_at_the_ends_and_a_short_recording(classifier: Classifier) -> None:
    r = np.array([0.0, 0.8, 1.6, 2.4])
    recording = replace(
        drawn(r, ["N"] * 4), signal=drawn(r, ["N"] * 4).signal[:, : int(2.45 * 360)]
    )
    assert np.isfinite(classifier.classify(recording, r).probabilities).all()
    assert len(classifier.classify(recording, r[:1]).labels) == 1


def test_leads_like_those_of_the_training_come_first() -> None:
    def recording(*leads: str) -> Recording:
        return Recording("x", np.zeros((len(leads), 10), np.float32), 100.0, leads)

    assert chosen_leads(recording("I", "II", "V1", "V6")) == ("II", "V1")
    assert chosen_leads(recording("ECG")) == ("ECG",)
    assert chosen_leads(recording("V5", "MLII")) == ("MLII", "V5")


def test_an_unknown_lead_is_named(classifier: Classifier) -> None:
    r, kinds = heartbeats(10)
    with pytest.raises(KeyError, match="V6"):
        classifier.classify(drawn(r, kinds), r, leads=["V6"])


@pytest.mark.parametrize("rate", [250.0, 500.0, 1000.0])
def test_the_rate_does_not_matter(rate: float) -> None:
    r, kinds = heartbeats()
    usual = measure(drawn(r, kinds), r, ["MLII"])
    other = measure(drawn(r, kinds, rate=rate), r, ["MLII"])
    np.testing.assert_allclose(usual.windows, other.windows, atol=0.05)


def test_gain_does_not_matter_and_gaps_are_told() -> None:
    r, kinds = heartbeats()
    recording = drawn(r, kinds)
    louder = replace(recording, signal=recording.signal * np.float32(7))
    usual = measure(recording, r, recording.leads)
    np.testing.assert_allclose(
        usual.windows, measure(louder, r, recording.leads).windows, atol=1e-3
    )
    holed = recording.signal.copy()
    holed[0, 3600:7200] = np.nan
    found = measure(replace(recording, signal=holed), r, recording.leads)
    inside = (r > 10) & (r < 20)
    assert not found.seen[inside, 0].any()
    assert found.seen[inside, 1].all()
    assert (found.windows[inside, 0] == 0).all()
    assert np.isfinite(found.windows).all()


def test_an_early_wide_beat_looks_so() -> None:
    r, kinds = heartbeats()
    found = measure(drawn(r, kinds), r, ["MLII"])
    is_v, is_n = (np.array(kinds) == kind for kind in "VN")
    assert found.shapes[is_v, 0, 0].min() > -1 > found.shapes[is_n, 0, 0].max()
    assert found.times[np.array(kinds) != "N", 0].max() < -0.2
