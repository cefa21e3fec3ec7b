"""What can be said about a result, and how flags, words and ranges say it.

A `Statement` gives a status to each direction; a missing direction means nothing is said about it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Literal

from engine.labs.table import name_key
from engine.types import Status

Direction = Literal["high", "low"]
Statement = Mapping[Direction, Status]

HIGH: Statement = {"high": "present", "low": "absent"}
LOW: Statement = {"high": "absent", "low": "present"}
NORMAL: Statement = {"high": "absent", "low": "absent"}
POSITIVE: Statement = {"high": "present"}
NEGATIVE: Statement = {"high": "absent"}
BORDERLINE: Statement = {"high": "uncertain"}
UNDECIDED: Statement = {"high": "uncertain", "low": "uncertain"}
ABNORMAL: Statement = {}
"""Abnormal without direction."""

_WORDS = (
    (HIGH, "high|increased|elevated|raised|above normal|too high"),
    (LOW, "low|decreased|reduced|lowered|below normal|too low"),
    (NORMAL, "normal|within normal limits|within normal range|wnl|unremarkable"),
)
_FLAGS = (  # HL7 v2 table 0078 and v3 ObservationInterpretation
    (HIGH, "h|hh|hu|hx|>|critical high|critically high|significantly high"),
    (LOW, "l|ll|lu|lx|<|critical low|critically low|significantly low"),
    (NORMAL, "n"),
    (POSITIVE, "pos|det|rr|wr"),
    (NEGATIVE, "neg|nd|nr"),
    (BORDERLINE, "ind|e"),
    (ABNORMAL, "a|aa|abnormal|critically abnormal|critical abnormal"),
)
_RESULTS = (
    (POSITIVE, "positive|pos|detected|present|reactive|small|moderate|large|many|abundant"),
    (POSITIVE, "strongly positive|1+|2+|3+|4+|+1|+2|+3|+4|+|++|+++|++++"),
    (NEGATIVE, "negative|neg|not detected|none detected|absent|none|non reactive|nonreactive|nil"),
    (NEGATIVE, "none seen|not seen|not present|-"),
    (BORDERLINE, "trace|borderline|equivocal|indeterminate|weakly positive|weak positive|+-|±"),
    (BORDERLINE, "few|rare|occasional"),
)


def _lexicon(*groups: Iterable[tuple[Statement, str]]) -> dict[str, Statement]:
    return {word: said for group in groups for said, words in group for word in words.split("|")}


_WORD = _lexicon(_WORDS)
_RESULT = _lexicon(_WORDS, _RESULTS)
_FLAG = _lexicon(_WORDS, _RESULTS, _FLAGS)


def of_flag(flag: str) -> Statement | None:
    """An interpretation code or word ("HH", "low", "POS"); None when it says nothing here."""
    return _FLAG.get(flag.strip().casefold(), _FLAG.get(name_key(flag)))


def of_words(text: str, *, qualitative: bool) -> Statement | None:
    """A result in words. "positive" and "2+" count only where the test expects such results."""
    words = re.sub(r"\s+", " ", text.strip().casefold())
    return (_RESULT if qualitative else _WORD).get(
        words.replace("-", " ") if len(words) > 2 else words
    )


def of_value(
    value: float, comparator: str | None, low: float | None, high: float | None
) -> Statement | None:
    """A value, or a bound on it, against a range with inclusive limits; None when undecidable.

    A one-sided range says nothing about its open side. A bound such as "<5" assumes that the
    quantity cannot be negative.
    """
    at_least = value if comparator not in ("<", "<=") else 0.0
    at_most = value if comparator not in (">", ">=") else math.inf
    if high is not None and (at_least > high or (comparator == ">" and value >= high)):
        return HIGH
    if low is not None and (at_most < low or (comparator == "<" and value <= low)):
        return LOW
    if (low is None or at_least >= low) and (high is None or at_most <= high):
        sides: tuple[tuple[Direction, float | None], ...] = (("high", high), ("low", low))
        return {side: "absent" for side, limit in sides if limit is not None}
    return None


def combine(statements: Iterable[Statement]) -> tuple[Statement, bool]:
    """All statements as one, and whether they contradict: a disputed direction is uncertain."""
    states: dict[Direction, Status] = {}
    clash = False
    for statement in statements:
        for side, status in statement.items():
            if states.setdefault(side, status) != status:
                states[side], clash = "uncertain", True
    return states, clash
