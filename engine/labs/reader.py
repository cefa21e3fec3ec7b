"""Observations -> findings: which result counts now, and what the others become.

Every observation ends as at least one finding, issue or skipped item. The newest dated result of a
test decides the current status; older ones are historical. An abnormal old result is kept as a
historical finding; an old normal one is skipped, since it says nothing today. Undated results are
never made historical by a guess: they stay current beside the newest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from engine.labs.judge import Case, Judgement, judge
from engine.labs.statement import Direction
from engine.labs.table import Table, Test, load
from engine.protocols import Extraction, ReadingContext
from engine.types import Code, Context, Finding, Issue, LabValue, Observation, Skipped, Status


@dataclass(frozen=True, slots=True)
class Reading:
    """One usable result: what was observed, by which rule, and what it says."""

    observation: Observation
    test: Test
    judgement: Judgement


def extract(items: Sequence[Observation], context: ReadingContext) -> Extraction:
    """HPO findings of laboratory results and vital signs, each citing its observation.

    items: in any order; output follows it. A value without a usable unit or range is an issue,
    an observation without a rule is skipped. Findings have no probability: nobody estimated one.
    """
    table = load()
    read = [_read(item, table, context) for item in items]
    readings = [r for r in read if isinstance(r, Reading)]
    newest = _newest(readings)
    findings: list[Finding] = []
    issues = [r for r in read if isinstance(r, Issue)]
    skipped = [r for r in read if isinstance(r, Skipped)]
    for reading in readings:
        when: Context = "current" if _is_current(reading, newest) else "historical"
        issues.extend(filter(None, [reading.judgement.issue]))
        found = list(_findings(reading, when, table, context))
        findings.extend(found)
        if not found or _silent(reading):
            skipped.append(Skipped(reading.observation.id, _why(reading, when)))
    return Extraction(tuple(findings), (table.ref,), tuple(issues), tuple(skipped))


def _read(item: Observation, table: Table, context: ReadingContext) -> Reading | Issue | Skipped:
    test = table.find(item)
    if isinstance(test, str):
        return Skipped(item.id, test)
    if item.value is None and not item.text and not item.interpretation:
        return Skipped(item.id, f"{item.name}: no result")
    if not test.bands and _unjudged(item):
        return Skipped(item.id, f"{item.name}: judged only by the sender's range or interpretation")
    judgement = judge(Case(item, test, context.patient, table.source))
    return judgement if isinstance(judgement, Issue) else Reading(item, test, judgement)


def _unjudged(item: Observation) -> bool:
    return item.text is None and item.low is None and item.high is None and not item.interpretation


def _newest(readings: Iterable[Reading]) -> dict[str, datetime]:
    newest: dict[str, datetime] = {}
    for reading in readings:
        if (when := _utc(reading.observation.recorded)) and not reading.observation.historical:
            newest[reading.test.key] = max(when, newest.get(reading.test.key, when))
    return newest


def _is_current(reading: Reading, newest: dict[str, datetime]) -> bool:
    when = _utc(reading.observation.recorded)
    return not reading.observation.historical and (when is None or when >= newest[reading.test.key])


def _utc(when: datetime | None) -> datetime | None:
    return when.replace(tzinfo=UTC) if when and when.tzinfo is None else when


def _findings(
    reading: Reading, when: Context, table: Table, context: ReadingContext
) -> Iterable[Finding]:
    """Findings of one result, present before absent; one term never twice."""
    o, judgement = reading.observation, reading.judgement
    cited = LabValue(o.id, o.name, o.value, o.unit, judgement.reference, _text(o))
    terms: dict[str, tuple[Code, Status]] = {}
    for side, status in sorted(judgement.states.items(), key=lambda pair: pair[1] == "absent"):
        term = _term(reading, side, status)
        if term is not None and not (when == "historical" and status == "absent"):
            terms.setdefault(term.code, (term, status))
    for term, status in terms.values():
        code = context.vocabulary.code(term.code) or term
        yield Finding(code, status, (cited,), table.ref, context=when, recorded=o.recorded)


def _term(reading: Reading, side: Direction, status: Status) -> Code | None:
    """The HPO term of a direction; for a high value the strictest grade that it reaches."""
    test, judgement = reading.test, reading.judgement
    term = test.low if side == "low" else test.high
    if side == "high" and status == "present":
        for grade in test.grades:
            value, limit = (
                (judgement.times, grade.times)
                if grade.at is None
                else (judgement.canonical, grade.at)
            )
            if value is not None and limit is not None and value >= limit:
                term = grade.term
    return term


def _silent(reading: Reading) -> bool:
    """Abnormal in a direction for which HPO has no term in the table."""
    return any(
        status == "present" and _term(reading, side, status) is None
        for side, status in reading.judgement.states.items()
    )


def _why(reading: Reading, when: Context) -> str:
    name, states = reading.observation.name, reading.judgement.states
    if _silent(reading):
        side = next(side for side, status in states.items() if status == "present")
        return f"{name} is {side}, for which the table has no HPO term"
    if when == "historical":
        return f"{name}: an older normal result"
    return f"{name}: normal, and the table has no HPO term to exclude"


def _text(o: Observation) -> str | None:
    if o.value is not None and o.comparator:
        return f"{o.comparator}{o.value:g}"
    return o.text
