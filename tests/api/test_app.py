from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api import app as application
from api import examples
from api.engine import Engine
from engine.serialize import to_json
from knowledge_graph.memory import MemoryGraph
from tests.api.problems import problem

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
JSON = {"content-type": "application/json"}


def test_the_answer_is_the_same_bytes_as_the_command_line_gives(
    client: TestClient, graph: MemoryGraph
) -> None:
    path = EXAMPLES / "wilson-fhir.json"
    response = client.post("/v1/diagnose", content=path.read_bytes(), headers=JSON)
    assert response.status_code == 200
    assert response.content == to_json(Engine(graph=graph).read_path(path).result())


def test_the_documented_examples_work(client: TestClient) -> None:
    ranked = client.post("/v1/diagnose", json=examples.PHENOPACKET).json()["ranked"]
    assert "OMIM:154700" in [d["disease"]["code"] for d in ranked[:3]]
    text = {"content-type": "text/plain; charset=utf-8"}
    found = client.post("/v1/extract", content=examples.NOTE.encode(), headers=text).json()
    states = {f["code"]["code"]: (f["status"], f["context"]) for f in found["findings"]}
    assert states["HP:0001166"] == ("present", "current")
    assert states["HP:0001250"] == ("absent", "current")
    assert states["HP:0002099"] == ("present", "family")
    fhir = client.post("/v1/diagnose", json=examples.FHIR).json()
    assert fhir["issues"] == fhir["plan"]["not_checked"] == []
    assert {f["code"]["display"] for f in fhir["findings"]} >= {"Syncope", "Hyperkalemia", "Asthma"}
    assert "contraindication" in {alert["kind"] for alert in fhir["plan"]["alerts"]}


def test_explain(client: TestClient) -> None:
    path = "/v1/diagnose?explain=OMIM:154700"
    body = client.post(path, json=examples.PHENOPACKET).json()
    assert body["rank"] <= 3
    assert len(body["diagnosis"]["contributions"]) == 4
    problem(client.post("/v1/diagnose?explain=nonesuch", json=examples.PHENOPACKET), 404)
    early = "/v1/diagnose?as_of=0001-01-01T00:00:00%2B14:00"
    problem(client.post(early, json=examples.PHENOPACKET), 422)


def test_without(client: TestClient) -> None:
    path = "/v1/diagnose?without=phenotype:1&without=finding:HP:0002616"
    body = client.post(path, json=examples.PHENOPACKET).json()
    assert [f["code"]["code"] for f in body["findings"]] == ["HP:0001166", "HP:0001263"]
    left = [s["item"] for s in body["skipped"] if s["reason"] == "left out on request"]
    assert left == ["phenotypicFeatures[0]", "HP:0002616 Aortic root aneurysm"]
    found = client.post(f"{path}&explain=OMIM:154700", json=examples.PHENOPACKET).json()
    assert [s["item"] for s in found["left_out"]] == left
    assert {s["finding"]["code"] for s in found["without"]} == {"HP:0001166", "HP:0001263"}
    refused = client.post("/v1/diagnose?without=note:1", json=examples.PHENOPACKET)
    assert "modality:phenotypes (4)" in problem(refused, 422)["fix"]


def test_a_zip_is_a_bundle(client: TestClient) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for file in sorted((EXAMPLES / "gitelman-folder").iterdir()):
            archive.write(file, file.name)
    headers = {"content-type": "application/zip"}
    body = client.post("/v1/diagnose", content=data.getvalue(), headers=headers).json()
    assert body["ranked"][0]["disease"]["code"] == "OMIM:263800"


def bomb() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("note.txt", b"a" * (300 * 2**20))
    return data.getvalue()


@pytest.mark.parametrize(
    ("body", "media_type", "status"),
    [
        (b"", "application/json", 422),
        (b'{"resourceType": "Bundle", "entry": [', "application/json", 422),
        (b'{"hello": "world"}', "application/json", 422),
        (b"[" * 100_000, "application/json", 422),
        (b"PK\x03\x04 broken", "application/zip", 422),
        (b"hello", "application/pdf", 415),
        (b"hello", "", 415),
        (gzip.compress(b" " * (200 * 2**20)), "application/json", 422),
    ],
)
def test_unusable_bodies_are_problems(
    client: TestClient, body: bytes, media_type: str, status: int
) -> None:
    headers = {"content-type": media_type} if media_type else {}
    found = problem(client.post("/v1/diagnose", content=body, headers=headers), status)
    assert found["fix"]


def test_a_zip_bomb_is_a_problem(client: TestClient) -> None:
    headers = {"content-type": "application/zip"}
    problem(client.post("/v1/diagnose", content=bomb(), headers=headers), 422)


def test_a_large_body_is_refused_while_it_arrives(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(application, "MAX_BODY", 1000)

    def chunks() -> Iterator[bytes]:
        for _ in range(100):
            yield b"a" * 100

    text = {"content-type": "text/plain"}
    problem(client.post("/v1/diagnose", content=chunks(), headers=text), 413)


def test_two_patients_are_refused(client: TestClient) -> None:
    entries = [{"resource": {"resourceType": "Patient", "id": i}} for i in ("a", "b")]
    body = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    problem(client.post("/v1/diagnose", json=body), 422)


def test_what_is_not_served_is_a_problem(client: TestClient) -> None:
    problem(client.get("/v1/nonesuch"), 404)
    problem(client.get("/v1/diagnose"), 405)


def test_health(client: TestClient) -> None:
    assert client.get("/healthz").json()["status"] == "ok"
    assert "HPO 2025-01-16" in client.get("/readyz").json()["sources"]


def test_an_unexpected_failure_is_a_problem_without_details(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(Engine, "read_bytes", fail)
    found = problem(client.post("/v1/diagnose", json=examples.PHENOPACKET), 500)
    assert "secret" not in found["detail"]


def test_the_openapi_document_names_every_operation(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    assert set(document["paths"]) == {
        "/v1/diagnose",
        "/v1/extract",
        "/v1/kg/search",
        "/v1/kg/nodes/{node}",
        "/v1/kg/nodes/{node}/neighbours",
        "/v1/kg/diseases/{disease}/{question}",
        "/v1/kg/paths",
        "/v1/kg/subgraph",
        "/v1/kg/differential",
        "/v1/kg/interactions",
        "/v1/kg/cypher",
        "/v1/interview",
        "/healthz",
        "/readyz",
    }
    body = document["paths"]["/v1/diagnose"]["post"]["requestBody"]["content"]
    assert body["application/json"]["example"] == examples.PHENOPACKET
    assert body["application/fhir+json"]["example"] == examples.FHIR
