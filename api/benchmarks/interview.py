"""`konsil bench interview`: solved patients are asked one question after another.

A patient begins with one complaint, sex and age, and answers truthfully as far as the record goes:
"yes" to a recorded finding and to anything it implies, "no" to all else. Records are incomplete, so
some of these "no" are wrong and speak against the right disease: that makes the task harder, and is
what an interviewer of a forgetful patient meets. A question is one finding, whether it would be
asked, examined for or tested.

Three interviewers ask: ours (the first of `engine.interview.next_steps`), a random one that draws
from the findings of the `POOL` diseases that lead at that moment, general ones included as in ours,
and one that always asks for the finding that most diseases are annotated with. None asks what an
answer already implies, and the ranking is the same for all.
"""

from __future__ import annotations

import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from api.benchmarks.held import Held, case_digest
from api.benchmarks.metrics import worst_rank
from api.benchmarks.rank import Case, documents, read_case
from api.benchmarks.vignettes import note
from api.engine import Engine
from engine.evaluate import BenchReport, bootstrap_ci
from engine.exceptions import InputError
from engine.interview import next_steps, still_open
from engine.rank import Ranking, countable, rank
from engine.types import Code, CodedEntry, Finding, ModelRef, TextSpan
from knowledge_graph.memory import MemoryGraph

STOPS = (5, 10, 15)
"""Numbers of questions after which the ranking is judged."""
OF_ONE_DISEASE = 3
MOST = 150
"""Patients of one disease, and of all; the others are left out by lot."""
POOL = 50
"""Leading diseases whose findings the random interviewer draws from."""
SEED = 0
_ANSWER = ModelRef("answer", "1")

Choose = Callable[[Ranking], str | None]
"""The next finding to ask about, given what was answered so far; None when none is left."""
Cluster = NDArray[np.float64]
"""One disease, the unit of the bootstrap: its mean hits, see `_clustered`."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """A patient. complaint: the finding it comes with. has: what it has, implied terms included."""

    case: Case
    complaint: str
    has: frozenset[str]

    def answer(self, term: str) -> Finding:
        """What the patient says when asked about a finding."""
        code = Code("HPO", term)
        return Finding(
            code=code,
            status="present" if term in self.has else "absent",
            citations=(CodedEntry("answer", code),),
            produced_by=_ANSWER,
        )


@dataclass(frozen=True, slots=True)
class Played:
    """Ranks of the right disease, from 1, ties against it.

    ranks: interviewer -> at the start and at each of `STOPS`. told: with all the record holds.
    """

    patient: Simulated
    ranks: Mapping[str, Sequence[int]]
    told: int


def run(paths: Sequence[Path], graph: MemoryGraph, cv: int | None = None) -> BenchReport:
    """Interview the patients of phenopackets and of vignettes (.jsonl)."""
    held = Held(graph, cv)
    cases = [case for path in paths for case in _cases(path, graph)]
    patients = [patient for case in cases if (patient := simulated(case, graph)) is not None]
    if not patients:
        raise InputError(
            "no case here has a present finding and a disease the graph knows",
            where=", ".join(map(str, paths)),
            fix="give solved phenopackets or vignettes",
        )
    chosen = drawn(patients)
    start = time.perf_counter()
    played = [play(patient, held) for patient in chosen]
    seconds = time.perf_counter() - start
    clusters = _clustered(played)
    return BenchReport(
        bench="interview",
        n=len(played),
        metrics=_metrics(clusters)
        | {
            "diseases": float(len(clusters)),
            "unusable": float(len(cases) - len(patients)),
            "not_drawn": float(len(patients) - len(chosen)),
        },
        ci95=bootstrap_ci(_metrics, clusters),
        seconds=seconds,
        provenance=held.provenance(case_digest(p.case.findings, p.case.patient) for p in chosen)
        | {"seed": SEED},
        misses=[_miss(p) for p in played if p.ranks["top1"][-1] > 1],
        notes=[
            "means over diseases; intervals resample diseases",
            "starts with the first present finding of the record, sex and age; "
            "what is not recorded is answered no",
            f"at most {OF_ONE_DISEASE} patients of a disease, {MOST} in all, drawn with the seed",
            "unusable: no present finding, or a disease the graph does not know",
        ],
    )


def simulated(case: Case, graph: MemoryGraph) -> Simulated | None:
    """The patient of a case; None where the disease is unknown or no finding is present."""
    counted = {f.code.code for f in countable(case.findings, graph) if f.status == "present"}
    if not (case.answers and counted):
        return None
    first = next(f.code.code for f in case.findings if f.code.code in counted)
    return Simulated(case, first, frozenset(counted).union(*map(graph.ancestors, counted)))


def drawn(patients: Sequence[Simulated]) -> list[Simulated]:
    """At most `OF_ONE_DISEASE` patients of a disease and `MOST` in all, in their order."""
    order = list(range(len(patients)))
    random.Random(SEED).shuffle(order)
    taken = Counter[str]()
    chosen: list[int] = []
    for i in order:
        taken[patients[i].case.truth] += 1
        if taken[patients[i].case.truth] <= OF_ONE_DISEASE:
            chosen.append(i)
    return [patients[i] for i in sorted(chosen[:MOST])]


def play(patient: Simulated, held: Held) -> Played:
    """Every interviewer's ranks for one patient."""
    fusion = held.fusion(patient.case.answers)
    told = rank(patient.case.findings, patient.case.patient, held.graph, fusion=fusion)
    return Played(
        patient=patient,
        ranks={
            name: _interview(patient, choose, held)
            for name, choose in interviewers(patient, held.graph).items()
        },
        told=worst_rank(told.scores, patient.case.answers),
    )


