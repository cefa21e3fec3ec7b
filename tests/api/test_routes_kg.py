from __future__ import annotations

import io
import json
import zipfile

import pytest
from fastapi.testclient import TestClient

from api import examples
from engine.protocols import SEVERITIES
from engine.serialize import as_bytes
from knowledge_graph.embedded import embedded
from knowledge_graph.memory import MemoryGraph
from tests.api.problems import problem

APPENDICITIS = "KONSIL:acute-appendicitis"


def test_search(client: TestClient) -> None:
    hits = client.get("/v1/kg/search", params={"q": "marfan"}).json()
    assert hits[0]["node"]["id"] == "OMIM:154700"
    typo = client.get("/v1/kg/search", params={"q": "HP:000125"}).json()
    assert typo[0]["node"]["id"] == "HP:0001250"
    assert typo[0]["score"] < 100
    problem(client.get("/v1/kg/search"), 422)
    problem(client.get("/v1/kg/search", params={"q": ""}), 422)


def test_a_card_is_what_the_store_gives(client: TestClient, graph: MemoryGraph) -> None:
    for node in ("OMIM:154700", "orpha:558", "HP:0001250", "HGNC.SYMBOL:FBN1", APPENDICITIS):
        card = client.get(f"/v1/kg/nodes/{node}", params={"limit": 5})
        expected = embedded(graph).card(node, limit=5)
        assert json.loads(card.content) == json.loads(as_bytes(expected))
        assert all(edge["sources"] for g in card.json()["groups"] for edge in g["edges"])


def test_an_unknown_node_suggests_close_ones(client: TestClient) -> None:
    missing = problem(client.get("/v1/kg/nodes/marfan syndrom"), 404)
    assert any("OMIM:154700" in s for s in missing["suggestions"])


def test_neighbours(client: TestClient) -> None:
    path = "/v1/kg/nodes/HP:0001250/neighbours"
    inward = client.get(path, params={"predicate": "is_a", "direction": "in", "limit": 4}).json()
    assert len(inward) == 4
    assert {(e["predicate"], e["object"]["name"]) for e in inward} == {("is_a", "Seizure")}
    assert all(edge["subject"]["name"] and edge["sources"] for edge in inward)
    outward = client.get(path).json()
    assert {edge["subject"]["id"] for edge in outward} == {"HP:0001250"}
    problem(client.get(path, params={"predicate": "nonsense"}), 422)
    problem(client.get(path, params={"direction": "up"}), 422)
    problem(client.get("/v1/kg/nodes/nonesuch/neighbours"), 404)


@pytest.mark.parametrize(
    ("question", "predicate"),
    [
        ("treats", "treats"),
        ("confirms", "confirms"),
        ("contraindicates", "contraindicated_in"),
    ],
)
def test_questions_about_a_disease(client: TestClient, question: str, predicate: str) -> None:
    edges = client.get(f"/v1/kg/diseases/inflamed appendix/{question}").json()
    assert edges
    assert {(edge["predicate"], edge["object"]["id"]) for edge in edges} == {
        (predicate, APPENDICITIS)
    }
    assert all(edge["sources"] and edge["subject"]["name"] for edge in edges)
    problem(client.get(f"/v1/kg/diseases/HP:0001250/{question}"), 404)


def test_an_unknown_question_is_a_problem(client: TestClient) -> None:
    problem(client.get("/v1/kg/diseases/OMIM:154700/causes"), 422)


def test_paths(client: TestClient) -> None:
    routes = client.get("/v1/kg/paths", params={"start": "Marfan syndrome", "end": "HP:0001627"})
    assert routes.json()[0]["nodes"][0]["id"] == "OMIM:154700"
    assert all(edge["sources"] for route in routes.json() for edge in route["edges"])
    problem(client.get("/v1/kg/paths", params={"start": "OMIM:154700"}), 422)
    problem(client.get("/v1/kg/paths", params={"start": "nonesuch", "end": "HP:0001627"}), 404)


