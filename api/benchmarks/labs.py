"""`konsil bench labs`: what laboratory rows add to symptoms, on the RAMEDIS registry's patients."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

from api.benchmarks.held import Held, case_digest
from api.benchmarks.metrics import clustered, gains, top_k, worst_rank
from engine.evaluate import BenchReport, bootstrap_ci
from engine.evaluate_labs import RamedisCase, ramedis_cases
from engine.exceptions import InputError
from engine.merge import current, merge
from engine.rank import rank
from engine.types import Finding
from knowledge_graph.memory import MemoryGraph

KEYS = ("top1", "top3", "top10", "macro_top1", "macro_top10")


def run(paths: Sequence[Path], graph: MemoryGraph, cv: int | None = None) -> BenchReport:
    """Rank every case twice: by its symptoms alone, and with its laboratory findings."""
    held = Held(graph, cv)
    cases = [case for path in paths for case in ramedis_cases(path)]
    known = labelled(cases, graph)
    if not known:
        raise InputError(
            "no case here has a disease the graph knows",
            where=", ".join(map(str, paths)),
            fix="give RAMEDIS cases whose diagnosis names a MIM number",
        )
    start = time.perf_counter()
    both = [_rank(case, answer, (*case.symptoms, *case.laboratory), held) for case, answer in known]
    seconds = time.perf_counter() - start
    without = [_rank(case, answer, case.symptoms, held) for case, answer in known]
    clusters = clustered(both)
    paired = list(zip(clusters, clustered(without), strict=True))
    bare = top_k([cluster for _, cluster in paired])
    gain = partial(gains, keys=KEYS)
    return BenchReport(
        bench="labs",
        n=len(known),
        metrics=top_k(clusters)
        | {f"{key}_without_labs": bare[key] for key in KEYS}
        | gain(paired)
        | {
            "diseases": float(len(clusters)),
            "unknown": float(len(cases) - len(known)),
            "rows_without_a_term": float(sum(case.unmapped for case, _ in known)),
        },
        ci95=bootstrap_ci(top_k, clusters) | bootstrap_ci(gain, paired),
        seconds=seconds,
        provenance=held.provenance(
            case_digest(merge(current((*c.symptoms, *c.laboratory), graph)), c.patient)
            for c, _ in known
        ),
        misses=[
            {"case": case.id, "truth": case.truth, "rank": position}
            for (case, _), (_, position) in zip(known, both, strict=True)
            if position > 1
        ],
        notes=[
            "read: symptoms, laboratory findings, sex, age; the registry's own maps give the terms",
            "cases whose MIM number the graph does not know are left out and counted (unknown)",
        ],
    )


def labelled(cases: Iterable[RamedisCase], graph: MemoryGraph) -> list[tuple[RamedisCase, int]]:
    """The cases whose disease the graph knows, with its position."""
    positions = ((case, graph.disease_index.get(case.truth or "")) for case in cases)
    return [(case, position) for case, position in positions if position is not None]


def _rank(
    case: RamedisCase, answer: int, findings: Sequence[Finding], held: Held
) -> tuple[str, int]:
    read = merge(current(findings, held.graph))
    ranking = rank(read, case.patient, held.graph, fusion=held.fusion((answer,)))
    return str(case.truth), worst_rank(ranking.scores, (answer,))
