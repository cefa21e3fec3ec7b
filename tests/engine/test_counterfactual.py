from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from strategies import finding, findings

from engine.counterfactual import TOLD, counterfactuals, gap, place, standings
from engine.fusion import NAMES, Fusion
from engine.merge import merge
from engine.rank import Ranking, diagnosis, rank
from engine.types import Finding, Patient
from knowledge_graph.memory import MemoryGraph

quick = settings(max_examples=25)
SIGNS = ("HP:0001083", "HP:0002616", "HP:0001166", "HP:0100775", "HP:0000768", "HP:0000545")


def ranked(graph: MemoryGraph, given: list[Finding]) -> Ranking:
    return rank(merge(given), Patient(), graph)


@quick
@given(findings)
def test_each_counterfactual_is_what_ranking_without_the_finding_gives(
    graph: MemoryGraph, given: list[Finding]
) -> None:
    before = ranked(graph, given)
    for told in counterfactuals(before, graph):
        after = ranked(graph, [f for f in given if f.code.code != told.finding.code])
        first = before.order[0]
        assert told.rank_of_top == place(after, first)
        if told.top_without is None:
            assert all(f.status == "absent" for f in after.findings)
            continue
        assert told.top_without == graph.diseases[after.order[0]]
        lead = before.scores[first] - before.scores[before.order[1]]
        others = [d for d in after.order[:2] if d != first]
        then = after.scores[first] - after.scores[others[0]]
        assert told.change == pytest.approx(float(then - lead), abs=1e-4)


@quick
@given(findings)
def test_what_decides_the_first_place_is_told_first(
    graph: MemoryGraph, given: list[Finding]
) -> None:
    before = ranked(graph, given)
    told = counterfactuals(before, graph)
    assert len(told) <= TOLD
    deciding = [t.rank_of_top != 1 for t in told]
    assert deciding == sorted(deciding, reverse=True)
    counted = {f.code.code for f in (*before.findings, *before.risks)}
    assert {t.finding.code for t in told} <= counted


def test_the_finding_that_carries_the_diagnosis_is_named(graph: MemoryGraph) -> None:
    before = ranked(graph, [finding(term) for term in SIGNS])
    first, *_ = counterfactuals(before, graph)
    assert graph.diseases[before.order[0]].code == "OMIM:154700"
    assert first.finding.code == "HP:0001083"  # ectopia lentis
    assert first.change < 0


def test_a_risk_of_the_past_that_decides_the_first_place_is_named(graph: MemoryGraph) -> None:
    """Chest pain, and obesity in the past."""
    past = finding("HP:0001513", context="historical")
    sign = finding("HP:0100749")
    before = ranked(graph, [sign, past])
    without = ranked(graph, [sign])
    assert before.order[0] != without.order[0]
    told = {t.finding.code: t for t in counterfactuals(before, graph)}
    assert told[past.code.code].top_without == graph.diseases[without.order[0]]


def test_what_is_left_out_is_ranked_with_the_same_weights(graph: MemoryGraph) -> None:
    other = Fusion(tuple(float(name in ("ratio", "prior")) for name in NAMES))
    given = [finding(term) for term in SIGNS]
    before = rank(given, Patient(), graph, fusion=other)
    found = counterfactuals(before, graph)
    assert found
    for told in found:
        kept = [f for f in given if f.code.code != told.finding.code]
        after = rank(kept, Patient(), graph, fusion=other)
        assert told.rank_of_top == place(after, before.order[0])
        lead = gap(before.scores, before.order[0])
        assert lead is not None
        assert told.change == pytest.approx((gap(after.scores, before.order[0]) or 0) - lead)


def test_without_the_only_finding_nothing_is_ranked(graph: MemoryGraph) -> None:
    (told,) = counterfactuals(ranked(graph, [finding("HP:0001083")]), graph)
    assert (told.top_without, told.rank_of_top) == (None, None)
    assert counterfactuals(ranked(graph, [finding("HP:0001083", "absent")]), graph) == ()
    assert counterfactuals(ranked(graph, []), graph) == ()


@quick
@given(findings)
def test_standings_tell_of_every_finding_that_counts(
    graph: MemoryGraph, given: list[Finding]
) -> None:
    before = ranked(graph, given)
    position = graph.disease_index["OMIM:154700"]
    found = standings(before, position, graph)
    assert sorted(s.finding.code for s in found) == sorted(f.code.code for f in before.findings)
    gaps = [s.gap for s in found if s.gap is not None]
    assert gaps == sorted(gaps)


def test_place_agrees_with_the_order(graph: MemoryGraph) -> None:
    """Equal scores are common after one general finding; the list and the rank say the same."""
    ranking = ranked(graph, [finding("HP:0001250")])
    assert [place(ranking, d) for d in ranking.order] == list(range(1, len(ranking.order) + 1))


def test_a_grouping_has_no_place_and_no_gap(graph: MemoryGraph) -> None:
    ranking = ranked(graph, [finding("HP:0001250")])
    grouping = next(i for i, entry in enumerate(graph.entries) if entry.grouping)
    assert place(ranking, grouping) is None
    assert gap(ranking.scores, grouping) is None
    assert gap(np.array([1.0], np.float32), 0) is None


@quick
@given(findings)
def test_without_evidence_for_it_a_disease_is_never_more_probable(
    graph: MemoryGraph, given: list[Finding]
) -> None:
    """Where the finding implies no other that counts: one that does gives its share to those."""
    before = ranked(graph, given)
    counted = {f.code.code for f in before.findings if f.status == "present"}
    for i, seen in enumerate(before.findings):
        if seen.status == "absent" or graph.ancestors(seen.code.code) & counted:
            continue
        after = ranked(graph, [f for f in given if f.code.code != seen.code.code])
        for disease in before.order[:3]:
            if before.parts[i, disease] > 0:
                with_it = diagnosis(before, disease, graph).log_lr
                assert diagnosis(after, disease, graph).log_lr <= with_it + 1e-5
