"""Methods measured on the same units, one a row, for the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """lines: as printed. references: keys of the metrics that stand only here, not ours."""

    lines: tuple[str, ...]
    references: frozenset[str]


def side_by_side(metrics: Mapping[str, float], compared: Mapping[str, str]) -> Table:
    """One row for each method, one column for each metric that all of them have.

    compared: what the keys of a method begin with -> its name; see `BenchReport`.
    """
    columns = [key for key in metrics if all(f"{prefix}{key}" in metrics for prefix in compared)]
    if not compared or not columns:
        return Table((), frozenset())
    widths = [max(7, len(key)) for key in columns]
    first = max(len(name) for name in compared.values())
    heads = (f"{key:>{width}}" for key, width in zip(columns, widths, strict=True))
    lines = [f"  {'':<{first}}  {'  '.join(heads)}"]
    for prefix, name in compared.items():
        values = (
            f"{metrics[prefix + key]:>{width}.3f}"
            for key, width in zip(columns, widths, strict=True)
        )
        lines.append(f"  {name:<{first}}  {'  '.join(values)}")
    references = (prefix + key for prefix in compared if prefix for key in columns)
    return Table(tuple(lines), frozenset(references))
