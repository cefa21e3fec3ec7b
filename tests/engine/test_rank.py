from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import PHENOTYPES, finding, findings

from engine.merge import merge
from engine.rank import countable, diagnosis, rank
from engine.types import Finding, Patient
from knowledge_graph.memory import MemoryGraph

MARFAN = "OMIM:154700"
quick = settings(max_examples=30, deadline=None)


@quick
@given(findings, st.randoms())
def test_order_does_not_matter(graph: MemoryGraph, given: list[Finding], random: object) -> None:
    shuffled = list(given)
    random.shuffle(shuffled)  # pyright: ignore[reportAttributeAccessIssue]
    one = rank(merge(given), Patient(), graph, top=20)
    two = rank(merge(shuffled), Patient(), graph, top=20)
    assert one.order == two.order
    assert np.array_equal(one.scores, two.scores)


@quick
@given(findings)
def test_a_finding_with_ratio_one_changes_nothing(graph: MemoryGraph, given: list[Finding]) -> None:
    """The root of all phenotypes is shown by everybody: its likelihood ratio is 1."""
    root = finding("HP:0000118")
    without = rank(merge(given), Patient(), graph, top=20)
    with_root = rank(merge([*given, root]), Patient(), graph, top=20)
    assert with_root.order == without.order
    assert np.array_equal(with_root.scores, without.scores)


@quick
@given(findings)
def test_present_findings_never_count_against(graph: MemoryGraph, given: list[Finding]) -> None:
    ranking = rank(merge(given), Patient(), graph)
    for counted, part in zip(ranking.findings, ranking.parts, strict=True):
        if counted.status == "absent":
            assert part.max() <= 0
        else:
            assert part.min() >= 0


@quick
@given(findings)
def test_the_score_is_the_sum_of_its_contributions(
    graph: MemoryGraph, given: list[Finding]
) -> None:
    ranking = rank(merge(given), Patient(), graph, top=3)
    for position in ranking.order:
        found = diagnosis(ranking, position, graph)
        expected = float(ranking.scores[position] - np.log(ranking.priors[position]))
        assert found.log_lr == pytest.approx(expected, abs=1e-4)
        assert 0 <= found.posterior <= 1
        for contribution in found.contributions:
            if contribution.edge is not None:
                edges = list(graph.annotations(position))
                assert contribution.edge in edges
                assert contribution.edge.sources


def test_posterior_follows_from_odds_and_ratios(graph: MemoryGraph) -> None:
    ranking = rank((finding("HP:0001083"),), Patient(), graph)
    found = diagnosis(ranking, graph.disease_index[MARFAN], graph)
    odds = found.prior / (1 - found.prior) * math.exp(found.log_lr)
    assert found.posterior == pytest.approx(odds / (1 + odds))


def test_a_finding_implied_by_another_adds_only_the_rest(graph: MemoryGraph) -> None:
    specific, general = "HP:0002197", "HP:0001250"  # generalized-onset seizure implies seizure
    both = rank((finding(general), finding(specific)), Patient(), graph)
    alone = {t: rank((finding(t),), Patient(), graph).parts[0] for t in (specific, general)}
    assert np.allclose(both.parts.sum(axis=0), np.maximum(alone[specific], alone[general]))


def test_only_current_findings_count(graph: MemoryGraph) -> None:
    given = [finding(PHENOTYPES[0], context=c) for c in ("historical", "family", "hypothetical")]
    assert countable(given, graph) == ()
    assert countable([finding(PHENOTYPES[0], "uncertain")], graph) == ()


def test_present_wins_over_absent(graph: MemoryGraph) -> None:
    given = [finding("HP:0001250"), finding("HP:0001250", "absent")]
    assert [f.status for f in countable(given, graph)] == ["present"]


def test_an_uncertain_finding_with_a_probability_lies_between(graph: MemoryGraph) -> None:
    from dataclasses import replace

    sure = finding("HP:0001083")
    position = graph.disease_index[MARFAN]

    def part(probability: float) -> float:
        unsure = replace(sure, status="uncertain", probability=probability)
        return float(rank((unsure,), Patient(), graph).parts[0, position])

    full = float(rank((sure,), Patient(), graph).parts[0, position])
    assert part(0) == 0
    assert part(1) == pytest.approx(full, abs=1e-5)
    assert 0 < part(0.3) < part(0.6) < full


def test_absence_is_weak_evidence(graph: MemoryGraph) -> None:
    position = graph.disease_index[MARFAN]
    frequent = "HP:0100775"  # dural ectasia: most patients with Marfan syndrome
    part = rank((finding(frequent, "absent"),), Patient(), graph).parts[0, position]
    assert -0.5 < part < 0


def test_groupings_are_never_ranked(graph: MemoryGraph) -> None:
    ranking = rank((finding("HP:0001250"),), Patient(), graph, top=12_000)
    assert not any(graph.entries[i].grouping for i in ranking.order)
