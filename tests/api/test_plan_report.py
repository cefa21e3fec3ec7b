"""The plan as it leaves: in the result, over HTTP, and at the terminal."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient
from rich.console import Console

from api.cli import main
from api.engine import Engine
from api.plan_report import plan_report
from engine.plan import NO_POSTERIOR, make_plan
from engine.run import Assessment, assess
from engine.types import Plan
from knowledge_graph.memory import MemoryGraph
from knowledge_graph.planning import plan_knowledge

GOUT = Path(__file__).resolve().parents[2] / "examples" / "gout-fhir.json"


@pytest.fixture(scope="module")
def assessment(graph: MemoryGraph) -> Assessment:
    return Engine(graph=graph).read_path(GOUT)


@pytest.fixture(scope="module")
def planned(assessment: Assessment, graph: MemoryGraph) -> Plan:
    """The plan of the example, were gout calibrated to 0.8."""
    position = graph.find_disease("Acute gout")
    assert position is not None
    return make_plan(
        assessment.bundle.statements,
        assessment.findings,
        knowledge=plan_knowledge(graph),
        vocabulary=graph,
        posteriors=[(position, 0.8)],
    )


def printed(plan: Plan) -> str:
    console = Console(width=1000, highlight=False, markup=False)
    with console.capture() as capture:
        for line in plan_report(plan):
            console.print(line)
    return capture.get()


def test_the_example_raises_what_its_lists_say(assessment: Assessment) -> None:
    plan = assessment.result().plan
    assert plan is not None
    drugs, others = "MedicationStatement/", ("AllergyIntolerance/aspirin", "Condition/")
    of_lists = plan.alerts[-5:]  # those of the leading diagnoses come first
    assert [(a.kind, a.severity, a.about) for a in of_lists] == [
        ("allergy", "same class", (f"{drugs}ibuprofen", others[0])),
        ("contraindication", "stated", (f"{drugs}ibuprofen", f"{others[1]}kidney")),
        ("contraindication", "stated", (f"{drugs}propranolol", f"{others[1]}asthma")),
        ("interaction", "major", (f"{drugs}ibuprofen", f"{drugs}warfarin")),
        ("interaction", "moderate", (f"{drugs}ibuprofen", f"{drugs}propranolol")),
    ]
    assert [entry.item for entry in plan.not_checked] == [f"{drugs}herbs"]
    assert all(alert.sources == ("curated, unreferenced",) for alert in plan.alerts)
    assert (plan.withheld is None) == bool(plan.tests or plan.treatments)


def test_without_plan_knowledge_there_is_no_plan(
    assessment: Assessment, graph: MemoryGraph
) -> None:
    assert assess(assessment.bundle, graph).result().plan is None


def test_http_gives_the_same_plan(client: TestClient, assessment: Assessment) -> None:
    headers = {"content-type": "application/fhir+json"}
    body = client.post("/v1/diagnose", content=GOUT.read_bytes(), headers=headers).json()
    plan = assessment.result().plan
    assert plan is not None
    assert [a["message"] for a in body["plan"]["alerts"]] == [a.message for a in plan.alerts]
    assert body["plan"]["above"]["treatments"] == plan.above.treatments
    schema = client.get("/openapi.json").json()["components"]["schemas"]
    assert {"Plan", "Alert", "Treatment", "PlannedTest"} <= schema.keys()


def test_the_command_line_prints_it_after_the_differential() -> None:
    result = CliRunner().invoke(main, ["diagnose", str(GOUT), "--top", "1"])
    assert result.exit_code == 0
    differential, _, plan = result.stdout.partition("\nPlan\n")
    assert "Acute gout" in differential
    for said in ("allergy, same class", "interaction, major", "NOT CHECKED", "curated"):
        assert said in plan
    as_json = CliRunner().invoke(main, ["diagnose", str(GOUT), "--json"])
    assert json.loads(as_json.stdout)["plan"]["alerts"]


def test_a_diagnosis_takes_a_few_lines(planned: Plan) -> None:
    lines = printed(planned).splitlines()
    start = next(i for i, line in enumerate(lines) if "Acute gout  KONSIL" in line)
    labels = [line.split(":")[0].strip() for line in lines[start + 1 :]]
    assert labels[:4] == ["watch for", "confirm", "exclude", "treat"]
    treat = lines[start + 4]
    assert "Colchicine (WARNING, contraindication, conditional: " in treat
    assert "Naproxen or other NSAID (WARNING, allergy, same class: " in treat
    assert "No tests" not in printed(planned)


def test_an_unchecked_treatment_is_said_to_be(planned: Plan) -> None:
    treatment = replace(planned.treatments[0], checked=(), warnings=())
    shown = printed(replace(planned, treatments=(treatment,)))
    assert f"{treatment.treatment.display} (NOT CHECKED)" in shown


def test_an_empty_plan_says_why(graph: MemoryGraph) -> None:
    empty = make_plan((), (), knowledge=plan_knowledge(graph), vocabulary=graph, posteriors=None)
    assert NO_POSTERIOR in printed(empty)
