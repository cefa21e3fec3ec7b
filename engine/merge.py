"""The same sign seen twice is one finding with two citations; a contradiction is said aloud."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta

from engine.protocols import Vocabulary
from engine.types import CodedEntry, Finding, Issue, LabValue, TextSpan


def merge(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Join findings with the same code, status and context; the order of first mention is kept.

    The joined finding keeps the earliest onset, the newest record date, the highest stated
    probability and the `produced_by` of the first.
    """
    joined: dict[tuple[str, str, str], Finding] = {}
    for finding in findings:
        key = (finding.code.code, finding.status, finding.context)
        joined[key] = _join(joined[key], finding) if key in joined else finding
    return tuple(joined.values())


def current(findings: Iterable[Finding], vocabulary: Vocabulary) -> Iterator[Finding]:
    """The findings with outdated term ids replaced by current ones; unknown ids are left."""
    for finding in findings:
        code = vocabulary.code(finding.code.code)
        yield finding if code in (None, finding.code) else replace(finding, code=code)


def settle(findings: Iterable[Finding]) -> tuple[tuple[Finding, ...], tuple[Issue, ...]]:
    """Current findings that are both present and absent, and what was done about each.

    When both are dated and one is at least `NEWER` later, it holds and the other becomes
    historical. Otherwise both stay, the present one counts (`engine.rank`), and a warning says so.
    """
    settled = list(findings)
    issues: list[Issue] = []
    for present in [f for f in settled if f.status == "present" and f.context == "current"]:
        absent = next((f for f in settled if _denies(f, present)), None)
        if absent is None:
            continue
        older = _older(present, absent)
        if older is not None:
            settled[settled.index(older)] = replace(older, context="historical")
        issues.append(_contradiction(present, absent, older))
    return merge(settled), tuple(issues)


NEWER = timedelta(days=1)


def _denies(finding: Finding, present: Finding) -> bool:
    same = finding.code.code == present.code.code
    return same and finding.status == "absent" and finding.context == "current"


def _older(one: Finding, other: Finding) -> Finding | None:
    if one.recorded is None or other.recorded is None:
        return None
    if abs(one.recorded - other.recorded) < NEWER:
        return None
    return one if one.recorded < other.recorded else other


def _contradiction(present: Finding, absent: Finding, older: Finding | None) -> Issue:
    stated = f"{_place(present)} says present, {_place(absent)} says absent"
    held = "the present one counts" if older is None else "the newer one counts"
    return Issue(
        "warning" if older is None else "info",
        _place(present),
        f"{present.code.display} ({present.code.code}): {stated}; {held}",
        "leave out the entry that does not hold now",
    )


def _place(finding: Finding) -> str:
    first = finding.citations[0]
    if isinstance(first, TextSpan):
        return f"{first.document}:{first.start}-{first.end}"
    if isinstance(first, LabValue):
        return first.observation
    if isinstance(first, CodedEntry):
        return first.item
    return f"{first.record}:{first.start_s:g}-{first.end_s:g}s"


def _join(first: Finding, second: Finding) -> Finding:
    onsets = [f.onset_years for f in (first, second) if f.onset_years is not None]
    dates = [f.recorded for f in (first, second) if f.recorded is not None]
    probabilities = [f.probability for f in (first, second) if f.probability is not None]
    return replace(
        first,
        citations=tuple(dict.fromkeys((*first.citations, *second.citations))),
        onset_years=min(onsets, default=None),
        recorded=max(dates, default=None),
        probability=max(probabilities, default=None),
    )
