from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from engine.exceptions import SourceError
from knowledge_graph.curated import SOURCE
from knowledge_graph.pharmacology import Interaction, faults, read_pharmacology
from knowledge_graph.schema import Edge, Node
from knowledge_graph.sources.pharmacology import drug_id, read
from knowledge_graph.store_memory import RecordStore

INGREDIENTS = """
classes: [{name: NSAID, duplicate: true}]
ingredients:
  - {name: warfarin, brands: [Coumadin]}
  - {name: ibuprofen, classes: [NSAID]}
  - {name: naproxen, classes: [NSAID]}
"""
INTERACTIONS = """
interactions:
  - {a: [warfarin], b: [NSAID], severity: moderate, effect: Bled, mechanism: XX, management: Stop}
  - {a: [naproxen], b: [warfarin], severity: major, effect: Worse, mechanism: XX, management: Stop}
"""


@cache
def packaged() -> tuple[tuple[Node, ...], tuple[Edge, ...]]:
    records = list(read())
    nodes = tuple(r for r in records if isinstance(r, Node))
    return nodes, tuple(r for r in records if isinstance(r, Edge))


def severity(one: str, other: str) -> str:
    low, high = sorted((drug_id(one), drug_id(other)))
    found = (e for e in packaged()[1] if (e.subject, e.object) == (low, high))
    return str(next(e.properties["severity"] for e in found))


def written(folder: Path, ingredients: str = INGREDIENTS, interactions: str = INTERACTIONS) -> Path:
    (folder / "ingredients.yaml").write_text(ingredients, encoding="utf-8")
    (folder / "interactions.yaml").write_text(interactions, encoding="utf-8")
    return folder


def test_the_packaged_files_fit_together_and_make_a_graph() -> None:
    nodes, edges = packaged()
    assert list(faults(read_pharmacology())) == []
    RecordStore(nodes, edges)
    assert all(edge.sources == (SOURCE,) for edge in edges)


def test_enough_is_covered() -> None:
    found = read_pharmacology()
    assert len(found.medicines.ingredients) >= 250
    assert sum(entry.severity != "moderate" for entry in found.entries) >= 150


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("warfarin", "ibuprofen", "major"),
        ("warfarin", "fluconazole", "major"),
        ("phenelzine", "sertraline", "contraindicated"),
        ("tranylcypromine", "pethidine", "contraindicated"),
        ("simvastatin", "clarithromycin", "contraindicated"),
        ("simvastatin", "gemfibrozil", "contraindicated"),
        ("rivaroxaban", "rifampicin", "major"),
        ("sotalol", "haloperidol", "major"),
        ("ramipril", "trimethoprim", "major"),
        ("lithium", "hydrochlorothiazide", "major"),
        ("methotrexate", "trimethoprim", "major"),
        ("digoxin", "amiodarone", "major"),
        ("sildenafil", "glyceryl trinitrate", "contraindicated"),
        ("bisoprolol", "verapamil", "major"),
        ("morphine", "diazepam", "major"),
        ("clopidogrel", "omeprazole", "major"),
        ("azathioprine", "allopurinol", "major"),
        ("theophylline", "ciprofloxacin", "major"),
        ("valproate", "meropenem", "major"),
        ("rifampicin", "ethinylestradiol", "major"),
        ("sumatriptan", "ergotamine", "contraindicated"),
        ("tizanidine", "fluvoxamine", "contraindicated"),
    ],
)
def test_well_known_interactions_are_listed(one: str, other: str, expected: str) -> None:
    assert severity(one, other) == expected


def test_one_edge_stands_for_a_pair_with_the_lower_id_first() -> None:
    pairs = [(e.subject, e.object) for e in packaged()[1] if e.predicate == "interacts_with"]
    assert all(subject < other for subject, other in pairs)
    assert len({frozenset(pair) for pair in pairs}) == len(pairs)


def test_no_fixed_combination_interacts_with_itself() -> None:
    nodes, edges = packaged()
    store = RecordStore(nodes, edges)
    for node in nodes:
        inside = node.properties.get("ingredients", ())
        assert isinstance(inside, tuple)
        assert store.interactions(inside) == [], node.name


def test_two_entries_for_a_pair_keep_the_worst_severity_and_both_effects(tmp_path: Path) -> None:
    records = list(read(written(tmp_path)))
    edges = {e.subject: e for e in records if isinstance(e, Edge) and e.object.endswith("warfarin")}
    by_class, both = edges[drug_id("ibuprofen")], edges[drug_id("naproxen")]
    assert by_class.properties["severity"] == "moderate"
    assert by_class.properties["by_class"] == ("warfarin + NSAID",)
    assert both.properties["severity"] == "major"
    assert both.properties["effect"] == ("Worse", "Bled")
    assert both.properties["mechanism"] == ("XX",)


def test_except_leaves_pairs_out(tmp_path: Path) -> None:
    less = INTERACTIONS.replace("b: [NSAID]", "b: [NSAID], except: [ibuprofen]")
    found = read_pharmacology(written(tmp_path, interactions=less))
    assert set(found.pairs(found.entries[0])) == {("naproxen", "warfarin")}


@pytest.mark.parametrize(
    ("ingredients", "interactions", "place"),
    [
        (INGREDIENTS.replace("[Coumadin]", "[Naproxen]"), INTERACTIONS, "'naproxen' means 2"),
        (INGREDIENTS.replace("classes: [NSAID]", "classes: [X1]"), INTERACTIONS, "no class 'X1'"),
        (INGREDIENTS + "combinations: [{name: mix, of: [warfarin, tea]}]", INTERACTIONS, "'tea'"),
        (INGREDIENTS, INTERACTIONS.replace("b: [NSAID]", "b: [NSAIDs]"), "warfarin with NSAIDs"),
        (INGREDIENTS, INTERACTIONS.replace("b: [NSAID]", "b: [warfarin]"), "no pair comes of it"),
        (INGREDIENTS, INTERACTIONS.replace("major", "bad"), "interactions.1.severity"),
        (INGREDIENTS, "interactions: [", "interactions.yaml"),
    ],
)
def test_a_fault_is_named_with_its_place(
    tmp_path: Path, ingredients: str, interactions: str, place: str
) -> None:
    with pytest.raises(SourceError) as caught:
        list(read(written(tmp_path, ingredients, interactions)))
    assert place in caught.value.message


def test_a_missing_folder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"ingredients\.yaml"):
        read_pharmacology(tmp_path)


def test_an_entry_names_its_place() -> None:
    entry = next(e for e in read_pharmacology().entries if e.a == ("valproate",))
    assert isinstance(entry, Interaction)
    assert entry.place == "valproate with carbapenem"
