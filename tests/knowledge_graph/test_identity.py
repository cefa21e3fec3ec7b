"""Which ids become one disease."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from knowledge_graph.identity import CATALOGUES, Identity
from knowledge_graph.schema import SameDisease

NAMES = {
    "OMIM:1": "Eye disease, type 1",
    "OMIM:2": "Eye disease, type 2",
    "ORPHA:1": "Eye disease",
    "MONDO:1": "eye disease",
    "KONSIL:red-eye": "Red eye",
}


def same(one: str, other: str) -> SameDisease:
    return SameDisease(one, other, "test")


def test_matches_join_across_catalogues_under_the_first() -> None:
    identity = Identity(NAMES, [same("MONDO:1", "OMIM:1"), same("KONSIL:red-eye", "MONDO:1")])
    assert identity.first["KONSIL:red-eye"] == identity.first["ORPHA:1"] == "OMIM:1"
    assert identity.members("MONDO:1") == ("OMIM:1", "ORPHA:1", "KONSIL:red-eye", "MONDO:1")
    assert identity.first["OMIM:2"] == "OMIM:2"
    assert identity.rejected == []


def test_equal_names_join_whatever_case_and_punctuation() -> None:
    assert Identity(NAMES, ()).first["MONDO:1"] == "ORPHA:1"


def test_two_of_one_catalogue_are_never_one_disease() -> None:
    identity = Identity(NAMES, [same("MONDO:1", "OMIM:1"), same("MONDO:1", "OMIM:2")])
    assert identity.first["OMIM:2"] == "OMIM:2"
    (rejected,) = identity.rejected
    assert "OMIM:1 and OMIM:2 would be one disease" in rejected.reason


def test_a_match_with_an_id_nobody_describes_is_rejected() -> None:
    (rejected,) = Identity(NAMES, [same("MONDO:1", "OMIM:9")]).rejected
    assert rejected.reason == "MONDO:1 is not OMIM:9: no source describes OMIM:9"


ids = st.builds(
    lambda c, n: f"{c}:{n}",
    st.sampled_from([*CATALOGUES, "X"]),
    st.integers(min_value=0, max_value=3),
)


@given(st.lists(st.tuples(ids, ids), max_size=30))
def test_groups_are_a_partition_with_one_id_a_catalogue(pairs: list[tuple[str, str]]) -> None:
    names = {disease: disease for pair in pairs for disease in pair}
    identity = Identity(names, [same(*pair) for pair in pairs])
    for disease in names:
        members = identity.members(disease)
        assert disease in members
        assert all(identity.members(member) == members for member in members)
        catalogues = [member.partition(":")[0] for member in members]
        assert len(set(catalogues)) == len(catalogues)
