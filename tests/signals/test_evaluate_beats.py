from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.exceptions import InputError
from signals import beat_folds, evaluate_beats
from signals.annotated import CLASSES, Annotated, read
from signals.beat_folds import Part, fold_of
from signals.beats import BeatLabels
from signals.recording import Recording, Seconds
from tests.signals.synthetic_beats import drawn, heartbeats

RATE = 120.0


class Knowing:
    """Tells what was annotated at a beat, and N where nothing was; V as S when wrong."""

    seen = frozenset[int]()

    def __init__(self, r: Seconds, kinds: list[str], *, wrong: bool = False) -> None:
        self._r, self._kinds = r, [("S" if k == "V" else k) if wrong else k for k in kinds]

    def classify(self, recording: Recording, r: Seconds) -> BeatLabels:
        near = np.abs(r[:, None] - self._r)
        labels = np.array(
            [self._kinds[row.argmin()] if row.min() < 0.1 else "N" for row in near], dtype="U1"
        )
        probabilities = 0.8 * np.eye(5)[[CLASSES.index(x) for x in labels]] + 0.04
        return BeatLabels(labels, probabilities)


@pytest.fixture(scope="module")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Seconds, list[str]]:
    """A folder with one annotated record of eight minutes."""
    import wfdb

    folder = tmp_path_factory.mktemp("records")
    r, kinds = heartbeats(480)
    r = np.round(r * RATE) / RATE
    signal = drawn(r, kinds, rate=RATE).signal.T.astype(np.float64)
    wfdb.wrsamp(
        "x1",
        RATE,
        ["mV", "mV"],
        ["MLII", "V1"],
        p_signal=signal,
        fmt=["16"] * 2,
        write_dir=str(folder),
    )
    places = np.round(r * RATE).astype(int)
    symbols = [{"S": "A"}.get(kind, kind) for kind in kinds]
    wfdb.wrann(
        "x1", "atr", np.append(places, places[-1] + 5), [*symbols, "+"], write_dir=str(folder)
    )
    return folder, r, kinds


def _told(monkeypatch: pytest.MonkeyPatch, classifier: Knowing) -> None:
    def parts(recordings: list[Annotated], folds: int | None) -> list[Part]:
        return [Part(classifier, "knowing", recordings)]  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(evaluate_beats, "parts", parts)


def test_records_are_read(made_up: tuple[Path, Seconds, list[str]]) -> None:
    folder, r, kinds = made_up
    for path in (folder, folder / "x1", folder / "x1.hea"):
        (given,) = read([path])
        np.testing.assert_allclose(given.r, r, atol=1e-6)
        assert [CLASSES[i] for i in given.classes] == kinds
        assert given.recording.leads == ("MLII", "V1")
    with pytest.raises(InputError):
        list(read([folder / "x2"]))


def test_who_knows_all_is_right(
    made_up: tuple[Path, Seconds, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, r, kinds = made_up
    _told(monkeypatch, Knowing(r, kinds))
    report = evaluate_beats.run(folder, detect=lambda recording, lead: r, compare=False)
    assert report.n == (r >= 300).sum()
    assert report.metrics["macro_f1"] == report.metrics["j_kappa"] - 0 == 1
    assert report.metrics["v_brier_skill"] > 0.5
    assert report.misses == []
    assert report.ci95["macro_f1"] == (1.0, 1.0)
    assert report.provenance["trained_on_overlap"] == 0


def test_wrong_labels_are_misses(
    made_up: tuple[Path, Seconds, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, r, kinds = made_up
    _told(monkeypatch, Knowing(r, kinds, wrong=True))
    report = evaluate_beats.run([folder / "x1"], detect=lambda recording, lead: r, compare=False)
    late = [kind for time, kind in zip(r, kinds, strict=True) if time >= 300]
    assert report.metrics["v_se"] == 0
    assert report.metrics["s_se"] == 1
    assert report.metrics["s_ppv"] == late.count("S") / (late.count("S") + late.count("V"))
    assert [(m["annotated"], m["told"]) for m in report.misses] == [("V", "S")] * late.count("V")


def test_a_detector_is_scored_and_what_it_misses_is_missed(
    made_up: tuple[Path, Seconds, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, r, kinds = made_up
    _told(monkeypatch, Knowing(r, kinds))
    scored = np.flatnonzero(r >= 300)
    gone = scored[3:8]
    found = np.sort(np.append(np.delete(r, gone) + 0.06, r[scored[20]] + 0.3))
    report = evaluate_beats.run(folder, detect=lambda recording, lead: found, compare=False)
    hits = len(scored) - len(gone)
    assert report.metrics["rpeak_f1_150"] == pytest.approx(2 * hits / (2 * hits + 5 + 1))
    assert report.metrics["rpeak_f1_50"] == 0
    missed = [m for m in report.misses if m["told"] is None]
    assert len(missed) == len(gone)
    assert all(m["probabilities"] is None for m in missed)
    assert [m["told"] for m in report.misses if m["annotated"] is None] == ["N"]
    assert report.metrics["given_macro_f1"] == 1
    assert report.compared == {"": "konsil"}


def test_others_are_measured_beside(
    made_up: tuple[Path, Seconds, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, r, kinds = made_up
    _told(monkeypatch, Knowing(r, kinds))
    report = evaluate_beats.run(folder, detect=lambda recording, lead: r)
    assert report.metrics["xqrs_rpeak_f1_150"] > 0.9
    for prefix in report.compared:
        assert f"{prefix}rpeak_f1_50" in report.metrics
        assert report.metrics[f"{prefix}x_real_time"] > 0


def test_training_patients_are_dealt_and_others_are_in_no_fold() -> None:
    groups = [str(i) for i in range(22)]
    dealt = [fold_of(group, groups, 11) for group in groups]
    assert all(dealt.count(fold) == 2 for fold in range(11))
    assert fold_of("unknown", groups, 11) == 0


def test_one_fold_is_refused() -> None:
    with pytest.raises(InputError):
        list(beat_folds.parts([], 1))
