"""Whether limb electrodes may have been exchanged, from one twelve-lead recording.

V6 looks at the heart from where lead I does, whatever the arms' electrodes do, and from close to
where lead II does. A heartbeat that runs against V6 in lead I speaks for exchanged arms (or for a
heart on the right); one that runs against it in lead II for the right arm and a leg. Method and
limit: curated, unreferenced. Exchanged left arm and leg cannot be seen this way.

Measured by exchanging electrodes in numbers: of 140 records of LUDB and 434 of PTB-XL the arms were
found in .964 and .963, arm and leg in .957 and .970; as recorded, .043 and .028 were suspected.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from signals.quality import SHORTEST_S, SLOWEST_HZ, Values, beats_in, qrs_band
from signals.recording import Recording

Exchanged = Literal["right and left arm", "right arm and left leg"]

AGAINST = -0.2
"""Correlation of the median beat with that of V6 below which a lead runs against it."""

BEFORE_S, AFTER_S = 0.25, 0.4
LEADS = ("I", "II", "V6")


def reversal(recording: Recording) -> Exchanged | None:
    """What may be exchanged; None when nothing speaks for it or the leads do not tell.

    Needs leads I, II and V6 with at least three beats in common.
    """
    beat = _median_beat(recording)  # (3, samples)
    if beat is None:
        return None
    one, two = (float(np.corrcoef(beat[i], beat[2])[0, 1]) for i in (0, 1))
    if not min(one, two) < AGAINST:  # also of a lead without any deflection
        return None
    return "right and left arm" if one < two else "right arm and left leg"


def _median_beat(recording: Recording) -> Values | None:
    """(3, samples), P to T of I, II and V6, each without drift; None of fewer than three beats."""
    from scipy.signal import butter, sosfiltfilt

    rate = recording.rate
    if not set(LEADS) <= set(recording.leads) or rate < SLOWEST_HZ:
        return None
    x = np.stack([recording.lead(name) for name in LEADS]).astype(np.float64)
    x = x[:, np.isfinite(x).all(axis=0)]
    if x.shape[1] < SHORTEST_S * rate:
        return None
    wide = butter(2, [0.5, min(40.0, 0.45 * rate)], "band", fs=rate, output="sos")
    x = sosfiltfilt(wide, x, axis=1)
    before, after = round(BEFORE_S * rate), round(AFTER_S * rate)
    places = beats_in(qrs_band(x, rate), rate)[1]
    places = places[(places >= before) & (places < x.shape[1] - after)]
    if len(places) < 3:
        return None
    return np.median(np.stack([x[:, p - before : p + after] for p in places]), axis=0)
