"""`konsil bench rank`: coded cases with a known disease, against the plain likelihood ratio.

Per case and as a mean over diseases (macro), because one disease can have hundreds of cases.
Intervals resample diseases, not cases.
"""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from api.benchmarks.metrics import clustered, gains, top_k, worst_rank
from engine.evaluate import BenchReport, bootstrap_ci
from engine.exceptions import InputError
from engine.protocols import Floats
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
    plain = [worst_rank(plain_scores(case, graph), case.answers) for case in known]
    clusters = clustered((s.case.truth, s.rank) for s in scored)
    reference = clustered((c.truth, r) for c, r in zip(known, plain, strict=True))
    paired = list(zip(clusters, reference, strict=True))
    metrics = top_k(clusters)
    metrics |= {f"plain_{key}": value for key, value in top_k(reference).items()}
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
        ci95=bootstrap_ci(top_k, clusters) | bootstrap_ci(gains, paired),
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
        if (case := read_case(document, graph)) is not None:
            yield case


def read_case(document: Mapping[str, Any], graph: MemoryGraph) -> Case | None:
    """A phenopacket as a case; None when it is not solved or states no finding."""
    truth = _truth(document)
    if truth is None or not document.get("phenotypicFeatures"):
        return None
    bundle = phenopacket.from_json(document)
    return Case(
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
    return Scored(case, worst_rank(ranking.scores, case.answers), ms)


def plain_scores(case: Case, graph: MemoryGraph) -> Floats:
    """The reference: present findings only, no correction for chance, overlap, age or sex."""
    scores = np.zeros(len(graph.diseases), np.float32)
    for term in sorted({f.code.code for f in case.findings if f.status == "present"}):
        scores += graph.plain_log_likelihood_ratios(term)
    return scores
