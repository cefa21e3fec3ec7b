"""Plan knowledge of the packaged graph."""

from __future__ import annotations

import pytest

from engine.plan import make_plan
from engine.protocols import PlanKnowledge
from engine.types import Code, Statement
from knowledge_graph.curated import SOURCE
from knowledge_graph.memory import MemoryGraph
from knowledge_graph.planning import GraphPlanKnowledge, plan_knowledge
from knowledge_graph.sources.pharmacology import drug_id


@pytest.fixture(scope="module")
def knowledge(graph: MemoryGraph) -> GraphPlanKnowledge:
    return plan_knowledge(graph)


def position(graph: MemoryGraph, name: str) -> int:
    found = graph.find_disease(name)
    assert found is not None
    return found


def test_it_is_plan_knowledge_and_kept_for_a_graph(graph: MemoryGraph) -> None:
    knowledge: PlanKnowledge = plan_knowledge(graph)
    assert plan_knowledge(graph) is knowledge


def test_facts_of_a_disease_are_those_of_the_graph(
    graph: MemoryGraph, knowledge: GraphPlanKnowledge
) -> None:
    facts = knowledge.disease(position(graph, "ST-elevation myocardial infarction"))
    assert facts.urgency == "emergency"
    assert "syncope" in [flag.text for flag in facts.red_flags]
    for predicate, listed in (
        ("confirms", facts.confirm),
        ("excludes", facts.exclude),
        ("treats", facts.treatments),
    ):
        stated = [
            (edge.subject, edge.sources)
            for edge in graph.facts
            if edge.predicate == predicate and edge.object == facts.disease.code
        ]
        assert [(item.what.code, item.sources) for item in listed] == stated
        assert stated


def test_a_rare_disease_has_no_urgency_and_nothing_is_made_up(
    graph: MemoryGraph, knowledge: GraphPlanKnowledge
) -> None:
    facts = knowledge.disease(position(graph, "OMIM:154700"))
    assert (facts.urgency, facts.red_flags, facts.treatments) == (None, (), ())


def test_a_red_flag_called_as_a_finding_is_that_finding(
    graph: MemoryGraph, knowledge: GraphPlanKnowledge
) -> None:
    flags = knowledge.disease(position(graph, "Pulmonary embolism")).red_flags
    terms = {flag.text: flag.term for flag in flags}
    assert terms["syncope"] == "HP:0001279"
    assert terms["oxygen saturation below 90 percent"] is None


@pytest.mark.parametrize(
    ("codes", "text"),
    [
        ((), "asthma"),
        ((Code("ICD-10-CM", "J45.909"),), "wheezy chest"),
        ((Code("", "", "Asthma"),), "wheezy chest"),
    ],
)
def test_a_problem_is_found_by_code_or_exact_name(
    knowledge: GraphPlanKnowledge, codes: tuple[Code, ...], text: str
) -> None:
    found = knowledge.conditions(Statement("c", "condition", codes, text))
    assert "Asthma" in [disease.display for disease in found]


@pytest.mark.parametrize(
    "code",
    [
        Code("OMIM", "OMIM:154700"),
        Code("http://www.orpha.net", "558"),
        Code("http://www.omim.org", "154700"),
    ],
)
def test_a_problem_is_found_in_every_catalogue(knowledge: GraphPlanKnowledge, code: Code) -> None:
    found = knowledge.conditions(Statement("c", "condition", (code,), "x"))
    assert "OMIM:154700" in [disease.code for disease in found]


def test_an_unknown_problem_is_none(knowledge: GraphPlanKnowledge) -> None:
    code = Code("http://snomed.info/other", "154700")
    assert knowledge.conditions(Statement("c", "condition", (code,), "asthmatic")) == ()


def test_what_to_avoid_names_its_medicines(
    graph: MemoryGraph, knowledge: GraphPlanKnowledge
) -> None:
    asthma = graph.diseases[position(graph, "Asthma")].code
    avoided = {a.what.display: a for a in knowledge.avoided(asthma)}
    beta = avoided["Non-selective beta-blockers"]
    assert drug_id("propranolol") in beta.ingredients
    assert drug_id("bisoprolol") not in beta.ingredients
    assert (beta.conditional, beta.sources) == (False, (SOURCE,))
    assert beta.because


def test_interactions_are_those_among_the_given(knowledge: GraphPlanKnowledge) -> None:
    pair = {drug_id("warfarin"), drug_id("ibuprofen")}
    (found,) = knowledge.interactions(pair)
    assert {found.one, found.other} == pair
    assert (found.severity, found.sources) == ("major", (SOURCE,))
    assert knowledge.interactions({drug_id("warfarin")}) == ()


def test_penicillins_share_an_allergy_and_cephalosporins_are_another_class(
    graph: MemoryGraph, knowledge: GraphPlanKnowledge
) -> None:
    def alerts(drug: str, allergy: str) -> list[str | None]:
        record = (Statement("m", "medication", (), drug), Statement("a", "allergy", (), allergy))
        found = make_plan(record, (), knowledge=knowledge, vocabulary=graph, posteriors=None)
        return [alert.severity for alert in found.alerts]

    assert alerts("Augmentin 625 mg", "Penicillin V") == ["same class"]
    assert alerts("Augmentin 625 mg", "allergic to penicillins") == ["same class"]
    assert alerts("Augmentin 625 mg", "Amoxil") == ["same ingredient"]
    assert alerts("Ceftriaxone 1 g iv", "Penicillin") == []
    assert alerts("Co-trimoxazole 960 mg", "Sulfa drugs") == ["same class"]
    assert alerts("Ibuprofen", "Aspirin") == ["same class"]
    assert alerts("Clopidogrel", "Aspirin") == []


def test_every_treatment_of_the_graph_can_be_planned(
    graph: MemoryGraph, knowledge: GraphPlanKnowledge
) -> None:
    record = (
        Statement("m", "medication", (), "Warfarin 5 mg"),
        Statement("a", "allergy", (), "Penicillin"),
        Statement("c", "condition", (), "Asthma"),
    )
    common = [i for i, entry in enumerate(graph.entries) if "urgency" in entry.course]
    found = make_plan(
        record,
        (),
        knowledge=knowledge,
        vocabulary=graph,
        posteriors=[(i, 1.0) for i in common],
    )
    assert len({t.disease for t in found.treatments}) == len(common)
    assert all(t.sources for t in (*found.tests, *found.treatments))
    azithromycin = [
        t for t in found.treatments if t.treatment.display.startswith("Azithromycin if")
    ]
    assert all(w.kind != "allergy" for t in azithromycin for w in t.warnings)
    warned = {w.kind for t in found.treatments for w in t.warnings}
    assert warned == {"allergy", "contraindication", "interaction", "duplicate"}
