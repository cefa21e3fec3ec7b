from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_graph.mentions import Mentions
from knowledge_graph.schema import Edge, Node
from knowledge_graph.sources.pharmacology import read


@cache
def mentions() -> Mentions:
    records = list(read())
    edges = (r for r in records if isinstance(r, Edge) and r.predicate == "is_a")
    return Mentions((r for r in records if isinstance(r, Node)), edges)


def names(text: str) -> list[str]:
    return [substance.name.display for substance in mentions().find(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Penicillin allergy", ["penicillin"]),
        ("Ticagrelor or prasugrel", ["ticagrelor", "prasugrel"]),
        ("Amoxicillin-clavulanate", ["amoxicillin", "clavulanic acid"]),
        ("piperacillin and tazobactam 4.5 g", ["piperacillin and tazobactam"]),
        ("Beta-blockers, verapamil", ["beta blocker", "verapamil"]),
        ("non-selective beta blocker", ["non-selective beta blocker"]),
        ("calcium channel blockers", ["calcium channel blocker"]),
        ("Tetracyclines", ["tetracycline antibiotic"]),
        ("tetracycline", ["tetracycline"]),
        ("NSAIDs and NSAID", ["NSAID"]),
        ("warfarinoid", []),
        ("Primary percutaneous coronary intervention", []),
        ("", []),
    ],
)
def test_names_count_at_word_borders_the_longest_first(text: str, found: list[str]) -> None:
    assert names(text) == found


def test_a_class_means_its_members_and_a_combination_its_parts() -> None:
    (penicillin,) = mentions().find("penicillins")
    assert penicillin.is_class
    assert "amoxicillin" in [i.display for i in penicillin.ingredients]
    (mix,) = mentions().find("Augmentin")
    assert not mix.is_class
    assert [i.display for i in mix.ingredients] == ["amoxicillin", "clavulanic acid"]


@pytest.mark.parametrize(
    ("treatment", "found"),
    [
        ("Ceftriaxone with metronidazole", ["ceftriaxone", "metronidazole"]),
        ("Azithromycin if penicillin allergic", ["azithromycin"]),
        ("Doxycycline in penicillin allergy", ["doxycycline"]),
        ("Diazepam for alcohol withdrawal", ["diazepam"]),
        ("Switch to diazepam and slow taper", ["diazepam"]),
        ("Stop the ACE inhibitor", []),
        ("Withhold warfarin", []),
    ],
)
def test_what_a_treatment_gives(treatment: str, found: list[str]) -> None:
    assert [s.name.display for s in mentions().given(treatment)] == found


@pytest.mark.parametrize(
    ("text", "found", "conditional"),
    [
        ("NSAIDs", ["NSAID"], False),
        ("Aspirin and other NSAIDs", ["aspirin", "NSAID"], False),
        ("NSAIDs in kidney failure or heart failure", ["NSAID"], True),
        ("Colchicine with clarithromycin", ["colchicine"], True),
        ("Beta-blocker without alpha-blockade", ["beta blocker"], True),
        ("Oral iron", ["iron"], True),
        ("Prokinetics such as metoclopramide", ["metoclopramide"], True),
        ("Stopping colchicine", [], True),
        ("Waiting for PCR before aciclovir", [], True),
        ("Lumbar puncture", [], True),
    ],
)
def test_what_a_text_says_to_avoid(text: str, found: list[str], conditional: bool) -> None:
    substances, more = mentions().avoided(text)
    assert [s.name.display for s in substances] == found
    assert more is conditional


WORDS = ("warfarin", "Penicillins", "NSAID", "Augmentin", "Stop", "if", "in", "with", "or", "tea")


@given(st.lists(st.sampled_from(WORDS) | st.text(max_size=8), max_size=8).map(" ".join))
def test_what_is_given_or_avoided_is_among_what_is_named(text: str) -> None:
    found = mentions().find(text)
    assert all(substance.ingredients for substance in found)
    assert {*mentions().given(text), *mentions().avoided(text)[0]} <= set(found)
