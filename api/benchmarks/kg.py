"""`konsil bench kg`: how long questions to the graph take, drawn from the graph itself.

Embedded always; on Neo4j too where KONSIL_NEO4J_URI is set, under keys that begin with "neo4j_".
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from api.benchmarks.child import cold
from api.differential import differential
from api.engine import Engine
from engine.evaluate import BenchReport
from engine.types import Patient
from knowledge_graph import records
from knowledge_graph.memory import MemoryGraph

SEED = 0
QUESTIONS = 500
"""Questions of each kind."""
PATHS = 50
FINDINGS = 8
WARMING = 20
"""Questions of each kind before those that are timed: they read the files into memory."""

Question = Callable[[], object]
_READY = """
from api.engine import Engine
Engine(store="embedded").store.card(sys.argv[1])
"""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What is asked about. typed: names with one letter wrong."""

    nodes: Sequence[str]
    diseases: Sequence[str]
    typed: Sequence[str]
    ends: Sequence[tuple[str, str]]
    findings: Sequence[Sequence[str]]


def run(paths: Sequence[Path], graph: MemoryGraph) -> BenchReport:
    """Time every kind of question; `paths` is empty."""
    drawn = draw(graph, questions=QUESTIONS, pairs=PATHS)
    start = time.perf_counter()
    times = ask(questions(Engine(graph=graph, store="embedded"), drawn), prefix="")
    if os.environ.get("KONSIL_NEO4J_URI"):
        times |= ask(questions(Engine(store="neo4j"), drawn), prefix="neo4j_")
    ready_s, peak_mb = cold(_READY, drawn.nodes[0])
    return BenchReport(
        bench="kg",
        n=sum(map(len, times.values())),
        metrics=quantiles(times) | {"ready_s": ready_s, "peak_mb": peak_mb},
        ci95={},
        seconds=time.perf_counter() - start,
        provenance={"sources": [f"{s.name} {s.version}" for s in graph.sources], "seed": SEED},
        notes=[
            f"{len(drawn.nodes)} nodes, {len(drawn.ends)} pairs for paths, drawn with the seed",
            "ready_s: a new process from its start to its first card; peak_mb: its memory",
        ],
    )


def draw(graph: MemoryGraph, *, questions: int, pairs: int) -> Drawn:
    """Questions about nodes, diseases and findings of the graph, the same at every call."""
    rng = random.Random(SEED)
    nodes = list(records.nodes(graph))
    diseases = [node.id for node in nodes if node.kind == "Disease"]
    asked = rng.choices(nodes, k=questions)
    ends = rng.choices(diseases, k=2 * pairs)
    profiles = [
        [edge.object for edge in graph.annotations(place) if graph.is_phenotype(edge.object)]
        for place in rng.choices(range(len(graph.diseases)), k=questions)
    ]
    return Drawn(
        nodes=[node.id for node in asked],
        diseases=rng.choices(diseases, k=questions),
        typed=[_mistyped(node.name, rng) for node in asked],
        ends=list(zip(ends[::2], ends[1::2], strict=True)),
        findings=[rng.sample(p, min(FINDINGS, len(p))) for p in profiles if p],
    )


def questions(engine: Engine, drawn: Drawn) -> Mapping[str, list[Question]]:
    """Kind -> questions to the store of this engine and, for differentials, to its graph."""
    store = engine.store
    return {
        "card": [partial(store.card, node) for node in drawn.nodes],
        "neighbours": [partial(store.neighbours, node) for node in drawn.nodes],
        "treats": [partial(store.treats, disease) for disease in drawn.diseases],
        "search": [partial(store.search, text) for text in drawn.typed],
        "path": [partial(store.paths, start, end, limit=3) for start, end in drawn.ends],
        "differential": _differentials(engine, drawn),
    }


def _differentials(engine: Engine, drawn: Drawn) -> list[Question]:
    """Findings to ranked and cited diseases."""

    def ask(findings: Sequence[str]) -> object:
        return differential(engine, findings, patient=Patient()).result()

    return [partial(ask, findings) for findings in drawn.findings]


def ask(asked: Mapping[str, Sequence[Question]], *, prefix: str) -> dict[str, list[float]]:
    """Prefixed kind -> milliseconds of each question, once warm."""
    return {f"{prefix}{kind}": list(_timed(listed)) for kind, listed in asked.items()}


def quantiles(times: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """p50 and p99 of each kind."""
    return {
        f"{kind}_p{percent}_ms": float(np.quantile(ms, percent / 100))
        for kind, ms in times.items()
        for percent in (50, 99)
    }


def _timed(asked: Sequence[Question]) -> Iterator[float]:
    for question in asked[:WARMING]:
        question()
    for question in asked:
        start = time.perf_counter()
        question()
        yield (time.perf_counter() - start) * 1000


def _mistyped(name: str, rng: random.Random) -> str:
    place = rng.randrange(len(name))
    return name[:place] + rng.choice("aeinrst") + name[place + 1 :]
