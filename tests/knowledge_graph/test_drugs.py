from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_graph.drugs import DrugNames, Interactions, check_interactions
from knowledge_graph.pharmacology import read_pharmacology
from knowledge_graph.schema import Edge, Node
from knowledge_graph.sources.pharmacology import drug_id, read
from knowledge_graph.store_memory import RecordStore

TYPED = (
    "Tab. Warfarin 5 mg od",
    "ibuprofen 400",
    "naproxen",
    "Tylenol",
    "co-codamol 30/500",
    "sertraline",
    "tramadol",
    "simvastatin 40 mg nocte",
    "clarithromycin",
    "warfarin and aspirin",
)
UNKNOWN = st.text("bcdfg", min_size=4, max_size=9).map(lambda text: f"zz{text}")


@cache
def world() -> tuple[RecordStore, DrugNames]:
    records = list(read())
    nodes = [r for r in records if isinstance(r, Node)]
    return RecordStore(nodes, [r for r in records if isinstance(r, Edge)]), DrugNames(nodes)


def checked(*drugs: str) -> Interactions:
    store, names = world()
    return check_interactions(store, names, drugs)


def ids(*names: str) -> tuple[str, ...]:
    return tuple(sorted(drug_id(name) for name in names))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Tab. Warfarin 5 mg od", ["warfarin"]),
        ("warfarin sodium", ["warfarin"]),
        ("WARFARIN 2.5mg 1-0-1 x 7 days", ["warfarin"]),
        ("Co-amoxiclav", ["amoxicillin", "clavulanic acid"]),
        ("Augmentin 1.2g IV q8h", ["amoxicillin", "clavulanic acid"]),
        ("losartan-hydrochlorothiazide 50/12.5", ["losartan", "hydrochlorothiazide"]),
        ("paracetamol 500 mg/codeine 30 mg", ["paracetamol", "codeine"]),
        ("acetaminophen with codeine", ["paracetamol", "codeine"]),
        ("Glucophage (metformin) 500mg BD", ["metformin"]),
        ("albuterol 100 mcg/dose inhaler 2 puffs prn", ["salbutamol"]),
        ("adrenaline 1 mg/ml inj", ["epinephrine"]),
        ("St. John’s wort", ["St John's wort"]),
        ("insulin glargine 100 units/ml 20 units at night", ["insulin glargine"]),
        ("atorvastatin calcium 20mg nocte", ["atorvastatin"]),
        ("potassium chloride 600 mg", ["potassium chloride"]),
        ("calcium gluconate 10% inj", ["calcium"]),
        ("penicillin G sodium 1 g iv", ["benzylpenicillin"]),
        ("metoprolol succinate ER tablets 50 mg", ["metoprolol"]),
        ("6-MP 50 mg", ["mercaptopurine"]),
        ("5-ASA 800 mg tds", ["mesalazine"]),
        ("vitamin B12 1 mg IM", ["cyanocobalamin"]),
        ("oral contraceptive pill", ["ethinylestradiol"]),
    ],
)
def test_a_typed_medicine_is_found(text: str, names: list[str]) -> None:
    found = world()[1].find(text)
    assert found.ingredients == ids(*names)
    assert found.unknown == ()


@pytest.mark.parametrize(
    "text",
    [
        "warfarine",
        "celebrx",
        "amoxicilin",
        "NSAID",
        "magnesium citrate",
        "potassium iodide",
        "potassium calcium",
        "sodium",
        "Tylenol PM",
        "hydroxy",
        "500 mg",
    ],
)
def test_what_is_not_exactly_a_name_is_not_guessed(text: str) -> None:
    found = world()[1].find(text)
    assert found.ingredients == ()
    assert found.unknown == (text,)


def test_the_unknown_part_of_a_mixture_is_named() -> None:
    found = world()[1].find("warfarin / zzyzx 5 mg")
    assert found.ingredients == ids("warfarin")
    assert found.unknown == ("zzyzx",)


