"""What is found, what survives, and that offsets are those of the text."""

from __future__ import annotations

from itertools import pairwise
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.protocols import Label
from nlp.deid import ages, dates, numbers
from nlp.deid.finder import Finder
from nlp.deid.mentions import KINDS, Kind, Mention, apart

LABELS = [
    Label("Marfan syndrome", "X:1", "name"),
    Label("Miller Fisher syndrome", "X:2", "name"),
    Label("Brown syndrome", "X:3", "name"),
    Label("Seizure", "X:4", "name"),
    Label("Cough", "X:5", "name"),
]


@pytest.fixture(scope="session")
def finder() -> Finder:
    """A finder that protects a few names beside the curated eponyms."""
    return Finder.compile(LABELS)


def found(finder: Finder, text: str) -> list[tuple[str, str]]:
    return [(text[m.start : m.end], m.kind) for m in finder.find(text)]


@pytest.mark.parametrize(
    ("text", "words", "kind"),
    [
        ("Seen by Dr. Zbigniew Wojcik today.", "Zbigniew Wojcik", "name"),
        ("Mr. Brown was admitted.", "Brown", "name"),
        ("seen by dr wojcik in clinic", "wojcik", "name"),
        ("Patient: WOJCIK, ZBIGNIEW   MRN: 5551234", "WOJCIK, ZBIGNIEW", "name"),
        ("His wife Halina brought him.", "Halina", "name"),
        ("Reviewed by H. Wojcik and the team.", "H. Wojcik", "name"),
        ("Halina Wojcik, RN, gave the dose.", "Halina Wojcik", "name"),
        ("Z B I G N I E W  W O J C I K   Ward 3", "Z B I G N I E W  W O J C I K", "name"),
        ("It began on March 3rd.", "March 3rd", "date"),
        ("She was seen on 3/14.", "3/14", "date"),
        ("Seen 03-Mar-2021 in clinic.", "03-Mar-2021", "date"),
        ("Dated 2021-03-14.", "2021-03-14", "date"),
        ("She was last seen 11/2019.", "11/2019", "date"),
        ("Stable since last May.", "May", "date"),
        ("A 92-year-old woman fell.", "92-year-old", "age"),
        ("He is aged 101.", "101", "age"),
        ("Lives at 12 Hollow Oak Road, Whitby.", "12 Hollow Oak Road", "place"),
        ("She is from Duluth, MN 55802.", "55802", "place"),
        ("Postcode YO22 4PN.", "YO22 4PN", "place"),
        ("Phone: (555) 123-4567.", "(555) 123-4567", "phone"),
        ("Fax 020 7946 0018 for results.", "020 7946 0018", "phone"),
        ("Write to z.wojcik@example.org please.", "z.wojcik@example.org", "email"),
        ("See https://example.org/a?b=1 for it.", "https://example.org/a?b=1", "url"),
        ("Station 192.168.10.7 sent it.", "192.168.10.7", "ip"),
        ("SSN 123-45-6789 on file.", "123-45-6789", "id"),
        ("NHS number 943 476 5919 noted.", "943 476 5919", "id"),
        ("Serial number PX-448812 was read.", "PX-448812", "id"),
        ("Transferred from Whitby General Hospital.", "Whitby General Hospital", "organisation"),
    ],
)
def test_an_identifier_is_found_whole(finder: Finder, text: str, words: str, kind: str) -> None:
    assert (words, kind) in found(finder, text)


@pytest.mark.parametrize(
    "text",
    [
        "Marfan syndrome, Crohn's disease and a Foley catheter.",
        "Babinski sign was present; Miller-Fisher was considered.",
        "The Romberg test was negative. Apgar scores were 8 and 9.",
        "BP 120/80, strength 5/5, pain 3/10, a 2/6 systolic murmur and visual acuity 6/18.",
        "Sodium 140, potassium 3.9, WBC 12.4, platelets 175,000.",
        "Metoprolol 25 mg b.i.d. and Lasix 40 mg were continued.",
        "A 45-year-old woman with a young child and brown urine.",
        "He was born in 1950 and stopped smoking in 1999.",
        "The Emergency Department and the Outpatient Clinic were full.",
    ],
)
def test_medicine_survives(finder: Finder, text: str) -> None:
    assert found(finder, text) == []


def test_a_title_makes_a_person_even_of_a_sign(finder: Finder) -> None:
    assert ("Cough", "name") in found(finder, "We thank Mr. Cough for his letter.")
    assert found(finder, "Cough and seizure were denied.") == []


def test_a_name_is_found_again_without_its_title(finder: Finder) -> None:
    names = found(finder, "Mr. Wojcik slept well. Later the nurse asked wojcik about pain.")
    assert [kind for _, kind in names] == ["name", "name"]


def test_case_does_not_hide_anybody(finder: Finder) -> None:
    text = "patient name: zbigniew wojcik was seen at whitby general hospital on 3 march 2021"
    for written in (text, text.upper()):
        spans = {words.lower() for words, _ in found(finder, written)}
        assert {"zbigniew wojcik", "whitby general hospital", "3 march 2021"} <= spans


TEXT = st.text(max_size=300) | st.text("Dr. Smith\n 0123/-:,@'é😀\u0000\u202e", max_size=120)


@given(TEXT)
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
def test_any_text_is_read_and_spans_lie_in_it(finder: Finder, text: str) -> None:
    mentions = finder.find(text)
    assert mentions == sorted(mentions)
    for mention in mentions:
        assert 0 <= mention.start < mention.end <= len(text)
        assert any(c.isalnum() for c in text[mention.start : mention.end])
        assert mention.kind in KINDS
    assert not any(a.overlaps(b) for a, b in pairwise(mentions))


@given(st.text("0123456789/-. marchJuneth,'\n", max_size=2000))
@settings(max_examples=60, deadline=None)
def test_rules_read_digits_in_any_order(text: str) -> None:
    for finder in (dates, numbers, ages):
        for mention in finder.find(text):
            assert text[mention.start : mention.end]


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30), st.sampled_from(KINDS))))
def test_mentions_that_are_apart_never_overlap(spans: list[tuple[int, int, str]]) -> None:
    given_ = [Mention(start, end, cast("Kind", kind)) for start, end, kind in spans if start < end]
    kept = list(apart(given_))
    assert not any(a.overlaps(b) for a, b in pairwise(kept))
    assert not given_ or given_[0] in kept
