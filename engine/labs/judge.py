"""What one result says, and by whose range.

Order of trust: the sender's interpretation and the sender's own reference range, then the table.
Interpretation and own range that contradict each other leave the finding "uncertain", with an
issue: neither is followed silently. A value whose unit makes it physiologically impossible is not
used at all, whatever the flags say.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from engine.labs.statement import (
    ABNORMAL,
    UNDECIDED,
    Direction,
    Statement,
    combine,
    of_flag,
    of_value,
    of_words,
)
from engine.labs.table import Band, Test
from engine.labs.units import UNITLESS, convert
from engine.types import Issue, Level, Observation, Patient


@dataclass(frozen=True, slots=True)
class Case:
    """One result and what is needed to judge it. source: where the table's ranges come from."""

    observation: Observation
    test: Test
    patient: Patient
    source: str

    @property
    def canonical(self) -> float | None:
        """The value in the test's unit; None without a value or a convertible unit."""
        o = self.observation
        unit = o.unit or ("1" if self.test.unit in UNITLESS else None)
        return None if o.value is None or unit is None else convert(o.value, unit, self.test)

    @property
    def age(self) -> float | None:
        """Years, when the sample was taken, else now."""
        taken = self.observation.age_years
        return self.patient.age_years if taken is None else taken

    def issue(self, message: str, fix: str, level: Level = "warning") -> Issue:
        """A fault of this result."""
        return Issue(level, self.observation.id, f"{self.observation.name}: {message}", fix)


@dataclass(frozen=True, slots=True)
class Judgement:
    """states: what the result says. reference: by whose range, for the citation.

    canonical: the value in the test's unit; times: the value as a multiple of the upper limit.
    issue: a contradiction that left something uncertain.
    """

    states: Statement
    reference: str
    canonical: float | None = None
    times: float | None = None
    issue: Issue | None = None


def judge(case: Case) -> Judgement | Issue:
    """The judgement on one result, or the issue that prevents it. Never raises on bad data."""
    o = case.observation
    if o.value is not None and not math.isfinite(o.value):
        return case.issue(f"the value {o.value} is not a number", "send a number or words")
    if o.comparator not in (None, "", "=", "<", "<=", ">=", ">"):
        return case.issue(f"comparator {o.comparator!r} is not understood", "send <, <=, >= or >")
    if wrong := _implausible(case):
        return wrong
    flags = {flag: said for flag in o.interpretation if (said := of_flag(flag)) is not None}
    own = _own(case)
    if flags or isinstance(own, Judgement):
        return _by_sender(case, flags, own)
    if own is not None:
        return own
    if o.value is None:
        return case.issue(f"the result {o.text!r} is not understood", "send a number with its unit")
    return _by_table(case)


def _implausible(case: Case) -> Issue | None:
    """A bound ("<0.01", ">1000") may lie beyond the limit that it points to."""
    o, value, limits = case.observation, case.canonical, case.test.plausible
    if value is None or limits is None:
        return None
    comparator = o.comparator or ""
    too_low = value < limits[0] and not comparator.startswith("<")
    too_high = value > limits[1] and not comparator.startswith(">")
    if not too_low and not too_high:
        return None
    possible = range_text(*limits, case.test.unit)
    message = f"{o.value:g} {o.unit or ''} is outside the possible {possible}: probably wrong unit"
    return case.issue(message, "check the value and its unit")


def _own(case: Case) -> Judgement | Issue | None:
    """By the observation's own range, or its result in words; None when it brings neither."""
    o = case.observation
    if o.value is None:
        said = of_words(o.text or "", qualitative=case.test.qualitative)
        return Judgement(said, f"{o.text} (result in words)") if said else None
    limits = [x for x in (o.low, o.high) if x is not None]
    if not limits:
        return None
    if not all(map(math.isfinite, limits)) or limits != sorted(limits):
        return case.issue("its reference range is empty or not a number", "correct referenceRange")
    reference = range_text(o.low, o.high, o.unit)
    if _of_another_unit(case):
        message = f"its reference range {reference} is far from what is usual in that unit"
        return case.issue(message, "send value and referenceRange in the same unit")
    states = of_value(o.value, o.comparator, o.low, o.high)
    if states is None:
        return _undecided(case, reference)
    times = o.value / o.high if o.high and o.high > 0 else None
    return Judgement(states, f"{reference} (observation's own)", case.canonical, times)


FAR = 3.0
"""Own and usual limits that differ by more than this factor are taken to be of different units."""


