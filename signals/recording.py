"""What every reader of signals returns and everything here works on. Read this first."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from engine.types import Sex

Samples = NDArray[np.float32]
Seconds = NDArray[np.float64]

STANDARD = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
"""The twelve leads, in the order in which they are drawn."""


@dataclass(frozen=True, slots=True)
class Recording:
    """An electrocardiogram as read.

    signal: (leads, samples), mV; NaN where nothing was recorded. rate: samples a second, above 0.
    leads: names, unique; those of `STANDARD` as written there, others as the source has them
    ("MLII"). start: of the first sample (UTC where the file states no zone), None when not stated.
    sex, age_years, identifiers: of the patient where the file states them. remarks: what a reader
    noticed and could not mend, in sentences ("lead V3 is missing").
    """

    id: str
    signal: Samples
    rate: float
    leads: tuple[str, ...]
    start: datetime | None = None
    sex: Sex | None = None
    age_years: float | None = None
    identifiers: tuple[str, ...] = ()
    remarks: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        if self.signal.ndim != 2 or len(self.leads) != len(self.signal):
            raise ValueError("a signal is (leads, samples) with one name a lead")
        if not self.rate > 0:
            raise ValueError("a rate is above 0")

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.signal.shape[1] / self.rate

    def lead(self, name: str) -> Samples:
        """(samples,), mV.

        Raises:
            KeyError: there is no such lead.
        """
        if name not in self.leads:
            raise KeyError(f"no lead {name!r}; there are {', '.join(self.leads)}")
        return self.signal[self.leads.index(name)]