def test_subgraph_in_every_format(client: TestClient) -> None:
    asked = {"node": ["OMIM:154700", "HP:0001250"], "limit": 30}
    found = client.get("/v1/kg/subgraph", params=asked)
    assert len(found.json()["elements"]["nodes"]) == 30
    assert found.headers["konsil-complete"] == "false"
    graphml = client.get("/v1/kg/subgraph", params={**asked, "format": "graphml"})
    assert graphml.headers["content-type"] == "application/graphml+xml"
    assert graphml.content.startswith(b"<graphml")
    table = client.get("/v1/kg/subgraph", params={**asked, "format": "csv"})
    assert zipfile.ZipFile(io.BytesIO(table.content)).namelist() == ["nodes.csv", "edges.csv"]
    problem(client.get("/v1/kg/subgraph", params={**asked, "format": "png"}), 422)
    problem(client.get("/v1/kg/subgraph"), 422)
    problem(client.get("/v1/kg/subgraph", params={"node": "nonesuch"}), 404)


def test_differential_ranks_like_a_bundle(client: TestClient) -> None:
    named = client.post("/v1/kg/differential", json=examples.DIFFERENTIAL).json()
    bundle = client.post("/v1/diagnose?top=5", json=examples.PHENOPACKET).json()
    assert [d["disease"] for d in named["ranked"]] == [d["disease"] for d in bundle["ranked"]]
    assert [d["log_lr"] for d in named["ranked"]] == [d["log_lr"] for d in bundle["ranked"]]
    again = client.post("/v1/kg/differential", json=examples.DIFFERENTIAL)
    assert again.json() == named


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"present": ["nonesuch sign"]}, 404),
        ({"present": ["Marfan syndrome"]}, 404),
        ({"present": ["HP:0001250"], "age_years": -1}, 422),
        ({"present": ["HP:0001250"], "weight": 80}, 422),
    ],
)
def test_unusable_differentials_are_problems(
    client: TestClient, body: dict[str, object], status: int
) -> None:
    assert problem(client.post("/v1/kg/differential", json=body), status)["fix"]


def test_interactions_come_most_severe_first(client: TestClient) -> None:
    found = client.post("/v1/kg/interactions", json=examples.INTERACTIONS).json()
    (pair,) = found["interactions"]
    assert pair["severity"] in SEVERITIES
    assert pair["effect"]
    assert pair["management"]
    assert pair["edge"]["sources"]
    assert {end["name"].casefold() for ends in found["checked"].values() for end in ends} == {
        "warfarin",
        "ibuprofen",
    }
    assert found["not_checked"] == ["Vitamin X"]
    many = {"drugs": ["warfarin", "ibuprofen", "aspirin", "sertraline", "linezolid", "tramadol"]}
    listed = client.post("/v1/kg/interactions", json=many).json()["interactions"]
    places = [SEVERITIES.index(pair["severity"]) for pair in listed]
    assert places == sorted(places)
    assert len(set(places)) > 1


def test_no_interaction_is_not_said_to_be_safe(client: TestClient) -> None:
    found = client.post("/v1/kg/interactions", json={"drugs": ["Vitamin X"]}).json()
    assert found["interactions"] == []
    assert "does not mean that the drugs are safe together" in found["note"]
    for wrong in ({}, {"drugs": []}, {"drugs": [""]}, {"drugs": ["x"], "dose": 1}):
        problem(client.post("/v1/kg/interactions", json=wrong), 422)


def test_cypher_without_a_server_says_how_to_name_one(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KONSIL_NEO4J_URI", raising=False)
    found = problem(client.post("/v1/kg/cypher", json=examples.CYPHER), 501)
    assert "KONSIL_NEO4J_URI" in found["fix"]
    monkeypatch.setenv("KONSIL_NEO4J_URI", "bolt://127.0.0.1:1")
    problem(client.post("/v1/kg/cypher", json=examples.CYPHER), 503)
    problem(client.post("/v1/kg/cypher", json={}), 422)


def test_the_openapi_document_shows_requests(client: TestClient) -> None:
    schemas = client.get("/openapi.json").text
    for example in (examples.DIFFERENTIAL, examples.CYPHER, examples.INTERACTIONS):
        assert json.dumps(example, separators=(",", ":")) in schemas
