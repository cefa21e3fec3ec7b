"""The benchmarks of `konsil bench`, by name.

Those of one package live in its own `evaluate` module; those that need several live here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

from engine.evaluate import BenchReport
from engine.exceptions import InputError, NotFoundError
from knowledge_graph.memory import MemoryGraph

BENCHMARKS = {
    "rank": "api.benchmarks.rank:run",
    "labs": "api.benchmarks.labs:run",
    "abstain": "api.benchmarks.abstain:run",
    "vignettes": "api.benchmarks.vignettes:run",
    "interview": "api.benchmarks.interview:run",
    "bundle": "api.benchmarks.bundle:run",
    "notes": "api.benchmarks.notes:run",
    "concepts": "nlp.evaluate:concepts",
    "ner": "nlp.evaluate_ner:run",
    "relations": "nlp.evaluate_relations:run",
    "assertion": "nlp.evaluate_assertion:assertion",
    "deid": "api.benchmarks.deid:run",
    "linking": "api.benchmarks.linking:run",
    "beats": "signals.evaluate_beats:run",
    "rhythm": "signals.evaluate_rhythm:run",
    "ecg12": "signals.evaluate_ecg12:run",
    "episodes": "signals.evaluate_episodes:run",
    "delineate": "signals.evaluate_delineate:run",
    "kg": "api.benchmarks.kg:run",
}
"""Name -> "module:function", called with the paths and the graph."""
WITHOUT_PATHS = ("kg",)
"""Benchmarks that read nothing but the graph."""
WITH_OR_WITHOUT_PATHS = ("assertion", "deid")
"""Benchmarks that have or write data of their own; assertion reads it beside what is named."""
LEARNED = (
    *("rank", "labs", "vignettes", "abstain", "interview"),
    *("ner", "relations"),
    *("beats", "rhythm", "ecg12", "delineate"),
)
"""Benchmarks of what was learned from what lies here: they can answer with held-out folds."""


def run(
    name: str,
    paths: Sequence[Path],
    progress: Callable[[str], None],
    cv: int | None = None,
) -> BenchReport:
    """Run one benchmark.

    Args:
        cv: answer each case with the fold of the weights that did not see it (its disease, or its
            document).

    Raises:
        NotFoundError: no benchmark of that name; the known ones are listed.
        InputError: no paths for a benchmark that reads some, or paths for one that reads none;
            folds for one that was not learned.
    """
    if name not in BENCHMARKS:
        raise NotFoundError(
            f"no benchmark {name!r}", fix=f"known benchmarks: {', '.join(sorted(BENCHMARKS))}"
        )
    if name not in WITH_OR_WITHOUT_PATHS and bool(paths) == (name in WITHOUT_PATHS):
        needs = "reads nothing but the graph" if paths else "needs files to read"
        raise InputError(
            f"benchmark {name} {needs}", where="PATHS", fix="see `konsil bench --help`"
        )
    if cv is not None and name not in LEARNED:
        raise InputError(
            f"benchmark {name} has no folds", where="--cv", fix=f"use it with {', '.join(LEARNED)}"
        )
    module, _, function = BENCHMARKS[name].partition(":")
    held = {"cv": cv} if name in LEARNED else {}
    return getattr(import_module(module), function)(paths, MemoryGraph.chosen(progress), **held)
