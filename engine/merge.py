"""The same sign seen twice is one finding with two citations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from engine.protocols import Vocabulary
from engine.types import Finding


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
