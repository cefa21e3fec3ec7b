"""Age and sex as notes state them: "24-year-old woman", "61 y/o M", "a 3-month-old boy"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.types import Sex

SEARCHED = 600
"""Characters at the start of a note: later ages are often a relative's or an earlier one."""

_PER_YEAR = {"y": 1.0, "m": 12.0, "w": 365.25 / 7, "d": 365.25}
_FEMALE = ("woman", "female", "girl", "lady", "f")
_SEXES = r"woman|man|female|male|girl|boy|lady|gentleman|[FM](?![\w'])"
_AGE = re.compile(
    rf"""(?<![\w.])(?<!\bhis\s)(?<!\bher\s)(?<!\btheir\s)(?<!\bmy\s)(?P<number>\d{{1,3}})\s*-?\s*
    (?P<unit>years?|yrs?|y|months?|mos?|weeks?|wks?|days?)\.?\s*-?\s*/?\s*(?:old|of\s+age|o\b)
    (?:[\s,-]*(?:[\w-]+[\s,]+){{0,3}}?(?P<sex>{_SEXES})\b)?""",
    re.IGNORECASE | re.VERBOSE,
)
OLDEST = 125.0


@dataclass(frozen=True, slots=True)
class Demographics:
    """What a note says of the patient. age_years, sex: None when not stated. start, end: where."""

    age_years: float | None
    sex: Sex | None
    start: int
    end: int


def demographics(text: str) -> Demographics | None:
    """The first statement of age (and sex beside it) in the opening of a note; None if none."""
    match = _AGE.search(text, 0, SEARCHED)
    if match is None:
        return None
    age = float(match["number"]) / _PER_YEAR[match["unit"][0].lower()]
    if age > OLDEST:
        return None
    stated = (match["sex"] or "").lower()
    sex: Sex | None = None if not stated else "female" if stated in _FEMALE else "male"
    return Demographics(age, sex, match.start(), match.end())
