"""`konsil bench bundle`: from a bundle on disk to the result's JSON, warm, cold, and in memory."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from api.benchmarks.child import cold
from api.engine import Engine
from engine.bundle import read
from engine.evaluate import BenchReport
from engine.serialize import to_json
from knowledge_graph.memory import MemoryGraph

ROUNDS = 7
"""Timed runs of each bundle, after one that is not timed."""


def run(paths: Sequence[Path], graph: MemoryGraph) -> BenchReport:
    """Time every bundle of the given paths; a folder named examples stands for its members."""
    bundles = [bundle for path in paths for bundle in _bundles(path)]
    engine = Engine(graph=graph)
    start = time.perf_counter()
    times = {bundle: [_once(engine, bundle) for _ in range(ROUNDS + 1)][1:] for bundle in bundles}
    every = np.array([t for of_bundle in times.values() for t in of_bundle])
    alone = [cold(_CHILD, str(bundle)) for bundle in bundles]
    return BenchReport(
        bench="bundle",
        n=len(bundles),
        metrics={
            "p50_ms": float(np.quantile(every, 0.5)),
            "p95_ms": float(np.quantile(every, 0.95)),
            "cold_s": max(seconds for seconds, _ in alone),
            "peak_mb": max(megabytes for _, megabytes in alone),
        },
        ci95={},
        seconds=time.perf_counter() - start,
        provenance={"sources": [f"{s.name} {s.version}" for s in graph.sources]},
        notes=[
            f"{bundle.name}: warm median {np.median(of_bundle):.1f} ms, cold {seconds:.2f} s, "
            f"peak {megabytes:.0f} MB"
            for (bundle, of_bundle), (seconds, megabytes) in zip(times.items(), alone, strict=True)
        ],
    )


def _bundles(path: Path) -> Iterator[Path]:
    """The path itself, or the members of a folder that is no bundle (it holds a README)."""
    if path.is_dir() and (path / "README.md").exists():
        yield from (p for p in sorted(path.iterdir()) if p.name != "README.md")
    else:
        yield path


def _once(engine: Engine, bundle: Path) -> float:
    start = time.perf_counter()
    to_json(engine.assess(read(bundle)).result())
    return (time.perf_counter() - start) * 1000


_CHILD = """
from api.cli import main
main(["diagnose", sys.argv[1], "--json"], standalone_mode=False)
"""
