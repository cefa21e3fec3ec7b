"""Rank diseases by what the findings say about them.

The score is a sum of log likelihood ratios, one a finding (as in LIRICAL), so every point of it can
be named. A finding that another present finding implies counts only for what the other did not
already say. A finding outside a disease's profile says nothing against the disease.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.protocols import Floats, KnowledgeGraph
from engine.types import Contribution, Diagnosis, Finding, Patient

ASSUMPTIONS = (
    "One disease explains the findings; several concurrent diseases are not considered.",
    "The right disease is in the knowledge graph; a disease it does not know cannot be ranked.",
    "Findings that do not imply each other are taken as independent.",
)


@dataclass(frozen=True, slots=True)
class Ranking:
    """Every disease's score and the parts it is made of.

    findings: those that counted, in a fixed order. scores: (D,) log posterior odds up to a common
    constant, -inf for entries that are not candidates. parts: (F, D) log likelihood ratios.
    patient: whose age and sex the priors are for. order: the candidates, best first; equal scores
    in the order of the graph.
    """

    findings: tuple[Finding, ...]
    patient: Patient
    priors: Floats
    scores: Floats
    parts: Floats
    order: tuple[int, ...]


def rank(
    findings: Sequence[Finding], patient: Patient, graph: KnowledgeGraph, *, top: int = 100
) -> Ranking:
    """Rank all candidate diseases; the order in which the findings come does not matter.

    Args:
        findings: merged findings; only current ones that are present or absent count.
        top: how many to order; the scores of all are kept.
    """
    counted = countable(findings, graph)
    priors = graph.priors(patient)
    parts = np.zeros((len(counted), len(graph.diseases)), np.float32)
    for i, finding in enumerate(counted):
        term = finding.code.code
        if finding.status == "absent":
            parts[i] = graph.log_absence_ratios(term)
            continue
        parts[i] = _mixed(graph.log_likelihood_ratios(term), finding.probability)
        implying = _implying(term, counted[:i], graph)
        if implying:
            parts[i] = np.maximum(parts[i] - parts[implying].max(axis=0), 0)
    with np.errstate(divide="ignore"):
        scores = np.log(priors) + parts.sum(axis=0, dtype=np.float64).astype(np.float32)
    return Ranking(counted, patient, priors, scores, parts, _best(scores, top))


def countable(findings: Sequence[Finding], graph: KnowledgeGraph) -> tuple[Finding, ...]:
    """Findings that may count, the most specific first; ties by code, so that input order is moot.

    A term that is both present and absent counts as present: somebody saw it.
    """
    chosen: dict[str, Finding] = {}
    for finding in findings:
        if why_not_counted(finding, graph) is None:
            term = finding.code.code
            if term not in chosen or finding.status != "absent":
                chosen[term] = finding
    specific = {term: graph.information_content(term) for term in chosen}
    depth = {term: len(graph.ancestors(term)) for term in chosen}
    order = sorted(chosen, key=lambda term: (-specific[term], -depth[term], term))
    return tuple(chosen[term] for term in order)


def why_not_counted(finding: Finding, graph: KnowledgeGraph) -> str | None:
    """The reason a finding does not enter the ranking; None when it does."""
    if finding.context != "current":
        return {
            "historical": "historical: kept, but not counted as present",
            "family": "concerns a relative: kept, but not counted",
            "hypothetical": "hypothetical: kept, but not counted",
        }[finding.context]
    if finding.status == "uncertain" and finding.probability is None:
        return "uncertain: kept, but not counted without a calibrated probability"
    if graph.code(finding.code.code) is None:
        return f"the graph has no term {finding.code.code}"
    if not graph.is_phenotype(finding.code.code):
        return f"{finding.code.code} is not a phenotypic abnormality"
    return None


def diagnosis(ranking: Ranking, disease: int, graph: KnowledgeGraph) -> Diagnosis:
    """One disease (by position) with its contributions, the heaviest first."""
    contributions = [
        _contribution(finding, float(part), disease, graph)
        for finding, part in zip(ranking.findings, ranking.parts[:, disease], strict=True)
    ]
    contributions.sort(key=lambda c: (-abs(c.log_lr), c.finding.code.code))
    return Diagnosis(
        disease=graph.diseases[disease],
        prior=float(ranking.priors[disease]),
        prior_because=graph.prior_reasons(ranking.patient, disease),
        contributions=tuple(contributions),
    )


def _contribution(
    finding: Finding, log_lr: float, disease: int, graph: KnowledgeGraph
) -> Contribution:
    match, edge = graph.edge(finding.code.code, disease)
    if log_lr == 0 and match in ("ancestor", "related"):
        match, edge = "none", None
    return Contribution(finding, graph.diseases[disease].code, log_lr, match, edge)


def _mixed(ratios: Floats, probability: float | None) -> Floats:
    """ln of the likelihood ratio of a finding that holds only with a calibrated probability."""
    if probability is None:
        return ratios
    return np.log(probability * np.exp(ratios) + (1 - probability))


def _implying(term: str, counted: Sequence[Finding], graph: KnowledgeGraph) -> list[int]:
    """Positions of present findings that imply the term (its descendants)."""
    return [
        i
        for i, finding in enumerate(counted)
        if finding.status != "absent" and term in graph.ancestors(finding.code.code)
    ]


def _best(scores: Floats, top: int) -> tuple[int, ...]:
    candidates = int(np.isfinite(scores).sum())
    count = min(top, candidates)
    if count == 0:
        return ()
    chosen = np.argpartition(-scores, count - 1)[:count]
    cut = scores[chosen].min()
    tied = np.flatnonzero(scores >= cut)
    order: list[int] = tied[np.lexsort((tied, -scores[tied]))].tolist()
    return tuple(order[:count])
