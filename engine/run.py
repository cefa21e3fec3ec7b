"""From a patient bundle to a result: read, merge, rank, and say what was not used and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib import metadata

import numpy as np

from engine.exceptions import NotFoundError
from engine.merge import current, merge, settle
from engine.modalities import EXTRACTORS, extractor
from engine.protocols import Extraction, KnowledgeGraph, ReadingContext
from engine.rank import ASSUMPTIONS, Ranking, diagnosis, rank, why_not_counted
from engine.risk import listed_problems
from engine.types import (
    CodedEntry,
    Diagnosis,
    Finding,
    Issue,
    ModelRef,
    Patient,
    PatientBundle,
    Phenotype,
    Provenance,
    Result,
    Skipped,
)

_CODED = ModelRef("coded entry", "1")


@dataclass(frozen=True, slots=True)
class Explanation:
    """One disease in full. rank: from 1; None when nothing was ranked or it is no candidate.

    abstained: as in `Result`.
    """

    rank: int | None
    abstained: str | None
    diagnosis: Diagnosis


@dataclass(frozen=True, slots=True)
class Assessment:
    """One bundle, read and ranked; `result` and `explain` are views of it.

    patient: as the bundle states it, completed by what the notes state.
    """

    bundle: PatientBundle
    patient: Patient
    graph: KnowledgeGraph
    findings: tuple[Finding, ...]
    ranking: Ranking
    models: tuple[ModelRef, ...]
    issues: tuple[Issue, ...]
    skipped: tuple[Skipped, ...]

    def result(self, *, top: int = 10) -> Result:
        """The ranked differential with everything needed to follow and repeat it."""
        evidence = self._has_evidence()
        order = self.ranking.order[:top] if evidence else ()
        return Result(
            ranked=tuple(diagnosis(self.ranking, d, self.graph) for d in order),
            findings=self.findings,
            abstained=None if evidence else self._why_abstained(),
            calibration=None,
            assumptions=ASSUMPTIONS,
            issues=self.issues,
            skipped=self.skipped,
            provenance=Provenance(
                software=_software(),
                models=self.models,
                sources=self.graph.sources,
                bundle_sha256=self.bundle.sha256,
                as_of=self.bundle.as_of,
            ),
        )

    def explain(self, disease: str) -> Explanation:
        """Every contribution for one disease, by id (of any catalogue) or exact name.

        Raises:
            NotFoundError: the graph has no such disease.
        """
        position = self.graph.find_disease(disease)
        if position is None:
            raise NotFoundError(
                f"the graph has no disease {disease!r}", fix="find its id with `konsil kg search`"
            )
        return Explanation(
            rank=self._rank(position),
            abstained=None if self._has_evidence() else self._why_abstained(),
            diagnosis=diagnosis(self.ranking, position, self.graph),
        )

    def _rank(self, position: int) -> int | None:
        scores = self.ranking.scores
        if not self._has_evidence() or not np.isfinite(scores[position]):
            return None
        return int(np.sum(scores > scores[position])) + 1

    def _has_evidence(self) -> bool:
        return any(f.status != "absent" for f in self.ranking.findings)

    def _why_abstained(self) -> str:
        if not self.findings:
            return "no finding could be read from this input"
        return f"none of the {len(self.findings)} findings is a current, present abnormality"


def assess(bundle: PatientBundle, graph: KnowledgeGraph) -> Assessment:
    """Let every specialist read its part of the bundle, then rank.

    A specialist that fails becomes an issue; what the others found is still used.
    """
    patient = bundle.patient
    extractions = [
        coded_findings(bundle.phenotypes, graph),
        listed_problems(bundle.statements, graph),
    ]
    for kind in EXTRACTORS:
        if items := getattr(bundle, kind):
            try:
                read = extractor(kind)(items, ReadingContext(patient, bundle.as_of, graph))
            except Exception as error:  # the border between specialists: nothing else is lost
                read = _failed(kind, error)
            extractions.append(read)
            patient = _completed(patient, read.patient)
    merged = merge(current((f for e in extractions for f in e.findings), graph))
    findings, contradictions = settle(merged)
    return Assessment(
        bundle=bundle,
        patient=patient,
        graph=graph,
        findings=findings,
        ranking=rank(findings, patient, graph),
        models=tuple(dict.fromkeys(model for e in extractions for model in e.models)),
        issues=(
            *bundle.issues,
            *(issue for e in extractions for issue in e.issues),
            *contradictions,
        ),
        skipped=(
            *bundle.skipped,
            *(skipped for e in extractions for skipped in e.skipped),
            *_unread(bundle, findings),
            *_uncounted(findings, graph),
        ),
    )


def diagnose(bundle: PatientBundle, graph: KnowledgeGraph, *, top: int = 10) -> Result:
    """The ranked differential of a bundle. top: number of diseases in the answer."""
    return assess(bundle, graph).result(top=top)


def coded_findings(phenotypes: tuple[Phenotype, ...], graph: KnowledgeGraph) -> Extraction:
    """Findings from entries that arrive already coded; an unknown term becomes an issue."""
    findings: list[Finding] = []
    issues: list[Issue] = []
    for phenotype in phenotypes:
        code = graph.code(phenotype.code.code)
        if code is None:
            issues.append(
                Issue(
                    "warning",
                    phenotype.id,
                    f"unknown phenotype term {phenotype.code.code} ({phenotype.code.display})",
                    "use a term of the HPO release named in the provenance",
                )
            )
            continue
        findings.append(
            Finding(
                code=code,
                status="absent" if phenotype.excluded else "present",
                citations=(CodedEntry(phenotype.id, phenotype.code),),
                produced_by=_CODED,
                context="historical" if phenotype.historical else "current",
                onset_years=phenotype.onset_years,
                recorded=phenotype.recorded,
            )
        )
    return Extraction(tuple(findings), (_CODED,) if phenotypes else (), tuple(issues))


@cache
def _software() -> str:
    return f"konsil {metadata.version('konsil')}"


def _completed(known: Patient, stated: Patient | None) -> Patient:
    if stated is None:
        return known
    return replace(
        known,
        sex=known.sex or stated.sex,
        age_years=stated.age_years if known.age_years is None else known.age_years,
    )


def _failed(kind: str, error: Exception) -> Extraction:
    issue = Issue(
        "error",
        kind,
        f"the reader of {kind} failed ({type(error).__name__}: {error}); none of them was used",
        "report this with the input if you can share it; the rest of the bundle was used",
    )
    return Extraction((), (), (issue,))


def _unread(bundle: PatientBundle, findings: tuple[Finding, ...]) -> Iterator[Skipped]:
    read = {c.item for f in findings for c in f.citations if isinstance(c, CodedEntry)}
    reasons = {
        "condition": "on the problem list: history, never an answer",
        "medication": "medication: not used by this version",
        "allergy": "allergy: not used by this version",
        "family": "family history: concerns a relative",
    }
    for statement in bundle.statements:
        if statement.id not in read:
            yield Skipped(statement.id, f"{reasons[statement.kind]} ({statement.text})")
    for attachment in bundle.attachments:
        yield Skipped(
            attachment.id,
            f"{attachment.kind} ({attachment.media_type}): this version has no reader for it",
        )


def _uncounted(findings: tuple[Finding, ...], graph: KnowledgeGraph) -> Iterator[Skipped]:
    for finding in findings:
        if (reason := why_not_counted(finding, graph)) is not None:
            yield Skipped(f"{finding.code.code} {finding.code.display}".strip(), reason)
