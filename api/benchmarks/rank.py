"""`konsil bench rank`: coded cases with a known disease, side by side with three references.

Per case and as a mean over diseases (macro), because one disease can have hundreds of cases.
Intervals resample diseases, not cases.
"""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from api.benchmarks.held import Held, case_digest
from api.benchmarks.metrics import clustered, gains, top_k, worst_rank
from api.benchmarks.resnik import Resnik
from engine.evaluate import BenchReport, bootstrap_ci
from engine.exceptions import InputError
from engine.protocols import Floats
from engine.rank import rank
from engine.readers import phenopacket
from engine.run import coded_findings
from engine.types import Finding, Patient
from knowledge_graph.memory import MemoryGraph

METHODS = {
    "": "konsil",
    "plain_": "plain likelihood ratio",
    "resnik_": "Resnik, one-sided",
    "resnik_sym_": "Resnik, symmetric",
}
"""What its metrics begin with -> the method; `gain_` is konsil over the plain ratio, paired."""


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


def run(paths: Sequence[Path], graph: MemoryGraph, cv: int | None = None) -> BenchReport:
    """Rank every case of the given phenopacket files (.json, .jsonl, .jsonl.gz) or folders."""
    held = Held(graph, cv)
    cases = [case for path in paths for case in read_cases(path, graph)]
    known = [case for case in cases if case.answers]
    if not known:
        raise InputError(
            "no case here has a disease the graph knows",
            where=", ".join(map(str, paths)),
            fix="give phenopackets with a solved interpretation",
        )
    start = time.perf_counter()
    scored = {prefix: _scored(known, method) for prefix, method in _methods(held).items()}
    seconds = time.perf_counter() - start
    clusters = {
        prefix: clustered((s.case.truth, s.rank) for s in found) for prefix, found in scored.items()
    }
    paired = list(zip(clusters[""], clusters["plain_"], strict=True))
    metrics = {
        f"{prefix}{key}": value
        for prefix, found in scored.items()
        for key, value in (top_k(clusters[prefix]) | _times(found)).items()
    }
    return BenchReport(
        bench="rank",
        n=len(known),
        metrics=metrics
        | gains(paired)
        | {"diseases": float(len(paired)), "unknown": float(len(cases) - len(known))},
        ci95=bootstrap_ci(top_k, clusters[""]) | bootstrap_ci(gains, paired),
        seconds=seconds,
        provenance=held.provenance(case_digest(case.findings, case.patient) for case in known),
        misses=[
            {"case": s.case.id, "truth": s.case.truth, "rank": s.rank}
            for s in scored[""]
            if s.rank > 1
        ],
        notes=["cases whose disease the graph does not know are left out and counted (unknown)"],
        compared=METHODS,
    )


def read_cases(path: Path, graph: MemoryGraph) -> Iterator[Case]:
    """The solved cases below a path; the answer is read from the interpretation only here."""
    for document in documents(path):
        if (case := read_case(document, graph)) is not None:
            yield case


def read_case(document: Mapping[str, Any], graph: MemoryGraph) -> Case | None:
    """A phenopacket as a case; None when it is not solved or states no finding."""
    truth = true_disease(document)
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


def true_disease(document: Mapping[str, Any]) -> str | None:
    """The disease (or else gene) that a phenopacket states as solved; None without one."""
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


def _methods(held: Held) -> dict[str, Callable[[Case], Floats]]:
    """Prefix of `METHODS` -> scores of all diseases for a case, (D,); all rank the same ones."""
    graph = held.graph
    resnik = Resnik(graph)
    grouping = np.array([entry.grouping for entry in graph.entries])

    def candidates(scores: Floats) -> Floats:
        return np.where(grouping, np.float32(-np.inf), scores)

    return {
        "": lambda case: (
            rank(case.findings, case.patient, graph, fusion=held.fusion(case.answers)).scores
        ),
        "plain_": lambda case: candidates(plain_scores(case, graph)),
        "resnik_": lambda case: candidates(resnik.one_sided(_present(case))),
        "resnik_sym_": lambda case: candidates(resnik.symmetric(_present(case))),
    }


def _scored(cases: Sequence[Case], method: Callable[[Case], Floats]) -> list[Scored]:
    for case in cases[:20]:  # the first look-ups fault the arrays into memory
        method(case)
    return [_score(case, method) for case in cases]


def _score(case: Case, method: Callable[[Case], Floats]) -> Scored:
    start = time.perf_counter()
    scores = method(case)
    ms = (time.perf_counter() - start) * 1000
    return Scored(case, worst_rank(scores, case.answers), ms)


def _times(scored: Sequence[Scored]) -> dict[str, float]:
    ms = [s.ms for s in scored]
    return {
        "ms_per_case": float(np.mean(ms)),
        "p95_ms_per_case": float(np.quantile(ms, 0.95)),
    }


def plain_scores(case: Case, graph: MemoryGraph) -> Floats:
    """The reference: present findings only, no correction for chance, overlap, age or sex."""
    scores = np.zeros(len(graph.diseases), np.float32)
    for term in _present(case):
        scores += graph.plain_log_likelihood_ratios(term)
    return scores


def _present(case: Case) -> list[str]:
    return sorted({f.code.code for f in case.findings if f.status == "present"})
