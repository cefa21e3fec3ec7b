"""Recordings in, findings out, each citing the seconds it was read from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.exceptions import KonsilError
from engine.protocols import Extraction, ReadingContext, Vocabulary
from engine.types import Context, Finding, Issue, Patient, Sex, SignalSource, Skipped
from signals.parts import Parts, installed
from signals.reading import Reading, interpret, nothing
from signals.recording import Recording
from signals.signs import Sign

APART_YEARS = 2.0
"""Ages that differ by more are of two people."""


@dataclass(frozen=True, slots=True)
class Read:
    """A recording that could be read."""

    source: SignalSource
    reading: Reading


def extract(items: Sequence[SignalSource], context: ReadingContext) -> Extraction:
    """HPO findings of electrocardiograms, each citing lead and seconds.

    A recording that cannot be read, or is of a patient of the other sex, becomes an issue. Findings
    by rule have no probability, those of models a calibrated one. Nothing is called absent.
    """
    return extract_with(installed(), items, context)


def extract_with(
    parts: Parts, items: Sequence[SignalSource], context: ReadingContext
) -> Extraction:
    """As `extract`, with other parts."""
    read: list[Read] = []
    issues: list[Issue] = []
    for source in items:
        done = _read(parts, source, context)
        if isinstance(done, Issue):
            issues.append(done)
        else:
            read.append(Read(source, done))
            issues.extend(done.issues)
    stated, disagreement = _patient(read, context.patient)
    return Extraction(
        findings=tuple(f for x in read for f in _findings(x, context.vocabulary)),
        models=tuple(dict.fromkeys(m for x in read for m in x.reading.models)),
        issues=(*issues, *disagreement),
        skipped=tuple(s for x in read for s in _skipped(x)),
        patient=stated,
    )


def _read(parts: Parts, source: SignalSource, context: ReadingContext) -> Reading | Issue:
    """The reading of one source, or why there is none."""
    try:
        recording = parts.read(source)
        if None not in (recording.sex, context.patient.sex) and (
            recording.sex != context.patient.sex
        ):
            said = f"it states a {recording.sex} patient, the bundle a {context.patient.sex} one"
            fix = "check whose recording it is; it was not used"
            return Issue("error", source.id, said, fix)
        if (other := _another_age(recording, context)) is not None:
            return Issue("error", source.id, other, "check whose recording it is; it was not used")
        return interpret(recording, context.patient, parts)
    except KonsilError as error:
        return Issue("error", source.id, f"not read: {error.message}", error.fix)
    except Exception as error:  # the border between recordings: the others are still read
        said = f"it could not be worked on ({type(error).__name__}: {error}); nothing was concluded"
        return Issue("error", source.id, said, "report this with the recording if you can share it")


def _another_age(recording: Recording, context: ReadingContext) -> str | None:
    """What contradicts the patient's age at the moment of the question; None when nothing does."""
    stated, known = recording.age_years, context.patient.age_years
    if stated is None or known is None:
        return None
    since = context.as_of - recording.start if context.as_of and recording.start else None
    passed = max(since.days / 365.25, 0.0) if since else 0.0
    if abs(stated + passed - known) <= APART_YEARS or (since is None and stated < known):
        return None
    return f"it states a patient of {stated:g} years, the bundle one of {known:g}"


def _findings(read: Read, vocabulary: Vocabulary) -> Iterator[Finding]:
    """Of the signs that have a term."""
    context: Context = "historical" if read.source.historical else "current"
    for sign in read.reading.signs:
        term = sign.statement.term
        if term is not None and sign.seconds:
            yield Finding(
                code=vocabulary.code(term.code) or term,
                status=sign.status,
                citations=(*sign.seconds, *([sign.value] if sign.value else [])),
                produced_by=sign.by,
                probability=sign.probability,
                context=context,
                recorded=read.source.recorded or read.reading.recording.start,
            )


def _skipped(read: Read) -> Iterator[Skipped]:
    """What was seen and is no finding; a recording that gave none."""
    signs = read.reading.signs
    for sign in signs:
        if sign.statement.term is None:
            yield Skipped(read.source.id, f"{told(sign)}: HPO has no term for it")
    if (said := nothing(read.reading)) is not None:
        yield Skipped(read.source.id, said)


def told(sign: Sign) -> str:
    """A sign in words, without its seconds."""
    said = sign.statement.says
    if sign.value is not None and sign.value.value is not None:
        said += f" ({sign.value.name}: {sign.value.value:g} {sign.value.unit or ''})"
    return said


def _patient(read: Sequence[Read], known: Patient) -> tuple[Patient | None, tuple[Issue, ...]]:
    """Age and sex that the recordings state and nothing else does; none where they disagree."""
    current = [x.reading.recording for x in read if not x.source.historical]
    sexes: set[Sex] = {x.sex for x in current if x.sex is not None}
    ages = {x.age_years for x in current if x.age_years is not None}
    sex = sexes.pop() if known.sex is None and len(sexes) == 1 else None
    age = ages.pop() if known.age_years is None and len(ages) == 1 else None
    issues = ()
    if known.age_years is None and len(ages) > 1 and max(ages) - min(ages) > APART_YEARS:
        where = ", ".join(x.id for x in current if x.age_years is not None)
        said = f"the recordings state ages from {min(ages):g} to {max(ages):g}"
        issues = (Issue("error", where, said, "check whose they are, and state the age"),)
    if known.sex is None and len(sexes) > 1:
        where = ", ".join(x.id for x in current if x.sex is not None)
        said = "the recordings are of a female and of a male patient"
        fix = "check whose they are, and state the sex"
        issues = (*issues, Issue("error", where, said, fix))
    return (Patient(sex, age) if sex or age is not None else None), issues
