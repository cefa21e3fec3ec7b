from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ecg_files import beats

from signals.read import read
from signals.recording import STANDARD, Recording
from signals.reversal import reversal


def exchanged(recording: Recording, pair: str) -> Recording:
    """What would have been recorded with two limb electrodes exchanged."""
    one, two, three, right, left, foot = (recording.lead(name) for name in STANDARD[:6])
    limbs = {
        "arms": (-one, three, two, left, right, foot),
        "right arm, leg": (-three, -two, -one, foot, left, right),
    }[pair]
    chest = [recording.lead(name) for name in STANDARD[6:]]
    return replace(recording, signal=np.stack([*limbs, *chest]), leads=STANDARD)


def made() -> Recording:
    """A heart with an axis of 60 degrees: I and III half of II, V6 like I."""
    beat = beats(10, leads=1)[0].astype(np.float32)
    share = {"I": 0.5, "II": 1.0, "III": 0.5, "aVR": -0.75, "aVL": 0.0, "aVF": 0.75}
    signal = np.stack([share.get(name, 1.0) * beat for name in STANDARD])
    return Recording("x", signal, 250.0, STANDARD)


def test_exchanged_electrodes_are_suspected() -> None:
    assert reversal(made()) is None
    assert reversal(exchanged(made(), "arms")) == "right and left arm"
    turned = reversal(exchanged(made(), "right arm, leg"))
    assert turned is not None


def test_without_beats_or_leads_nothing_is_said() -> None:
    recording = made()
    assert reversal(replace(recording, signal=np.zeros_like(recording.signal))) is None
    assert reversal(replace(recording, signal=recording.signal * np.nan)) is None
    assert reversal(replace(recording, signal=recording.signal[:, :100])) is None
    few = replace(recording, signal=recording.signal[:3], leads=STANDARD[:3])
    assert reversal(few) is None
    assert reversal(replace(recording, rate=20.0)) is None


def test_on_real_records(data: Path) -> None:
    folder = data / "signals" / "ludb" / "data"
    if not folder.is_dir():
        pytest.skip(f"needs {folder}")
    records = [read(path) for path in sorted(folder.glob("*.hea"))[:40]]
    assert sum(reversal(r) is not None for r in records) <= 3
    assert sum(reversal(exchanged(r, "arms")) == "right and left arm" for r in records) >= 36
    turned = [reversal(exchanged(r, "right arm, leg")) for r in records]
    assert sum(found == "right arm and left leg" for found in turned) >= 36
