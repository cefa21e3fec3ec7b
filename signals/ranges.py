"""Usual values by age and sex (ranges.toml), and what a value says against them."""

from __future__ import annotations

import hashlib
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from engine.types import ModelRef, Patient, Sex

TABLE_FILE = Path(__file__).with_name("ranges.toml")
Side = Literal["low", "usual", "high"]


@dataclass(frozen=True, slots=True)
class Band:
    """low, high: inclusive; None: no limit there. sex: None for both. start, end: years.

    surely_low: from here to `low` many healthy people are; None where there is no such zone.
    """

    low: float | None
    high: float | None
    sex: Sex | None
    start: float
    end: float
    surely_low: float | None = None

    def may_apply(self, patient: Patient) -> bool:
        """Whether a patient, of unknown age or sex perhaps, may fall into the band."""
        age = patient.age_years
        return (None in (self.sex, patient.sex) or self.sex == patient.sex) and (
            age is None or self.start <= age < self.end
        )

    def side(self, value: float) -> Side:
        """Where a value stands."""
        if self.low is not None and value < self.low:
            return "low"
        return "high" if self.high is not None and value > self.high else "usual"


@dataclass(frozen=True, slots=True)
class Verdict:
    """side: None where no range decides; reference: the range in words, or why there is none.

    limit: what the value is beyond, the farthest one if several bands may apply. common: it is
    outside the range, as many healthy people are.
    """

    side: Side | None
    reference: str
    limit: float | None = None
    common: bool = False


@dataclass(frozen=True, slots=True)
class Range:
    """The bands of one measurement."""

    of: str
    unit: str
    bands: tuple[Band, ...]

    def judge(self, value: float, patient: Patient) -> Verdict:
        """Against every band that may apply; where these disagree nothing is said."""
        bands = [band for band in self.bands if band.may_apply(patient)]
        covered = patient.age_years is not None or self._all_ages()
        if not bands or not covered:
            missing = "no range for this age" if patient.age_years is not None else _UNKNOWN
            return Verdict(None, missing)
        sides: set[Side] = {band.side(value) for band in bands}
        if len(sides) > 1:
            return Verdict(None, _UNKNOWN)
        side = sides.pop()
        reference = " or ".join(dict.fromkeys(map(self._text, bands)))
        common = side == "low" and any(value >= (b.surely_low or math.inf) for b in bands)
        return Verdict(side, reference, _limit(side, bands), common)

    def _all_ages(self) -> bool:
        return min(band.start for band in self.bands) == 0

    def _text(self, band: Band) -> str:
        if band.low is None:
            limits = f"up to {band.high:g}"
        elif band.high is None:
            limits = f"from {band.low:g}"
        else:
            limits = f"{band.low:g} to {band.high:g}"
        return f"{limits} {self.unit}"


def _limit(side: Side, bands: Sequence[Band]) -> float | None:
    if side == "low":
        return min(band.low for band in bands if band.low is not None)
    return max(band.high for band in bands if band.high is not None) if side == "high" else None


_UNKNOWN = "depends on age or sex, which is not stated"


@dataclass(frozen=True, slots=True)
class Ranges:
    """All ranges, by what they are of. source: where they come from."""

    by_name: Mapping[str, Range]
    source: str
    ref: ModelRef

    def judge(self, of: str, value: float, patient: Patient) -> Verdict:
        """What a value says of a patient whose age or sex may be unknown.

        Raises:
            KeyError: there is no range of that name at any age.
        """
        judged = self.by_name[of].judge(value, patient)
        if judged.side is None:
            return judged
        return replace(judged, reference=f"{judged.reference} ({self.source})")

    def limits(self, of: str, patient: Patient) -> tuple[float | None, float | None]:
        """Low and high limit, where all bands that may apply agree; else None.

        Raises:
            KeyError: as `judge`.
        """
        bands = [band for band in self.by_name[of].bands if band.may_apply(patient)]
        lows, highs = {band.low for band in bands}, {band.high for band in bands}
        return (lows.pop() if len(lows) == 1 else None, highs.pop() if len(highs) == 1 else None)


@cache
def load() -> Ranges:
    """The table in the package."""
    data = TABLE_FILE.read_bytes()
    table = tomllib.loads(data.decode())
    ranges = [Range(x["of"], x["unit"], _bands(x["bands"])) for x in table["range"]]
    ref = ModelRef("signals.ranges", version("konsil"), hashlib.sha256(data).hexdigest())
    return Ranges({x.of: x for x in ranges}, table["source"], ref)


def _bands(rows: Sequence[Mapping[str, Any]]) -> tuple[Band, ...]:
    return tuple(
        Band(
            low=x.get("low"),
            high=x.get("high"),
            sex=x.get("sex"),
            start=x.get("from", 0),
            end=x.get("to", 200),
            surely_low=x.get("surely_low"),
        )
        for x in rows
    )