def test_every_name_in_the_packaged_files_is_found_as_written_and_in_capitals() -> None:
    names = world()[1]
    listed = read_pharmacology().medicines
    medicines = [(i, ids(i.name)) for i in listed.ingredients]
    for medicine, expected in (*medicines, *((c, ids(*c.of)) for c in listed.combinations)):
        for label in (medicine.name, *medicine.synonyms, *medicine.brands):
            assert names.find(label).ingredients == expected
            assert names.find(f"Tab. {label.upper()} 10 mg od").ingredients == expected


def test_a_name_of_two_medicines_is_left_out() -> None:
    names = DrugNames(
        [
            Node(drug_id("one"), "Drug", "one", ("Brandex",)),
            Node(drug_id("two"), "Drug", "two", ("brandex",)),
        ]
    )
    assert names.find("Brandex").unknown == ("Brandex",)
    assert names.find("two").ingredients == ids("two")


def test_medicines_of_other_sources_are_not_called_checked() -> None:
    assert DrugNames([Node("DB:1", "Drug", "Warfarin")]).find("warfarin").ingredients == ()


def test_interactions_name_the_texts_as_given_worst_first() -> None:
    result = checked("ibuprofen 400", "Tab. Warfarin 5 mg od", "Klacid", "Zocor", "paracetamol")
    severities = [found.severity for found in result.found]
    assert severities == ["contraindicated", "major", "major", "moderate", "moderate"]
    assert result.found[0].subject_texts == ("Klacid",)
    assert result.found[0].object_texts == ("Zocor",)
    assert result.not_checked == ()


def test_an_unknown_medicine_is_not_checked_and_never_cleared() -> None:
    result = checked("warfarin", "mystery pills")
    assert result.found == ()
    assert result.not_checked == ("mystery pills",)
    assert list(result.checked) == ["warfarin"]


def test_the_same_ingredient_twice_is_a_duplicate() -> None:
    (duplicate,) = checked("Tylenol", "co-codamol").duplicates
    assert duplicate.node.id == drug_id("paracetamol")
    assert duplicate.texts == ("Tylenol", "co-codamol")
    assert [d.node.name for d in checked("warfarin", "warfarin").duplicates] == ["warfarin"]


@pytest.mark.parametrize(
    ("drugs", "classes"),
    [
        (("ibuprofen", "naproxen"), ["NSAID"]),
        (("lisinopril", "ramipril"), ["ACE inhibitor"]),
        (("diazepam", "lorazepam"), ["benzodiazepine"]),
        (("insulin glargine", "insulin aspart"), []),
        (("aspirin", "clopidogrel"), []),
    ],
)
def test_two_of_a_class_count_only_where_the_class_says_so(
    drugs: tuple[str, ...], classes: list[str]
) -> None:
    assert [d.node.name for d in checked(*drugs).duplicates] == classes


@given(st.permutations(TYPED))
def test_the_order_of_medicines_does_not_matter(drugs: list[str]) -> None:
    assert checked(*drugs) == checked(*TYPED)


@given(st.lists(st.sampled_from(TYPED), max_size=6), UNKNOWN)
def test_an_unknown_medicine_changes_nothing_but_not_checked(
    drugs: list[str], unknown: str
) -> None:
    before, after = checked(*drugs), checked(*drugs, unknown)
    assert after.not_checked == (*before.not_checked, unknown)
    assert after.found == before.found
    assert after.checked == before.checked
    assert after.duplicates == before.duplicates


@given(
    st.sampled_from(["warfarin", "Augmentin", "St John's wort", "potassium chloride"]),
    st.sampled_from(["Tab.", "inj", "Cap"]),
    st.integers(1, 999),
    st.sampled_from(["mg", "mcg", "ml", "mg/5 ml", "units"]),
    st.sampled_from(["od", "bd po", "q8h", "twice daily", "1-0-1", "prn", ""]),
)
def test_dose_form_and_times_change_nothing(
    name: str, form: str, dose: int, unit: str, times: str
) -> None:
    names = world()[1]
    assert names.find(f"{form} {name} {dose} {unit} {times}") == names.find(name)


@given(st.text(max_size=60))
def test_any_text_is_found_or_unknown(text: str) -> None:
    found = world()[1].find(text)
    assert found.ingredients or found.unknown == ((text.strip(),) if text.strip() else ())
