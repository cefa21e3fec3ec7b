"""How high the QRS complexes are, as HPO defines high and low voltage (HP:0025075, HP:0025077)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from signals.axis import complexes
from signals.recording import STANDARD, Recording
from signals.waves import Waves

LIMB, CHEST = STANDARD[:6], STANDARD[6:]


def voltages(recording: Recording, waves: Waves) -> Iterator[tuple[str, float]]:
    """Names and mV, medians over beats; only of what all leads are there for.

    "Sokolow-Lyon": the depth of S in V1 and the height of R in V5 or V6, whichever is taller, added
    up. "limb voltage", "chest voltage": of the lead with the largest QRS complex, from its lowest
    to its highest point.
    """
    extent = {lead: _extent(recording, lead, waves) for lead in recording.leads}
    known = {lead: x for lead, x in extent.items() if x is not None}
    if {"V1", "V5", "V6"} <= set(known):
        yield "Sokolow-Lyon", max(known["V5"][1], known["V6"][1], 0.0) - min(known["V1"][0], 0.0)
    for name, leads in (("limb voltage", LIMB), ("chest voltage", CHEST)):
        if set(leads) <= set(known):
            yield name, max(known[lead][1] - known[lead][0] for lead in leads)


def _extent(recording: Recording, lead: str, waves: Waves) -> tuple[float, float] | None:
    """Lowest and highest point of the QRS complexes of a lead, medians; None without any."""
    found = list(complexes(recording.lead(lead), recording.rate, waves))
    if not found:
        return None
    low, high = np.median([(x.min(), x.max()) for x in found], axis=0)
    return float(low), float(high)
