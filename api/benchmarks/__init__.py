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
    "vignettes": "api.benchmarks.vignettes:run",
    "interview": "api.benchmarks.interview:run",
    "bundle": "api.benchmarks.bundle:run",
    "concepts": "nlp.evaluate:concepts",
    "assertion": "nlp.evaluate:assertion",
    "kg": "api.benchmarks.kg:run",
}
"""Name -> "module:function", called with the paths and the graph."""
WITHOUT_PATHS = ("kg",)
"""Benchmarks that read nothing but the graph."""


def run(name: str, paths: Sequence[Path], progress: Callable[[str], None]) -> BenchReport:
    """Run one benchmark.

    Raises:
        NotFoundError: no benchmark of that name; the known ones are listed.
        InputError: no paths for a benchmark that reads some, or paths for one that reads none.
    """
    if name not in BENCHMARKS:
        raise NotFoundError(
            f"no benchmark {name!r}", fix=f"known benchmarks: {', '.join(sorted(BENCHMARKS))}"
        )
    if bool(paths) == (name in WITHOUT_PATHS):
        needs = "reads nothing but the graph" if paths else "needs files to read"
        raise InputError(
            f"benchmark {name} {needs}", where="PATHS", fix="see `konsil bench --help`"
        )
    module, _, function = BENCHMARKS[name].partition(":")
    return getattr(import_module(module), function)(paths, MemoryGraph.chosen(progress))