def _of_another_unit(case: Case) -> bool:
    """Whether every limit of the own range is far from every limit of the table for this patient.

    A range is in the value's unit by definition, but senders mix units (12-16 for 130 g/L), which
    turns low into high. Without a convertible unit nothing can be compared.
    """
    o, test = case.observation, case.test
    if not o.unit:
        return False
    own = [convert(limit, o.unit, test) for limit in (o.low, o.high) if limit]
    bands = [b for b in test.bands if b.may_apply(sex=case.patient.sex, age=case.age)]
    usual = [limit for band in bands for limit in (band.low, band.high) if limit]
    pairs = [(mine, theirs) for mine in own if mine for theirs in usual]
    return bool(pairs) and all(not 1 / FAR <= mine / theirs <= FAR for mine, theirs in pairs)


def _by_sender(
    case: Case, flags: dict[str, Statement], own: Judgement | Issue | None
) -> Judgement | Issue:
    """By interpretation and own range or words; contradictions become uncertain."""
    texts = [f"flag {flag} (sender's interpretation)" for flag in flags]
    said = list(flags.values())
    times = None
    if isinstance(own, Judgement):
        said.append(own.states)
        texts.append(own.reference)
        times = own.times
    states, clash = combine(said)
    if ABNORMAL in said and set(states.values()) <= {"absent"}:
        if states:  # abnormal, yet every other statement denies it
            states, clash = UNDECIDED, True
        elif (found := _direction(case)) is not None:
            states = found
        else:
            return case.issue("flagged abnormal without direction", "send H or L, or a range")
    issue = own if isinstance(own, Issue) else None
    if clash:
        message = f"{' and '.join(texts)} contradict each other; kept as uncertain"
        issue = case.issue(message, "check the interpretation and the reference range")
    return Judgement(states, "; ".join(texts), case.canonical, times, issue)


def _direction(case: Case) -> Statement | None:
    """The direction of a flag that only says "abnormal"."""
    test = case.test
    if test.low is None or test.high is None:
        side: Direction = "high" if test.low is None else "low"
        return {side: "present"}
    found = None if case.observation.value is None else _by_table(case)
    if isinstance(found, Judgement) and "present" in found.states.values():
        return found.states
    return None


def _by_table(case: Case) -> Judgement | Issue:
    """By the table's range for this age and sex; when one is unknown, only if all bands agree."""
    o, test, sex, age, value = (
        case.observation,
        case.test,
        case.patient.sex,
        case.age,
        case.canonical,
    )
    if value is None and not o.unit:
        return case.issue("no unit and no reference range", f"send a unit such as {test.unit}")
    if value is None:
        message = f"unit {o.unit!r} cannot be converted to {test.unit}"
        return case.issue(message, f"send the result in {test.unit} or a unit of the same kind")
    bands = [band for band in test.bands if band.may_apply(sex=sex, age=age)]
    if not bands:
        who = f"{sex or 'sex unknown'}, {'age unknown' if age is None else f'{age:.3g} years'}"
        fix = "send referenceRange or interpretation"
        return case.issue(f"no reference range for this patient ({who})", fix, "info")
    said = [of_value(value, o.comparator, band.low, band.high) for band in bands]
    first = said[0]
    if first is None or None in said:
        return _undecided(case, range_text(bands[0].low, bands[0].high, test.unit))
    if any(states != first for states in said):
        needs = " and ".join(n for n, x in (("age", age), ("sex", sex)) if x is None)
        return case.issue(f"its range depends on {needs}, which is unknown", f"send {needs}")
    uppers = [band.high for band in bands if band.high]
    times = value / max(uppers) if uppers else None
    return Judgement(first, _reference(case, bands), value, times)


def _reference(case: Case, bands: Sequence[Band]) -> str:
    unit = "" if case.test.unit in UNITLESS else case.test.unit
    return " or ".join(f"{range_text(b.low, b.high, unit)} ({case.source}; {b})" for b in bands)


def range_text(low: float | None, high: float | None, unit: str | None) -> str:
    """ "3.5-5.1 mmol/L", "<= 5 mg/L", ">= 150"."""
    if low is not None and high is not None:
        text = f"{low:g}-{high:g}"
    else:
        text = f"<= {high:g}" if low is None else f">= {low:g}"
    return f"{text} {unit or ''}".rstrip()


def _undecided(case: Case, reference: str) -> Issue:
    bound = f"{case.observation.comparator}{case.observation.value:g}"
    return case.issue(f"{bound} cannot be judged against {reference}", "send the interpretation")
