"""The waves of heartbeats in one lead, in seconds from the start of the recording."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signals.recording import Seconds


@dataclass(frozen=True, slots=True)
class Waves:
    """B heartbeats in order of time.

    r: (B,), R peaks (or the largest deflection of the QRS complex). p, qrs, t: (B, 3), onset, peak
    and offset of each wave; a row of NaN where a beat has none that can be seen, which is not the
    same as one that was not looked for. certainty: (B,), 0 to 1, how sure the beat is.
    """

    r: Seconds
    p: Seconds
    qrs: Seconds
    t: Seconds
    certainty: Seconds

    def __post_init__(self) -> None:
        beats = len(self.r)
        if any(x.shape != (beats, 3) for x in (self.p, self.qrs, self.t)):
            raise ValueError("waves are (beats, 3)")
        if np.any(np.diff(self.r) <= 0):
            raise ValueError("R peaks are in order of time")

    def __len__(self) -> int:
        return len(self.r)

    @property
    def rr(self) -> Seconds:
        """(B - 1,), seconds from each R peak to the next."""
        return np.diff(self.r)
