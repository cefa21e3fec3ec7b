"""Dates: found in every usual format, whole or in part, and shifted with their format kept.

A bare year stays. Numbers like 3/14 are dates only beside a word that says so, when the second
part can only be a day, or when the tagger agrees; "6/12" may be eyesight and "3/6" a murmur.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from nlp.deid.lexicon import MONTHS, ORDINALS
from nlp.deid.mentions import Mention

REMOVED = "[date removed]"
"""Stands where a date was that no calendar has."""

_MON = (
    r"(?:jan(?:uary)?|febr?(?:uary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_WORDED = "|".join(sorted((word.replace("-", "[- ]") for word in ORDINALS), key=len, reverse=True))
_ORD = r"(?:st|nd|rd|th)"
_DAY = rf"(?P<d>\d{{1,2}}(?![\d:])|(?:{_WORDED})\b)(?P<ord>\s?{_ORD}\b)?"
_YEAR = r"(?:19|20)\d\d(?!\d)"
_NO_UNIT = r"(?!\s?(?:mg|mcg|g\b|ml|units?\b|%|cm|mm|kg|bpm|hours?|days?|weeks?|:\d|/\d|\.\d))"
_BEFORE = r"(?<![\w/.])(?<!\d-)"
_AFTER = r"(?![\d/]|-\d|\.\d)"

_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?<![\w/.-])(?P<y>(?:19|20)\d\d)\s?(?P<s>[-/.])\s?(?P<m>\d{1,2})\s?(?P=s)\s?"
        r"(?P<d>\d{1,2})(?!\d|-\d)",
        rf"{_BEFORE}(?P<a>\d{{1,2}})\s?(?P<s>[-/.])\s?(?P<b>\d{{1,2}})\s?(?P=s)\s?"
        rf"(?P<y>\d{{4}}|\d\d)(?!\d|/\d|-\d\d?\b(?![-/])|\.\d)",
        rf"{_BEFORE}(?P<d2>\d{{1,2}}(?P<ord2>{_ORD})?\s?(?:-|–|to|and)\s?)?{_DAY}(?:\s+(?:day\s+"
        rf")?of)?"
        rf"[\s,/-]*(?P<mon>{_MON})\b\.?"
        rf"(?:[\s,/-]{{0,3}}(?P<y>{_YEAR}|'\d\d\b|\d\d\b{_NO_UNIT}))?",
        rf"{_BEFORE}(?P<d>\d{{1,2}})(?P<mon>{_MON})(?P<y>{_YEAR}|\d\d)(?!\w)",
        rf"(?<![\w])(?P<mon>{_MON})\b\.?[\s/-]{{0,2}}(?:the\s+)?{_DAY}{_NO_UNIT}"
        rf"(?:\s?(?:-|–|to|and|through)\s?(?P<d3>\d{{1,2}})(?P<ord3>{_ORD})?(?![\w/]))?"
        rf"(?:\s?,?\s{{0,2}}(?P<y>{_YEAR}|'\d\d\b)|-(?P<y2>\d\d)\b)?",
        rf"(?<![\w])(?P<mon>{_MON})\b\.?(?:\s+of\b)?[\s,/-]{{0,3}}(?P<y>{_YEAR}|'\d\d\b|(?<=-)\d"
        rf"\d\b)",
        rf"{_BEFORE}(?P<m>\d{{1,2}})\s?[/-]\s?(?P<y>{_YEAR})(?!-\d)",
    )
)
_LEAP = 2000  # the year of a 29th of February without one
_CENTURY = 40  # two-digit years to here are of this century
_BARE = re.compile(rf"{_BEFORE}(?P<a>\d{{1,2}})(?:/|\s/\s)(?P<b>\d{{1,2}}){_AFTER}")
_COMPACT = re.compile(
    r"(?<![^\W_])(?<![/.-])(?P<y>(?:19|20)\d\d)(?P<m>0[1-9]|1[0-2])(?P<d>0[1-9]|[12]\d|3[01])"
    r"(?![^\W_]|[/-])"
)
_MONTH_CUE = re.compile(
    r"\b(?:in|since|until|till|by|last|this|next|early|mid|late|from|during|through|before|after"
    r"|of|around)[\s-]+"
    r"(?P<mon>January|February|March|April|May|June|July|August|September|October|November"
    r"|December)\b(?!['’])(?!\s+[A-Z])"
)
_DAY_CUE = re.compile(
    rf"\b(?:on|until|till|by|from|since|before|after|around|to) the\s+(?P<d>\d{{1,2}})(?P<ord"
    rf">{_ORD})"
    r"(?=\s*(?:[.,;:)]|$|\n|(?:and|at|with|for|to|but|by|she|he|they|when|because)\b))",
    re.IGNORECASE,
)
_CUE = re.compile(
    r"(?:\b(?:on|since|dated?|until|till|thru|through|from|by|of|dob|born|d\.o\.b\.?|admitted"
    r"|discharged|seen|visit|due|around|before|after|between|last|started|began|as of|to|and|date"
    r"|adm|disch|done|performed|completed|scheduled|for)\b[\s:.,-]*(?:about\s)?|[-–]\s?|^|\n\s*)$",
    re.IGNORECASE,
)
_STRONG_CUE = re.compile(
    r"\b(?:on|since|dated?|until|till|from|dob|born|seen|admitted|discharged|as of|before|after"
    r"|due|by|around|last seen|visit|started|began|starting|beginning)[\s:.]*$",
    re.IGNORECASE,
)
_MEASURE = re.compile(
    r"^\s?(?:systolic|diastolic|holosystolic|ejection|murmur|strength|power|pain|grade|vision"
    r"|mmhg|mg|ml|beats|points?|bilateral|throughout|in\b(?!\s+(?:clinic|the))|on (?:the )?(?:left"
    r"|right)|pulses?|reflex|words|items|objects|cranial|weeks?|of\b|\+|hpf|%)",
    re.IGNORECASE,
)
_MEASURED = re.compile(
    r"(?:\b(?:bp|pressure|strength|power|pain|vision|acuity|score|scale|grade|apgar|gcs|mmse"
    r"|reflex(?:es)?|pulses|moca|rated|level|ratio|fraction|stage|station|mini-mental|advair"
    r"|percocet|vicodin|norco|lortab|o[ds])\b[\s:a-z]{0,12})$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Calendar:
    """How a note writes dates. day_first: 3/4 is the third of April. year: of partial dates."""

    day_first: bool
    year: int

    @classmethod
    def of(cls, text: str) -> Calendar:
        """Judged by the dates of the text that can be read in one way only, then by its country."""
        pairs = [(int(m["a"]), int(m["b"])) for m in _PATTERNS[1].finditer(text)]
        month_first = sum(a <= 12 < b <= 31 for a, b in pairs)
        day_first = sum(b <= 12 < a <= 31 for a, b in pairs)
        british = (
            re.search(r"\bNHS\b|\bGMC\b|\b[A-Z]{1,2}\d[\dA-Z]? \d[A-Z]{2}\b", text) is not None
        )
        years = re.findall(rf"(?<![\w/-]){_YEAR}|(?<=[/.-]){_YEAR}", text)
        year = int(years[-1]) if years else 2001
        first = day_first > month_first if day_first != month_first else british
        return cls(first, year)


def find(text: str) -> Iterator[Mention]:
    """Every date, the longest form first; those that may be something else are not `sure`."""
    for pattern in _PATTERNS:
        for match in pattern.finditer(text):
            if _plausible(match):
                start = _with_weekday(text, match.start())
                yield Mention(start, _end(match), "date", _certain(match, text))
    for match in _COMPACT.finditer(text):
        yield Mention(match.start(), match.end(), "date", _cued(text, match.start()))
    for match in _MONTH_CUE.finditer(text):
        yield Mention(match.start("mon"), match.end("mon"), "date")
    for match in _DAY_CUE.finditer(text):
        yield Mention(match.start("d"), match.end("ord"), "date")
    for match in _BARE.finditer(text):
        a, b = int(match["a"]), int(match["b"])
        dated = (1 <= a <= 12 and 1 <= b <= 31) or (1 <= b <= 12 and 1 <= a <= 31)
        if dated and not _is_measure(match, text):
            yield Mention(match.start(), match.end(), "date", _bare_is_sure(match, text))


def shifted(text: str, days: int, calendar_: Calendar) -> str | None:
    """The date `days` later in the same format; None if it is impossible or cannot be read."""
    lead = re.match(r"\w+\.?,?\s{1,2}(?:the\s)?(?=[\d\w])", text)
    if lead is not None and _WEEKDAY.search(lead.group()):  # whole weeks leave it right
        moved = shifted(text[lead.end() :], days, calendar_)
        return None if moved is None else lead.group() + moved
    for pattern in (*_PATTERNS, _COMPACT, _BARE):
        match = pattern.fullmatch(text)
        if match is not None and _plausible(match):
            return _moved(match, days, calendar_)
    word = text.lower().strip()
    if word in MONTHS:
        when = date(calendar_.year, MONTHS.index(word) + 1, 15) + timedelta(days)
        return _like(text, MONTHS[when.month - 1])
    if match := re.fullmatch(rf"(?P<d>\d{{1,2}})(?P<ord>{_ORD})", text, re.IGNORECASE):
        return _moved(match, days, calendar_)
    return None


_WEEKDAY = re.compile(
    r"\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|mon|tues?|wed|thu(?:rs?)?|fri|sat|sun)\b"
    r"\.?,?\s{1,2}(?:the\s)?$",
    re.IGNORECASE,
)


# ---- Finding --------------------------------------------------------------------------------


def _with_weekday(text: str, start: int) -> int:
    """Where the weekday begins that belongs to the date at `start`."""
    match = _WEEKDAY.search(text, max(0, start - 16), start)
    return start if match is None else match.start()


def _end(match: re.Match[str]) -> int:
    """A full stop or blank behind the last part is no part of the date."""
    return match.start() + len(match.group().rstrip(" \t\n.,-/"))


def _plausible(match: re.Match[str]) -> bool:
    """Could these numbers be meant as a date at all?"""
    parts = match.groupdict()
    if parts.get("a") and parts.get("y"):
        a, b = int(parts["a"]), int(parts["b"])
        if "." in parts["s"] and len(parts["y"]) == 2:
            return len(parts["a"]) == len(parts["b"]) == 2 and a <= 31 and b <= 31
        return (a <= 31 and b <= 31 and min(a, b) <= 12) or len(parts["y"]) == 4
    if parts.get("m"):
        return parts.get("d") is not None or 1 <= int(parts["m"]) <= 12
    mon, day = parts.get("mon") or "", parts.get("d") or ""
    if day.isdigit() and int(day) > 31:
        return False
    full = parts.get("y") or parts.get("y2") or parts.get("ord")
    return not (mon in ("may", "march", "mar", "dec", "sept", "jan") and not full and day == "")


def _certain(match: re.Match[str], text: str) -> bool:
    """A month in words is sure; "may 5" and "mar 3" in small letters are not."""
    parts = match.groupdict()
    mon = parts.get("mon")
    if mon is None or parts.get("y") or parts.get("ord") or parts.get("y2"):
        return True
    return mon not in ("may", "mar", "march") or _cued(text, match.start())


def _cued(text: str, start: int) -> bool:
    return _STRONG_CUE.search(text, max(0, start - 16), start) is not None


def _is_measure(match: re.Match[str], text: str) -> bool:
    """Strength 5/5, a 2/6 murmur, acuity 6/18."""
    before, after = text[max(0, match.start() - 24) : match.start()], text[match.end() :][:24]
    return _MEASURE.match(after) is not None or _MEASURED.search(before) is not None


def _bare_is_sure(match: re.Match[str], text: str) -> bool:
    """No fraction has a leading nought."""
    a, b = int(match["a"]), int(match["b"])
    before = text[max(0, match.start() - 24) : match.start()]
    if _STRONG_CUE.search(before) or match["a"][0] == "0" or match["b"][0] == "0":
        return True
    scored = (a, b) in ((6, 18), (6, 24), (6, 36), (20, 20)) or b in (5, 6, 10, 12, 15, 30)
    return _CUE.search(before) is not None and not scored and (b > 12 or a > 12)


# ---- Shifting -------------------------------------------------------------------------------


def _moved(match: re.Match[str], days: int, calendar_: Calendar) -> str | None:
    """The matched text with each of its parts replaced by that of the shifted date."""
    parts = match.groupdict()
    read = _read(parts, calendar_)
    if read is None:
        return None
    day, month, year, month_first = read
    when = _shift(day, month, year, days)
    if when is None:
        return None
    new: dict[str, str] = {}
    values = {"d": when.day, "m": when.month, "y": when.year, "y2": when.year}
    values |= {"a": when.month, "b": when.day} if month_first else {"a": when.day, "b": when.month}
    numbers = [parts.get(name) or "" for name in ("a", "b", "d", "m")]
    written = [number for number in numbers if number.isdigit()]
    padded = (
        any(number.startswith("0") for number in written)
        or (len(written) > 1 and all(len(number) == 2 for number in written))
        or re.match(r"\d{4}", match.group()) is not None
    )
    for name, value in values.items():
        if parts.get(name):
            new[name] = _numbered(parts[name], value, padded)
    if parts.get("mon"):
        new["mon"] = _named(parts["mon"], when.month)
    if parts.get("ord"):
        new["ord"] = _like(parts["ord"], _ending(when.day), blank=True)
    for name, suffix in (("d2", "ord2"), ("d3", "ord3")):
        if parts.get(name):
            other = _shift(int(re.sub(r"\D.*", "", parts[name], flags=re.S)), month, year, days)
            if other is None:
                return None
            new[name] = _other_end(parts, name, suffix, other, when)
            if parts.get(suffix):
                new[suffix] = ""
    return _put(match, new)


def _other_end(parts: dict[str, str | Any], name: str, suffix: str, other: date, when: date) -> str:
    """The second day of "March 14-16"; with its month where the two fall into two months."""
    old = parts[name] or ""
    ending = _ending(other.day) if parts.get(suffix) else ""
    number = f"{other.day}{ending}"
    if other.month != when.month:
        named = _named(parts["mon"] or "", other.month)
        number = f"{number} {named}" if name == "d2" else f"{named} {number}"
    tail = re.sub(rf"^\d+(?:{_ORD})?", "", old, flags=re.IGNORECASE)
    return number + tail


def _put(match: re.Match[str], new: dict[str, str]) -> str:
    text, position = "", match.start()
    for name in sorted(new, key=lambda name: (match.start(name), -match.end(name))):
        start, end = match.span(name)
        if start < position:  # inside a part that is already written
            continue
        text += match.string[position:start] + new[name]
        position = end
    return text + match.string[position : match.end()]


def _read(parts: dict[str, str | Any], calendar_: Calendar) -> tuple[int, int, int, bool] | None:
    """(day, month, year, is the month first); day 15 where only month and year are written."""
    written = (parts.get("y") or parts.get("y2") or "").strip("'")
    year = int(written) if written else calendar_.year
    if len(written) == 2:
        year += 2000 if year <= _CENTURY else 1900
    if parts.get("a") and parts.get("b"):
        a, b = int(parts["a"]), int(parts["b"])
        ways = [(a, b, year, False), (b, a, year, True)]
        if not written and (29, 2) in ((a, b), (b, a)):
            ways = [(*way[:2], _LEAP, way[3]) for way in ways]
        ways = [way for way in ways if 1 <= way[1] <= 12 and 1 <= way[0] <= 31]
        ways.sort(key=lambda way: way[3] == calendar_.day_first)
        return ways[0] if ways else None
    name = (parts.get("mon") or "").lower()
    month = int(parts["m"]) if parts.get("m") else 0
    if name:
        month = next(i for i, full in enumerate(MONTHS, 1) if full.startswith(name[:3]))
    if not month and parts.get("d"):  # "the 14th": its month is not written
        month = 1
    day = parts.get("d") or "15"
    number = int(day) if day.isdigit() else 1 + ORDINALS.index(day.lower().replace(" ", "-"))
    if (number, month) == (29, 2) and not written:
        year = _LEAP
    return number, month, year, False


def _shift(day: int, month: int, year: int, days: int) -> date | None:
    try:
        return date(year, month, day) + timedelta(days)
    except (ValueError, OverflowError):
        return None


def _numbered(old: str, value: int, padded: bool) -> str:
    digits = old.lstrip("'")
    if not digits.isdigit():
        return _like(old, ORDINALS[value - 1])
    quote = old[: len(old) - len(digits)]
    if value > 31:  # a year
        return quote + f"{value:04}"[-len(digits) :]
    return f"{quote}{value:02}" if padded else f"{quote}{value}"


def _named(old: str, month: int) -> str:
    name = MONTHS[month - 1]
    short = len(old) <= 4 and old.lower() not in MONTHS
    if old.lower() in ("may",):
        short = False
    return _like(old, name[:3] if short else name)


def _like(old: str, new: str, *, blank: bool = False) -> str:
    """`new` in the case of `old`."""
    lead = " " if blank and old[:1].isspace() else ""
    letters = old.strip()
    if letters.isupper():
        return lead + new.upper()
    return lead + (new.capitalize() if letters[:1].isupper() else new)


def _ending(day: int) -> str:
    return "th" if day in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
