"""How often the criteria of `twelve_rules` are right, beside the statements of PTB-XL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from signals.twelve_rules import RULES

STATED: Mapping[str, tuple[str, frozenset[str]]] = {
    "complete left bundle branch block": ("lbbb", frozenset({"CLBBB"})),
    "complete right bundle branch block": ("rbbb", frozenset({"CRBBB"})),
    "left anterior fascicular block": ("lafb", frozenset({"LAFB"})),
    "left ventricular hypertrophy with strain": ("lvh_strain", frozenset({"LVH", "VCLVH"})),
    "left ventricular hypertrophy by voltage": ("lvh_voltage", frozenset({"LVH", "VCLVH"})),
    "left axis deviation": ("left_axis", frozenset({"LAD", "ALAD"})),
    "atrial fibrillation": ("afib", frozenset({"AFIB"})),
    "inferior infarction, Q waves": ("inferior_mi", frozenset({"IMI", "ILMI", "IPMI", "IPLMI"})),
    "anteroseptal infarction, Q waves": ("anteroseptal_mi", frozenset({"ASMI", "AMI", "ALMI"})),
    "paced or ventricular QRS": ("paced", frozenset({"PACE"})),
}
"""Criterion -> how its keys are named, and the statements that say the same (heart_axis for the
axis, which is stated in few records: only those count)."""


def rule_scores(records: Iterable[tuple[Sequence[str], str, Iterable[str]]]) -> dict[str, float]:
    """`se_<key>`, `ppv_<key>` and `n_<key>`, the records with the statement.

    records: names of the criteria that hold, the database's heart_axis ("" where it has none), and
    the codes of its statements.
    """
    every = [(frozenset(said), axis, frozenset(codes)) for said, axis, codes in records]
    scores: dict[str, float] = {}
    for rule in RULES:
        key, codes = STATED[rule.name]
        axis = key == "left_axis"
        pairs = [
            (rule.name in said, (stated_axis in codes) if axis else bool(stated & codes))
            for said, stated_axis, stated in every
            if stated_axis or not axis
        ]
        right = sum(said and true for said, true in pairs)
        stated_, said_ = sum(true for _, true in pairs), sum(said for said, _ in pairs)
        scores[f"n_{key}"] = float(stated_)
        if stated_:
            scores[f"se_{key}"] = right / stated_
        if said_:
            scores[f"ppv_{key}"] = right / said_
    return scores
