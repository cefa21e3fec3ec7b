"""How often a disease shows a finding: pooling what several sources state, with their sample sizes.

A count n/m says both the share and how sure it is; a class ("Frequent") or a bare mention says
much less. All are pooled as counts and pulled towards a common mean (a Beta prior), so one patient
of one ("1/1") does not become certainty.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# Midpoints of the ranges in the definitions of the HPO frequency terms (hp.obo, HP:0040279).
CLASSES = {
    "HP:0040280": 1.0,  # Obligate, 100 %
    "HP:0040281": 0.895,  # Very frequent, 80-99 %
    "HP:0040282": 0.545,  # Frequent, 30-79 %
    "HP:0040283": 0.17,  # Occasional, 5-29 %
    "HP:0040284": 0.025,  # Very rare, 1-4 %
    "HP:0040285": 0.0,  # Excluded, 0 %
}

# Chosen on the shared development cases (engine/CARD.md has the table of what was tried).
CLASS_WEIGHT = 2.0
"""A class or a percentage without its count is trusted like this many patients."""
PRIOR_MEAN = 0.2
PRIOR_WEIGHT = 4.0
EXCLUDED = "HP:0040285"
"""What a row with the qualifier NOT states."""
MENTIONED = "mentioned together"
"""Stated by a source that counts joint mentions in texts: shown, never ranked."""
UNSTATED = 0.5
"""Frequency taken for a finding that is listed without any frequency."""

_COUNT = re.compile(r"(\d+)/(\d+)")
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)%")


def pooled(stated: Iterable[str]) -> tuple[float | None, float]:
    """The share the sources counted, and the smoothed share used for ranking.

    Args:
        stated: frequencies as written: "7/13", "45%", an HPO frequency term, `MENTIONED` or "".

    Returns:
        (share 0 to 1 from counts, else from percentages, None when no source gives a number;
        smoothed share, 0 to 1 exclusive).

    Raises:
        ValueError: a frequency that is none of these forms.
    """
    shown = total = 0.0
    counted: list[tuple[float, float]] = []
    percents: list[float] = []
    for text in stated:
        n, m = _count(text)
        shown += n
        total += m
        if "/" in text:
            counted.append((n, m))
        elif text.endswith("%"):
            percents.append(n / m)
    share = None
    if counted:
        share = sum(n for n, _ in counted) / sum(m for _, m in counted)
    elif percents:
        share = sum(percents) / len(percents)
    if total == 0:
        return None, UNSTATED
    return share, (shown + PRIOR_MEAN * PRIOR_WEIGHT) / (total + PRIOR_WEIGHT)


def never(stated: Iterable[str]) -> bool:
    """Every source that states a frequency states none at all (0/15, 0 %, "Excluded")."""
    counts = [_count(text) for text in stated]
    return any(m for _, m in counts) and not any(n for n, _ in counts)


def _count(text: str) -> tuple[float, float]:
    if text in ("", MENTIONED):
        return 0.0, 0.0
    if text in CLASSES:
        return CLASSES[text] * CLASS_WEIGHT, CLASS_WEIGHT
    if (match := _COUNT.fullmatch(text)) and int(match[1]) <= int(match[2]) > 0:
        return float(match[1]), float(match[2])
    if (match := _PERCENT.fullmatch(text)) and float(match[1]) <= 100:
        return float(match[1]) / 100 * CLASS_WEIGHT, CLASS_WEIGHT
    raise ValueError(f"not a frequency: {text!r}")
