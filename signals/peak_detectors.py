"""R-peak detectors of others, to measure beside ours: wfdb's xqrs and gqrs, and NeuroKit2's."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

import numpy as np

from signals.recording import Recording, Seconds

Detector = Callable[[Recording, str], Seconds]
"""R peaks of a recording as seen in the lead named, ascending seconds."""


def others() -> tuple[dict[str, Detector], dict[str, str], list[str]]:
    """Those installed: what the keys of their metrics begin with -> detector, and -> name; and a
    sentence for what is not installed.
    """
    found: dict[str, Detector] = {"xqrs_": _xqrs, "gqrs_": _gqrs}
    names = {key: f"wfdb {key[:-1]} {version('wfdb')}" for key in found}
    if find_spec("neurokit2") is None:
        return found, names, ["NeuroKit2 is not installed (group dev) and is not compared"]
    found |= {"neurokit_": _neurokit}
    return found, names | {"neurokit_": f"NeuroKit2 {version('neurokit2')}, default"}, []


def _given(recording: Recording, lead: str) -> Any:
    return np.nan_to_num(recording.lead(lead).astype(np.float64))


def _xqrs(recording: Recording, lead: str) -> Seconds:
    from wfdb.processing import xqrs_detect

    found: Any = xqrs_detect(_given(recording, lead), recording.rate, verbose=False)
    return np.asarray(found, np.float64) / recording.rate


def _gqrs(recording: Recording, lead: str) -> Seconds:
    """As wfdb is used: it asks for the signal as stored, so millivolts are given 200 steps each."""
    from wfdb.processing import gqrs_detect

    steps = np.round(_given(recording, lead) * 200)
    found: Any = gqrs_detect(d_sig=steps, fs=recording.rate, adc_gain=200, adc_zero=0)
    return np.asarray(found, np.float64) / recording.rate


def _neurokit(recording: Recording, lead: str) -> Seconds:
    import neurokit2

    rate = round(recording.rate)
    clean: Any = neurokit2.ecg_clean(_given(recording, lead), sampling_rate=rate)
    _, found = neurokit2.ecg_peaks(clean, sampling_rate=rate)
    return np.asarray(found["ECG_R_Peaks"], np.float64) / rate
