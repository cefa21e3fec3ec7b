"""Ages over 89, which all become "90 or older"; younger ones stay."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nlp.deid.mentions import Mention

AGGREGATED = "90 or older"

_UNIT = "one|two|three|four|five|six|seven|eight|nine"
_OLD = (
    rf"(?:9\d|1\d\d|ninety(?:[\s-](?:{_UNIT}))?|(?:a|one)[\s-]hundred"
    rf"(?:[\s-](?:and[\s-])?(?:{_UNIT}))?)"
)
_YEARS = r"(?:years?|yrs?|y)"
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?<![\w./-]){_OLD}[\s-]*{_YEARS}\.?[\s-]*/?\s?(?:olds?\b|of[\s-]+age\b|o\b\.?)",
        rf"(?<![\w./-])(?:aged?|age\s+of|age\s+is|turn(?:ed|ing|s))\b\s*:?\s*"
        rf"(?P<age>{_OLD})(?!\w|[./]\d)",
        r"(?<![\w./-])(?P<age>9\d|1[01]\d)(?=\s?[-/]?\s?[MF]\b(?![./]))",
        r"\bin\s+(?:his|her|their)\s+(?:early|mid|late)?[\s-]*(?P<age>nineties|90'?s)\b",
        r"\b(?:nonagenarian|centenarian)\b",
        rf"(?<![\w./-])(?P<age>{_OLD})\s+(?=(?:year\s|yr\s)?(?:birthday))",
    )
)


def find(text: str) -> Iterator[Mention]:
    """Every age from 90 on; the phrase where "90 or older" can stand for all of it."""
    for pattern in _PATTERNS:
        for match in pattern.finditer(text):
            group = "age" if "age" in pattern.groupindex else 0
            yield Mention(match.start(group), match.end(group), "age")
