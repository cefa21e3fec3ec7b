"""Measurements of notes -> findings, by the ranges and rules of `engine.labs`.

Each finding cites the characters it was read from, then the value with the range it was held
against. A value that cannot be judged is named in one issue per document.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version

from engine.labs import extract as judge_all
from engine.labs.judge import Case, Judgement, judge
from engine.labs.table import load
from engine.protocols import Extraction, ReadingContext, Vocabulary
from engine.types import (
    Context,
    Document,
    Finding,
    Issue,
    LabValue,
    ModelRef,
    Observation,
    Skipped,
    TextSpan,
)
from nlp.measurements import TABLE_FILE, Measurement

_NAMED = 3  # values that an issue names, at most
_YEAR = 365.25


@dataclass(frozen=True, slots=True)
class Measured:
    """A measurement and its document. said: what the words around it make of it."""

    document: Document
    measurement: Measurement
    said: Context

    @property
    def place(self) -> str:
        m = self.measurement
        part = f"/{m.part}" if m.part else ""
        return f"{self.document.id}:{m.start}-{m.end}{part}"

    @property
    def quote(self) -> str:
        return self.document.text[self.measurement.start : self.measurement.end]


@cache
def model() -> ModelRef:
    """How notes are searched for values, and the table these are judged by."""
    digest = hashlib.sha256(TABLE_FILE.read_bytes() + str(load().ref.sha256).encode())
    return ModelRef("nlp.measurements", version("konsil"), digest.hexdigest())


def findings(
    items: Sequence[Measured], said: Iterable[tuple[Document, Finding]], context: ReadingContext
) -> Extraction:
    """What the values say. said: what the words of the notes say.

    A value inside its range does not deny what the same note reports as present: a fever at home
    and 36.8 C at the desk are both true.
    """
    skipped = [Skipped(item.place, why) for item in items if (why := _no_value(item))]
    places = {item.place: item for item in items if not _no_value(item) and _has_range(item)}
    spread = [place for place, item in places.items() if not _agree(item, context)]
    observed = [_observed(item, context) for place, item in places.items() if place not in spread]
    read = judge_all(observed, context)
    ref = model()
    found = [_cited(finding, places, ref) for finding in read.findings]
    denied = {f.code.code for _, f in found if f.status == "absent"}
    present = _present([*said, *found], denied, context.vocabulary)
    kept = tuple(
        f for doc, f in found if f.status != "absent" or (doc.id, f.code.code) not in present
    )
    wrong = [(issue.where, issue) for issue in read.issues]
    wrong += [(place, _spread(places[place])) for place in spread]
    skipped += read.skipped
    models = (ref,) if places else ()
    return Extraction(kept, models, tuple(_issues(wrong, places)), tuple(skipped))


def _no_value(item: Measured) -> str | None:
    if item.measurement.whose == "no measurement" or item.said == "hypothetical":
        return f"{item.quote}: a limit, aim or condition, no measurement"
    if item.said == "family":
        return f"{item.quote}: concerns a relative"
    return None


def _has_range(item: Measured) -> bool:
    """Whether anything can be said of it: else it is no news that nothing is."""
    m = item.measurement
    return bool(m.test.bands or m.low is not None or m.high is not None or m.interpretation)


def _observed(item: Measured, context: ReadingContext, *, which: int = 0) -> Observation:
    m, document = item.measurement, item.document
    old = document.historical or m.whose == "older" or item.said == "historical"
    return Observation(
        id=item.place,
        name=m.test.names[0],
        value=m.values[which],
        unit=m.unit,
        comparator=m.comparator,
        low=m.low,
        high=m.high,
        interpretation=m.interpretation,
        specimen=m.specimen,
        recorded=document.recorded,
        age_years=_age(document, context),
        historical=old,
    )


def _age(document: Document, context: ReadingContext) -> float | None:
    """The patient's age when the note was written."""
    now, at, age = context.as_of, document.recorded, context.patient.age_years
    if age is None or now is None or at is None or (now.tzinfo is None) != (at.tzinfo is None):
        return age
    return max(0.0, age - (now - at).days / _YEAR)


def _agree(item: Measured, context: ReadingContext) -> bool:
    """Whether both ends of a range mean the same; of a single value True."""
    m, table = item.measurement, load()
    if len(m.values) < 2:
        return True
    both = [
        judge(Case(_observed(item, context, which=i), m.test, context.patient, table.source))
        for i in (0, 1)
    ]
    states = [said.states for said in both if isinstance(said, Judgement)]
    return len(states) != 2 or states[0] == states[1]


def _spread(item: Measured) -> Issue:
    message = f"{item.measurement.test.names[0]}: its range reaches across a limit"
    return Issue("info", item.place, message, "state a single value")


def _cited(
    finding: Finding, places: dict[str, Measured], ref: ModelRef
) -> tuple[Document, Finding]:
    (value,) = finding.citations
    assert isinstance(value, LabValue)
    item = places[value.observation]
    m = item.measurement
    span = TextSpan(item.document.id, m.start, m.end, item.quote)
    return item.document, replace(finding, citations=(span, value), produced_by=ref)


def _present(
    said: Iterable[tuple[Document, Finding]], terms: set[str], vocabulary: Vocabulary
) -> set[tuple[str, str]]:
    """(document, term) of those terms that are there, or are implied by what is."""
    if not terms:
        return set()
    there = {
        (document.id, finding.code.code)
        for document, finding in said
        if finding.status != "absent" and finding.context == "current"
    }
    return {
        (document, each)
        for document, term in there
        for each in terms & {term, *vocabulary.ancestors(term)}
    }


def _issues(wrong: Sequence[tuple[str, Issue]], places: dict[str, Measured]) -> Iterator[Issue]:
    """One issue for each document."""
    by_document: dict[str, list[tuple[str, Issue]]] = {}
    for place, issue in wrong:
        by_document.setdefault(places[place].document.id, []).append((place, issue))
    for document, these in by_document.items():
        named = [
            f"{' '.join(places[place].quote.split())!r} ({issue.message.partition(': ')[2]})"
            for place, issue in these[:_NAMED]
        ]
        more = f" and {len(these) - _NAMED} more" if len(these) > _NAMED else ""
        level = "warning" if any(i.level != "info" for _, i in these) else "info"
        fixes = list(dict.fromkeys(issue.fix for _, issue in these[:_NAMED]))
        yield Issue(
            level,
            document,
            f"values in the text that could not be judged: {', '.join(named)}{more}",
            "; ".join(fixes),
        )
