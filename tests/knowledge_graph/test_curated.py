from __future__ import annotations

from pathlib import Path

import pytest

from engine.exceptions import SourceError
from engine.types import Patient
from knowledge_graph import records
from knowledge_graph.checksum import check
from knowledge_graph.curated import (
    CIRCUMSTANCE,
    SOURCE,
    Condition,
    LocalTerm,
    Specialty,
    local_id,
    read,
    read_all,
)
from knowledge_graph.curated.check import faults
from knowledge_graph.embedded import embedded
from knowledge_graph.memory import MemoryGraph
from knowledge_graph.schema import PHENOTYPE_ROOT

ENTRY = """
specialty: test
conditions:
  - name: Testitis
    icd10cm: A00.0
    prevalence: rare
    onset: acute
    urgency: soon
    findings: {frequent: [%s]}
"""


def test_every_name_in_the_packaged_files_is_a_finding() -> None:
    assert list(faults(read_all())) == []


def local(name: str, *synonyms: str, parent: str = "Fever") -> LocalTerm:
    return LocalTerm(name=name, parent=parent, synonyms=synonyms)


@pytest.mark.parametrize(
    ("terms", "fault"),
    [
        ((local("Sea voyage", "cruise"), local("Ship's cook", "Cruise!")), "'Cruise!' is also a"),
        ((local("Sea voyage", "SHORTNESS-OF-BREATH"),), "HPO already has 'SHORTNESS-OF-BREATH'"),
        ((local("Sea voyage", parent="All"),), "no finding 'All'"),
    ],
)
def test_a_local_term_that_is_not_plain_is_a_fault(
    terms: tuple[LocalTerm, ...], fault: str
) -> None:
    (found,) = faults([Specialty(specialty="test", terms=terms, conditions=())])
    assert fault in found


@pytest.mark.parametrize(
    ("factors", "fault"),
    [
        ({"smokin": ("Fever",)}, "no condition has the risk factor 'smokin'"),
        ({"smoking": ("Feverr",)}, "smoking: no finding 'Feverr'; close: Fever"),
    ],
)
def test_both_sides_of_a_listed_risk_factor_must_be_there(
    factors: dict[str, tuple[str, ...]], fault: str
) -> None:
    flu = next(c for s in read_all() for c in s.conditions if c.name == "Influenza")
    smoker = flu.model_copy(update={"risk_factors": ("smoking",)})
    listed = Specialty(specialty="test", conditions=(smoker,), risk_factors=factors)
    assert any(fault in found for found in faults([listed]))


def test_a_name_is_of_one_condition_only() -> None:
    flu = next(c for s in read_all() for c in s.conditions if c.name == "Influenza")
    same = {**flu.model_dump(), "name": "Grippe", "synonyms": ["INFLUENZA"]}
    twin = Condition.model_validate(same)
    found = list(faults([Specialty(specialty="test", conditions=(flu, twin))]))
    assert "Grippe: 'INFLUENZA' is also a name of Influenza" in found


def test_a_circumstance_is_a_finding_of_no_organ(graph: MemoryGraph) -> None:
    smoking = next(t for s in read_all() for t in s.terms if t.name == "Long-term tobacco smoking")
    assert smoking.parent == CIRCUMSTANCE
    assert graph.is_phenotype(smoking.id)
    assert set(graph.ancestors(smoking.id)) - {smoking.id} <= {PHENOTYPE_ROOT, "HP:0000001"}


def test_many_specialties_are_covered() -> None:
    sizes = {s.specialty: len(s.conditions) for s in read_all() if s.conditions}
    assert len(sizes) >= 20
    assert min(sizes.values()) >= 12
    assert sum(sizes.values()) >= 300


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (ENTRY % "Fever", "1 findings; 12 to 40"),
        (ENTRY % ", ".join(["Fever"] * 12), "listed twice: fever"),
        ((ENTRY % "Fever").replace("rare", "often"), "conditions.0.prevalence"),
        ((ENTRY % "Fever").replace("A00.0", "zero"), "conditions.0.icd10cm"),
        ("specialty: [", "test.yaml"),
    ],
)
def test_a_faulty_file_is_refused_with_its_place(tmp_path: Path, text: str, place: str) -> None:
    path = tmp_path / "test.yaml"
    path.write_text(text)
    with pytest.raises(SourceError) as caught:
        read(path)
    assert place in caught.value.message


def test_a_card_says_what_is_unreferenced(graph: MemoryGraph) -> None:
    card = embedded(graph).card("inflamed appendix")
    assert card.node.id == local_id("Acute appendicitis")
    assert card.node.properties["urgency"] == ("emergency",)
    assert {group.predicate for group in card.groups} >= {"treats", "confirms", "excludes"}
    assert {edge.sources for group in card.groups for edge in group.edges} == {(SOURCE,)}


def test_prevalence_age_and_sex_shape_the_prior_and_say_so(graph: MemoryGraph) -> None:
    position = graph.disease_index[local_id("Acute appendicitis")]
    rare = next(i for i, e in enumerate(graph.entries) if e.epidemiology is None)
    adult, infant = Patient(age_years=25), Patient(age_years=0.5)
    assert graph.priors(adult)[position] > graph.priors(adult)[rare]
    assert graph.priors(infant)[position] < graph.priors(adult)[position]
    assert any("infant" in reason for reason in graph.prior_reasons(infant, position))
    assert graph.prior_reasons(adult, rare) == ()


def test_the_whole_graph_as_records_is_sound(graph: MemoryGraph) -> None:
    nodes, edges = list(records.nodes(graph)), list(records.edges(graph))
    check(nodes, edges)
    assert all(edge.sources and all(edge.sources) for edge in edges)
    assert len(nodes) > 40_000
    assert len(edges) > 300_000


def test_no_curated_condition_is_a_mere_grouping(graph: MemoryGraph) -> None:
    curated = [entry for entry in graph.entries if any("KONSIL:" in a for a in entry.aliases)]
    assert curated
    assert not [entry.name for entry in curated if entry.grouping]


def test_a_curated_disease_can_be_named_whatever_its_genes(graph: MemoryGraph) -> None:
    positions = graph.diseases_called("Giant cell arteritis")
    assert max(graph.priors(Patient())[position] for position in positions) > 0


def test_what_a_profile_lists_stands_for_its_twin(graph: MemoryGraph) -> None:
    meningitis = graph.disease_index[local_id("Acute bacterial meningitis")]
    match, _ = graph.edge("HP:0025258", meningitis)  # listed: Nuchal rigidity; here: Stiff neck
    assert match == "exact"
