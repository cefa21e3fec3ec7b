from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import PHENOTYPES, finding, findings

from engine.fusion import SIGNS
from engine.merge import merge
from engine.protocols import Floats
from engine.rank import chances, countable, diagnosis, features, rank
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
    chance = chances(ranking, graph)
    for position in ranking.order:
        found = diagnosis(ranking, position, graph, chance)
        whole = math.log(found.prior) + found.picture.log_lr
        whole += math.fsum(c.log_lr for c in found.contributions)
        assert whole == pytest.approx(float(ranking.scores[position]), abs=1e-4)
        assert found.log_lr == pytest.approx(whole - math.log(found.prior), abs=1e-9)
        assert diagnosis(ranking, position, graph).posterior is None
        assert chance is not None
        expected = chance.shares[position] * chance.shared
        assert found.posterior == pytest.approx(float(expected), rel=1e-3, abs=1e-9)


@quick
@given(findings)
def test_what_speaks_for_a_disease_is_cited(graph: MemoryGraph, given: list[Finding]) -> None:
    ranking = rank(merge(given), Patient(), graph, top=10)
    for position in ranking.order:
        edges = list(graph.annotations(position))
        for told in diagnosis(ranking, position, graph).contributions:
            assert (told.edge is not None) or told.log_lr <= 0
            if told.edge is None:
                continue
            assert told.edge.sources
            if told.match == "risk":
                assert told.edge == graph.risk_edge(told.finding.code.code, position)
            else:
                assert told.edge in edges


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
    fever = "HP:0001945"
    position = graph.find_disease("Dengue fever")
    assert position is not None
    part = rank((finding(fever, "absent"),), Patient(), graph).parts[0, position]
    assert -1 < part < 0


@quick
@given(st.sampled_from(PHENOTYPES))
def test_absence_counts_only_against_a_complete_picture(graph: MemoryGraph, term: str) -> None:
    ranking = rank(merge([finding(term, "absent")]), Patient(), graph)
    partial = graph.standing["complete"] == 0
    assert (ranking.parts[:, partial] == 0).all()


def test_groupings_are_never_ranked(graph: MemoryGraph) -> None:
    ranking = rank((finding("HP:0001250"),), Patient(), graph, top=12_000)
    assert not any(graph.entries[i].grouping for i in ranking.order)


def test_a_grouping_has_no_score_and_the_priors_of_the_others_sum_to_one(
    graph: MemoryGraph,
) -> None:
    for patient in (Patient(), Patient(sex="female", age_years=0.5), Patient("male", 80)):
        ranking = rank((finding("HP:0001250"),), patient, graph)
        grouping = np.array([entry.grouping for entry in graph.entries])
        assert np.isneginf(ranking.scores[grouping]).all()
        assert np.isfinite(ranking.scores[~grouping]).all()
        assert (ranking.priors[grouping] == 0).all()
        assert ranking.priors.sum(dtype=np.float64) == pytest.approx(1, abs=1e-5)


@quick
@given(findings)
def test_a_factor_of_the_past_is_a_risk_and_never_a_sign(
    graph: MemoryGraph, given: list[Finding]
) -> None:
    past = [finding(t, context="historical") for t in ("HP:0000822", "HP:0002099")]
    others = [f for f in given if f.code.code not in {"HP:0000822", "HP:0002099"}]
    before = rank(merge(others), Patient(), graph)
    after = rank(merge([*others, *past]), Patient(), graph)
    assert after.findings == before.findings
    assert np.array_equal(after.parts, before.parts)
    assert np.array_equal(after.picture, before.picture)
    signs = [f for f in after.findings if f.status != "absent"]
    shown = np.zeros(len(graph.diseases), bool)
    for seen in signs:
        if not graph.is_circumstance(seen.code.code):
            shown |= (graph.evidence(seen.code.code).signs > 0).any(axis=0)
    assert (after.risk_parts >= 0).all()
    assert not after.risk_parts[:, ~shown].any()  # a disease that no sign speaks for
    raised = after.risk_parts.sum(axis=0) - before.risk_parts.sum(axis=0)
    assert np.allclose(after.scores, before.scores + raised, atol=1e-4)  # -inf stays


def test_past_asthma_raises_what_asthma_raises(graph: MemoryGraph) -> None:
    cough, asthma = finding("HP:0012735"), finding("HP:0002099", context="historical")
    without, having = (rank(given, Patient(), graph) for given in ((cough,), (cough, asthma)))
    raised = np.flatnonzero(having.scores > without.scores)
    assert raised.size
    assert all(graph.risk("HP:0002099")[disease] for disease in raised)


# ---- Overlap ------------------------------------------------------------------------------------


def said(terms: Iterable[str], graph: MemoryGraph) -> Floats:
    """What present findings say together, by sign and disease, (S, D)."""
    given = features([finding(term) for term in terms], Patient(), graph)
    nothing = np.zeros((len(SIGNS), len(graph.diseases)), np.float32)
    return np.stack([nothing, *given.signs]).sum(axis=0)


@pytest.fixture(scope="module")
def shown(graph: MemoryGraph) -> list[str]:
    """Every finding some disease shows."""
    return [t for t in graph.shares.terms if graph.is_phenotype(t) and graph.shown_by(t)]


@quick
@given(st.data())
def test_findings_say_no_less_than_one_of_them_and_no_more_than_each_alone(
    graph: MemoryGraph, shown: list[str], data: st.DataObject
) -> None:
    drawn = data.draw(st.lists(st.sampled_from(shown), min_size=1, max_size=3, unique=True))
    above = sorted({a for t in drawn for a in graph.ancestors(t) if graph.is_phenotype(a)})
    more = data.draw(st.lists(st.sampled_from(above), max_size=4, unique=True)) if above else []
    terms = {*drawn, *more}
    together = said(terms, graph)
    alone = np.array([said([term], graph) for term in terms])
    assert (together >= alone.max(axis=0) - 1e-4).all()
    assert (together <= alone.sum(axis=0) + 1e-4).all()


@quick
@given(st.data())
def test_a_credit_is_spent_once_on_what_a_finding_implies(
    graph: MemoryGraph, shown: list[str], data: st.DataObject
) -> None:
    """Leaving out one of a finding and two that it implies never makes a disease more likely."""
    specific = data.draw(st.sampled_from(shown))
    above = sorted(a for a in graph.ancestors(specific) if graph.is_phenotype(a))
    implied = data.draw(st.lists(st.sampled_from(above), max_size=2, unique=True)) if above else []
    terms = [specific, *implied]
    together = said(terms, graph)
    for left_out in terms:
        assert (said(set(terms) - {left_out}, graph) <= together + 1e-4).all()
