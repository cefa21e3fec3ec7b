"""What a recording shows, each sign with the seconds where it is seen."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.types import LabValue, ModelRef, SignalInterval, Status
from signals.intervals import Intervals, Name
from signals.measure import Quantity
from signals.parts import Judged, Labels, Met, Place
from signals.recording import Seconds
from signals.rhythm_rules import Episode
from signals.statements import Statement, Statements
from signals.waves import Waves

CITED = 5
"""Places that a sign cites at most: the clearest ones."""
FEW_BEATS = 3
"""An interval of fewer beats is uncertain."""
UNSTEADY = 60.0
"""ms: an interval that spreads more from beat to beat (interquartile) is uncertain."""
WITHIN = {"P": 8.0, "PR": 8.0, "QRS": 8.0, "QTc Bazett": 12.0, "QTc Fridericia": 12.0, "axis": 10.0}
NEAR = 0.025
"""How close to its limit a value beyond it is uncertain, ms or degrees, else as a share: waves are
not timed better (one beat's error in weights/WAVES.md; these are medians over beats). Curated."""
ESCAPE = 1.15
"""Of the median RR interval; a beat after a longer one is no premature one. Curated."""
SURE = 0.9
"""Probability from which a beat's class counts as sure."""
STRAY = 0.002
"""Share of beats below which sure ectopic beats may be the classifier's errors: uncertain."""
_AROUND = (0.25, 0.45)  # seconds before and after the R peak of a cited beat


@dataclass(frozen=True, slots=True)
class Sign:
    """A statement about a recording. probability: calibrated; None for what a rule says.

    seconds: `CITED` places at most; because: why it is uncertain, or by what a criterion is met.
    """

    statement: Statement
    status: Status
    seconds: tuple[SignalInterval, ...]
    by: ModelRef
    value: LabValue | None = None
    probability: float | None = None
    because: str | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """Beats as they were read, and how they are cited. lead: None for all leads together.

    length_s: of the recording: nothing behind its end is cited.
    """

    record: str
    lead: str | None
    waves: Waves
    intervals: Intervals
    table: Statements
    labels: Labels | None = None
    by: ModelRef | None = None
    length_s: float = math.inf

    def cite(self, start: float, end: float) -> SignalInterval:
        """Some seconds of it."""
        return self.at(Place(self.lead, start, end))

    def at(self, place: Place) -> SignalInterval:
        """The same, of a lead that is named."""
        start = round(max(place.start_s, 0.0), 3)
        end = round(min(place.end_s, self.length_s), 3)
        return SignalInterval(self.record, place.lead, start, end)

    def counted(self, name: str, value: float, unit: str, reference: str | None) -> LabValue:
        """A number that a sign rests on."""
        return LabValue(self.record, name, round(value, 2), unit, reference)


def of_quantities(seen: Seen, measured: Sequence[Quantity]) -> Iterator[Sign]:
    """What lies outside its range."""
    by_name = {x.name: x for x in measured}
    for quantity in measured:
        outside = quantity.verdict is not None and quantity.verdict.side in ("low", "high")
        if outside and not quantity.name.startswith("QTc"):
            yield _outside(seen, quantity, _key(quantity), _doubt(quantity))
    yield from _corrected(seen, by_name)


def _corrected(seen: Seen, by_name: dict[str, Quantity]) -> Iterator[Sign]:
    """QTc, when both formulas say so; else it is uncertain."""
    both = [by_name[x] for x in ("QTc Bazett", "QTc Fridericia") if x in by_name]
    sides = {x.verdict.side for x in both if x.verdict}
    for side in ("low", "high"):
        outside = [x for x in both if x.verdict and x.verdict.side == side]
        if not outside:
            continue
        doubt = next(filter(None, map(_doubt, outside)), None)
        if len(sides) > 1:
            doubt = f"only by {outside[0].name.removeprefix('QTc ')}"
        elif side == "high" and (wide := by_name.get("QRS")) and wide.verdict:
            doubt = "the QRS complex is wide" if wide.verdict.side == "high" else doubt
        yield _outside(seen, outside[0], f"QTc {side}", doubt)


def _key(quantity: Quantity) -> str:
    if quantity.name == "axis" and quantity.value < -90:
        return "axis extreme"
    assert quantity.verdict is not None
    return f"{quantity.name} {quantity.verdict.side}"


def _doubt(quantity: Quantity) -> str | None:
    if quantity.beats < FEW_BEATS:
        return f"measured in {quantity.beats} beats only"
    if 2 * quantity.beats < quantity.of:
        return f"measured in {quantity.beats} of {quantity.of} beats only"
    if quantity.spread is not None and quantity.spread > UNSTEADY:
        return f"it varies by {quantity.spread:.0f} ms from beat to beat"
    verdict = quantity.verdict
    if verdict is not None and verdict.common:
        return "many healthy people have it"
    limit = verdict.limit if verdict else None
    if limit is not None and abs(quantity.value - limit) < _near(quantity.name, limit):
        return f"within {_near(quantity.name, limit):.3g} {quantity.unit} of the limit"
    return None


def _near(name: str, limit: float) -> float:
    """How close to a limit a value says nothing, in its unit."""
    return WITHIN.get(name, NEAR * abs(limit))


def _outside(seen: Seen, quantity: Quantity, key: str, doubt: str | None) -> Sign:
    assert quantity.verdict is not None
    name = f"{quantity.name}, median of {quantity.beats} beats"
    return Sign(
        statement=seen.table.by_key[key],
        status="uncertain" if doubt else "present",
        seconds=_places(seen, quantity),
        by=seen.table.ref,
        value=seen.counted(name, quantity.value, quantity.unit, quantity.verdict.reference),
        because=doubt,
    )


def _places(seen: Seen, quantity: Quantity) -> tuple[SignalInterval, ...]:
    """The beats whose interval is nearest to the median; of others all seconds."""
    waves, ms = seen.waves, seen.intervals.ms
    if quantity.name not in ms:
        return (seen.cite(float(waves.r[0]), float(waves.r[-1])),)
    name: Name = quantity.name  # pyright: ignore[reportAssignmentType]
    distance = np.abs(ms[name] - quantity.value).round(3)  # equal ones in the order of time
    nearest = np.argsort(distance, kind="stable")[: np.isfinite(distance).sum()][:CITED]
    return tuple(seen.cite(*_extent(waves, int(k))) for k in sorted(nearest))


def _extent(waves: Waves, beat: int) -> tuple[float, float]:
    """From the first to the last wave of a beat."""
    times = np.concatenate([waves.p[beat], waves.qrs[beat], waves.t[beat], waves.r[[beat]]])
    return float(np.nanmin(times)), float(np.nanmax(times))


def of_episodes(seen: Seen, episodes: Iterable[Episode]) -> Iterator[Sign]:
    """One sign for each kind of episode, its longest cited.

    Those of labelled beats are present when the classes are sure, on average over the episode.
    """
    kinds: dict[str, list[Episode]] = {}
    for episode in episodes:
        kinds.setdefault(episode.kind, []).append(episode)
    for kind, found in kinds.items():
        sure = [x for x in found if _sureness(seen.labels, x) >= SURE]
        chosen = sure or found
        longest = sorted(chosen, key=lambda x: (x.start_s - x.end_s, x.start_s))[:CITED]
        total = sum(x.end_s - x.start_s for x in chosen)
        unit = f"episodes of {total:.1f} s together"
        yield Sign(
            statement=seen.table.by_key[kind],
            status="present" if sure else "uncertain",
            seconds=_in_order(seen.cite(x.start_s, x.end_s) for x in longest),
            by=_author(seen, kind),
            value=seen.counted(f"{kind}, {len(longest)} cited", len(chosen), unit, None),
            because=None if sure else "the classes of its beats are not sure",
        )


def _sureness(labels: Labels | None, episode: Episode) -> float:
    """1 for what needs no labels."""
    if labels is None or episode.kind in ("slow", "fast", "pause"):
        return 1.0
    return float(labels.probability[episode.first : episode.last + 1].mean())


def _author(seen: Seen, kind: str) -> ModelRef:
    if seen.labels is None or kind in ("slow", "fast", "pause"):
        return seen.table.ref
    return seen.labels.by


def of_beats(seen: Seen) -> Iterator[Sign]:
    """Premature beats by their class, the surest cited."""
    if seen.labels is None:
        return
    for label, key in (("V", "ventricular beat"), ("S", "supraventricular beat")):
        places = np.flatnonzero((np.array(seen.labels.label) == label) & _early(seen.waves.r))
        if not len(places):
            continue
        sure = places[seen.labels.probability[places] >= SURE]
        enough = len(sure) >= max(1.0, STRAY * len(seen.waves))
        chosen = sure if enough else places
        surest = chosen[np.argsort(-seen.labels.probability[chosen], kind="stable")][:CITED]
        statement = seen.table.by_key[key]
        yield Sign(
            statement=statement,
            status="present" if enough else "uncertain",
            seconds=_in_order(_around(seen, int(k)) for k in surest),
            by=seen.labels.by,
            value=seen.counted(
                f"{statement.says}, {len(surest)} cited",
                len(chosen),
                f"of {len(seen.waves)} beats",
                None,
            ),
            because=None if enough else f"{len(sure)} of them are sure",
        )


def _early(r: Seconds) -> NDArray[np.bool_]:
    """Beats that do not come late, as escape beats do: RR up to `ESCAPE` of the usual one."""
    rr = np.diff(r, prepend=np.nan)
    if len(rr) < 3:
        return np.ones(len(rr), np.bool_)
    return ~(rr > ESCAPE * np.nanmedian(rr))


def _around(seen: Seen, beat: int) -> SignalInterval:
    r = float(seen.waves.r[beat])
    return seen.cite(r - _AROUND[0], r + _AROUND[1])


def of_models(seen: Seen, judged: Iterable[Judged]) -> Iterator[Sign]:
    """One sign for each statement, with the highest probability and the weightiest seconds.

    Where a statement is made more than once, that any of them holds is at least as probable.
    """
    keys: dict[str, list[Judged]] = {}
    for said in judged:
        keys.setdefault(said.key, []).append(said)
    for key, found in keys.items():
        statement = seen.table.by_key[key]
        best = max(found, key=lambda x: x.probability)
        status = statement.status(best.probability)
        if status is None:
            continue
        shown = [x for x in found if statement.status(x.probability) == status]
        if best.doubt is not None:
            status = "uncertain"
        shown.sort(key=lambda x: -x.probability)
        places = [place for x in shown for place in x.places]
        yield Sign(
            statement=statement,
            status=status,
            seconds=_in_order(seen.at(place) for place in places[:CITED]),
            by=best.by,
            value=seen.counted(f"{key}, {CITED} cited", len(places), "places", None)
            if len(places) > CITED
            else None,
            probability=best.probability,
            because=best.doubt,
        )


def of_criteria(seen: Seen, met: Iterable[Met]) -> Iterator[Sign]:
    """One sign for each criterion that a recording meets: present, without a probability."""
    for one in met:
        yield Sign(
            statement=seen.table.by_key[one.key],
            status="present",
            seconds=(seen.at(one.place),),
            by=one.by,
            because=one.because,
        )


def _in_order(places: Iterable[SignalInterval]) -> tuple[SignalInterval, ...]:
    return tuple(sorted(places, key=lambda x: x.start_s))
