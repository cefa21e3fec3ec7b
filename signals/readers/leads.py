"""What a channel is called and measured in: names of leads, units, and what is no ECG."""

from __future__ import annotations

import re

from signals.recording import STANDARD

_STANDARD = {name.lower(): name for name in STANDARD}
_OTHER = {"d1": "I", "d2": "II", "d3": "III", "di": "I", "dii": "II", "diii": "III"}
"""Leads as they are printed in French, Spanish and Portuguese. Source: curated, unreferenced."""

_PREFIX = re.compile(
    r"mdc_ecg_(?:lead|elec_potl)_|(?:(?:ecg|ekg|lead|derivation)\b[\s_:-]*)+", re.I
)
_MILLIVOLTS = {"v": 1e3, "mv": 1.0, "uv": 1e-3, "µv": 1e-3, "μv": 1e-3, "nv": 1e-6}

_NO_ECG = re.compile(
    r"(?:^|[\s_-])(?:eeg|emg|eog|gsr|eda\b|resp|pleth|ppg|spo2|sao2|abp\b|art\b|pap\b|cvp\b|icp\b|nbp|bp\b|hr\b|"
    r"pulse|co2|temp|flow|airflow|thorax|thor\b|abdo|snore|sound|light|position|pos\b|acc|marker|"
    r"trigger|event|status|battery|fecg|fetal|toco|uc\b|pacer?\b|"
    r"(?:fp|af|fc|ft|tp|cp|po|[fctpoam])(?:z|\d{1,2})(?:[-\s]|$))",
    re.I,
)
"""Names of channels in volts that are not of the heart; the last line is the 10-20 system of EEG
electrodes. Source: curated, unreferenced."""


def lead_name(text: str) -> str:
    """A lead as `STANDARD` writes it where it means one of those, else as the source has it.

    "-aVR" and "V4R" are other leads and stay; "ECG 1" is the number of a channel and stays.
    """
    written = " ".join(text.split())
    bare = _PREFIX.sub("", written, count=1).strip().lower()
    return _STANDARD.get(bare) or _OTHER.get(bare) or written


def millivolts(unit: str) -> float | None:
    """How many millivolts one unit is; None when it is no voltage."""
    return _MILLIVOLTS.get(unit.strip().lower())


def is_lead(name: str, unit: str) -> bool:
    """Whether a channel can be a lead of an ECG: in volts and not named after something else."""
    if millivolts(unit) is None:
        return False
    return lead_name(name) in STANDARD or _NO_ECG.search(name.strip()) is None
