"""One step of an interview: answers in, the ranking so far and the next questions out.

Nothing is remembered between steps: all that was asked comes with every request.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from api.differential import differential, finding_code
from api.engine import Engine
from engine.types import Diagnosis, NextStep, Patient

NOBODY = Patient()
"""Sex and age are not known."""


@dataclass(frozen=True, slots=True)
class InterviewStep:
    """ranking: the leading diseases. questions: most worthwhile first.

    abstained: why nothing was ranked, else None; without a ranking there are no questions.
    """

    abstained: str | None
    ranking: tuple[Diagnosis, ...]
    questions: tuple[NextStep, ...]


@dataclass(frozen=True, slots=True)
class Answers:
    """Findings by HPO id or exact name. unknown: asked about, and nobody could tell."""

    present: Sequence[str] = ()
    absent: Sequence[str] = ()
    unknown: Sequence[str] = ()
    patient: Patient = NOBODY


def interview(engine: Engine, answers: Answers, *, top: int = 5) -> InterviewStep:
    """Rank by the answers and choose what to ask next.

    Raises:
        InputError: neither a present nor an absent finding.
        NotFoundError: the graph has no such finding; suggestions name the closest.
    """
    patient = answers.patient
    assessment = differential(engine, answers.present, answers.absent, patient=patient)
    unknown = {finding_code(text, engine).code for text in answers.unknown}
    result = assessment.result(top=top, unknown=unknown)
    return InterviewStep(result.abstained, result.ranked, result.next_steps)
