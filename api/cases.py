"""The development cases that the weights of the ranking are learned from, with their answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from api.benchmarks import vignettes
from api.benchmarks.held import case_digest, text_digest
from api.benchmarks.labs import labelled
from api.benchmarks.rank import documents, read_cases, true_disease
from api.engine import Engine
from engine.evaluate_labs import ramedis_cases
from engine.merge import current, merge
from engine.readers import phenopacket
from engine.run import coded_findings
from engine.types import Finding, Patient
from knowledge_graph.memory import MemoryGraph

MOST = 12
"""Cases of one disease taken from one set."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A case with its right answers (positions), none when the graph does not know its disease.

    name: of its set. disease: id of its group. digest: names the case, see `benchmarks.held`.
    """

    name: str
    disease: str
    answers: tuple[int, ...]
    patient: Patient
    findings: tuple[Finding, ...]
    digest: int


def known_cases(data: Path, graph: MemoryGraph) -> Iterator[Labelled]:
    """Every development case whose disease the graph knows."""
    for name in ("clean", "seen"):
        yield from _phenopackets(name, data / f"cases/phenopackets/{name}.dev.jsonl.gz", graph)
    yield from _labs(data / "cases/ramedis/dev.jsonl.gz", graph)
    yield from _vignettes(data / "cases/avey/dev.jsonl", graph)


def unknown_cases(data: Path, graph: MemoryGraph) -> Iterator[Labelled]:
    """Solved phenopackets whose disease the graph does not know; at most `MOST` of a disease."""
    taken: Counter[str] = Counter()
    for document in documents(data / "cases/phenopackets/unknown.dev.jsonl.gz"):
        disease = true_disease(document)
        if disease is None or disease in graph.disease_index:
            continue
        taken[disease] += 1
        if taken[disease] <= MOST:
            bundle = phenopacket.from_json(document)
            findings = coded_findings(bundle.phenotypes, graph).findings
            digest = case_digest(findings, bundle.patient)
            yield Labelled("unknown", disease, (), bundle.patient, findings, digest)


def chosen(cases: Iterable[Labelled]) -> Iterator[Labelled]:
    """At most `MOST` cases of a disease from each set, in the order of their digests."""
    taken: Counter[tuple[str, str]] = Counter()
    for case in sorted(cases, key=lambda case: (case.name, case.disease, case.digest)):
        taken[case.name, case.disease] += 1
        if taken[case.name, case.disease] <= MOST:
            yield case


def _phenopackets(name: str, path: Path, graph: MemoryGraph) -> Iterator[Labelled]:
    for case in read_cases(path, graph):
        if case.answers:
            disease = graph.entries[case.answers[0]].id
            digest = case_digest(case.findings, case.patient)
            yield Labelled(name, disease, case.answers, case.patient, case.findings, digest)


def _labs(path: Path, graph: MemoryGraph) -> Iterator[Labelled]:
    """Each case twice: by its symptoms alone, and with its laboratory findings."""
    for case, answer in labelled(ramedis_cases(path), graph):
        disease = graph.entries[answer].id
        for findings in (case.symptoms, (*case.symptoms, *case.laboratory)):
            read = merge(current(findings, graph))
            digest = case_digest(read, case.patient)
            yield Labelled("labs", disease, (answer,), case.patient, read, digest)


def _vignettes(path: Path, graph: MemoryGraph) -> Iterator[Labelled]:
    engine = Engine(graph=graph)
    for _, item in vignettes.numbered([path]):
        if answers := graph.diseases_called(item["correct_diagnosis"].strip()):
            text = vignettes.note(item)
            read = engine.read_bytes(text.encode(), name="note.txt")
            disease = graph.entries[answers[0]].id
            digest = text_digest(text)
            yield Labelled("vignettes", disease, answers, read.patient, read.findings, digest)
