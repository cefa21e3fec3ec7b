"""`konsil bench rank`: coded cases with a known disease, against the plain likelihood ratio.

Per case and as a mean over diseases (macro), because one disease can have hundreds of cases.
Intervals resample diseases, not cases.
"""

from __future__ import annotations

import gzip
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from engine.evaluate import BenchReport, bootstrap_ci
from engine.exceptions import InputError
from engine.rank import rank
from engine.readers import phenopacket
from engine.run import coded_findings
from engine.types import Finding, Patient
from knowledge_graph.memory import MemoryGraph


@dataclass(frozen=True, slots=True)
class Case:
    """A solved patient.

    truth: disease id, or gene symbol where only the gene is stated. answers: positions of that
    disease (of all diseases of that gene) in the graph; empty when it does not know them.
    """

    id: str
    truth: str
    answers: tuple[int, ...]
    patient: Patient
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Scored:
    """Rank of the right disease (from 1; ties count against it) and the time it took."""

    case: Case
    rank: int
    ms: float


def run(paths: Sequence[Path], graph: MemoryGraph) -> BenchReport:
    """Rank every case of the given phenopacket files (.json, .jsonl, .jsonl.gz) or folders."""
    cases = [case for path in paths for case in read_cases(path, graph)]
    known = [case for case in cases if case.answers]
    if not known:
        raise InputError(
            "no case here has a disease the graph knows",
            where=", ".join(map(str, paths)),
            fix="give phenopackets with a solved interpretation",
        )
    for case in known[:20]:  # the first look-ups fault the arrays into memory
        rank(case.findings, case.patient, graph)
    start = time.perf_counter()
    scored = [score(case, graph) for case in known]
    seconds = time.perf_counter() - start
    plain = [Scored(case, _worst_rank(plain_scores(case, graph), case), 0.0) for case in known]
    clusters = by_disease(scored)
    paired = list(zip(clusters, by_disease(plain), strict=True))
    metrics = metrics_of(clusters)
    metrics |= {f"plain_{key}": value for key, value in metrics_of([p for _, p in paired]).items()}
    metrics |= gains(paired)
    return BenchReport(
        bench="rank",
        n=len(known),
        metrics=metrics
        | {
            "ms_per_case": float(np.mean([s.ms for s in scored])),
            "p95_ms_per_case": float(np.quantile([s.ms for s in scored], 0.95)),
            "diseases": float(len(clusters)),
            "unknown": float(len(cases) - len(known)),
        },
        ci95=bootstrap_ci(metrics_of, clusters) | bootstrap_ci(gains, paired),
        seconds=seconds,
        provenance={"sources": [source.name + " " + source.version for source in graph.sources]},
        misses=[
            {"case": s.case.id, "truth": s.case.truth, "rank": s.rank} for s in scored if s.rank > 1
        ],
        notes=["cases whose disease the graph does not know are left out and counted (unknown)"],
    )


def read_cases(path: Path, graph: MemoryGraph) -> Iterator[Case]:
    """The solved cases below a path; the answer is read from the interpretation only here."""
    for document in documents(path):
        truth = _truth(document)
        if truth is None or not document.get("phenotypicFeatures"):
            continue
        bundle = phenopacket.from_json(document)
        yield Case(
            id=str(document.get("id", "")),
            truth=truth,
            answers=_answers(truth, graph),
            patient=bundle.patient,
            findings=coded_findings(bundle.phenotypes, graph).findings,
        )


def documents(path: Path) -> Iterator[dict[str, Any]]:
    """JSON objects of a .json file, a .jsonl or .jsonl.gz file, or all of those below a folder."""
    if path.is_dir():
        for file in sorted(path.rglob("*.json*")):
            yield from documents(file)
        return
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    if ".jsonl" in path.name:
        yield from (orjson.loads(line) for line in data.splitlines() if line.strip())
    else:
        yield orjson.loads(data)


def _truth(document: Mapping[str, Any]) -> str | None:
    diagnoses = [i.get("diagnosis", {}) for i in document.get("interpretations", ())]
    stated = [d["disease"]["id"] for d in diagnoses if d.get("disease", {}).get("id")]
    listed = [d["term"]["id"] for d in document.get("diseases", ()) if d.get("term", {}).get("id")]
    genes = [
        interpretation["gene"]["symbol"]
        for d in diagnoses
        for interpretation in d.get("genomicInterpretations", ())
        if interpretation.get("gene", {}).get("symbol")
    ]
    return next(map(str, (*stated, *listed, *genes)), None)


def _answers(truth: str, graph: MemoryGraph) -> tuple[int, ...]:
    if ":" in truth:
        position = graph.disease_index.get(truth)
        return () if position is None else (position,)
    return tuple(i for i, entry in enumerate(graph.entries) if truth in entry.genes)


def score(case: Case, graph: MemoryGraph) -> Scored:
    """Rank the case as `konsil diagnose` does, and time it."""
    start = time.perf_counter()
    ranking = rank(case.findings, case.patient, graph)
    ms = (time.perf_counter() - start) * 1000
    return Scored(case, _worst_rank(ranking.scores, case), ms)


def _worst_rank(scores: np.ndarray[Any, np.dtype[np.float32]], case: Case) -> int:
    return int(np.sum(scores >= max(scores[i] for i in case.answers)))


def plain_scores(case: Case, graph: MemoryGraph) -> np.ndarray[Any, np.dtype[np.float32]]:
    """The reference: present findings only, no correction for chance, overlap, age or sex."""
    scores = np.zeros(len(graph.diseases), np.float32)
    for term in sorted({f.code.code for f in case.findings if f.status == "present"}):
        scores += graph.plain_log_likelihood_ratios(term)
    return scores


def by_disease(scored: Sequence[Scored]) -> list[list[Scored]]:
    """One list a disease, in order of first appearance: the clusters of the bootstrap."""
    clusters: dict[str, list[Scored]] = defaultdict(list)
    for item in scored:
        clusters[item.case.truth].append(item)
    return list(clusters.values())


def metrics_of(clusters: Sequence[Sequence[Scored]]) -> dict[str, float]:
    """Top-k and mean reciprocal rank, per case and as a mean over diseases; 0 to 1."""
    ranks = [np.array([s.rank for s in cluster]) for cluster in clusters]
    everyone = np.concatenate(ranks)
    metrics = {f"top{k}": float(np.mean(everyone <= k)) for k in (1, 3, 10)}
    metrics["mrr"] = float(np.mean(1 / everyone))
    for k in (1, 3, 10):
        metrics[f"macro_top{k}"] = float(np.mean([np.mean(r <= k) for r in ranks]))
    return metrics


def gains(paired: Sequence[tuple[Sequence[Scored], Sequence[Scored]]]) -> dict[str, float]:
    """Difference from the plain ranking on the same cases."""
    ours = metrics_of([cluster for cluster, _ in paired])
    plain = metrics_of([cluster for _, cluster in paired])
    return {f"gain_{key}": ours[key] - plain[key] for key in ("macro_top1", "macro_top10")}
