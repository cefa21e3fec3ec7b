from __future__ import annotations

import pytest

from knowledge_graph.frequency import PRIOR_MEAN, PRIOR_WEIGHT, UNSTATED, pooled


def test_counts_of_several_sources_are_added() -> None:
    stated, smoothed = pooled(["7/13", "3/7"])
    assert stated == pytest.approx(10 / 20)
    assert smoothed == pytest.approx((10 + PRIOR_MEAN * PRIOR_WEIGHT) / (20 + PRIOR_WEIGHT))


def test_one_patient_of_one_is_not_certainty() -> None:
    stated, smoothed = pooled(["1/1"])
    assert stated == 1
    assert smoothed < 0.5 < pooled(["100/100"])[1]


@pytest.mark.parametrize(
    ("text", "share"), [("45%", 0.45), ("12.5%", 0.125), ("HP:0040281", 0.895), ("HP:0040285", 0)]
)
def test_other_forms(text: str, share: float) -> None:
    assert pooled([text])[0] == pytest.approx(share)


def test_a_finding_without_frequency_has_none() -> None:
    assert pooled(["", ""]) == (None, UNSTATED)


@pytest.mark.parametrize("text", ["often", "3/0", "9/7", "140%", "1/2/3", "-1/2"])
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a frequency"):
        pooled([text])
