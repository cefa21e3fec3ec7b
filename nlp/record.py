"""What a note holds, in the order of the note: the vocabulary of its structure. Read first.

Every item cites its characters: `TextSpan.quote` equals `Record.text[start:end]`. `None` and empty
mean that the note does not say, or that nobody read it; `Record.issues` tells which.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal

from engine.serialize import plain
from engine.types import Code, Context, Issue, ModelRef, Sex, Status, TextSpan
from nlp.measurements import Whose

SCHEMA = "konsil.record/1"
"""Names the form of a record. A field may be added under the same name; none changes or goes."""

MODIFIES = "modifies"
"""The relation of words (head) to what they say more of (tail), in `nlp/relations.toml`."""

ProblemKind = Literal["phenotype", "disease", "symptom"]
MomentKind = Literal["date", "duration"]


@dataclass(frozen=True, slots=True)
class Stated:
    """Whom the note says it is about. age_years: None when not stated, as sex."""

    age_years: float | None
    sex: Sex | None
    span: TextSpan


@dataclass(frozen=True, slots=True)
class Section:
    """What stands under a heading. context: what that alone makes of it. heading: with its colon.

    start, end: characters of heading and text; text before the first heading is in no section.
    """

    name: str
    context: Context
    heading: TextSpan
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Assertion:
    """What the note says of an item: is it there, is it the patient's, and of now?

    conditional: it is there, but only under a condition that is met at times.
    """

    status: Status
    context: Context
    conditional: bool


@dataclass(frozen=True, slots=True)
class Modifier:
    """Words that say more of an item. kind: their type in entities.toml ("severity", "anatomy")."""

    kind: str
    span: TextSpan


@dataclass(frozen=True, slots=True)
class Candidate:
    """A term that a mention may name. score: likeness of the names, 1 for the very name."""

    code: Code
    score: float


@dataclass(frozen=True, slots=True)
class Link:
    """candidates: of the graph, best first. refused: why the best is not taken, else None."""

    candidates: tuple[Candidate, ...]
    refused: str | None

    @property
    def code(self) -> Code | None:
        """The term that is taken, if any."""
        return None if self.refused else self.candidates[0].code


@dataclass(frozen=True, slots=True)
class Problem:
    """A mention of a disease, symptom or sign. code: its HPO term, or that of the disease in the
    graph; None: it is linked to none. link: how it was looked up; None for HPO terms, which are
    read as such.
    """

    kind: ProblemKind
    code: Code | None
    span: TextSpan
    said: Assertion
    modifiers: tuple[Modifier, ...] = ()
    link: Link | None = None


@dataclass(frozen=True, slots=True)
class Medication:
    """A mention of a medicine, and what the note says of its use, as written.

    allergy: someone is allergic to it; None where an allergy is told beside it, and it may be what
    is given instead. code: of the graph, None where it is linked to none. link: how it was looked
    up.
    """

    span: TextSpan
    said: Assertion
    allergy: bool | None
    code: Code | None = None
    link: Link | None = None
    doses: tuple[TextSpan, ...] = ()
    routes: tuple[TextSpan, ...] = ()
    frequencies: tuple[TextSpan, ...] = ()
    durations: tuple[TextSpan, ...] = ()

    @property
    def use(self) -> list[TextSpan]:
        """All that is written of it, in reading order, each word once: a frequency may be a part
        of the dose.
        """
        every = [*self.doses, *self.routes, *self.frequencies, *self.durations]
        found: list[TextSpan] = []
        for span in sorted(every, key=lambda span: (span.start, -span.end)):
            if not found or span.start >= found[-1].end:
                found.append(span)
        return found


@dataclass(frozen=True, slots=True)
class Judged:
    """What a value means by the ranges of `engine.labs`. reference: the range used, if any."""

    code: Code
    status: Status
    reference: str | None


@dataclass(frozen=True, slots=True)
class Test:
    """A mention of a test. name: the table's for a measurement, else as written.

    codes: every LOINC code under which the measured quantity is reported: a note does not say by
    which method, nor which code was meant. values: one number, or the two ends of a range; none for
    a result in words, see `results`. unit: UCUM; None if it is neither written nor certain.
    comparator: "<", "<=", ">=" or ">". low, high: a reference range that the text states.
    interpretation: what the text says of the value: "H", "L" or "N" where words before it say so,
    else the flag behind it in lower case ("h", "hh", "l", "ll", "n", "high", "low", "elevated",
    "normal"). whose: "older" for an earlier value, "no measurement" for a limit or aim. results:
    values in words. results_said: what the note says of each of these ("not normal").
    """

    name: str
    span: TextSpan
    said: Assertion
    codes: tuple[Code, ...] = ()
    values: tuple[float, ...] = ()
    unit: str | None = None
    comparator: str | None = None
    low: float | None = None
    high: float | None = None
    interpretation: tuple[str, ...] = ()
    specimen: str | None = None
    whose: Whose = "patient"
    judged: tuple[Judged, ...] = ()
    results: tuple[TextSpan, ...] = ()
    results_said: tuple[Assertion, ...] = ()


@dataclass(frozen=True, slots=True)
class Procedure:
    """A mention of something done, or to be done, to treat."""

    span: TextSpan
    said: Assertion
    modifiers: tuple[Modifier, ...] = ()


@dataclass(frozen=True, slots=True)
class Moment:
    """A date or duration, and what it belongs to.

    date: YYYY-MM-DD, only where day, month and year are written and can be read in one way.
    """

    kind: MomentKind
    span: TextSpan
    date: str | None
    of: tuple[TextSpan, ...]


@dataclass(frozen=True, slots=True)
class Relation:
    """head relates to tail as the label says. sentences: where it was read. score: log odds above
    the bar, not calibrated. head_said, tail_said: what the note says of the two; where one is
    absent or uncertain, so is the relation.
    """

    label: str
    head: TextSpan
    tail: TextSpan
    sentences: tuple[TextSpan, ...]
    score: float
    head_said: Assertion
    tail_said: Assertion


@dataclass(frozen=True, slots=True)
class Record:
    """A note and its structure.

    text: as read; half a character that no encoder accepts is U+FFFD. read: whether it was; if not,
    `issues` says why. patient: None where the opening states neither age nor sex. models: what read
    it.
    """

    document: str
    text: str
    read: bool
    issues: tuple[Issue, ...]
    patient: Stated | None = None
    sections: tuple[Section, ...] = ()
    problems: tuple[Problem, ...] = ()
    medications: tuple[Medication, ...] = ()
    tests: tuple[Test, ...] = ()
    procedures: tuple[Procedure, ...] = ()
    timeline: tuple[Moment, ...] = ()
    relations: tuple[Relation, ...] = ()
    models: tuple[ModelRef, ...] = ()


def as_plain(record: Record) -> dict[str, Any]:
    """A record as plain values under the names of its fields, with what tells the form apart.

    Its text is left out; `sha256` (of its UTF-8) tells whether a text is the one. Each problem
    and medicine says whether it is `linked` to a term.
    """
    entries = plain(record)
    text = entries.pop("text")
    for entry in (*entries["problems"], *entries["medications"]):
        entry["linked"] = entry["code"] is not None
    return {"schema": SCHEMA, "sha256": sha256(text.encode()).hexdigest(), **entries}