def interviewers(patient: Simulated, graph: MemoryGraph) -> dict[str, Choose]:
    """Prefix of the metric -> how it chooses."""
    lot = random.Random(f"{SEED} {patient.case.id}")
    frequent = _by_frequency(graph)

    def ours(ranking: Ranking) -> str | None:
        steps = next_steps(ranking, graph, count=1)
        return steps[0].finding.code if steps else None

    def at_random(ranking: Ranking) -> str | None:
        terms = list(_shown_by(ranking.order[:POOL], graph))
        lot.shuffle(terms)
        return next(still_open(terms, ranking, graph), None)

    def most_frequent(ranking: Ranking) -> str | None:
        return next(still_open(frequent, ranking, graph), None)

    return {"top1": ours, "random": at_random, "frequent": most_frequent}


def _interview(patient: Simulated, choose: Choose, held: Held) -> tuple[int, ...]:
    fusion = held.fusion(patient.case.answers)
    findings = [patient.answer(patient.complaint)]
    ranks: list[int] = []
    for asked in range(max(STOPS) + 1):
        ranking = rank(findings, patient.case.patient, held.graph, fusion=fusion)
        if asked in (0, *STOPS):
            ranks.append(worst_rank(ranking.scores, patient.case.answers))
        if asked < max(STOPS) and (term := choose(ranking)) is not None:
            findings.append(patient.answer(term))
    return tuple(ranks)


def _shown_by(diseases: Sequence[int], graph: MemoryGraph) -> Iterator[str]:
    """Every finding that one of these diseases shows, general ones included, by id."""
    shares = graph.shares
    leads = np.zeros(len(graph.diseases), np.bool_)
    leads[list(diseases)] = True
    entries = np.flatnonzero(leads[shares.disease])
    places = np.searchsorted(shares.start, entries, side="right") - 1
    terms: list[int] = np.unique(places).tolist()
    return (shares.terms[i] for i in terms)


@lru_cache(maxsize=1)
def _by_frequency(graph: MemoryGraph) -> tuple[str, ...]:
    """Findings by the number of annotations that name them, most first."""
    shares = graph.shares
    order: list[int] = np.argsort(-shares.stated, kind="stable").tolist()
    return tuple(shares.terms[i] for i in order)


def _cases(path: Path, graph: MemoryGraph) -> Iterator[Case]:
    engine = Engine(graph=graph)
    for number, document in enumerate(documents(path), 1):
        if "correct_diagnosis" in document:
            yield _vignette(f"{path.name}:{number}", document, engine)
        elif (case := read_case(document, graph)) is not None:
            yield case


def _vignette(identifier: str, document: Mapping[str, str], engine: Engine) -> Case:
    """Findings as the text pipeline reads them, in the order of the text: complaints come first."""
    truth = document["correct_diagnosis"].strip()
    assessment = engine.read_bytes(note(document).encode(), name="note.txt")
    return Case(
        id=identifier,
        truth=truth,
        answers=engine.graph.diseases_called(truth),
        patient=assessment.patient,
        findings=tuple(sorted(assessment.findings, key=_begins)),
    )


def _begins(finding: Finding) -> int:
    return min(c.start for c in finding.citations if isinstance(c, TextSpan))


def _clustered(played: Iterable[Played]) -> list[Cluster]:
    """For each disease the mean hits: at the start, with all told, each interviewer at its stops.

    A mean over diseases needs no more than these.
    """
    by_disease: dict[str, list[list[float]]] = defaultdict(list)
    for each in played:
        ranks = [each.ranks["top1"][0], each.told, *(r for s in each.ranks.values() for r in s[1:])]
        by_disease[each.patient.case.truth].append([float(r == 1) for r in ranks])
    return [np.mean(hits, axis=0) for hits in by_disease.values()]


def _metrics(clusters: Sequence[Cluster]) -> dict[str, float]:
    """Means over diseases, 0 to 1, and how many times the random interviewer's ours is."""
    names = [f"{who}_after_{stop}" for who in ("top1", "random", "frequent") for stop in STOPS]
    names = ["top1_at_start", "top1_all_told", *names]
    metrics = dict(zip(names, np.mean(clusters, axis=0).tolist(), strict=True))
    for stop in STOPS:
        by_lot = metrics[f"random_after_{stop}"]
        ratio = metrics[f"top1_after_{stop}"] / by_lot if by_lot else float("inf")
        metrics[f"times_random_after_{stop}"] = ratio
    return metrics


def _miss(played: Played) -> dict[str, Any]:
    case = played.patient.case
    told = {name: list(ranks) for name, ranks in played.ranks.items()}
    complaint = played.patient.complaint
    return {"case": case.id, "truth": case.truth, "complaint": complaint, "ranks": told}
