from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient

from api import examples
from api.cli import main
from tests.api.problems import problem
from tests.api.test_cli import EXAMPLES, run
from tests.test_benchmarks import case


def talk(*arguments: str, says: str) -> str:
    result = CliRunner().invoke(main, ["interview", *arguments], input=says)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_one_step_over_http_is_that_of_the_terminal(client: TestClient) -> None:
    answer = client.post("/v1/interview", json=examples.INTERVIEW)
    assert answer.status_code == 200
    step = answer.json()
    assert len(step["questions"]) == 3
    assert len(step["ranking"]) == 5
    asked = examples.INTERVIEW
    given = [
        f"--{kind}={text}" for kind in ("present", "absent", "unknown") for text in asked[kind]
    ]
    code, out, _ = run("interview", *given, "--age", "16", "--sex", "female", "--json")
    assert code == 0
    assert json.loads(out) == step


def test_what_was_asked_is_not_asked_again(client: TestClient) -> None:
    asked: dict[str, list[str]] = {"present": ["Ectopia lentis"], "absent": [], "unknown": []}
    seen = set[str]()
    for kind in ("absent", "unknown", "present"):
        questions = client.post("/v1/interview", json=asked).json()["questions"]
        first = questions[0]["finding"]["code"]
        assert first not in seen
        seen.add(first)
        asked[kind].append(first)


def test_bad_requests_say_what_is_wrong(client: TestClient) -> None:
    problem(client.post("/v1/interview", json={"present": []}), 422)
    problem(client.post("/v1/interview", json={"nonsense": 1}), 422)
    missing = problem(client.post("/v1/interview", json={"present": ["seizur"]}), 404)
    assert missing["suggestions"]
    unknown = {"present": ["Seizure"], "unknown": ["xyzzy"]}
    problem(client.post("/v1/interview", json=unknown), 404)


def test_without_a_present_finding_nothing_is_asked(client: TestClient) -> None:
    step = client.post("/v1/interview", json={"absent": ["Seizure"]}).json()
    assert step["abstained"]
    assert step["ranking"] == step["questions"] == []


def test_a_conversation_ends_with_the_ranking() -> None:
    out = talk(says="Ectopia lentis\ny\n2 n\n?\n3\ny\nno fever\nq\n")
    assert out.startswith("What brings the patient here?")
    assert out.count("  [1] ") == 6  # after each of six answers; a number alone is none
    assert "read: no Fever" in out
    final = out[out.index("Patient: ") :]
    assert "Findings: 3 present, 2 absent" in final
    assert "Research use only" in final


def test_what_cannot_be_read_is_said_and_changes_nothing() -> None:
    out = talk("--present", "Ectopia lentis", says="xyzzyqq\n9 y\n\n")
    assert out.count("  [1] ") == 1
    assert "xyzzyqq" in out
    assert "there is no question 9" in out
    assert "Findings: 1 present\n" in out
    assert "nothing is ranked" in talk(says="")


def test_it_begins_with_a_bundle() -> None:
    path = str(EXAMPLES / "rare-marfan.json")
    step = json.loads(run("interview", path, "--json")[1])
    assert step["ranking"][0]["disease"]["code"] == "OMIM:154700"
    result = json.loads(run("diagnose", path, "--json")[1])
    assert result["next_steps"] == step["questions"]


def test_a_result_shows_its_next_steps() -> None:
    out = run("diagnose", str(EXAMPLES / "rare-marfan.json"))[1]
    assert "\nNext\n" in out
    assert " bits" in out


def test_the_benchmark_has_the_agreed_keys(tmp_path: Path) -> None:
    marfan = ("HP:0001083", "HP:0002616", "HP:0001166", "HP:0100775", "HP:0000768")
    cases = [case(str(i), "OMIM:154700", *marfan) for i in range(5)]
    cases.append(case("unknown", "OMIM:999999", "HP:0001250"))
    vignette = {
        "demographics": "A 30-year-old woman",
        "chief_complaints": "fever",
        "presentation": "She has pain in the right lower abdomen and vomits.",
        "correct_diagnosis": "Acute appendicitis",
    }
    path = tmp_path / "cases.jsonl"
    path.write_text("\n".join(map(json.dumps, [*cases, vignette])))
    code, out, _ = run("bench", "interview", str(path), "--json")
    assert code == 0
    report = json.loads(out)
    metrics = report["metrics"]
    assert report["n"] == 4
    assert (metrics["diseases"], metrics["unusable"], metrics["not_drawn"]) == (2, 1, 2)
    for who in ("top1", "random", "frequent"):
        for stop in (5, 10, 15):
            assert 0 <= metrics[f"{who}_after_{stop}"] <= 1
            assert f"{who}_after_{stop}" in report["ci95"]
    assert metrics["top1_after_15"] >= metrics["top1_at_start"]


@pytest.mark.slow
def test_ours_beats_random_questions(data: Path) -> None:
    path = data / "cases/phenopackets/seen.dev.jsonl.gz"
    report = json.loads(run("bench", "interview", "--cv", "5", str(path), "--json")[1])
    metrics = report["metrics"]
    assert metrics["top1_after_10"] > metrics["random_after_10"]
    assert metrics["top1_after_10"] > metrics["frequent_after_10"]
