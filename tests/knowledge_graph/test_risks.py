from __future__ import annotations

from typing import cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge_graph.curated import SOURCE, local_id, read_all
from knowledge_graph.memory import MemoryGraph

DIABETES, TYPE_2 = "HP:0000819", "HP:0005978"
SMOKING = local_id("Long-term tobacco smoking")
quick = settings(max_examples=60, deadline=None)


@pytest.fixture(scope="module")
def terms(graph: MemoryGraph) -> list[str]:
    """Every finding that some risk factor is, and some that none is."""
    listed = [node.properties.get("terms", ()) for node in graph.fact_nodes.values()]
    factors = {term for own in cast("list[tuple[str, ...]]", listed) for term in own}
    return [*sorted(factors), "HP:0001250", "HP:0001166", "HP:0000118", "HP:9999999"]


def test_most_edges_of_risk_factors_are_findings(graph: MemoryGraph) -> None:
    edges = [edge for edge in graph.facts if edge.predicate == "raises_risk_of"]
    resolved = [e for e in edges if graph.fact_nodes[e.subject].properties.get("terms")]
    assert len(resolved) / len(edges) > 0.7


def test_every_finding_of_a_risk_factor_is_one_that_can_be_found(
    graph: MemoryGraph, terms: list[str]
) -> None:
    assert all(graph.is_phenotype(term) for term in terms[:-2])


@pytest.mark.parametrize(
    ("factor", "expected"),
    [
        ("smoking", (SMOKING,)),  # listed
        ("hypertension", ("HP:0000822",)),  # of that very name
        ("poor hygiene", None),  # listed as no finding, though a finding has the name
        ("old age", None),
    ],
)
def test_a_risk_factor_is_what_is_listed_else_what_bears_its_name(
    graph: MemoryGraph, factor: str, expected: tuple[str, ...] | None
) -> None:
    node = graph.fact_nodes[local_id(f"RiskFactor {factor}")]
    assert node.properties.get("terms") == expected


def test_age_and_sex_alone_are_left_to_the_prior() -> None:
    (listed,) = (s.risk_factors for s in read_all() if s.risk_factors)
    assert not {"old age", "female sex", "male sex", "age over 65", "young men"} & listed.keys()


def test_a_risk_is_said_with_its_edge(graph: MemoryGraph) -> None:
    disease = int(graph.risk(TYPE_2).argmax())
    edge = graph.risk_edge(TYPE_2, disease)
    assert edge is not None
    assert (edge.predicate, edge.sources) == ("raises_risk_of", (SOURCE,))
    assert edge.object == graph.diseases[disease].code
    assert edge.stated in ("diabetes", "type 2 diabetes")


def test_the_more_specific_finding_counts_for_the_general_risk_factor(graph: MemoryGraph) -> None:
    general, specific = graph.risk(DIABETES) > 0, graph.risk(TYPE_2) > 0
    assert general.sum() > 20
    shows = graph.evidence(TYPE_2).lineage > 0
    assert not (general & ~specific & ~shows).any()


@quick
@given(st.data())
def test_a_risk_is_one_or_zero_and_has_an_edge_just_where_it_is_one(
    graph: MemoryGraph, terms: list[str], data: st.DataObject
) -> None:
    term = data.draw(st.sampled_from(terms))
    risk = graph.risk(term)
    assert risk.shape == (len(graph.diseases),)
    assert risk.dtype == np.float32
    assert set(np.unique(risk).tolist()) <= {0.0, 1.0}
    disease = data.draw(st.sampled_from([*np.flatnonzero(risk).tolist(), 0, len(risk) - 1]))
    edge = graph.risk_edge(term, disease)
    assert (edge is not None) == bool(risk[disease])


@quick
@given(st.data())
def test_a_disease_that_shows_the_finding_is_not_credited_twice(
    graph: MemoryGraph, terms: list[str], data: st.DataObject
) -> None:
    term = data.draw(st.sampled_from(terms))
    risky = np.flatnonzero(graph.risk(term)).tolist()
    assert all(graph.edge(term, disease)[0] not in ("exact", "descendant") for disease in risky)


def test_nobody_can_spoil_what_is_shared(graph: MemoryGraph) -> None:
    for term in (DIABETES, "HP:9999999"):
        with pytest.raises(ValueError, match="read-only"):
            graph.risk(term)[0] = 1


@pytest.mark.parametrize(
    ("name", "term"),
    [
        ("Asthma", "HP:0002099"),
        ("smoker", SMOKING),
        ("essential HYPERTENSION", "HP:0000822"),  # of a disease known by that
        ("Type 2 diabetes mellitus", DIABETES),  # of the names of that disease the most general
        ("Autosomal dominant inheritance", None),
        ("no such thing", None),
    ],
)
def test_a_finding_by_name(graph: MemoryGraph, name: str, term: str | None) -> None:
    assert graph.find_term(name) == term
