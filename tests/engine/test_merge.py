from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from strategies import finding, findings

from engine.merge import merge, settle
from engine.types import Finding, LabValue, SignalInterval


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


def test_a_newer_denial_makes_an_older_mention_historical() -> None:
    present = replace(finding("HP:0002900"), recorded=datetime(2024, 10, 1, tzinfo=UTC))
    absent = replace(finding("HP:0002900", "absent"), recorded=datetime(2025, 1, 10, tzinfo=UTC))
    (mention, denial), (issue,) = settle([present, absent])
    assert (mention.status, mention.context) == ("present", "historical")
    assert (denial.status, denial.context) == ("absent", "current")
    assert issue.level == "info"


def test_a_contradiction_without_dates_is_said_aloud() -> None:
    given = (finding("HP:0002900"), finding("HP:0002900", "absent"))
    settled, (issue,) = settle(given)
    assert settled == given
    assert issue.level == "warning"
    assert "says absent" in issue.message


def test_a_contradiction_names_seconds_and_observations() -> None:
    seconds = SignalInterval("ecg/a.hea", "II", 3.0, 13.5)
    value = LabValue("o7", "pulse", 70, "/min", None)
    seen = replace(finding("HP:0001649"), citations=(seconds, value))
    denied = replace(finding("HP:0001649", "absent"), citations=(value,))
    _, (issue,) = settle([seen, denied])
    assert issue.where == "ecg/a.hea:3-13.5s"
    assert "o7 says absent" in issue.message


@given(findings)
def test_settling_loses_no_finding(given: list[Finding]) -> None:
    merged = merge(given)
    settled, _ = settle(merged)
    assert {f.code.code for f in settled} == {f.code.code for f in merged}
