from __future__ import annotations

from collections.abc import Sequence

from engine.evaluate import bootstrap_ci


def mean(values: Sequence[float]) -> dict[str, float]:
    return {"mean": sum(values) / len(values)}


def test_the_interval_holds_the_value_and_is_repeatable() -> None:
    values = [float(n) for n in range(100)]
    low, high = bootstrap_ci(mean, values)["mean"]
    assert 42 < low < 49.5 < high < 57
    assert bootstrap_ci(mean, values)["mean"] == (low, high)
    assert bootstrap_ci(mean, values, seed=1)["mean"] != (low, high)


def test_clusters_widen_the_interval() -> None:
    cases = [0.0, 1.0] * 50
    clusters = [cases[i : i + 10] for i in range(0, 100, 10)]
    clusters = [[float(n % 2)] * 10 for n, _ in enumerate(clusters)]

    def clustered(drawn: Sequence[list[float]]) -> dict[str, float]:
        return mean([case for cluster in drawn for case in cluster])

    (low, high), (wide_low, wide_high) = (
        bootstrap_ci(mean, cases)["mean"],
        bootstrap_ci(clustered, clusters)["mean"],
    )
    assert wide_high - wide_low > high - low


def test_no_units_no_interval() -> None:
    assert bootstrap_ci(mean, []) == {}


def test_values_that_are_not_finite_are_left_out() -> None:
    assert bootstrap_ci(lambda _: {"nan": float("nan")}, [1], n=10) == {}
