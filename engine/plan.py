"""What to do next: tests and treatments for the leading diagnoses, and alerts.

Nothing is said of a diagnosis whose calibrated posterior lies below a stated threshold. Allergies,
interactions and contraindications among what the record lists need no diagnosis: they always come.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from engine.lists import Given, MedicalRecord, Problem, read_record
from engine.protocols import DiseaseFacts, Listed, PlanKnowledge, Vocabulary
from engine.safety import against_problems, alerts, warnings
from engine.types import (
    Alert,
    Code,
    Finding,
    Plan,
    PlannedTest,
    Purpose,
    Statement,
    Thresholds,
    Treatment,
)

ABOVE = Thresholds(alerts=0.05, tests=0.1, treatments=0.3)
"""Judgement, not measured: an emergency costs more to miss than a line to read; a test is worth its
while as long as several diagnoses are open; a treatment needs one that leads."""
NO_POSTERIOR = "no calibrated posterior: nothing is proposed for any diagnosis"
PRESSING = {"emergency": "is an emergency", "urgent": "is urgent"}
"""Urgencies that are worth an alert of their own."""
PRESENT, WATCH_FOR = "present", "watch for"
"""Labels of red flags: those the patient shows, and the others."""


@dataclass(frozen=True, slots=True)
class _Leading:
    facts: DiseaseFacts
    posterior: float


def make_plan(
    statements: Sequence[Statement],
    findings: Sequence[Finding],
    *,
    knowledge: PlanKnowledge,
    vocabulary: Vocabulary,
    posteriors: Sequence[tuple[int, float]] | None,
    above: Thresholds = ABOVE,
) -> Plan:
    """The plan for one patient.

    Args:
        posteriors: positions of diseases with their calibrated posteriors (0 to 1), in any order;
            None when posteriors are not calibrated.
        above: a posterior that equals a threshold is enough.
    """
    record = read_record(statements, knowledge)
    leading = _leading(posteriors or (), knowledge, above.alerts)
    tests = [test for one in leading if one.posterior >= above.tests for test in _tests(one.facts)]
    treatments = [
        treatment
        for one in leading
        if one.posterior >= above.treatments
        for treatment in _treatments(one.facts, record, knowledge)
    ]
    return Plan(
        tests=tuple(tests),
        treatments=tuple(treatments),
        alerts=(
            *(alert for one in leading for alert in _dangers(one.facts, findings, vocabulary)),
            *(alert for one in leading for alert in _against_taken(one.facts, record, knowledge)),
            *alerts(record, knowledge),
        ),
        not_checked=record.not_checked,
        above=above,
        withheld=None if tests or treatments else _why_nothing(posteriors, leading, above),
    )


def _leading(
    posteriors: Iterable[tuple[int, float]], knowledge: PlanKnowledge, least: float
) -> list[_Leading]:
    """The most probable first; equal ones in the order of the graph."""
    chosen = sorted((pair for pair in posteriors if pair[1] >= least), key=lambda p: (-p[1], p[0]))
    return [_Leading(knowledge.disease(position), posterior) for position, posterior in chosen]


def _tests(facts: DiseaseFacts) -> Iterator[PlannedTest]:
    listed: tuple[tuple[Purpose, tuple[Listed, ...]], ...] = (
        ("confirm", facts.confirm),
        ("exclude", facts.exclude),
    )
    for purpose, tests in listed:
        for test in tests:
            yield PlannedTest(test.what, purpose, facts.disease, test.sources)


def _treatments(
    facts: DiseaseFacts, record: MedicalRecord, knowledge: PlanKnowledge
) -> Iterator[Treatment]:
    problems = _with_diagnosis(record.problems, facts)
    for listed in facts.treatments:
        given = Given(listed.what.display, knowledge.given(listed.what.display))
        yield Treatment(
            treatment=listed.what,
            disease=facts.disease,
            sources=listed.sources,
            checked=tuple(substance.name for substance in given.substances),
            warnings=warnings(given, record, problems, knowledge),
        )


def _with_diagnosis(problems: Sequence[Problem], facts: DiseaseFacts) -> tuple[Problem, ...]:
    others = (problem for problem in problems if problem.disease != facts.disease)
    return (*others, Problem(facts.disease))


def _dangers(
    facts: DiseaseFacts, findings: Sequence[Finding], vocabulary: Vocabulary
) -> Iterator[Alert]:
    """How pressing a diagnosis is, the red flags the patient shows, then those to watch for."""
    name, sources = facts.disease.display, facts.course_sources
    if facts.urgency in PRESSING:
        message = f"{name} {PRESSING[facts.urgency]}"
        yield Alert("urgency", facts.urgency, message, (), sources, facts.disease)
    flags = [(flag.text, _shown_by(flag.term, findings, vocabulary)) for flag in facts.red_flags]
    for text, shown in sorted(flags, key=lambda flag: not flag[1]):
        message = red_flag(facts.disease, PRESENT if shown else WATCH_FOR, text)
        yield Alert("red_flag", facts.urgency, message, shown, sources, facts.disease)


def red_flag(disease: Code, label: str, text: str) -> str:
    """The message of a red flag. label: `PRESENT` or `WATCH_FOR`."""
    return f"{disease.display}: {label}: {text}"


def _shown_by(
    term: str | None, findings: Sequence[Finding], vocabulary: Vocabulary
) -> tuple[str, ...]:
    """Terms of the current, present findings that are this one or a narrower one."""
    if term is None:
        return ()
    present = {
        finding.code.code
        for finding in findings
        if finding.status == "present" and finding.context == "current"
    }
    return tuple(sorted(t for t in present if t == term or term in vocabulary.ancestors(t)))


def _against_taken(
    facts: DiseaseFacts, record: MedicalRecord, knowledge: PlanKnowledge
) -> Iterator[Alert]:
    """What the patient takes that is to be avoided in a diagnosis that is no known problem."""
    if all(problem.disease != facts.disease for problem in record.problems):
        for medicine in record.medicines:
            yield from against_problems(medicine, (Problem(facts.disease),), knowledge)


def _why_nothing(
    posteriors: Sequence[tuple[int, float]] | None, leading: Sequence[_Leading], above: Thresholds
) -> str:
    if posteriors is None:
        return NO_POSTERIOR
    if all(one.posterior < above.tests for one in leading):
        return f"no diagnosis has a calibrated posterior of {above.tests:g} or more"
    return "the graph lists neither test nor treatment for the leading diagnoses"
