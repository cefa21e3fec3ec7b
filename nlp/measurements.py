"""Test results and vital signs in prose: a name, its value and unit, and where they stand.

From every number one walks back over the words that may stand between a name and its value
(measurements.toml); anything else in between ends the search, so that doses, dates, ages and counts
have no name. What a value means is left to `engine.labs`.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

from spacy.language import Language
from spacy.tokens import Doc, Span

from engine.labs.table import Test, load
from nlp.quantities import ARROW, BETWEEN, ENUMERATED, NUMBER, PAIR, RANGE, number, unit_at
from nlp.sentences import bounds
from nlp.tokenizer import TOKEN, offsets, whole

KEY = "measurements"
"""Where the spans are: `doc.spans[KEY]`, each with its `span._.measurements`."""
TABLE_FILE = Path(__file__).with_name("measurements.toml")

Whose = Literal["patient", "older", "no measurement"]

_WINDOW = 90  # characters before a number in which its name is looked for
_WORD = 40  # characters of the last of them, at most
_BETWEEN = 9  # words and signs between a name and its value, at most
_LONGEST = 6  # words of a name
_NEAR = 80  # characters between single-letter vital signs and another vital sign
_CARRIED = 250  # characters over which "Urinalysis:" still tells the specimen
_PRESSURE = "blood_pressure"
_HALVES = ("systolic_blood_pressure", "diastolic_blood_pressure")


@dataclass(frozen=True, slots=True)
class Measurement:
    """One value of one test. start, end: characters, from the name to the end of what is said.

    values: one number, or the two ends of a range. unit: UCUM; None if it is neither written nor
    certain. low, high: a reference range that the text states. interpretation: what the text says
    of the value ("H", "L"). specimen: as for an `Observation`. letter: the name is a single letter.
    part: 1 or 2 where the same characters hold two values ("120/80").
    """

    test: Test
    start: int
    end: int
    values: tuple[float, ...]
    unit: str | None
    comparator: str | None = None
    low: float | None = None
    high: float | None = None
    interpretation: tuple[str, ...] = ()
    specimen: str | None = None
    whose: Whose = "patient"
    letter: bool = False
    part: int = 0


@dataclass(frozen=True, slots=True)
class Assumed:
    """The unit of a bare number within these limits; see measurements.toml.

    others: units in use that these limits rule out.
    """

    unit: str
    low: float
    high: float
    whole: bool
    others: tuple[str, ...]

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high and not (self.whole and value % 1)


@dataclass(frozen=True, slots=True)
class Names:
    """keys: lower-case words of a name -> key of its test. ends: last words of names.

    between: words and signs that may stand between a name and its value; starts: both.
    """

    keys: Mapping[tuple[str, ...], str]
    ends: frozenset[str]
    between: frozenset[str]
    starts: frozenset[str]
    letters: Mapping[str, str]
    tests: Mapping[str, Test]


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(TABLE_FILE.read_text("utf-8"))


def is_test(text: str) -> bool:
    """Is it the name of a test whose values are read?"""
    return tuple(re.findall(r"[^\W_]+", text.casefold())) in _names().keys


@cache
def _names() -> Names:
    raw = _table()
    tests = {test.key: test for test in load().tests}
    words = {word: key for key, said in raw["names"].items() for word in said}
    barred = frozenset(raw["words"]["not_names"].split())
    keys = {
        tuple(re.findall(r"[^\W_]+", name.casefold())): test.key
        for test in tests.values()
        for name in test.names
        if name not in barred
    } | {tuple(word.split()): key for word, key in words.items()}
    between = frozenset(raw["words"]["between"].split()) | set(":=,()[]~-–—><≥≤")
    ends = frozenset(name[-1] for name in keys)
    return Names(keys, ends, between, ends | between, raw["letters"], tests)


@cache
def assumed() -> Mapping[str, tuple[Assumed, ...]]:
    """Key of a test -> the units that a bare number may have."""
    found: dict[str, tuple[Assumed, ...]] = {}
    for entry in _table()["assumed"]:
        rule = Assumed(
            entry["unit"],
            entry["from"],
            entry["to"],
            whole=entry.get("whole", False),
            others=tuple(entry.get("others", ())),
        )
        found[entry["test"]] = (*found.get(entry["test"], ()), rule)
    return found


@cache
def _guard(name: str) -> re.Pattern[str]:
    """A guard of measurements.toml; its line breaks are for the eye only."""
    pattern = re.sub(r"\n", "", _table()["guards"][name].strip())
    return re.compile(pattern, re.IGNORECASE)


@cache
def _after() -> re.Pattern[str]:
    """What may stand behind a number without a unit."""
    words = "|".join(sorted(_table()["words"]["after"].split(), key=len, reverse=True))
    return re.compile(
        rf"\s{{0,3}}(?:$|[.,;:\])|](?![0-9])|\n|\((?![0-9]+\))|(?:{words})(?![\w/-]))",
        re.IGNORECASE,
    )


# ---- Names --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Named:
    """key of a test, from `start` to `end`; gap: what stands between it and the value.

    partner: (key, start) of a name joined to it ("BUN and creatinine"); key "" if that is no pair.
    """

    key: str
    start: int
    end: int
    gap: str
    letter: bool = False
    partner: tuple[str, int] | None = None


class _Backwards:
    """The words and signs before a position, nearest first, cut only as far as they are asked for.

    Each is (as written in lower case, start, end).
    """

    def __init__(self, text: str, position: int) -> None:
        self.position = position
        self.seen: list[tuple[str, int, int]] = []
        self.left = TOKEN.finditer(text[max(0, position - _WINDOW) : position][::-1])

    def get(self, i: int) -> tuple[str, int, int]:
        """The i-th one; ("", 0, 0) beyond the window."""
        while len(self.seen) <= i:
            match = next(self.left, None)
            if match is None:
                return "", 0, 0
            if not (word := match.group()).isspace():
                start, end = self.position - match.end(), self.position - match.start()
                self.seen.append((word[::-1], start, end))
        return self.seen[i]


def _name_ending(words: _Backwards, last: int) -> tuple[str, int] | None:
    """(key, number of its first word) of the longest name that ends with word `last`."""
    names = _names()
    if words.get(last)[0].casefold() not in names.ends:
        return None
    parts: tuple[str, ...] = ()
    found: tuple[str, int] | None = None
    for i in range(last, last + 2 * _LONGEST):
        word = words.get(i)[0].casefold()
        if word in ("-", "/", "'"):
            continue
        if not word[:1].isalnum() or len(parts) == _LONGEST:
            break
        parts = (word, *parts)
        if key := names.keys.get(parts):
            found = key, i
    return found


def _name_before(text: str, position: int) -> _Named | None:
    """The name that a value at `position` belongs to."""
    names = _names()
    if not _may_follow_name(text, position):
        return None
    words = _Backwards(text, position)
    for i in range(_BETWEEN + 1):
        word, start, end = words.get(i)
        if not word or text.count("\n", end, position) > 1:
            return None
        if found := _name_ending(words, i):
            key, first = found
            gap = text[end:position]
            return _Named(key, words.get(first)[1], end, gap, partner=_partner(words, first))
        if word in names.letters and not text[end:position].strip(" :="):
            return _Named(names.letters[word], start, end, text[end:position], letter=True)
        abbreviated = word == "." and words.get(i + 1)[0].casefold() in ("temp", "resp")
        if word.casefold() not in names.between and word != "+" and not abbreviated:
            return None
    return None


def _may_follow_name(text: str, position: int) -> bool:
    """A quick look at the word or sign right before a number; most numbers have no name."""
    before = text[max(0, position - _WORD) : position].rstrip()
    names = _names()
    if not before[-1:].isalnum():
        return before[-1:] in names.between or before[-1:] in ("+", ".")
    start = len(before) - 1
    while start and before[start - 1].isalnum():
        start -= 1
    word = before[start:]
    return word in names.letters or word.casefold() in names.starts


def _partner(words: _Backwards, first: int) -> tuple[str, int] | None:
    """The other name of "BUN and creatinine", "AST/ALT"; see `_Named`."""
    link, start, _ = words.get(first + 1)
    if link.casefold() not in ("and", "or", "&", "/"):
        return None
    comma = words.get(first + 2)[0] == ","
    other = _name_ending(words, first + 2 + comma)
    if comma:  # "sodium, potassium, and chloride"
        return ("", start) if other else None
    if other is None:
        return ("", start) if link == "/" else None
    key, i = other
    more = words.get(i + 1)[0] in (",", "/") and _name_ending(words, i + 2)
    return "" if more else key, words.get(i)[1]


# ---- Values -------------------------------------------------------------------------------------

_COMPARED = (
    (re.compile(r"(?:>=|≥|>\s?/\s?=|at least)\s*$", re.IGNORECASE), ">="),
    (re.compile(r"(?:<=|≤)\s*$", re.IGNORECASE), "<="),
    (
        re.compile(r"(?:>|(?:greater|more|higher) than|over|above|exceeding)\s*$", re.IGNORECASE),
        ">",
    ),
    (re.compile(r"(?:<|(?:less|lower|fewer) than|below|under)\s*$", re.IGNORECASE), "<"),
)
_SAID = (
    (
        re.compile(
            r"\b(?:elevated|high|raised|increased)\s(?:at|:)\s*$|\b(?:elevated|high)\s*$", re.I
        ),
        "H",
    ),
    (re.compile(r"\b(?:low|reduced|decreased)\s(?:at|:)\s*$|\blow\s*$", re.I), "L"),
    (re.compile(r"\bnormal\s(?:at|:)\s*$", re.I), "N"),
)
_BETWEEN_TWO = re.compile(r"\bbetween\s*$", re.IGNORECASE)
_SPREAD = re.compile(r"\b(?:rang|vari|fluctuat)", re.IGNORECASE)
_GLUED = re.compile(r"[\w/+'’^]|-[\w]|\s?(?:x|×|times|fold)\b")
_SUPERLATIVE = re.compile(r"\bas\s+(?:high|low)\s+as\s*$", re.IGNORECASE)
_FLAG = re.compile(r"\s?[(\[](H|HH|L|LL|high|low|elevated|normal|N)[)\]]")
_RANGE_WORDS = (
    r"(?:normal(?:\srange|\svalues?|\slimits?)?|nl|reference(?:\s(?:range|interval|values?))?|ref\.?|"
    r"nr|rr|range|reference\srange)"
)
_LIMIT = r"([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,6}(?:\.[0-9]{1,4})?)"
_STATED = re.compile(
    rf"[\s,;]{{0,2}}[(\[]\s?(?P<word>{_RANGE_WORDS}\s?(?:is|was|of|[:,=])?\s?)?"
    rf"(?:(?P<bound><=?|>=?|≤|≥|up to|less than)\s?(?P<limit>{_LIMIT})|"
    rf"(?P<low>{_LIMIT})\s?(?:-|–|—|to)\s?(?P<high>{_LIMIT}))"
    r"(?P<unit>[^()\[\]\n]{0,25})[)\]]",
    re.IGNORECASE,
)


def scan(text: str) -> list[Measurement]:
    """Every measurement of a text, in reading order; sentences are not looked at.

    Whether it is the patient's and of now is for the caller: see `Recogniser`.
    """
    found: list[Measurement] = []
    done = 0
    for match in NUMBER.finditer(text):
        if match.start() < done:
            continue
        here = list(_measured(text, match))
        if here:
            found.extend(here)
            done = max(m.end for m in here)
    return [m for m in found if not m.letter or _among_signs(m, found)]


def _measured(text: str, match: re.Match[str]) -> Iterator[Measurement]:
    start = match.start()
    named = _name_before(text, start)
    if named is None:
        alone = _on_room_air(text, match)
        if alone is not None:
            yield alone
        return
    closed = text[match.end() : match.end() + 2] in (". ", ") ")
    if closed and ENUMERATED.search(text, max(0, start - 2), start):
        return
    if _guard("not_this").search(text, max(0, named.start - 40), named.start):
        return
    if named.key == _PRESSURE:
        yield from _pressures(text, start, named)
        return
    test = _names().tests[named.key]
    if named.partner is not None:
        yield from _pair(text, match, named)
        return
    one = _value(text, match, named, test)
    if one is not None:
        yield one


def _value(text: str, match: re.Match[str], named: _Named, test: Test) -> Measurement | None:
    """The value that `match` begins, with its unit and what is said of it."""
    values = (number(match.group()),)
    unit, end = unit_at(text, match.end(), test)
    unit_follows = end > match.end()
    came_from = re.search(r"\bfrom\s*$", named.gap, re.IGNORECASE)
    if later := ARROW.match(text, end):
        values, end = (number(later[1]),), later.end()
    elif other := (BETWEEN if _BETWEEN_TWO.search(named.gap) else RANGE).match(text, end):
        values, end = (values[0], number(other[1])), other.end()
        if came_from and not _SPREAD.search(named.gap):
            values = values[1:]
    elif came_from:
        return None
    if end > match.end() and (again := unit_at(text, end, test))[1] > end:
        unit, end = again
    if _glued(text, end):
        return None
    if unit is None:
        unit = _assumed(test.key, values)
    measurement = Measurement(
        test, named.start, end, values, unit, _compared(named.gap), letter=named.letter,
        interpretation=_said(named.gap),
    )  # fmt: skip
    measurement = _with_range(text, measurement)
    written = unit is not None and unit_follows
    plain = _after().match(text, end) is not None
    return measurement if written or plain or measurement.end > end else None


def _glued(text: str, end: int) -> bool:
    """Does something follow that makes it another number ("120s", "3-month", "2 x", "50/60")?"""
    return _GLUED.match(text, end) is not None


def _assumed(key: str, values: tuple[float, ...]) -> str | None:
    rules = assumed().get(key, ())
    return next((rule.unit for rule in rules if all(map(rule.holds, values))), None)


def _compared(gap: str) -> str | None:
    return next((sign for pattern, sign in _COMPARED if pattern.search(gap)), None)


def _said(gap: str) -> tuple[str, ...]:
    if _SUPERLATIVE.search(gap):
        return ()
    return next(((flag,) for pattern, flag in _SAID if pattern.search(gap)), ())


def _with_range(text: str, measurement: Measurement) -> Measurement:
    """With the flag and the reference range that stand in brackets behind the value."""
    if flag := _FLAG.match(text, measurement.end):
        measurement = replace(measurement, interpretation=(flag[1].casefold(),), end=flag.end())
    stated = _STATED.match(text, measurement.end)
    if stated is None or (not stated["word"] and stated["bound"]):
        return measurement
    unit, _ = unit_at(stated["unit"], 0, measurement.test)
    if stated["unit"].strip(" .,;") and unit is None and not stated["word"]:
        return measurement  # "(3-5 days)"
    if unit is not None and measurement.unit is not None and unit != measurement.unit:
        return measurement
    low = high = None
    if stated["bound"]:
        limit = number(stated["limit"])
        low, high = (limit, None) if stated["bound"][0] in ">≥" else (None, limit)
    else:
        low, high = number(stated["low"]), number(stated["high"])
        if low >= high:
            return measurement
    unit = measurement.unit or unit
    return replace(measurement, low=low, high=high, unit=unit, end=stated.end())


_RANGE_OF_PAIRS = re.compile(rf"\s?(?:-|–|to\s|->|→)\s?{PAIR.pattern}")


def _pressures(text: str, start: int, named: _Named) -> Iterator[Measurement]:
    pair = PAIR.match(text, start)
    if pair is None or named.partner is not None or re.search(r"\bfrom\s*$", named.gap):
        return
    both = [float(half) for half in pair.groups()]
    tests = [_names().tests[key] for key in _HALVES]
    unit, end = unit_at(text, pair.end(), tests[0])
    if _RANGE_OF_PAIRS.match(text, end):
        return
    if both[0] <= both[1] or _glued(text, end):
        return
    if unit is None and not _after().match(text, end):
        return
    for part, (test, value) in enumerate(zip(tests, both, strict=True), start=1):
        said = unit or _assumed(test.key, (value,))
        sign = _compared(named.gap)
        yield Measurement(test, named.start, end, (value,), said, sign, part=part)


_SECOND = re.compile(r"\s?(?:/|,?\s?and\s|&)\s?([0-9]{1,6}(?:\.[0-9]{1,4})?)(?![0-9]|[.,/][0-9])")


def _pair(text: str, match: re.Match[str], named: _Named) -> Iterator[Measurement]:
    """ "AST and ALT were 138 and 38 U/L": two names, two values, the unit behind each or both."""
    other, start = named.partner or ("", 0)
    if not other or _PRESSURE in (named.key, other):
        return
    tests = [_names().tests[key] for key in (other, named.key)]
    unit, end = unit_at(text, match.end(), tests[0])
    second = _SECOND.match(text, end)
    if second is None:
        return
    last, stop = unit_at(text, second.end(), tests[1])
    if unit is None:
        unit = last if last and unit_at(text, second.end(), tests[0])[0] == last else None
    if _glued(text, stop) or (last is None and not _after().match(text, stop)):
        return
    said = ((number(match.group()), unit), (number(second[1]), last))
    for part, (test, (value, written)) in enumerate(zip(tests, said, strict=True), start=1):
        written = written or _assumed(test.key, (value,))
        yield Measurement(test, start, stop, (value,), written, part=part)


_ROOM_AIR = re.compile(r"\s?(?:%|percent)\s(?:on|in|at)\s(?:room\sair|ra\b|r\.a\.)", re.IGNORECASE)


def _on_room_air(text: str, match: re.Match[str]) -> Measurement | None:
    """ "She was 88% on room air": only a saturation is said so."""
    behind = _ROOM_AIR.match(text, match.end())
    value = number(match.group())
    if behind is None or _assumed("oxygen_saturation", (value,)) is None:
        return None
    test = _names().tests["oxygen_saturation"]
    return Measurement(test, match.start(), behind.end(), (value,), "%")


def _among_signs(letter: Measurement, found: list[Measurement]) -> bool:
    """Does a single letter stand beside another vital sign (or, for K, another result)?"""
    if letter.unit is None:
        return False
    near = [m for m in found if m is not letter and m.test is not letter.test]
    near = [m for m in near if m.start - letter.end < _NEAR and letter.start - m.end < _NEAR]
    kind = letter.test.specimen
    return any(m.test.specimen == kind and m.unit is not None for m in near)


# ---- Whose it is, and of when --------------------------------------------------------------------


@dataclass(slots=True)
class _Sentence:
    """A sentence [first, last) and what its guards found; most hold several measurements."""

    text: str
    first: int
    last: int
    aim: int
    provoked: bool
    specimens: list[tuple[int, str]]
    before: str | None

    @classmethod
    def of(cls, text: str, first: int, last: int) -> _Sentence:
        aim = _guard("not_measured").search(text, first, last)
        provoked = _guard("provoked").search(text, first, last)
        return cls(
            text, first, last, aim.end() if aim else last, provoked is not None,
            specimens=list(_specimens(text, first, last)),
            before=_specimen_before(text, first),
        )  # fmt: skip


def _specimens(text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    for match in _guard("specimen").finditer(text, start, end):
        yield match.start(), str(match.lastgroup)


def _specimen_before(text: str, first: int) -> str | None:
    """The last specimen that the sentences before name, in the same paragraph."""
    start = max(0, first - _CARRIED)
    start = max(start, text.rfind("\n\n", start, first))
    return next((kind for _, kind in reversed(list(_specimens(text, start, first)))), None)


def _placed(measurement: Measurement, sentence: _Sentence) -> Measurement | None:
    """The measurement with its specimen and `whose`; None if it is none."""
    if ";" not in sentence.text[sentence.aim : measurement.start] and (
        sentence.aim <= measurement.start
    ):
        return replace(measurement, whose="no measurement")
    vital = measurement.test.specimen == "body"
    if vital and sentence.provoked:
        return None
    text = sentence.text
    older = _guard("older_before").search(text[sentence.first : measurement.start])
    if older or _guard("older_after").search(text[measurement.end : sentence.last]):
        measurement = replace(measurement, whose="older")
    return measurement if vital else _in_specimen(measurement, sentence)


def _in_specimen(measurement: Measurement, sentence: _Sentence) -> Measurement | None:
    """What the last specimen named before it makes of a test that names none."""
    if measurement.test.specimen != "blood":
        return measurement
    start = measurement.start
    if (start, "blood") in sentence.specimens:  # "serum potassium"
        return measurement
    near = next((kind for at, kind in reversed(sentence.specimens) if at < start), None)
    far = sentence.before if near is None else None
    if near in ("urine", "csf"):
        return _of_specimen(measurement, near)
    if far in ("urine", "csf"):  # may still be meant, where that fluid has such a test
        return None if _of_specimen(measurement, far) else measurement
    return None if "other" in (near, far) else measurement


def _of_specimen(measurement: Measurement, specimen: str) -> Measurement | None:
    table = load()
    for name in (*measurement.test.names, *measurement.test.bare):
        other = table.by_name.get((name, specimen))
        if other is not None and other is not measurement.test:
            known = measurement.unit is None or unit_at(f"1 {measurement.unit}", 1, other)[0]
            return replace(measurement, test=other, specimen=specimen) if known else None
    return None


class Recogniser:
    """Sets `doc.spans["measurements"]`; assertion comes after."""

    def __call__(self, doc: Doc) -> Doc:
        text = whole(doc)
        places: dict[tuple[int, int], list[Measurement]] = {}
        starts: list[int] = []
        if found := scan(text):
            starts = offsets(doc)
            edges = [starts[first] for first, _ in bounds(doc)]
            sentence = _Sentence.of(text, 0, 0)
            for measurement in found:
                if measurement.start >= sentence.last:
                    at = bisect_right(edges, measurement.start)
                    last = edges[at] if at < len(edges) else len(text)
                    sentence = _Sentence.of(text, edges[at - 1], last)
                if placed := _placed(measurement, sentence):
                    places.setdefault((placed.start, placed.end), []).append(placed)
        spans: list[Span] = []
        for place, measurements in places.items():
            start, end = place
            first = bisect_right(starts, start) - 1
            span = Span(doc, first, bisect_left(starts, end), label="measurement")
            span._.measurements = tuple(measurements)
            spans.append(span)
        doc.spans[KEY] = spans
        return doc


if not Span.has_extension("measurements"):
    Span.set_extension("measurements", default=())


@Language.factory("konsil_measurements", assigns=["doc.spans"], requires=["doc.sents"])
def create_measurements(nlp: Language, name: str) -> Recogniser:
    """spaCy factory."""
    return Recogniser()
