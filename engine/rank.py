"""Rank diseases by what the findings say about them.

The score is a sum: one log likelihood ratio a finding (learned weights, `engine.fusion`), one for
each that raises the risk, how much of a disease's usual picture is reported, and a log prior. Every
point of it can be named. A finding that another present finding implies counts only for what the
other did not already say. A finding outside a disease's profile says nothing against the disease.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.calibrate import Known, Probabilities, log_sum, probabilities
from engine.fusion import STANDING, Fusion, trained
from engine.protocols import Floats, KnowledgeGraph
from engine.risk import risk_terms
from engine.types import Contribution, Diagnosis, Finding, Patient, Picture, Scale

OVERLAP_POWER = 3
LEAST_OVERLAP = 0.3
"""Exponent of the information two findings share, and the least share that counts: `_overlaps`.
Chosen on the shared development cases; engine/CARD.md lists what was tried."""
LEAST_EXPECTED = 0.1
"""Findings a patient is taken to show at least, so that a share of them can be stated."""
ASSUMPTIONS = (
    "One disease explains the findings; several concurrent diseases are not considered.",
    "A disease that the graph does not know cannot be ranked; how likely that is, is stated.",
    "Findings that share no information are taken as independent.",
)


@dataclass(frozen=True, slots=True)
class Features:
    """What is known of every disease for these findings, before any weight.

    findings: those that counted, in a fixed order. signs: for each what it says: (S, D) by
    `engine.fusion.SIGNS` of a present one, (1, D) by `ABSENT` of an absent one.
    risks: findings, also of the past, that raise a risk; raised: (R, D), 1 where they do.
    picture: (P, D), `PICTURE`. prior: (1 + T, D), ln of the graph's prior, then `STANDING`.
    candidate: (D,), False for entries that are no candidates.
    """

    findings: tuple[Finding, ...]
    signs: tuple[Floats, ...]
    risks: tuple[Finding, ...]
    raised: Floats
    picture: Floats
    prior: Floats
    candidate: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Ranking:
    """Every disease's score and the parts it is made of.

    findings: those that counted, in a fixed order. priors: (D,), they sum to 1. scores: (D,) log
    posterior odds up to a common constant, -inf for entries that are not candidates: ln of the
    prior, plus picture, plus all parts. parts: (F, D) log likelihood ratios; risks, risk_parts:
    (R, D), the same of risk factors, which may lie in the past. picture: (D,) log
    likelihood ratio of how much of the usual picture is reported; expected, reported: (D,), see
    `engine.types.Picture`. patient: whose age and sex the priors are for. order: the candidates,
    best first; equal scores in the order of the graph. fusion: the weights used.
    """

    findings: tuple[Finding, ...]
    patient: Patient
    priors: Floats
    scores: Floats
    parts: Floats
    risks: tuple[Finding, ...]
    risk_parts: Floats
    picture: Floats
    expected: Floats
    reported: Floats
    order: tuple[int, ...]
    fusion: Fusion


def rank(
    findings: Sequence[Finding],
    patient: Patient,
    graph: KnowledgeGraph,
    *,
    top: int = 100,
    fusion: Fusion | None = None,
) -> Ranking:
    """Rank all candidate diseases; the order in which the findings come does not matter.

    Args:
        findings: merged findings; only current ones that are present or absent count.
        top: how many to order; the scores of all are kept.
        fusion: other weights than the packaged ones.
    """
    fusion = fusion or trained().fusion
    given = features(findings, patient, graph)
    parts = _parts(given, fusion)
    log_priors = np.where(given.candidate, fusion.prior @ given.prior, -np.inf)
    log_priors -= log_sum(log_priors)
    picture = fusion.picture @ given.picture
    risk_parts = np.float32(fusion.risk) * given.raised
    evidence = parts.sum(axis=0, dtype=np.float64) + risk_parts.sum(axis=0, dtype=np.float64)
    scores = (log_priors + picture + evidence).astype(np.float32)
    expected = graph.expected
    return Ranking(
        findings=given.findings,
        patient=patient,
        priors=np.exp(log_priors).astype(np.float32),
        scores=scores,
        parts=parts,
        risks=given.risks,
        risk_parts=risk_parts,
        picture=picture,
        expected=expected,
        reported=expected - given.picture[0],
        order=_best(scores, top),
        fusion=fusion,
    )


def _parts(given: Features, fusion: Fusion) -> Floats:
    """What each finding contributes to each disease, (F, D)."""
    parts = np.empty((len(given.findings), given.candidate.size), np.float32)
    weights = fusion.signs
    for part, finding, signs in zip(parts, given.findings, given.signs, strict=True):
        if finding.status == "absent":
            part[:] = fusion.denies(signs[0])
        else:
            part[:] = _mixed(weights @ signs, finding.probability)
    return parts


def features(findings: Sequence[Finding], patient: Patient, graph: KnowledgeGraph) -> Features:
    """Everything the ranking weighs, for every disease."""
    counted = countable(findings, graph)
    priors = graph.priors(patient)
    signs = _signs(counted, graph)
    risks = _risks(findings, counted, signs, graph)
    present = [f.code.code for f in counted if f.status != "absent"]
    reported = graph.reported(present)
    with np.errstate(divide="ignore"):
        prior = np.log(priors)
    candidate = priors > 0
    prior[~candidate] = 0
    return Features(
        findings=counted,
        signs=signs,
        risks=tuple(risks),
        raised=np.array([*risks.values()], np.float32).reshape(len(risks), priors.size),
        picture=pictured(graph.expected, reported),
        prior=np.stack([prior, *(graph.standing[name] for name in STANDING)]),
        candidate=candidate,
    )


def _signs(counted: Sequence[Finding], graph: KnowledgeGraph) -> tuple[Floats, ...]:
    """What each finding says beyond what those before it said: a credit is spent once."""
    signs: list[Floats] = []
    left: list[Floats] = []
    for finding, overlaps in zip(counted, _overlaps(counted, graph), strict=True):
        term = finding.code.code
        if finding.status == "absent":
            says = graph.log_absence_ratios(term)[None]
        else:
            says = graph.evidence(term).signs
            for other, share in overlaps:
                said = np.minimum(says, np.float32(share) * left[other])
                says = says - said
                left[other] = left[other] - said
        signs.append(says)
        left.append(says)
    return tuple(signs)


def _risks(
    findings: Sequence[Finding],
    counted: Sequence[Finding],
    signs: Sequence[Floats],
    graph: KnowledgeGraph,
) -> dict[Finding, Floats]:
    """Findings, also of the past, that raise the risk of diseases: 1 for each of these, (D,).

    Only of diseases that some present finding speaks for: a smoker's headache is no lung cancer.
    """
    given = ((finding, graph.risk(term)) for term, finding in risk_terms(findings, graph).items())
    risks = {finding: risk for finding, risk in given if risk.any()}
    if not risks:
        return {}
    raised = np.flatnonzero(sum(risks.values()))
    speaks = np.zeros(len(graph.diseases), np.bool_)
    for finding, says in zip(counted, signs, strict=True):
        if finding.status != "absent" and not graph.is_circumstance(finding.code.code):
            speaks[raised] |= (says[:, raised] > 0).any(axis=0)
    found = ((finding, risk * speaks) for finding, risk in risks.items())
    return {finding: risk for finding, risk in found if risk.any()}


def pictured(expected: Floats, reported: Floats) -> Floats:
    """`engine.fusion.PICTURE` of each disease, (2, D)."""
    return np.stack([expected - reported, reported / np.maximum(expected, LEAST_EXPECTED)])


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


def has_evidence(ranked: Features | Ranking) -> bool:
    """Something counts that was not just looked for in vain; without it nothing is ranked."""
    return any(finding.status != "absent" for finding in ranked.findings)


def chances(ranking: Ranking, graph: KnowledgeGraph) -> Probabilities | None:
    """Calibrated probabilities of a ranking; None where its weights are not calibrated."""
    if ranking.fusion.calibration is None or not ranking.order:
        return None
    return probabilities(ranking.scores, known(graph), ranking.fusion.calibration)


def known(graph: KnowledgeGraph) -> Known:
    """What calibration weighs of every disease beside its score."""
    return Known(late=graph.standing["late"], common=graph.standing["complete"])


def diagnosis(
    ranking: Ranking, disease: int, graph: KnowledgeGraph, chance: Probabilities | None = None
) -> Diagnosis:
    """One disease (by position) with its contributions, the heaviest first.

    chance: of the ranking, see `chances`; without it the diagnosis has no posterior.
    """
    contributions = [
        _contribution(finding, float(part), disease, graph)
        for finding, part in zip(ranking.findings, ranking.parts[:, disease], strict=True)
    ]
    contributions += [
        _raised(finding, float(part), disease, graph)
        for finding, part in zip(ranking.risks, ranking.risk_parts[:, disease], strict=True)
        if part > 0
    ]
    contributions.sort(key=lambda c: (-abs(c.log_lr), c.finding.code.code))
    return Diagnosis(
        disease=graph.diseases[disease],
        prior=float(ranking.priors[disease]),
        prior_because=graph.prior_reasons(ranking.patient, disease),
        picture=Picture(
            expected=float(ranking.expected[disease]),
            reported=float(ranking.reported[disease]),
            log_lr=float(ranking.picture[disease]),
        ),
        contributions=tuple(contributions),
        scale=_scale(ranking, chance),
    )


def _scale(ranking: Ranking, chance: Probabilities | None) -> Scale | None:
    calibration = ranking.fusion.calibration
    if calibration is None or chance is None:
        return None
    return Scale(calibration.temperature, chance.log_total)


def _contribution(
    finding: Finding, log_lr: float, disease: int, graph: KnowledgeGraph
) -> Contribution:
    match, edge = graph.edge(finding.code.code, disease)
    if log_lr == 0 and match in ("ancestor", "related"):
        match, edge = "none", None
    return Contribution(finding, graph.diseases[disease].code, log_lr, match, edge)


def _raised(finding: Finding, log_lr: float, disease: int, graph: KnowledgeGraph) -> Contribution:
    edge = graph.risk_edge(finding.code.code, disease)
    return Contribution(finding, graph.diseases[disease].code, log_lr, "risk", edge)


def _mixed(ratios: Floats, probability: float | None) -> Floats:
    """ln of the likelihood ratio of a finding that holds only with a calibrated probability."""
    if probability is None:
        return ratios
    return np.log(probability * np.exp(ratios) + (1 - probability))


def _overlaps(counted: Sequence[Finding], graph: KnowledgeGraph) -> list[list[tuple[int, float]]]:
    """For each finding the present ones before it that say part of it: position and share, 0 to 1.

    The share is the information of their most informative common ancestor (Resnik) over that of
    the finding, to the power `OVERLAP_POWER`; of one that implies the finding it is 1.
    """
    lineages = [{f.code.code, *graph.ancestors(f.code.code)} for f in counted]
    terms = set[str]().union(*lineages)
    said = {term: graph.information_content(term) for term in terms if graph.is_phenotype(term)}
    lineages = [terms & said.keys() for terms in lineages]
    found: list[list[tuple[int, float]]] = []
    for i, finding in enumerate(counted):
        whole = said[finding.code.code]
        shares = [
            (j, max((said[term] for term in lineages[i] & lineages[j]), default=0.0) / whole)
            for j in range(i)
            if counted[j].status != "absent" and finding.status != "absent" and whole > 0
        ]
        found.append([(j, s**OVERLAP_POWER) for j, s in shares if s >= LEAST_OVERLAP])
    return found


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
