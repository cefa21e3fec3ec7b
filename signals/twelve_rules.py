"""Criteria that cardiologists read off twelve leads, each with its lead and seconds.

Kept are those that are right in most cases on the 434 records of PTB-XL that are shared
(`bench ecg12` prints how often; some limits were moved on the same records, so expect less
elsewhere). Other well-known criteria were not and are left out: the card lists them. Limits:
source: curated, unreferenced.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from signals.average import BEFORE, RATE, AverageBeat
from signals.twelve_features import t_end
from signals.twelve_leads import Read

Measures = Mapping[str, float]
Span = Callable[[AverageBeat], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Statement:
    """What a criterion says. because: the measurements it rests on, in words. lead, start_s, end_s:
    where it is seen best; the whole of what was read for a rhythm.
    """

    name: str
    because: str
    lead: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Rule:
    """holds: whether the measurements (`ecg12_model.measures_of`) meet it. because: what it
    rests on. lead: where to look. span: which part of the beat, None for the rhythm.
    """

    name: str
    holds: Callable[[Measures], bool]
    because: Callable[[Measures], str]
    lead: str
    span: Span | None


def _qrs(beat: AverageBeat) -> tuple[int, int]:
    return beat.onset, beat.offset


def _to_t(beat: AverageBeat) -> tuple[int, int]:
    return beat.onset, t_end(beat)


def _left_bundle(m: Measures) -> bool:
    upright = m["QRS area V6"] > 0 and m["QRS area I"] > 0
    no_septal_q = m["Q V6"] < 0.05 and m["Q I"] < 0.05
    downward = m["QRS area V1"] < 0 and m["R V1 share"] < 0.35
    return 115 <= m["QRS ms"] < PACED_MS and upright and no_septal_q and downward


def _right_bundle(m: Measures) -> bool:
    late_right = max(m["R V1"], m["R' V1"]) > 0.2 and m["QRS area V1"] > -0.005
    return 115 <= m["QRS ms"] < PACED_MS and late_right and max(m["S V6"], m["S I"]) > 0.1


def _left_anterior(m: Measures) -> bool:
    turned = m["QRS axis"] < -45 and m["R III"] < m["S III"] and m["Q aVL"] > 0.02
    return turned and m["QRS ms"] < 115


def _strain(m: Measures) -> bool:
    return m["Sokolow-Lyon"] > 3.5 and min(m["T V5"], m["T V6"]) < 0 and m["QRS ms"] < 115


def _voltage(m: Measures) -> bool:
    return m["Sokolow-Lyon"] > 4.0 and m["age"] > 40 and m["QRS ms"] < 115


def _left_axis(m: Measures) -> bool:
    return -90 < m["QRS axis"] < -30 and m["QRS ms"] < PACED_MS


def _fibrillation(m: Measures) -> bool:
    return m["RR step"] > 0.08 and not m["P seen"] and m["unusual"] < 0.25


def _inferior(m: Measures) -> bool:
    deep = m["Q aVF"] > 0.1 and m["Q aVF"] > 0.25 * m["R aVF"]
    return deep and m["Q ms aVF"] >= 30 and m["QRS ms"] < 115


def _anterior(m: Measures) -> bool:
    return m["QS V1"] + m["QS V2"] + m["QS V3"] >= 2 and m["QRS ms"] < 115


def _wide(m: Measures) -> bool:
    return m["QRS ms"] >= PACED_MS


def _says(template: str) -> Callable[[Measures], str]:
    return lambda m: template.format_map(m)


PACED_MS = 170.0
"""A QRS as wide as this is paced or of the ventricles: no bundle branch block is read from it."""
RULES = (
    Rule("complete left bundle branch block", _left_bundle,
         _says("QRS {QRS ms:.0f} ms, downward in V1, upright in I and V6 without Q"), "V6", _qrs),
    Rule("complete right bundle branch block", _right_bundle,
         _says("QRS {QRS ms:.0f} ms, upright in V1, S in I or V6"), "V1", _qrs),
    Rule("left anterior fascicular block", _left_anterior,
         _says("axis {QRS axis:.0f} degrees, QRS {QRS ms:.0f} ms, Q in aVL"), "aVL", _qrs),
    Rule("left ventricular hypertrophy with strain", _strain,
         _says("Sokolow-Lyon {Sokolow-Lyon:.1f} mV, T inverted in V5 or V6"), "V5", _to_t),
    Rule("left ventricular hypertrophy by voltage", _voltage,
         _says("Sokolow-Lyon {Sokolow-Lyon:.1f} mV above 40 years of age"), "V5", _qrs),
    Rule("left axis deviation", _left_axis, _says("axis {QRS axis:.0f} degrees"), "I", _qrs),
    Rule("atrial fibrillation", _fibrillation,
         _says("no P wave, beats irregular by {RR step:.0%} from one to the next"), "II", None),
    Rule("inferior infarction, Q waves", _inferior,
         _says("Q in aVF {Q aVF:.2f} mV and {Q ms aVF:.0f} ms"), "aVF", _qrs),
    Rule("anteroseptal infarction, Q waves", _anterior,
         _says("no R in two of V1 to V3"), "V2", _qrs),
    Rule("paced or ventricular QRS", _wide, _says("QRS {QRS ms:.0f} ms"), "V1", _qrs),
)  # fmt: skip


def statements(read: Read, measures: Measures) -> tuple[Statement, ...]:
    """The criteria that hold; a measurement that is not known (NaN) meets none.

    measures: `ecg12_model.measures_of` the beat.
    """
    return tuple(
        Statement(rule.name, rule.because(measures), rule.lead, *_seconds(read, rule))
        for rule in RULES
        if rule.holds(measures)
    )


def _seconds(read: Read, rule: Rule) -> tuple[float, float]:
    beat = read.beat
    if rule.span is None:
        start, end = read.start_s + float(beat.r[0]), read.start_s + float(beat.r[-1])
    else:
        first, last = rule.span(beat)
        r = read.start_s + float(beat.r[int(beat.usual.argmax())])
        start, end = r + (first - BEFORE) / RATE, r + (last - BEFORE) / RATE
    return round(max(start, 0.0), 3), round(end, 3)
