from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import finding, findings

from engine.risk import listed_problems, risk_terms
from engine.run import assess
from engine.types import (
    Code,
    CodedEntry,
    Finding,
    PatientBundle,
    Phenotype,
    Statement,
    StatementKind,
)
from knowledge_graph.memory import MemoryGraph

SMOKING = "KONSIL:long-term-tobacco-smoking"
quick = settings(max_examples=30, deadline=None)


def stated(text: str, *codes: Code, kind: StatementKind = "condition") -> Statement:
    return Statement("Condition/1", kind, codes, text, recorded=datetime(2020, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("given", "counts"),
    [
        (finding("HP:0002099"), True),
        (finding("HP:0002099", context="historical"), True),
        (finding("HP:0002099", context="family"), False),
        (finding("HP:0002099", context="hypothetical"), False),
        (finding("HP:0002099", "absent"), False),
        (finding("HP:0002099", "uncertain"), False),
        (finding("HP:0000006"), False),  # a mode of inheritance
        (finding("HP:9999999"), False),
        (finding(SMOKING, context="family"), False),  # it is the mother who smokes
        (finding("KONSIL:family-history-of-bowel-cancer", context="family"), True),
        (finding("KONSIL:relative-with-the-same-condition", context="family"), True),
    ],
)
def test_what_is_or_was_there_may_count_as_a_risk(
    graph: MemoryGraph, given: Finding, *, counts: bool
) -> None:
    assert risk_terms([given], graph) == ({given.code.code: given} if counts else {})


@quick
@given(findings, st.randoms())
def test_todays_finding_stands_for_the_same_of_the_past(
    graph: MemoryGraph, given: list[Finding], random: object
) -> None:
    random.shuffle(given)  # pyright: ignore[reportAttributeAccessIssue]
    terms = risk_terms(given, graph)
    assert list(terms) == sorted(terms)
    now = {f.code.code for f in given if f.status == "present" and f.context == "current"}
    for term, chosen in terms.items():
        assert (chosen.context == "current") == (term in now)


@pytest.mark.parametrize(
    ("statement", "term"),
    [
        (stated("Asthma"), "HP:0002099"),
        (stated("195967001", Code("SNOMED", "195967001", "Asthma (disorder)")), "HP:0002099"),
        (stated("high blood pressure, diet"), None),
        (stated("Asthma", kind="family"), None),
    ],
)
def test_a_problem_is_a_finding_of_the_past_by_its_exact_name(
    graph: MemoryGraph, statement: Statement, term: str | None
) -> None:
    read = listed_problems([statement], graph)
    assert [f.code.code for f in read.findings] == ([term] if term else [])
    for found in read.findings:
        assert (found.status, found.context) == ("present", "historical")
        assert found.recorded == statement.recorded
        (cited,) = found.citations
        assert isinstance(cited, CodedEntry)
        assert cited.item == statement.id
    assert bool(read.models) == bool(term)


def test_a_problem_is_shown_and_never_an_answer_nor_a_sign(graph: MemoryGraph) -> None:
    fever = Phenotype("p", Code("HPO", "HP:0001945"))
    listed = (stated("Asthma"), Statement("Condition/2", "condition", (), "Rare thing"))
    plain = assess(PatientBundle("fhir", "", phenotypes=(fever,)), graph).result()
    with_problems = assess(
        PatientBundle("fhir", "", phenotypes=(fever,), statements=listed), graph
    ).result()
    assert not {d.disease.display for d in with_problems.ranked} & {"Asthma", "Rare thing"}
    known = {d.disease.code: d for d in plain.ranked}
    for diagnosis in with_problems.ranked:
        because = [c for c in diagnosis.contributions if c.finding.code.display == "Asthma"]
        assert {c.match for c in because} <= {"risk"}
        if not because and (before := known.get(diagnosis.disease.code)):
            assert replace(diagnosis, scale=before.scale) == before  # shares sum over all
    assert [f.code.display for f in with_problems.findings] == ["Fever", "Asthma"]
    reasons = {skipped.item: skipped.reason for skipped in with_problems.skipped}
    assert reasons["HP:0002099 Asthma"] == "historical: kept, but not counted as present"
    assert reasons["Condition/2"] == "on the problem list: history, never an answer (Rare thing)"
    assert "Condition/1" not in reasons
