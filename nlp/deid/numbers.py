"""Identifiers known by their form or by a label beside them: contacts and numbers of all kinds."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nlp.deid.lexicon import words
from nlp.deid.mentions import Kind, Mention

_LABELS = (
    r"mrn|m\.r\.n\.|med(?:ical)?\s+rec(?:ord)?|chart|record|hosp(?:ital)?|unit|nhs|patient\s+id"
    r"|pt\s+id|id|a/?c(?=\s*(?:no|\#|num))|acc(?:oun)?t|account|policy|member|subscriber|claim"
    r"|insurance|group|serial|s/n|sn|lot|batch|device|generator|lead|implant|accession|acc"
    r"|specimen|licen[cs]e|lic|dea|npi|gmc|nmc|upin|certificate|passport"
    r"|driver'?s\s+licen[cs]e|vin|plate|registration|reg|medicare|medicaid|health\s+plan|job"
    r"|visit|encounter|case|order|ref(?:erence)?|ssn|social\s+security|csn|fin|har|case\s+file"
    r"|beneficiary|ticket|booking|prescription|rx|badge|employee|study|exam|confirmation"
    r"|document|dictation|unique|ni|tax"
)
_NUMBER_WORD = (
    r"(?:\s*(?:numbers?|nos?\b|num|ids?|\#|code|key|plan|policy|insurance|for\s+"
    r"parking|reg(?:istration)?)\.?)"
)
_VALUE = (
    r"(?P<v>[A-Z]{1,4}\s\d{4,12}(?![\w.])|(?=[A-Z0-9*/ -]{0,24}\d)[A-Z0-9*]{1,14}(?:"
    r"[-/][A-Z0-9*]{1,12}){0,5}"
    r"(?:\ (?=[A-Z0-9]{0,5}\d)[A-Z0-9]{2,6}(?![\w/]|\.\d|-\d)){0,4})(?![\w%]|\.\d)"
)
_LABELLED = re.compile(
    rf"(?<![^\W_])(?i:{_LABELS})(?![^\W_])(?P<w>(?i:{_NUMBER_WORD}){{0,3}})(?P<c>[\s_]*(?:[:=\#]|is\b|was\b"
    rf")?[\s]*)"
    rf"{_VALUE}",
    re.VERBOSE,
)
_UNIT = re.compile(
    r"\s?(?:mg|mcg|ml|cc|g|kg|cm|mm|units?|days?|weeks?|hours?|months?|years?|patients?|%|bpm)\b",
    re.IGNORECASE,
)
_VAGUE = words("numbers", "vague")

_PHONE_LABEL = (
    r"(?:tele?phone|phone|tel|ph|fax|facsimile|f|pager|paged?|beeper|bleep|ext|extension|x|cell|"
    r"mobile|mob|call(?:ed|back)?"
    r"|callback|contact|reached|reach|home|work|number|hotline|switchboard|voicemail|text|ring|"
    r"dial|at)"
)
_FORMS: tuple[tuple[Kind, bool, str], ...] = (
    ("email", True, r"(?<![\w.+-])[\w.+-]+(?:\s?@\s?|\s?\[at\]\s?)[\w-]+(?:\.[\w-]+)*\."
        r"[a-z]{2,}\b"),
    ("url", True, r"\b(?:https?|ftp)://[^\s<>\"]+"),
    ("url", True, r"\bwww\.[^\s<>\"]+"),
    ("url", True, r"(?<![\w@.-])(?:[a-z][a-z0-9-]*\.)+(?:com|org|net|edu|gov|co\.uk|nhs\.uk|ac\."
        r"uk|io|info|uk|de|eu|ca|au)\b(?:/[^\s<>\"]*)?"),
    ("ip", True, r"(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)"
        r"(?!\w|\.\d)"),
    ("ip", True, r"(?<![\w:])(?:[0-9a-f]{1,4}:){4,7}[0-9a-f]{1,4}(?![\w:])"),
    ("id", True, r"(?<![\w-])(?:\d{3}|[xX*]{3})[ -](?:\d\d|[xX*]{2})[ -]\d{4}(?!\w|-\d)"),
    ("phone", True, r"(?<![\w+-])(?:\+?1[\s.-]{0,2})?(?:\(\d{3}\)\s{0,2}|\d{3}[\s./-]{1,2})"
        r"\d{3}[\s.-]{1,2}\d{4}(?!\w|-\d)(?:\s*(?:x|ext\.?|extension)\s*\d{1,6})?"),
    ("phone", True, r"(?<![\w+])\+\d{1,3}(?:[\s.-]{0,2}\(?\d{1,5}\)?){2,6}(?!\w)"),
    ("phone", True, r"(?<![\w+.-])0\d{2,5}[\s-]?\d{3,4}(?:[\s-]?\d{3,4})?(?!\w|[.-]\d)"),
    ("phone", True, r"(?<![\w+])\(0\d{2,5}\)\s?\d{3,4}[\s-]?\d{2,4}(?!\w|-\d)"),
    ("phone", False, r"(?<![\w.-])\d{3}[.-]\d{4}(?!\w|[.-]\d)(?:\s*(?:x|ext\.?|extension)\s*"
        r"\d{1,6})?"),
    ("id", True, r"(?<![^\W_])(?<![.,-])\d{7,}(?:-\d{1,4})?(?![^\W_]|%|[.,]\d|-\d)"),
    ("id", True, r"(?<![\w-])[A-Z]{1,3}-?\d{5,}[A-Z]?(?!\w)"),
    ("id", True, r"(?<![\w/.-])[A-Z]{0,3}\d{1,4}(?:-\d{1,6}){2,}(?!\w|[/.]\d|-\d)"),
    ("id", True, r"(?<![\w/.-])(?=(?:[A-Z-]{0,4}\d){5})[A-Z0-9]{1,14}(?:-[A-Z0-9]{1,12}){0,4}"
        r"(?![\w%]|[/.,]\d|-\d)"),
    ("id", True, r"(?<![\w/.-])\d{4}\ \d{4}\ \d{4}(?:\ \d{4})?(?!\w)"),
    ("id", True, r"(?<![\w/.-])(?=[A-Z0-9]{0,14}\d)[A-Z]{1,3}\d{2,}-\d{3,}(?:-\d{2,})?(?!\w)"),
    ("id", False, r"(?<![\w/.,-])\d{6}(?![\w%]|[.,/-]\d)"),
)  # fmt: skip
_COMPILED: tuple[tuple[Kind, bool, re.Pattern[str]], ...] = tuple(
    (kind, sure, re.compile(form, re.IGNORECASE if kind in ("email", "url", "ip") else 0))
    for kind, sure, form in _FORMS
)
_CALLED = re.compile(
    rf"(?<![\w])(?<!\d\s)(?:{_PHONE_LABEL})\b\.?\s*(?:no\.?|number|\#|is|on|at|to|:|-|\s)*\s*"
    r"(?P<v>\+?\(?\d[\d\s().-]{1,18}\d(?:\s*(?:x|ext\.?)\s*\d{1,6})?)(?![\w/%]|[.,]\d)",
    re.IGNORECASE,
)
_NEAR_PHONE = re.compile(rf"\b{_PHONE_LABEL}\b[\s:.#]*$", re.IGNORECASE)
_SURE_LABEL = re.compile(
    r"^(?:tele?phone|phone|tel|ph|fax|facsimile|pager|beeper|bleep|ext|extension|cell|mobile|mob"
    r"|callback|f)\b",
    re.IGNORECASE,
)


def find(text: str) -> Iterator[Mention]:
    """Contacts and labelled numbers first, then numbers that only their form gives away."""
    for kind, sure, form in _COMPILED[:6]:
        for match in form.finditer(text):
            end = match.start() + len(match.group().rstrip(".,;:)!?'"))
            yield Mention(match.start(), end, kind, sure)
    yield from labelled(text)
    yield from _called(text)
    for kind, sure, form in _COMPILED[6:]:
        for match in form.finditer(text):
            near = kind == "phone" and _NEAR_PHONE.search(
                text, max(0, match.start() - 24), match.start()
            )
            if (
                kind == "phone"
                or sum(c.isdigit() for c in match.group()) >= 6
                or "x-" in match.group()
            ):
                yield Mention(match.start(), match.end(), kind, sure or near is not None)


def labelled(text: str) -> Iterator[Mention]:
    """Numbers beside a word that says what they are."""
    for match in _LABELLED.finditer(text):
        value = match["v"]
        label = text[match.start() : match.start("w")].lower()
        digits = sum(c.isdigit() for c in value)
        marked = bool(match["w"].strip()) or any(c in match["c"] for c in ":=#")
        if "\n" in match["c"] and ":" not in match["c"]:
            continue
        if digits < 3 or (label in _VAGUE and not marked and digits < 5):
            continue
        if _UNIT.match(text, match.end()) or re.fullmatch(r"(?:19|20)\d\d", value):
            continue
        yield Mention(match.start("v"), match.end("v"), "id")


def _called(text: str) -> Iterator[Mention]:
    for match in _CALLED.finditer(text):
        digits = sum(c.isdigit() for c in match["v"])
        named = _SURE_LABEL.match(match.group()) is not None
        if 7 <= digits <= 15 or (named and 3 <= digits <= 15 and "\n" not in match["v"]):
            yield Mention(match.start("v"), match.end("v"), "phone")
