"""`konsil bench delineate`: where P, QRS and T begin and end in annotated leads, within 150 ms.

Scored between the first and the last annotated wave of a lead, as nothing beyond is annotated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.evaluate import BenchReport, bootstrap_ci
from engine.exceptions import InputError
from signals import corpora
from signals.corpora import Marked
from signals.delineate import KINDS, Network, delineate
from signals.folds import parts
from signals.matching import match
from signals.recording import Recording
from signals.reference import neurokit_waves
from signals.waves import Waves

TOLERANCE_S = 0.15
BORDERS = {"on": 0, "off": 2}
MAIN_LEAD = "ii"
"""The lead that others report; all leads stand beside it."""


@dataclass(frozen=True, slots=True)
class Scored:
    """One border of one kind of wave in one lead. errors: found less annotated, s, of hits.

    missed, extra: seconds of annotated waves that were not found, and of found ones that are none.
    """

    record: str
    lead: str
    border: str
    errors: NDArray[np.float64]
    missed: NDArray[np.float64]
    extra: NDArray[np.float64]


def run(paths: Sequence[Path], graph: object = None, *, cv: int | None = None) -> BenchReport:
    """See the module. cv: read each record with a network that was taught without it.

    Raises:
        InputError: no record with annotated waves.
    """
    records = [path for folder in paths for path in corpora.record_paths(folder, MAIN_LEAD)]
    if not records or not records[0].with_suffix(f".{MAIN_LEAD}").exists():
        raise InputError(
            "no record with annotated waves",
            where=str(paths[0]),
            fix=f"give a folder of WFDB records with annotations .i, .{MAIN_LEAD}, ... (LUDB)",
        )
    ours: list[Scored] = []
    others: list[Scored] = []
    models: list[str] = []
    overlap = crashed = 0
    start = perf_counter()
    for part in parts(records, cv, corpus="ludb"):
        overlap += part.overlap
        models.append(part.model)
        for lead in (lead for path in part.records for lead in corpora.marked(path)):
            ours += scores(lead, found(lead, part.network))
            if lead.lead == MAIN_LEAD:
                waves = neurokit_waves(lead.signal, lead.rate)
                crashed += waves is None
                others += scores(lead, waves or _none())
    main = [one for one in ours if one.lead == MAIN_LEAD]
    by_record = [[one for one in main if one.record == path.name] for path in records]
    return BenchReport(
        bench="delineate",
        n=len(records),
        metrics=metrics(main)
        | {f"all_leads_{key}": value for key, value in metrics(ours).items()}
        | {f"neurokit_{key}": value for key, value in metrics(others).items()},
        ci95=bootstrap_ci(lambda chosen: metrics([x for xs in chosen for x in xs]), by_record),
        seconds=perf_counter() - start,
        provenance={"models": models, "trained_on_overlap": overlap, "cv": cv},
        misses=[miss for one in ours for miss in _misses(one)],
        notes=[
            f"n: records, lead {MAIN_LEAD.upper()}; all_leads: every annotated lead;"
            " mean and sd of found less annotated; intervals resample records",
            f"NeuroKit2 could not read {crashed} of {len(records)} records: all missed",
        ],
        compared={"": "Konsil", "neurokit_": "NeuroKit2 DWT"},
    )


def found(lead: Marked, network: Network) -> Waves:
    """What our network finds in an annotated lead."""
    recording = Recording(lead.record, lead.signal[None], lead.rate, (lead.lead,))
    return delineate(recording, lead.lead, network=network)


def scores(lead: Marked, waves: Waves) -> list[Scored]:
    """Each border of each kind of wave."""
    return [
        _score(lead, f"{kind}_{border}", lead.times[lead.kinds == kind, column], times[:, column])
        for kind in KINDS
        for times in [getattr(waves, kind)]
        for border, column in BORDERS.items()
    ]


def _score(
    lead: Marked, border: str, marked: NDArray[np.float64], seen: NDArray[np.float64]
) -> Scored:
    inside = (seen >= lead.start - TOLERANCE_S) & (seen <= lead.end + TOLERANCE_S)
    seen = np.sort(seen[inside])
    matched = match(marked, seen, tolerance=TOLERANCE_S)
    extra = seen[matched.extra]
    return Scored(
        lead.record,
        lead.lead,
        border,
        seen[matched.pairs[:, 1]] - marked[matched.pairs[:, 0]],
        marked[matched.missed],
        extra[(extra >= lead.start) & (extra <= lead.end)],
    )


def metrics(scored: Sequence[Scored]) -> dict[str, float]:
    """F1 of each border, and the mean and standard deviation of its error in ms."""
    values: dict[str, float] = {}
    for kind in KINDS:
        for border in BORDERS:
            name = f"{kind}_{border}"
            chosen = [one for one in scored if one.border == name]
            errors = np.concatenate([one.errors for one in chosen] or [np.zeros(0)])
            wrong = sum(one.missed.size + one.extra.size for one in chosen)
            values[f"{name}_f1"] = 2 * errors.size / max(2 * errors.size + wrong, 1)
            if errors.size:
                values[f"{name}_mean_ms"] = 1000 * float(errors.mean())
                values[f"{name}_sd_ms"] = 1000 * float(errors.std())
    return values


def _none() -> Waves:
    empty = np.zeros((0, 3))
    return Waves(r=np.zeros(0), p=empty, qrs=empty, t=empty, certainty=np.zeros(0))


def _misses(one: Scored) -> list[dict[str, Any]]:
    named = partial(dict, record=one.record, lead=one.lead, border=one.border)
    return [named(kind="missed", second=float(at)) for at in one.missed] + [
        named(kind="extra", second=float(at)) for at in one.extra
    ]
