"""`/v1/kg`: questions to the knowledge graph over HTTP; edges come with the names of their ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from api import examples
from api.differential import differential as ranked
from api.interactions import InteractionReport
from api.interactions import interactions as check
from api.problems import responses
from api.shared import Shared
from engine.serialize import plain, to_json
from engine.types import Patient, Result, Sex
from knowledge_graph.export import MEDIA_TYPES, Format, export
from knowledge_graph.schema import Edge, Predicate
from knowledge_graph.store import Card, Direction, Found, GraphStore, NamedEdge, Route, named

router = APIRouter(prefix="/v1/kg")

NODE = Path(
    min_length=1,
    max_length=200,
    description="id, code of another catalogue, or exact name",
    examples=["OMIM:154700"],
)
Node = Annotated[str, NODE]
Asked = Annotated[str, Query(min_length=1, max_length=200, examples=["OMIM:154700"])]
Many = Annotated[int, Query(ge=1, le=1_000)]


class Differential(BaseModel):
    """Findings by HPO id or exact name. age_years: 0 to 130."""

    model_config = ConfigDict(extra="forbid")

    present: list[str] = Field(default_factory=list[str], max_length=200)
    absent: list[str] = Field(default_factory=list[str], max_length=200)
    age_years: float | None = Field(None, ge=0, le=130)
    sex: Sex | None = None
    top: int = Field(10, ge=1, le=100)


class Drugs(BaseModel):
    """Medicines as typed: with or without dose, form, route and times."""

    model_config = ConfigDict(extra="forbid")

    drugs: list[Annotated[str, Field(min_length=1, max_length=200)]] = Field(
        min_length=1, max_length=100
    )


class Cypher(BaseModel):
    """One reading statement. limit: rows; timeout_s: seconds on the server."""

    model_config = ConfigDict(extra="forbid")

    query: str = Field(min_length=1, max_length=10_000)
    parameters: dict[str, Any] = Field(default_factory=dict[str, Any])
    limit: int = Field(100, ge=1, le=10_000)
    timeout_s: float = Field(5.0, gt=0)


@router.get("/search", responses=responses(422), response_model=list[Found])
def search(
    engine: Shared,
    q: Annotated[str, Query(min_length=1, max_length=200, examples=["marfan"])],
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
) -> Any:
    """Nodes by name, synonym, id or code; typos are allowed."""
    return plain(engine.store.search(q, limit=limit))


@router.get(
    "/nodes/{node:path}/neighbours", responses=responses(404, 422), response_model=list[NamedEdge]
)
def neighbours(
    engine: Shared,
    node: Node,
    predicate: Predicate | None = None,
    direction: Direction = "out",
    limit: Many = 100,
) -> Any:
    """Edges that leave or reach a node."""
    store = engine.store
    found = store.find(node).id
    edges = store.neighbours(found, predicate=predicate, direction=direction, limit=limit)
    return _named(store, edges)


@router.get("/nodes/{node:path}", responses=responses(404, 422), response_model=Card)
def card(engine: Shared, node: Node, limit: Many = 50) -> Any:
    """The card of a node: at most `limit` edges of each predicate, frequent findings first."""
    return plain(engine.store.card(node, limit=limit))


@router.get(
    "/diseases/{disease:path}/{question}",
    responses=responses(404, 422),
    response_model=list[NamedEdge],
)
def about_disease(
    engine: Shared,
    disease: Node,
    question: Literal["treats", "confirms", "contraindicates"],
    limit: Many = 100,
) -> Any:
    """What treats a disease, confirms it, or must not be given in it."""
    store = engine.store
    found = store.find(disease, kind="Disease").id
    return _named(store, getattr(store, question)(found, limit=limit))


@router.get("/paths", responses=responses(404, 422), response_model=list[Route])
def paths(
    engine: Shared,
    start: Asked,
    end: Annotated[str, Query(min_length=1, max_length=200, examples=["HP:0001627"])],
    limit: Annotated[int, Query(ge=1, le=50)] = 3,
) -> Any:
    """Shortest cited paths between two nodes."""
    store = engine.store
    return plain(store.paths(store.find(start).id, store.find(end).id, limit=limit))


@router.get(
    "/subgraph",
    responses=responses(404, 422)
    | {200: {"content": {media_type: {} for media_type in MEDIA_TYPES.values()}}},
    response_class=Response,
)
def subgraph(
    engine: Shared,
    node: Annotated[list[str], Query(min_length=1, max_length=100, examples=[["OMIM:154700"]])],
    hops: Annotated[int, Query(ge=0, le=6)] = 1,
    limit: Annotated[int, Query(ge=1, le=2_000)] = 500,
    format: Format = "cytoscape",
) -> Response:
    """Everything near some nodes, for other programs; csv is a zip of nodes.csv and edges.csv.

    The header Konsil-Complete is "false" when more nodes were in reach than `limit`.
    """
    store = engine.store
    found = store.subgraph([store.find(text).id for text in node], hops=hops, limit=limit)
    headers = {"Konsil-Complete": "true" if found.complete else "false"}
    return Response(export(found, format), media_type=MEDIA_TYPES[format], headers=headers)


@router.post("/differential", responses=responses(404, 422), response_model=Result)
def differential(
    engine: Shared,
    asked: Annotated[Differential, Body(examples=[examples.DIFFERENTIAL])],
) -> Response:
    """Rank diseases for findings; the same answer as a bundle with these findings gets."""
    patient = Patient(sex=asked.sex, age_years=asked.age_years)
    assessment = ranked(engine, asked.present, asked.absent, patient=patient)
    return Response(to_json(assessment.result(top=asked.top)), media_type="application/json")


@router.post("/interactions", responses=responses(404, 422), response_model=InteractionReport)
def interactions(
    engine: Shared, asked: Annotated[Drugs, Body(examples=[examples.INTERACTIONS])]
) -> Any:
    """Interactions and duplicates among medicines, the most severe first.

    An empty list says that nothing is listed here, not that the drugs are safe together; a name
    under `not_checked` was not recognised and not checked at all.
    """
    return plain(check(engine, asked.drugs))


@router.post("/cypher", responses=responses(422, 501, 503))
def cypher(
    asked: Annotated[Cypher, Body(examples=[examples.CYPHER])],
) -> dict[str, Any]:
    """Run a reading Cypher statement on the Neo4j server, where one is configured."""
    from knowledge_graph.neo4j_store import Settings
    from knowledge_graph.neo4j_store import cypher as ask

    table = ask(
        asked.query,
        asked.parameters,
        settings=Settings.from_environment(),
        timeout_s=asked.timeout_s,
        max_rows=asked.limit,
    )
    return plain(table)


def _named(store: GraphStore, edges: Sequence[Edge]) -> Any:
    return plain(named(store, edges))
