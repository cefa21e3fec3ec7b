"""`konsil bench vignettes`: general-medicine vignettes as text, scored by the name of the disease.

Each vignette becomes one note with the usual headings and goes through the whole pipeline. A
diagnosis whose name the graph does not know counts as a miss.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson

from api.benchmarks.held import Held, text_digest
from api.benchmarks.metrics import worst_rank
from api.engine import Engine
from engine.evaluate import BenchReport, bootstrap_ci
from engine.exceptions import InputError
from engine.rank import has_evidence, rank
from knowledge_graph.memory import MemoryGraph

HEADINGS = {
    "chief_complaints": "CHIEF COMPLAINT",
    "presentation": "HISTORY OF PRESENT ILLNESS",
    "absent_findings": "REVIEW OF SYSTEMS",
    "physical_history": "PAST MEDICAL HISTORY",
    "family_history": "FAMILY HISTORY",
    "social_history": "SOCIAL HISTORY",
}
"""Field of a vignette -> heading of the note."""
KS = (1, 3, 5, 10)
NEVER = 10**9


@dataclass(frozen=True, slots=True)
class Vignette:
    """truth: the diagnosis as written. told: the text contains it. rank: from 1; `NEVER` if not."""

    id: str
    truth: str
    known: bool
    told: bool
    rank: int


def run(paths: Sequence[Path], graph: MemoryGraph, cv: int | None = None) -> BenchReport:
    """Diagnose every vignette of the given .jsonl files."""
    held = Held(graph, cv)
    engine = Engine(graph=graph)
    engine.warm()
    start = time.perf_counter()
    items = list(numbered(paths))
    scored = [_scored(number, item, engine, held) for number, item in items]
    seconds = time.perf_counter() - start
    if not scored:
        raise InputError(
            "no vignettes", where=", ".join(map(str, paths)), fix="give .jsonl vignettes"
        )
    untold = [vignette for vignette in scored if not vignette.told]
    fair = {f"{key}_answer_not_in_text": value for key, value in _top_k(untold).items()}
    unknown = sorted({v.truth for v in scored if not v.known})
    return BenchReport(
        bench="vignettes",
        n=len(scored),
        metrics=_top_k(scored)
        | fair
        | {
            "unknown_names": float(sum(not v.known for v in scored)),
            "answer_in_text": float(len(scored) - len(untold)),
            "known_share_of_distinct": 1 - len(unknown) / len({v.truth for v in scored}),
        },
        ci95=bootstrap_ci(_top_k, scored),
        seconds=seconds,
        provenance=held.provenance(text_digest(note(item)) for _, item in items),
        misses=[
            {"case": v.id, "truth": v.truth, "known": v.known, "rank": v.rank}
            for v in scored
            if v.rank > 1
        ],
        notes=["a name the graph does not know is a miss"],
    )


def note(vignette: Mapping[str, str]) -> str:
    """The vignette as a note: who, then each field that says something under its heading."""
    parts = [f"{vignette.get('demographics', '').strip()}."]
    for field, heading in HEADINGS.items():
        text = vignette.get(field, "").strip()
        if text and text != "-":
            parts.append(f"{heading}:\n{text}")
    return "\n\n".join(parts)


def numbered(paths: Sequence[Path]) -> Iterator[tuple[str, dict[str, str]]]:
    """Every vignette with the file and line it stands in."""
    for path in paths:
        files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
        for file in files:
            for number, line in enumerate(file.read_bytes().splitlines(), 1):
                if line.strip():
                    yield f"{file.name}:{number}", orjson.loads(line)


def _scored(identifier: str, vignette: Mapping[str, str], engine: Engine, held: Held) -> Vignette:
    truth = vignette["correct_diagnosis"].strip()
    text = note(vignette)
    answers = engine.graph.diseases_called(truth)
    assessment = engine.read_bytes(text.encode(), name="note.txt")
    ranking = assessment.ranking
    if held.cv is not None:
        fusion = held.fusion(answers)
        ranking = rank(assessment.findings, assessment.patient, engine.graph, fusion=fusion)
    found = answers and has_evidence(ranking)
    return Vignette(
        id=identifier,
        truth=truth,
        known=bool(answers),
        told=_plain(truth) in _plain(text),
        rank=worst_rank(ranking.scores, answers) if found else NEVER,
    )


def _plain(text: str) -> str:
    return f" {re.sub(r'[^a-z0-9]+', ' ', text.casefold()).strip()} "


def _top_k(scored: Sequence[Vignette]) -> dict[str, float]:
    ranks = np.array([vignette.rank for vignette in scored])
    return {f"top{k}": float(np.mean(ranks <= k)) for k in KS}
