"""Other people's readers of the ECG, asked beside ours in the same run of a benchmark."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signals.recording import Samples
from signals.waves import Waves


def neurokit_waves(signal: Samples, rate: float) -> Waves | None:
    """NeuroKit2's default R peaks and its DWT delineation; None where it fails."""
    import neurokit2

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own, about empty slices
        try:
            cleaned: Any = neurokit2.ecg_clean(signal, sampling_rate=int(rate))
            _, found = neurokit2.ecg_peaks(cleaned, sampling_rate=int(rate))
            peaks = np.asarray(found["ECG_R_Peaks"])
            _, borders = neurokit2.ecg_delineate(
                cleaned, peaks, sampling_rate=int(rate), method="dwt"
            )
        except (ValueError, IndexError, TypeError, ZeroDivisionError, KeyError):
            return None
    r = peaks / rate

    def of(kind: str, peak: NDArray[np.float64]) -> NDArray[np.float64]:
        ends = (
            np.asarray(borders[f"ECG_{kind}_{end}s"], np.float64) for end in ("Onset", "Offset")
        )
        onset, offset = (np.resize(end, r.size) / rate for end in ends)
        return np.stack([onset, peak, offset], axis=1)

    unknown = np.full(r.size, np.nan)
    return Waves(
        r=r, p=of("P", unknown), qrs=of("R", r), t=of("T", unknown), certainty=np.ones(r.size)
    )
