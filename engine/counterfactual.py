"""What the ranking rests on: each finding left out in turn, and everything ranked again.

Ranking again, and not subtracting the finding's contribution, because a finding that it implied
then counts for more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from engine.protocols import Floats, KnowledgeGraph
from engine.rank import Ranking, has_evidence, rank
from engine.types import Code, Counterfactual, Finding

TRIED = 8
"""Findings left out for `counterfactuals`, the heaviest among the first `LOOKED_AT` diseases."""
LOOKED_AT = 10
TOLD = 3
"""Counterfactuals of a result, and the places whose order makes one matter."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one disease would stand without one finding.

    rank: from 1; None when nothing could be ranked then, or it is no candidate. gap: as in `gap`.
    """

    finding: Code
    rank: int | None
    gap: float | None


def counterfactuals(ranking: Ranking, graph: KnowledgeGraph) -> tuple[Counterfactual, ...]:
    """The findings without which the ranking would change most, at most `TOLD`.

    First those that decide the first place, then those that decide the order of the first `TOLD`,
    then by what they do to the lead of the first. Findings that do nothing of this are left out.
    """
    if not ranking.order or not has_evidence(ranking):
        return ()
    before = ranking.order[:TOLD]
    lead = gap(ranking.scores, before[0])
    if lead is None:
        return ()
    found: list[tuple[tuple[bool, bool, float, str], Counterfactual]] = []
    for finding, without in _each_left_out(ranking, _heaviest(ranking), graph):
        change = (gap(without.scores, before[0]) or 0.0) - lead
        ranked = has_evidence(without)
        after = without.order[:TOLD] if ranked else ()
        if after == before and change == 0:
            continue
        told = Counterfactual(
            finding=finding.code,
            top_without=graph.diseases[after[0]] if after else None,
            rank_of_top=place(without, before[0]),
            change=change,
        )
        order = (after[:1] == before[:1], after == before, -abs(change), finding.code.code)
        found.append((order, told))
    return tuple(told for _, told in sorted(found, key=lambda pair: pair[0])[:TOLD])


def standings(ranking: Ranking, disease: int, graph: KnowledgeGraph) -> tuple[Standing, ...]:
    """Where a disease (by position) would stand without each finding that counts.

    The finding that it needs most comes first: by gap, then by code.
    """
    found = [
        Standing(finding.code, place(without, disease), gap(without.scores, disease))
        for finding, without in _each_left_out(ranking, ranking.findings, graph)
    ]
    return tuple(sorted(found, key=lambda s: (s.gap or 0.0, s.finding.code)))


def place(ranking: Ranking, disease: int) -> int | None:
    """The rank of a disease (by position) from 1; equal scores in the order of the graph.

    None when nothing is ranked, or it is no candidate.
    """
    scores = ranking.scores
    if not has_evidence(ranking) or not np.isfinite(scores[disease]):
        return None
    ahead = np.sum(scores > scores[disease]) + np.sum(scores[:disease] == scores[disease])
    return int(ahead) + 1


def gap(scores: Floats, disease: int) -> float | None:
    """Lead of a disease (by position) over the best of the others, ln odds; negative if behind.

    None when it is no candidate, or the only one.
    """
    others = np.delete(scores, disease)
    best = others.max(initial=-np.inf)
    if not np.isfinite(scores[disease]) or not np.isfinite(best):
        return None
    return float(scores[disease]) - float(best)


def _each_left_out(
    ranking: Ranking, findings: Sequence[Finding], graph: KnowledgeGraph
) -> Iterator[tuple[Finding, Ranking]]:
    every = (*ranking.findings, *(r for r in ranking.risks if r not in ranking.findings))
    for finding in findings:
        others = [other for other in every if other.code.code != finding.code.code]
        yield finding, rank(others, ranking.patient, graph, top=TOLD, fusion=ranking.fusion)


def _heaviest(ranking: Ranking) -> list[Finding]:
    """The findings that say most about any of the first diseases; at most `TRIED`."""
    first = list(ranking.order[:LOOKED_AT])
    parts = np.concatenate([ranking.parts[:, first], ranking.risk_parts[:, first]])
    weights = np.abs(parts).max(axis=1, initial=0)
    every = (*ranking.findings, *ranking.risks)
    heaviest: list[int] = np.argsort(-weights, kind="stable").tolist()
    once: dict[str, Finding] = {}
    for i in heaviest:
        once.setdefault(every[i].code.code, every[i])
    return list(once.values())[:TRIED]
