"""How findings are obtained and what tests cost: curated rules over the whole ontology."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from api.cli import main
from engine.exceptions import NotFoundError, SourceError
from engine.types import Acquisition
from knowledge_graph import records
from knowledge_graph.acquisition import COSTS, INVASIVENESS, RULES, SOURCE, STEPS, File, read
from knowledge_graph.memory import MemoryGraph
from knowledge_graph.schema import PHENOTYPE_ROOT, Node
from knowledge_graph.strict_yaml import read_yaml

RULE = """
methods:
  - {step: ask, cost: none, terms: [HP:0000118 Phenotypic abnormality], words: [pain*]}
  - {step: order, test: brain MRI, cost: high, terms: [HP:0001250 Seizure], tests: [MRI]}
"""


def phenotypes(graph: MemoryGraph) -> Iterator[tuple[str, str]]:
    for label in graph.labels():
        if label.kind == "name" and graph.is_phenotype(label.term):
            yield label.term, label.text


def listed_tests(graph: MemoryGraph) -> list[Node]:
    return [node for node in graph.fact_nodes.values() if node.kind == "Test"]


def test_every_finding_is_answered_and_few_by_the_default(graph: MemoryGraph) -> None:
    rules = read(RULES)
    terms = dict(phenotypes(graph))
    answers = [graph.acquisition(term) for term in terms]
    assert {answer.step for answer in answers} == set(STEPS)
    assert {answer.cost for answer in answers} == set(COSTS)
    assert {answer.invasiveness for answer in answers} == set(INVASIVENESS)
    assert {answer.source for answer in answers} == {SOURCE}
    assert all(answer.test for answer in answers if answer.step == "order")
    ruled = rules.branches.keys() - {PHENOTYPE_ROOT}
    by_default = [t for t in terms if not ruled & {t, *graph.ancestors(t)}]
    assert len(by_default) < 0.03 * len(terms)


@pytest.mark.parametrize(
    ("name", "step", "test"),
    [
        ("Headache", "ask", ""),
        ("Nausea", "ask", ""),
        ("Fatigue", "ask", ""),
        ("Memory impairment", "ask", ""),
        ("Pruritus", "ask", ""),
        ("Chest pain", "ask", ""),
        ("Palpitations", "ask", ""),
        ("Weight loss", "ask", ""),
        ("Recurrent pneumonia", "ask", ""),
        ("Long-term tobacco smoking", "ask", ""),
        ("Heart murmur", "examine", ""),
        ("Systolic heart murmur", "examine", ""),
        ("Skin rash", "examine", ""),
        ("Hyperreflexia", "examine", ""),
        ("Hypertelorism", "examine", ""),
        ("Microcephaly", "examine", ""),
        ("Hypertension", "examine", ""),
        ("Fever", "examine", ""),
        ("Lymphadenopathy", "examine", ""),
        ("Impaired pain sensation", "examine", ""),
        ("Cataract", "examine", "eye examination"),
        ("Otitis media", "examine", "otoscopy"),
        ("Intellectual disability", "examine", "cognitive"),
        ("Hyponatremia", "order", "electrolytes"),
        ("Anemia", "order", "full blood count"),
        ("Elevated circulating hepatic transaminase concentration", "order", "liver"),
        ("Proteinuria", "order", "urinalysis"),
        ("Increased circulating lactate dehydrogenase concentration", "order", "blood chemistry"),
        ("Increased CSF protein concentration", "order", "lumbar puncture"),
        ("Hypothyroidism", "order", "thyroid"),
        ("Antinuclear antibody positivity", "order", "autoantibodies"),
        ("Ventricular septal defect", "order", "echocardiogram"),
        ("Agenesis of corpus callosum", "order", "brain MRI"),
        ("Hydronephrosis", "order", "ultrasound"),
        ("Short ribs", "order", "radiograph"),
        ("Prolonged QT interval", "order", "ECG"),
        ("Hypsarrhythmia", "order", "EEG"),
        ("EMG: myopathic abnormalities", "order", "electromyography"),
        ("Ragged-red muscle fibers", "order", "muscle biopsy"),
        ("Colitis", "order", "endoscopy"),
        ("Sensorineural hearing impairment", "order", "audiometry"),
        ("Bronchiectasis", "order", "CT of the chest"),
    ],
)
def test_how_one_learns_of_a_finding(graph: MemoryGraph, name: str, step: str, test: str) -> None:
    (term,) = (term for term, text in phenotypes(graph) if text == name)
    found = graph.acquisition(term)
    assert found.step == step
    assert test in (found.test or "")
    assert bool(found.test) == bool(test)


def test_burden_of_what_is_ordered(graph: MemoryGraph) -> None:
    def burden(term: str) -> tuple[str, str]:
        found = graph.acquisition(term)
        return found.cost, found.invasiveness

    assert burden("HP:0002315") == ("none", "none")  # headache
    assert burden("HP:0002902") == ("low", "minimal")  # hyponatremia
    assert burden("HP:0000093") == ("low", "none")  # proteinuria
    assert burden("HP:0001629") == ("medium", "none")  # ventricular septal defect
    assert burden("HP:0002922") == ("medium", "invasive")  # protein in cerebrospinal fluid
    assert burden("HP:0001274") == ("high", "none")  # agenesis of corpus callosum


def test_merged_ids_are_followed_and_what_is_no_finding_is_refused(graph: MemoryGraph) -> None:
    merged, current = next(
        (old, new)
        for old, new in graph.snapshot.names["replaced"].items()
        if old != new and graph.is_phenotype(new)
    )
    assert graph.acquisition(merged) == graph.acquisition(current)
    for term in ("HP:9999999", "HP:0000006", PHENOTYPE_ROOT):
        with pytest.raises(NotFoundError, match=term):
            graph.acquisition(term)


def test_rules_name_terms_as_the_ontology_does(graph: MemoryGraph) -> None:
    stated = [term for method in read_yaml(RULES, File).methods for term in method.terms]
    names = {**dict(phenotypes(graph)), PHENOTYPE_ROOT: "Phenotypic abnormality"}
    wrong = [s for s in stated if names.get(s.partition(" ")[0]) != s.partition(" ")[2]]
    assert wrong == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Coronary angiography", ("order", "high", "invasive")),
        ("12-lead electrocardiogram within 10 minutes", ("order", "low", "none")),
        ("Right-sided and posterior ECG leads", ("order", "low", "none")),
        ("Ultrasound or CT", ("order", "medium", "none")),  # the lesser of two
        ("Colonoscopy with biopsy", ("order", "high", "invasive")),  # all of its parts
        ("CT head if fever", ("order", "high", "minimal")),  # a condition is no test
        ("Blood pressure in both arms", ("examine", "none", "none")),
        ("Drug history", ("ask", "none", "none")),
        ("Anal fissure", None),
    ],
)
def test_what_a_test_takes(name: str, expected: tuple[str, str, str] | None) -> None:
    found = read(RULES).of_test(name)
    assert expected == (found and (found.step, found.cost, found.invasiveness))


def test_nearly_every_test_of_the_graph_is_classified(graph: MemoryGraph) -> None:
    tests = listed_tests(graph)
    unknown = [node.name for node in tests if "cost" not in node.properties]
    assert len(tests) > 2000
    assert 0 < len(unknown) < 0.03 * len(tests)
    for node in tests:
        assert not node.properties or set(node.properties) == {"cost", "invasiveness", "step"}


def test_a_store_is_given_the_burden_of_tests(graph: MemoryGraph) -> None:
    """test_from_store.py shows that the whole graph comes back from these records."""
    given = {node.id: node for node in records.nodes(graph) if node.kind == "Test"}
    assert (given == {node.id: node for node in listed_tests(graph)}) is True


@pytest.mark.parametrize(
    ("test", "shown"),
    [("KONSIL:test-coronary-angiography", "cost: high"), ("KONSIL:test-anal-fissure", "not class")],
)
def test_a_card_says_what_a_test_takes(test: str, shown: str) -> None:
    done = CliRunner().invoke(main, ["kg", "show", test])
    assert done.exit_code == 0
    assert shown in done.output


def test_the_name_decides_before_the_nearest_ancestor(tmp_path: Path) -> None:
    path = tmp_path / "methods.yaml"
    path.write_text(RULE)
    rules = read(path)
    mri = Acquisition("order", "brain MRI", "high", "none", SOURCE)
    lineage = ("HP:1", "HP:0001250", PHENOTYPE_ROOT)
    assert rules.of_finding("Fit", lineage) == mri
    assert rules.of_finding("Painful fit", lineage).step == "ask"
    assert rules.of_finding("Painful fit", lineage[1:]) == mri  # named itself


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("methods: [", "methods.yaml"),
        (RULE.replace("cost: high", "cost: dear"), "methods.1.cost"),
        (RULE.replace("HP:0001250 Seizure", "Seizure"), "methods.1.terms.0"),
        (RULE.replace("HP:0001250 Seizure", "HP:0000118 All"), "listed twice"),
        (RULE.replace("HP:0000118 Phenotypic abnormality", "HP:0012531 Pain"), "HP:0000118"),
        (RULE.replace("test: brain MRI, ", ""), "methods.1: Value error, what is ordered"),
    ],
)
def test_a_damaged_file_is_refused_with_its_place(tmp_path: Path, text: str, fault: str) -> None:
    path = tmp_path / "methods.yaml"
    path.write_text(text)
    with pytest.raises(SourceError) as caught:
        read(path)
    assert fault in caught.value.message


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        read(tmp_path / "none.yaml")
