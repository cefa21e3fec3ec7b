from __future__ import annotations

import pytest

from knowledge_graph.frequency import PRIOR_MEAN, PRIOR_WEIGHT, UNSTATED, never, pooled


def test_counts_of_several_sources_are_added() -> None:
    stated, smoothed = pooled(["7/13", "3/7"])
    assert stated == pytest.approx(10 / 20)
    assert smoothed == pytest.approx((10 + PRIOR_MEAN * PRIOR_WEIGHT) / (20 + PRIOR_WEIGHT))


def test_one_patient_of_one_is_not_certainty() -> None:
    stated, smoothed = pooled(["1/1"])
    assert stated == 1
    assert smoothed < 0.5 < pooled(["100/100"])[1]


@pytest.mark.parametrize(("text", "share"), [("45%", 0.45), ("12.5%", 0.125)])
def test_percentages(text: str, share: float) -> None:
    assert pooled([text])[0] == pytest.approx(share)


def test_a_class_is_a_range_and_no_number() -> None:
    stated, smoothed = pooled(["HP:0040281"])
    assert stated is None
    assert smoothed > pooled(["HP:0040283"])[1]
    assert pooled(["1/4", "HP:0040281"])[0] == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("stated", "is_never"),
    [
        (["0/15"], True),
        (["HP:0040285", ""], True),
        (["0%"], True),
        (["0/15", "1/3"], False),
        ([""], False),
        ([], False),
    ],
)
def test_never(stated: list[str], is_never: bool) -> None:
    assert never(stated) is is_never


def test_a_finding_without_frequency_has_none() -> None:
    assert pooled(["", ""]) == (None, UNSTATED)


@pytest.mark.parametrize("text", ["often", "3/0", "9/7", "140%", "1/2/3", "-1/2"])
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a frequency"):
        pooled([text])
