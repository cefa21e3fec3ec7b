from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import PHENOTYPES, finding, findings

from engine.interview import effort, next_steps, still_open
from engine.merge import merge
from engine.rank import Ranking, rank
from engine.types import Acquisition, Finding, Patient
from knowledge_graph.memory import MemoryGraph

ROOT = "HP:0000118"
LENS, AORTA, DELAY, SEIZURE = "HP:0001083", "HP:0002616", "HP:0001263", "HP:0001250"
quick = settings(max_examples=15, deadline=None)


def ranked(given: list[Finding], graph: MemoryGraph) -> Ranking:
    return rank(merge(given), Patient(), graph)


@quick
@given(findings, st.sets(st.sampled_from(PHENOTYPES), max_size=3))
def test_a_question_is_not_answered_yet_and_repeats_no_other(
    graph: MemoryGraph, given: list[Finding], unknown: set[str]
) -> None:
    ranking = ranked(given, graph)
    steps = next_steps(ranking, graph, unknown=unknown)
    asked = [step.finding.code for step in steps]
    yes = {f.code.code for f in ranking.findings if f.status != "absent"}
    no = {f.code.code for f in ranking.findings if f.status == "absent"} | unknown
    assert len(steps) <= (0 if {ROOT} & no else 3)
    assert steps or {ROOT} & no
    for term in asked:
        assert term not in yes.union(*map(graph.ancestors, yes))
        assert not no & {term, *graph.ancestors(term)}
        assert not graph.ancestors(term) & set(asked)


@quick
@given(findings)
def test_steps_carry_bits_and_come_by_their_worth(graph: MemoryGraph, given: list[Finding]) -> None:
    steps = next_steps(ranked(given, graph), graph)
    worths = [s.information * effort(graph.acquisition(s.finding.code)) for s in steps]
    assert all(step.information > 0 for step in steps)
    assert worths == sorted(worths, reverse=True)
    for step in steps:
        known = graph.acquisition(step.finding.code)
        assert (step.how, step.test, step.source) == (known.step, known.test, known.source)
        assert not set(step.yes) & set(step.no)


def test_the_order_of_the_findings_does_not_matter(graph: MemoryGraph) -> None:
    given = [finding(LENS), finding(AORTA, "absent"), finding(DELAY)]
    assert next_steps(ranked(given, graph), graph) == next_steps(ranked(given[::-1], graph), graph)


def test_a_yes_moves_the_ranking_towards_what_it_favours(graph: MemoryGraph) -> None:
    before = ranked([finding(LENS)], graph)
    for step in next_steps(before, graph):
        after = ranked([finding(LENS), finding(step.finding.code)], graph)
        for disease in step.yes:
            place = graph.disease_index[disease.code]
            assert after.scores[place] > before.scores[place]
            better = np.sum(before.scores > before.scores[place])
            assert np.sum(after.scores > after.scores[place]) <= better


def test_what_costs_more_must_tell_more() -> None:
    def burden(cost: str, invasiveness: str) -> float:
        return effort(Acquisition("order", "test", cost, invasiveness, "test"))  # pyright: ignore[reportArgumentType]

    assert burden("none", "none") == 1
    assert 1 > burden("low", "none") > burden("medium", "none") > burden("high", "none") > 0
    assert 1 > burden("none", "minimal") > burden("none", "invasive") > 0


def test_what_is_open(graph: MemoryGraph) -> None:
    generalized, abnormal_physiology = "HP:0002197", "HP:0012638"
    asked = [SEIZURE, generalized, abnormal_physiology, "HP:0000118", "HP:0000005"]
    nothing = ranked([], graph)
    assert list(still_open(asked, nothing, graph)) == asked[:3]
    present = ranked([finding(SEIZURE)], graph)
    assert list(still_open(asked, present, graph)) == [generalized]
    absent = ranked([finding(SEIZURE, "absent")], graph)
    assert list(still_open(asked, absent, graph)) == [abnormal_physiology]
    unknown = still_open(asked, nothing, graph, unknown=[SEIZURE])
    assert list(unknown) == [abnormal_physiology]


def test_shares_are_those_of_the_profiles(graph: MemoryGraph) -> None:
    shares = graph.shares
    marfan = graph.disease_index["OMIM:154700"]
    of_all = shares.of(LENS, len(graph.diseases))
    places = np.array([marfan, 0, 1])
    among = shares.among(LENS, places)
    assert (among[:3] == of_all[places]).all()
    assert among[3] == np.float64(shares.background[shares.index[LENS]]) < of_all[marfan] < 1
