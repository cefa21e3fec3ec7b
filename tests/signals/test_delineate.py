"""Beats and waves in a lead: what is there is found, what is not is not invented."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from signals import corpora, delineate
from signals.delineate import KINDS, Network, trained
from signals.recording import Recording
from signals.waves import Waves

BEAT_S = 0.8


def _heart(
    rate: float = 500, seconds: float = 10, *, p: float = 0.15, gain: float = 1.0
) -> Recording:
    """P, QRS and T of Gaussian shape every `BEAT_S`; R at 0.5 s, 1.3 s, ..."""
    time = np.arange(int(seconds * rate)) / rate
    phase = (time - 0.5 + BEAT_S / 2) % BEAT_S - BEAT_S / 2
    parts = [(p, -0.16, 0.022), (-0.12, -0.03, 0.009), (1.0, 0.0, 0.011), (-0.2, 0.03, 0.009)]
    signal = sum(
        a * np.exp(-0.5 * ((phase - at) / w) ** 2) for a, at, w in [*parts, (0.3, 0.26, 0.045)]
    )
    return Recording("synthetic", gain * np.asarray(signal, np.float32)[None], rate, ("II",))


def _true(seconds: float = 10) -> NDArray[np.float64]:
    return np.arange(0.5, seconds, BEAT_S)


def _close(found: NDArray[np.float64], expected: NDArray[np.float64]) -> bool:
    return found.shape == expected.shape and bool(np.abs(found - expected).max() < 0.03)


@pytest.mark.parametrize("rate", [100, 250, 360, 500, 1000])
def test_beats_are_found_at_any_rate(rate: float) -> None:
    assert _close(delineate.peaks(_heart(rate), "II"), _true())


@pytest.mark.parametrize("gain", [0.2, 1, 5, -1])
def test_beats_are_found_at_any_size_and_upside_down(gain: float) -> None:
    assert _close(delineate.peaks(_heart(gain=gain), "II"), _true())


def test_waves_lie_in_order_around_their_beat() -> None:
    waves = delineate.delineate(_heart(), "II")
    inner = slice(1, -1)
    times = np.concatenate([waves.p, waves.qrs, waves.t], axis=1)[inner]
    assert (np.diff(times, axis=1) > 0).all()
    assert np.abs(waves.p[inner, 1] - waves.r[inner] + 0.16).max() < 0.03
    assert np.abs(waves.t[inner, 1] - waves.r[inner] - 0.26).max() < 0.03
    assert ((waves.certainty > delineate.BEAT) & (waves.certainty <= 1)).all()


def test_without_p_waves_none_is_drawn() -> None:
    waves = delineate.delineate(_heart(p=0.0), "II")
    assert len(waves) == _true().size
    assert np.isnan(waves.p).all(axis=1).mean() > 0.8


@pytest.mark.parametrize("seconds", [0.0, 0.1, 3.0])
def test_a_short_recording_is_read_as_far_as_it_goes(seconds: float) -> None:
    assert len(delineate.delineate(_heart(seconds=seconds), "II")) == _true(seconds).size


def test_no_beats_where_nothing_was_recorded() -> None:
    heart = _heart()
    heart.signal[0, 2000:3500] = np.nan
    found = delineate.peaks(heart, "II")
    assert not ((found > 4.02) & (found < 6.98)).any()
    assert _close(found[found < 3.9], _true()[_true() < 3.9])
    nothing = Recording("x", np.full((1, 5000), np.nan, np.float32), 500, ("II",))
    assert delineate.peaks(nothing, "II").size == 0
    zero = Recording("x", np.zeros((1, 5000), np.float32), 500, ("II",))
    assert len(delineate.delineate(zero, "II")) == 0


def test_pieces_give_what_the_whole_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    heart = _heart(seconds=60)
    noisy = Recording(
        "x", heart.signal + rng.normal(0, 0.05, heart.signal.shape).astype("f4"), 500, ("II",)
    )
    whole = delineate.delineate(noisy, "II")
    monkeypatch.setattr(delineate, "PIECE_S", 16.0)
    pieces = delineate.delineate(noisy, "II")
    monkeypatch.setattr(delineate, "HOUR_S", 24.0)
    hours = delineate.delineate(noisy, "II")
    np.testing.assert_allclose(hours.r, whole.r, atol=0.01)
    np.testing.assert_allclose(hours.r, delineate.peaks(noisy, "II"))
    for kind in KINDS:
        np.testing.assert_allclose(getattr(pieces, kind), getattr(whole, kind), atol=1e-6)


def test_the_network_computes_what_torch_computes() -> None:
    torch = pytest.importorskip("torch")
    from signals.wave_network import WaveNetwork

    torch.manual_seed(0)
    network = WaveNetwork()
    network(torch.randn(8, 512))  # batch statistics
    network.eval()
    folded = {name: value.numpy() for name, value in network.folded().items()}
    x = torch.randn(1, 512)
    ours = Network(folded, trained().ref, {})(x[0].numpy())
    theirs = network(x)[0].detach()
    np.testing.assert_allclose(ours[0], torch.sigmoid(theirs[0]).numpy(), atol=1e-5)
    np.testing.assert_allclose(ours[1:], torch.softmax(theirs[1:], dim=0).numpy(), atol=1e-5)


def test_shared_records_are_read_as_their_annotators_read_them(data: Path) -> None:
    folder = data / "signals" / "ludb"
    if not folder.is_dir():
        pytest.skip(f"no LUDB at {folder}")
    lead = next(x for x in corpora.marked(corpora.record_paths(folder, "ii")[0]) if x.lead == "ii")
    marked = lead.times[lead.kinds == "qrs", 1]
    heart = Recording(lead.record, lead.signal[None], lead.rate, ("ii",))
    found: Waves = delineate.delineate(heart, "ii")
    inside = (found.r > lead.start) & (found.r < lead.end)
    assert inside.sum() == marked.size
    assert np.abs(found.r[inside] - marked).max() < 0.05


def test_a_standstill_stays_a_standstill() -> None:
    """Its ripples are enlarged to the size of beats by what precedes the network."""
    rng = np.random.default_rng(0)
    signal = _heart(seconds=40).signal.copy()
    signal[:, 10000:14500] = 0  # 20 to 29 s
    signal += rng.normal(0, 0.01, signal.shape).astype("f4")
    heart = Recording("x", signal, 500, ("II",))
    found = delineate.delineate(heart, "II")
    assert not ((found.r > 20.1) & (found.r < 28.9)).any()
    expected = _true(40)[(_true(40) < 19.9) | (_true(40) > 29.1)]
    assert all(np.abs(found.r - at).min() < 0.03 for at in expected)
    np.testing.assert_allclose(delineate.peaks(heart, "II"), found.r)
