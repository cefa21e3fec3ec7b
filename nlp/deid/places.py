"""Places smaller than a state: streets, cities, ZIP and post codes. States and countries stay."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from nlp.deid.lexicon import phrases, words
from nlp.deid.mentions import Mention

_CAP = r"(?<!\w)[A-Z\u00C0-\u00DE][\w'’-]{0,30}\.?"
_SMALL = r"(?:of|the|on|upon|de|del|la|las|los|le|les|des|du|san|santa|st\.?|saint)"
_NAMED = rf"{_CAP}(?:[ \n](?:{_SMALL}[ ])?{_CAP}){{0,3}}"
_UK = re.compile(r"(?<![\w-])[A-Z]{1,2}\d[\dA-Z]?\s?\d[A-Z]{2}(?!\w)")
_BOX = re.compile(r"\bP\.?\s?O\.?\s?Box\s+\d+", re.IGNORECASE)
_ZIP_LABEL = re.compile(
    r"\b(?:zip(?:\s?code)?|post\s?code)\b[\s:]*(?P<v>[A-Z\d][A-Z\d -]{2,9}\d?[A-Z\d])",
    re.IGNORECASE,
)
_LIVES = re.compile(
    rf"\b(?:(?i:liv(?:es|ed|ing) in|resid(?:es|ed|ing) in|resident of|native of|(?:moved|"
    rf"relocated|back) (?:here )?"
    rf"(?:to|from)|born in|grew up in|originally from|travel(?:l?ed|l?ing|s)? (?:to|from)|trip to"
    rf"|visit(?:ed|ing)|hometown of|city of|town of|village of|county of))[ \n](?P<v>{_NAMED})"
)
_CITY = re.compile(
    rf"(?:[ \t]*,\s?|[ \t]*\n[ \t]*)(?P<v>{_CAP}(?:\s(?:{_SMALL}\s)?{_CAP}){{0,2}})(?=\s*"
    rf"[.,;)\n]|\s[A-Z]{{1,2}}\d|$)"
)
_BEFORE_CODE = re.compile(
    rf"(?P<v>{_CAP}(?:[ ](?:{_SMALL}[ ])?{_CAP}){{0,2}}),?\s[A-Z]{{1,2}}\d[\dA-Z]?\s?\d"
    rf"[A-Z]{{2}}(?!\w)"
)
_COUNTY = re.compile(rf"\b(?P<v>{_NAMED})[ ]County\b")


@cache
def _street() -> re.Pattern[str]:
    suffix = "|".join(sorted(words("places", "suffixes"), key=len, reverse=True))
    unit = r"(?:\s*,?\s*(?:apt|apartment|suite|ste|unit|flat|room|floor|\#)\.?\s?\#?\s?\w{1,5})"
    return re.compile(
        rf"(?<![\w.,/-])(?:(?:flat|apt|apartment|unit|suite)\s+\w{{1,5}},?\s+)?"
        rf"\d{{1,5}}[a-d]?,?\s+(?:[nsew]\.?\s+|north\s+|south\s+|east\s+|west\s+)?"
        rf"(?:[a-z\u00c0-\u00ff][\w'’-]*\.?\s|\d+(?:st|nd|rd|th)\s){{1,4}}?"
        rf"(?:{suffix})\b(?!['’]\w)\.?{unit}?",
        re.IGNORECASE,
    )


@cache
def _with_state() -> re.Pattern[str]:
    """City, state and ZIP code. An abbreviation that is a word elsewhere needs the ZIP code."""
    clear = "|".join(sorted(words("places", "abbreviations") - words("places", "ambiguous")))
    every = "|".join(sorted(words("places", "abbreviations")))
    full = "|".join(map(re.escape, phrases("places", "states")))
    zip_ = r"\d{5}(?:-\d{4})?(?![\w-])"
    city = rf"(?P<city>{_CAP}(?:[ ](?:{_SMALL}[ ])?{_CAP}){{0,2}})"
    return re.compile(
        rf"(?:{city},?[ \n]{{1,2}})?\b(?:(?:(?:{every})|{full}|(?i:{full})),?[ \n]{{1,3}}(?P<zip"
        rf">{zip_})"
        rf"|(?<=,[ \n])(?:{clear}|{full})(?![\w'’]))"
    )


def find(text: str) -> Iterator[Mention]:
    """Every place that its form or the words beside it give away."""
    for match in _street().finditer(text):
        if _is_street(match.group()):
            yield Mention(match.start(), match.end(), "place")
            city = _CITY.match(text, match.end())
            titled = city is not None and city["v"].lower().strip(".") in words("names", "titles")
            if city is not None and not titled and not is_kept(city["v"]):
                yield Mention(city.start("v"), city.end("v"), "place")
    for match in _BEFORE_CODE.finditer(text):
        yield Mention(match.start("v"), match.end("v"), "place")
    for match in _with_state().finditer(text):
        for group in ("city", "zip"):
            if match[group] is not None:
                yield Mention(match.start(group), match.end(group), "place")
    for pattern in (_UK, _BOX):
        for match in pattern.finditer(text):
            yield Mention(match.start(), match.end(), "place")
    for match in _ZIP_LABEL.finditer(text):
        if any(c.isdigit() for c in match["v"]):
            yield Mention(match.start("v"), match.end("v"), "place")
    for pattern in (_LIVES, _COUNTY):
        for match in pattern.finditer(text):
            if not is_kept(match["v"]):
                yield Mention(match.start("v"), match.end("v"), "place")


def is_kept(name: str) -> bool:
    """A state or country, which safe harbour lets stay."""
    kept = (*phrases("places", "states"), *phrases("places", "countries"))
    return name.strip(" .,").casefold() in {place.casefold() for place in kept}


_DOSE = re.compile(
    r"^\d+,?\s+(?:mg|mcg|ml|cc|g|kg|cm|mm|units?|days?|weeks?|months?|years?|hours?|minutes?|times"
    r"|tablets?|tabs?|puffs?|drops?|yo|y|and|or|of|to|in|the|with|on|at|for|degrees?|pounds?|feet"
    r"|lbs?|french|fr|is|was|were|vessels?|views?|out|by|per|a|an|beats?|bpm|patients?|percent)\b",
    re.IGNORECASE,
)


def _is_street(text: str) -> bool:
    """Not "2 left lower drive": every name word is capitalised, or none of it is clinical prose."""
    if _DOSE.match(text) or "\n\n" in text:
        return False
    names = re.findall(r"[^\W\d_][\w'’-]*", text)
    capital = [name[0].isupper() for name in names]
    plain = len(names) <= 4 and names[-1].lower() in words("places", "plain")
    return all(capital) or (plain and (capital[0] or not any(capital)))
