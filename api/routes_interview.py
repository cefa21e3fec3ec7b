"""`/v1/interview`: what to ask next. Stateless: everything asked so far comes with the request."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Response
from pydantic import BaseModel, ConfigDict, Field

from api import examples
from api.interview import Answers, InterviewStep, interview
from api.problems import responses
from api.shared import Shared
from engine.serialize import as_bytes
from engine.types import Patient, Sex

router = APIRouter()


class Asked(BaseModel):
    """Findings by HPO id or exact name. age_years: 0 to 130.

    unknown: asked about without an answer; not asked again.
    """

    model_config = ConfigDict(extra="forbid")

    present: list[str] = Field(default_factory=list[str], max_length=200)
    absent: list[str] = Field(default_factory=list[str], max_length=200)
    unknown: list[str] = Field(default_factory=list[str], max_length=200)
    age_years: float | None = Field(None, ge=0, le=130)
    sex: Sex | None = None
    top: int = Field(5, ge=1, le=100)


@router.post("/v1/interview", responses=responses(404, 422), response_model=InterviewStep)
def ask(engine: Shared, asked: Annotated[Asked, Body(examples=[examples.INTERVIEW])]) -> Response:
    """The ranking so far and the three questions worth most.

    `information` is in bits; `yes` and `no` name the diseases that an answer would speak for.
    """
    answers = Answers(
        present=asked.present,
        absent=asked.absent,
        unknown=asked.unknown,
        patient=Patient(sex=asked.sex, age_years=asked.age_years),
    )
    step = interview(engine, answers, top=asked.top)
    return Response(as_bytes(step), media_type="application/json")
