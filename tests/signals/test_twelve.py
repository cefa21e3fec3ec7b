"""Twelve leads: an answer, or an issue that says what is wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.types import Issue
from signals.ecg12_model import measures_of, packaged
from signals.ptbxl import CLASSES, entries
from signals.recording import STANDARD, Recording
from signals.twelve import PARTS, TwelveLead, classify, with_usual
from signals.twelve_leads import read
from signals.twelve_rules import statements
from tests.signals.made_twelve import twelve


def without(recording: Recording, *leads: str) -> Recording:
    kept = [i for i, lead in enumerate(recording.leads) if lead not in leads]
    names = tuple(recording.leads[i] for i in kept)
    return replace(recording, signal=recording.signal[kept], leads=names)


def test_a_plain_recording_is_read_as_normal_at_every_rate() -> None:
    said = [classify(twelve(rate=rate), explain=False) for rate in (100.0, 250.0, 500.0, 1000.0)]
    chances = []
    for one in said:
        assert isinstance(one, TwelveLead)
        assert set(one.probabilities) == set(CLASSES)
        assert max(one.probabilities, key=one.probabilities.__getitem__) == "NORM"
        chances.append(one.probabilities["NORM"])
    assert np.ptp(chances) < 0.15


def test_the_order_and_case_of_leads_is_that_of_their_names() -> None:
    plain = twelve()
    turned = replace(plain, signal=plain.signal[::-1], leads=STANDARD[::-1])
    one, two = classify(plain, explain=False), classify(turned, explain=False)
    assert isinstance(one, TwelveLead)
    assert isinstance(two, TwelveLead)
    assert one.probabilities == pytest.approx(two.probabilities)


def test_limb_leads_are_computed_from_two_others() -> None:
    plain = classify(twelve(), explain=False)
    fewer = classify(without(twelve(), "II", "aVR", "aVL", "aVF"), explain=False)
    assert isinstance(plain, TwelveLead)
    assert isinstance(fewer, TwelveLead)
    assert fewer.probabilities == pytest.approx(plain.probabilities, abs=1e-3)
    assert fewer.read.derived == ("II", "aVR", "aVL", "aVF")
    assert any("computed" in remark for remark in fewer.remarks)


@pytest.mark.parametrize("lead", ["V1", "V4", "V6"])
def test_a_chest_lead_that_is_missing_or_flat_is_named(lead: str) -> None:
    plain = twelve()
    signal = plain.signal.copy()
    signal[STANDARD.index(lead)] = 0.0
    for given_ in (without(plain, lead), replace(plain, signal=signal)):
        found = classify(given_)
        assert isinstance(found, Issue)
        assert lead in found.message
        assert found.fix


@pytest.mark.parametrize(
    "given_",
    [
        twelve(3.0),
        twelve(0.1),
        replace(twelve(), signal=np.zeros((12, 5000), np.float32)),
        replace(twelve(), signal=np.full((12, 5000), np.nan, np.float32)),
        replace(twelve(), signal=np.zeros((12, 0), np.float32)),
        replace(twelve(), rate=20.0),
        twelve(noise=1.0),
        replace(twelve(), signal=twelve().signal[1:2], leads=("MLII",)),
    ],
    ids=["short", "instant", "zero", "nan", "empty", "slow", "noisy", "one lead"],
)
def test_what_cannot_be_read_is_an_issue(given_: Recording) -> None:
    found = classify(given_)
    assert isinstance(found, Issue)
    assert found.where == given_.id
    assert found.message.startswith("twelve leads not read: ")


def test_a_hole_is_read_around() -> None:
    plain = twelve(20.0)
    signal = plain.signal.copy()
    signal[3, 1000:1400] = np.nan
    found = read(replace(plain, signal=signal))
    assert not isinstance(found, Issue)
    assert found.start_s == pytest.approx(2.8)


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 1000),
    seconds=st.floats(0.0, 12.0),
    size=st.sampled_from([0.0, 0.001, 0.5, 50.0, 1e6]),
)
def test_noise_of_any_kind_never_raises(seed: int, seconds: float, size: float) -> None:
    chance = np.random.default_rng(seed)
    signal = (size * chance.normal(size=(12, int(seconds * 100)))).astype(np.float32)
    found = classify(Recording("noise", signal, 100.0, STANDARD), explain=False)
    if isinstance(found, TwelveLead):
        assert all(0 <= p <= 1 for p in found.probabilities.values())


def test_what_a_class_rests_on_is_in_the_recording() -> None:
    plain = twelve()
    signal = plain.signal.copy()
    signal[[6, 7, 8, 9, 10, 11]] *= -1  # as if the chest were turned over: far from normal
    found = classify(replace(plain, signal=signal))
    assert isinstance(found, TwelveLead)
    assert found.basis["NORM"] == ()
    shown = [basis for bases in found.basis.values() for basis in bases]
    assert shown
    for basis in shown:
        assert basis.lead in STANDARD
        assert basis.part in PARTS
        assert 0 <= basis.start_s < basis.end_s <= plain.seconds
        assert basis.log_odds > 0


def test_a_plain_recording_meets_no_criterion() -> None:
    found = read(twelve())
    assert not isinstance(found, Issue)
    said = classify(twelve(), explain=False)
    assert isinstance(said, TwelveLead)
    assert statements(found, said.measures) == ()


def test_a_class_rests_more_on_what_is_shown_than_on_any_other_parts(data: Path) -> None:
    folder = data / "signals" / "ptbxl"
    if not folder.is_dir():
        pytest.skip(f"needs PTB-XL: {folder} is absent")
    model, chance = packaged()[0], np.random.default_rng(0)
    shown, others = [], []
    for entry in [one for one in entries(folder) if one.classes - {"NORM"}][:12]:
        recording = entry.recording()
        found = classify(recording)
        assert isinstance(found, TwelveLead)
        for name, bases in found.basis.items():
            if found.probabilities[name] < 0.5 or not bases:
                continue
            chosen = [(STANDARD.index(x.lead), PARTS.index(x.part)) for x in bases]
            drawn = [divmod(int(x), len(PARTS)) for x in chance.choice(48, len(bases), False)]
            beat = found.read.beat
            beats = [beat, with_usual(beat, chosen, model), with_usual(beat, drawn, model)]
            measures = [measures_of(x, recording.sex, recording.age_years) for x in beats]
            odds = model(beats, measures)[:, CLASSES.index(name)]
            shown.append(odds[0] - odds[1])
            others.append(odds[0] - odds[2])
    assert len(shown) >= 5
    assert np.mean(shown) > np.mean(others) + 0.2
