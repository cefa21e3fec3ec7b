"""A graph of eleven terms and five diseases, small enough to compute by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from engine.types import Patient, SourceRef
from knowledge_graph.compile import compile_graph
from knowledge_graph.frequency import UNSTATED, pooled
from knowledge_graph.matching import ANCESTOR_WEIGHT
from knowledge_graph.memory import MISFIT, MemoryGraph
from knowledge_graph.schema import PHENOTYPE_ROOT, Annotation, Term

HEART, RHYTHM, FIBRILLATION, EYE = "HP:1", "HP:2", "HP:3", "HP:4"
RED_EYE, SLOW, FAST = "HP:5", "HP:6", "HP:7"
TERMS = [
    Term("HP:0000001", "All", ()),
    Term(PHENOTYPE_ROOT, "Phenotypic abnormality", ("HP:0000001",)),
    Term(HEART, "Abnormal heart", (PHENOTYPE_ROOT,)),
    Term(RHYTHM, "Arrhythmia", (HEART,), alternatives=("HP:22",)),
    Term(FIBRILLATION, "Atrial fibrillation", (RHYTHM,)),
    Term(EYE, "Abnormal eye", (PHENOTYPE_ROOT,)),
    Term(RED_EYE, "Red eye", (EYE,)),
    Term(SLOW, "Bradycardia", (RHYTHM,)),
    Term(FAST, "Tachycardia", (RHYTHM,)),
    Term("HP:0003596", "Middle age onset", ("HP:0000001",)),
    Term("HP:0001419", "X-linked recessive inheritance", ("HP:0000001",)),
]


def row(disease: str, name: str, term: str, **more: Any) -> Annotation:
    given: dict[str, Any] = {
        "negated": False, "reference": "PMID:1", "evidence": "PCS", "onset": "",
        "frequency": "", "sex": "", "aspect": "P", "row": 1, **more,
    }  # fmt: skip
    return Annotation(disease=disease, name=name, term=term, **given)


ROWS = [
    row("OMIM:1", "Flutter disease", RHYTHM, frequency="3/4"),
    row("OMIM:1", "Flutter disease", "HP:22", frequency="4/4", reference="PMID:2; PMID:3"),
    row("OMIM:1", "Flutter disease", "HP:0003596", aspect="C"),
    row("ORPHA:1", "Flutter Disease", EYE),
    row("OMIM:2", "Eye disease", EYE, frequency="4/4"),
    row("OMIM:2", "Eye disease", "HP:0001419", aspect="I"),
    row("OMIM:3", "Fibrillation disease", FIBRILLATION, frequency="9/10"),
    row("OMIM:3", "Fibrillation disease", EYE, negated=True),
    row("ORPHA:9", "Eye diseases", EYE),
    row("OMIM:1", "Flutter disease", RED_EYE, frequency="0/5"),
    row("OMIM:4", "Racing heart", FAST, frequency="5/5"),
    row("OMIM:2", "Eye disease", "HP:99", row=77),
    row("OMIM:2", "Eye disease", HEART, frequency="often", row=78),
]


@pytest.fixture(scope="module")
def small() -> MemoryGraph:
    genes = {"OMIM:2": ("EYE1",), "ORPHA:9": ("EYE1",)}
    sources = [SourceRef("HPO", "test", "0")]
    return MemoryGraph(compile_graph(TERMS, {"HP:old": EYE}, ROWS, genes, sources))


def test_one_disease_under_two_catalogues_is_one_node(small: MemoryGraph) -> None:
    assert [d.code for d in small.diseases] == [
        "OMIM:1",
        "OMIM:2",
        "OMIM:3",
        "OMIM:4",
        "ORPHA:9",
    ]
    assert small.disease_index["ORPHA:1"] == small.disease_index["OMIM:1"] == 0


def test_a_grouping_of_omim_diseases_is_not_a_candidate(small: MemoryGraph) -> None:
    assert [entry.grouping for entry in small.entries] == [False, False, False, False, True]
    assert small.priors(Patient()).tolist() == pytest.approx([1 / 4, 1 / 4, 1 / 4, 1 / 4, 0])


def test_rows_that_cannot_be_used_are_listed(small: MemoryGraph) -> None:
    rejected = small.snapshot.names["rejected"]
    assert rejected == [
        ["HPOA", 77, "unknown term HP:99"],
        ["HPOA", 78, "not a frequency: 'often'"],
    ]


def test_likelihood_ratio_of_an_exact_match(small: MemoryGraph) -> None:
    of_rhythm = [pooled([f])[1] for f in ("7/8", "9/10", "5/5")]
    expected = math.log(of_rhythm[0] / (sum(of_rhythm) / 4))  # a grouping is no candidate
    assert small.plain_log_likelihood_ratios(RHYTHM)[0] == pytest.approx(expected, rel=1e-5)


def test_a_general_finding_meets_a_more_specific_annotation(small: MemoryGraph) -> None:
    match, edge = small.edge(HEART, 2)
    assert match == "descendant"
    assert edge is not None
    assert edge.object == FIBRILLATION


def test_a_specific_finding_meets_a_more_general_annotation(small: MemoryGraph) -> None:
    match, edge = small.edge(FIBRILLATION, 0)
    assert (match, edge and edge.object) == ("ancestor", RHYTHM)
    exact = small.plain_log_likelihood_ratios(RHYTHM)[0]
    through = small.plain_log_likelihood_ratios(FIBRILLATION)[0]
    heart = small.plain_log_likelihood_ratios(HEART)[0]
    assert through == pytest.approx(ANCESTOR_WEIGHT * max(exact, heart), rel=1e-5)


def test_a_finding_outside_the_profile_says_nothing(small: MemoryGraph) -> None:
    assert small.plain_log_likelihood_ratios(RHYTHM)[1] == 0
    assert small.edge(RHYTHM, 1) == ("none", None)


def test_a_finding_the_disease_is_stated_not_to_show_gives_no_credit(small: MemoryGraph) -> None:
    for term in (EYE, RED_EYE):
        assert small.plain_log_likelihood_ratios(term)[2] == 0
        match, edge = small.edge(term, 2)
        assert (match, edge and edge.predicate) == ("none", "lacks_phenotype")


def test_zero_of_n_patients_gives_no_credit(small: MemoryGraph) -> None:
    assert small.plain_log_likelihood_ratios(RED_EYE)[0] == 0
    match, edge = small.edge(RED_EYE, 0)
    assert (match, edge and edge.stated) == ("none", "0/5")


def test_the_opposite_of_a_listed_finding_gives_no_credit(small: MemoryGraph) -> None:
    assert small.plain_log_likelihood_ratios(FAST)[3] > 0
    assert small.plain_log_likelihood_ratios(SLOW)[3] == 0
    assert small.edge(SLOW, 3) == ("none", None)


def test_the_edge_names_every_source_and_what_it_states(small: MemoryGraph) -> None:
    _, edge = small.edge("HP:22", 0)
    assert edge is not None
    assert edge.sources == ("PMID:1", "PMID:2", "PMID:3")
    assert edge.stated == "3/4; 4/4"
    assert edge.frequency == pytest.approx(7 / 8)


def test_a_stated_absence_is_kept_as_its_own_edge(small: MemoryGraph) -> None:
    edges = {(e.predicate, e.object) for e in small.annotations(2)}
    assert edges == {("has_phenotype", FIBRILLATION), ("lacks_phenotype", EYE)}


def test_alternative_and_obsolete_terms_are_followed(small: MemoryGraph) -> None:
    assert [small.code(t) and small.code(t).code for t in ("HP:22", "HP:old", "HP:99")] == [  # pyright: ignore[reportOptionalMemberAccess]
        RHYTHM,
        EYE,
        None,
    ]


def test_age_and_sex_lower_the_prior_of_what_cannot_fit(small: MemoryGraph) -> None:
    usual = small.priors(Patient())
    assert small.priors(Patient(age_years=20))[0] == pytest.approx(usual[0] * MISFIT)
    assert small.priors(Patient(age_years=50))[0] == pytest.approx(usual[0])
    assert small.priors(Patient(sex="female"))[1] == pytest.approx(usual[1] * MISFIT)
    assert small.priors(Patient(sex="male")).tolist() == usual.tolist()


def test_background_is_the_mean_share_of_the_candidates(small: MemoryGraph) -> None:
    eye = next(i for i, t in enumerate(TERMS) if t.id == EYE)
    shares = [UNSTATED, pooled(["4/4"])[1], 0, 0]
    assert small.snapshot.background[eye] == pytest.approx(np.mean(shares), rel=1e-5)
