from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from strategies import finding, findings

from engine.merge import merge
from engine.types import Finding


def test_the_same_sign_twice_is_one_finding_with_two_citations() -> None:
    first = replace(finding("HP:0001250"), onset_years=3.0)
    second = replace(
        finding("HP:0001250"), onset_years=2.0, citations=finding("HP:0001166").citations
    )
    (joined,) = merge([first, second])
    assert joined.citations == (*first.citations, *second.citations)
    assert joined.onset_years == 2.0


def test_present_and_absent_stay_apart() -> None:
    assert len(merge([finding("HP:0001250"), finding("HP:0001250", "absent")])) == 2


@given(findings)
def test_merging_again_changes_nothing(given: list[Finding]) -> None:
    assert merge(merge(given)) == merge(given)
