"""From a patient bundle to a result: read, merge, rank, and say what was not used and why."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata

from engine.calibrate import COVERAGE, LISTED, Probabilities, prediction_set
from engine.counterfactual import Standing, counterfactuals, gap, place, standings
from engine.exceptions import NotFoundError
from engine.fusion import trained
from engine.interview import next_steps
from engine.merge import current, merge, settle
from engine.modalities import EXTRACTORS, extractor
from engine.plan import make_plan
from engine.protocols import Extraction, KnowledgeGraph, PlanKnowledge, ReadingContext
from engine.rank import (
    ASSUMPTIONS,
    Ranking,
    chances,
    diagnosis,
    has_evidence,
    rank,
    why_not_counted,
)
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
    Plan,
    PredictionSet,
    Provenance,
    Result,
    Skipped,
)
from engine.without import LEFT_OUT, leave_out, leave_out_findings

CALIBRATED = (
    "temperature scaling on development cases of diseases that the weights had not seen, every"
    " disease weighing the same; what they leave of 1 is given to no disease, as findings mislead"
    " at times; engine/CARD.md says how well it holds"
)
"""How posteriors were calibrated, as a result states it."""
_CODED = ModelRef("coded entry", "1")


@dataclass(frozen=True, slots=True)
class Explanation:
    """One disease in full. rank: from 1; None when nothing was ranked or it is no candidate.

    gap: its lead over the best of the others, ln odds; negative if it is behind, None as before.
    abstained: as in `Result`. without: where it would stand without each finding that counts.
    left_out: what was left out on request.
    """

    rank: int | None
    gap: float | None
    abstained: str | None
    diagnosis: Diagnosis
    without: tuple[Standing, ...]
    left_out: tuple[Skipped, ...]


@dataclass(frozen=True, slots=True)
class Assessment:
    """One bundle, read and ranked; `result` and `explain` are views of it.

    patient: as the bundle states it, completed by what the notes state. knowledge: to plan with;
    None when there is none.
    """

    bundle: PatientBundle
    patient: Patient
    graph: KnowledgeGraph
    findings: tuple[Finding, ...]
    ranking: Ranking
    models: tuple[ModelRef, ...]
    issues: tuple[Issue, ...]
    skipped: tuple[Skipped, ...]
    knowledge: PlanKnowledge | None = None

    def result(self, *, top: int = 10, unknown: Collection[str] = ()) -> Result:
        """The ranked differential with everything needed to follow and repeat it.

        unknown: terms already asked about without an answer; no next step repeats them.
        """
        evidence = has_evidence(self.ranking)
        order = self.ranking.order[:top] if evidence else ()
        chance = chances(self.ranking, self.graph) if evidence else None
        return Result(
            ranked=tuple(diagnosis(self.ranking, d, self.graph, chance) for d in order),
            counterfactuals=counterfactuals(self.ranking, self.graph),
            next_steps=next_steps(self.ranking, self.graph, unknown=unknown) if evidence else (),
            findings=self.findings,
            abstained=None if evidence else self._why_abstained(),
            calibration=None if chance is None else CALIBRATED,
            elsewhere=None if chance is None else chance.elsewhere,
            prediction_set=self._set(chance),
            assumptions=ASSUMPTIONS,
            plan=self._plan(chance),
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
        ranked = has_evidence(self.ranking)
        chance = chances(self.ranking, self.graph) if ranked else None
        return Explanation(
            rank=place(self.ranking, position),
            gap=gap(self.ranking.scores, position) if ranked else None,
            abstained=None if ranked else self._why_abstained(),
            diagnosis=diagnosis(self.ranking, position, self.graph, chance),
            without=standings(self.ranking, position, self.graph) if ranked else (),
            left_out=tuple(s for s in self.skipped if s.reason == LEFT_OUT),
        )

    def _plan(self, chance: Probabilities | None) -> Plan | None:
        if self.knowledge is None:
            return None
        return make_plan(
            self.bundle.statements,
            self.findings,
            knowledge=self.knowledge,
            vocabulary=self.graph,
            posteriors=None if chance is None else self._posteriors(chance),
        )

    def _posteriors(self, chance: Probabilities) -> list[tuple[int, float]]:
        return [(d, float(chance.shares[d]) * chance.shared) for d in self.ranking.order]

    def _set(self, chance: Probabilities | None) -> PredictionSet | None:
        calibration = self.ranking.fusion.calibration
        if chance is None or calibration is None:
            return None
        chosen = prediction_set(chance.shares, calibration.reach)
        named: list[int] = chosen[:LISTED].tolist()
        return PredictionSet(COVERAGE, chosen.size, tuple(self.graph.diseases[d] for d in named))

    def _why_abstained(self) -> str:
        if not self.findings:
            return "no finding could be read from this input"
        return f"none of the {len(self.findings)} findings is a current, present abnormality"


def assess(
    bundle: PatientBundle,
    graph: KnowledgeGraph,
    *,
    knowledge: PlanKnowledge | None = None,
    without: Sequence[str] = (),
) -> Assessment:
    """Let every specialist read its part of the bundle, then rank.

    A specialist that fails becomes an issue; what the others found is still used.

    Args:
        knowledge: for the plan; without it the result has none.
        without: what to leave out, as selectors of `engine.without`.

    Raises:
        InputError: a selector is not understood or meets nothing.
    """
    bundle = leave_out(bundle, without)
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
            if read.patient is not None:
                patient = patient.completed(read.patient)
    merged = merge(current((f for e in extractions for f in e.findings), graph))
    kept, left_out = leave_out_findings(merged, without, graph)
    findings, contradictions = settle(kept)
    return Assessment(
        bundle=bundle,
        patient=patient,
        graph=graph,
        findings=findings,
        ranking=rank(findings, patient, graph),
        models=(*dict.fromkeys(m for e in extractions for m in e.models), trained().ref),
        issues=(
            *bundle.issues,
            *(issue for e in extractions for issue in e.issues),
            *contradictions,
        ),
        skipped=(
            *bundle.skipped,
            *left_out,
            *(skipped for e in extractions for skipped in e.skipped),
            *_unread(bundle, findings),
            *_uncounted(findings, graph),
        ),
        knowledge=knowledge,
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
        "medication": "medication: only for alerts, no evidence for a diagnosis",
        "allergy": "allergy: only for alerts, no evidence for a diagnosis",
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
