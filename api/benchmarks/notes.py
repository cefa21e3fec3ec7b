"""`bench notes`: how fast whole pipelines read notes, ours in their sizes beside medspaCy.

Speed only: what they find is measured by the other benchmarks. medspaCy needs versions of spaCy and
numpy of its own, so it runs in a Python of its own that `MEDSPACY_PYTHON` names:

    uv venv medspacy --python 3.11
    uv pip install --python medspacy/bin/python medspacy==1.3.1 "numpy<2"
"""

from __future__ import annotations

import csv
import json
import os
import resource
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

from spacy.language import Language

from api.linkable import terms
from engine.evaluate import BenchReport
from engine.exceptions import InputError, MissingExtraError, SourceError
from knowledge_graph.memory import MemoryGraph
from nlp.extract import Reader
from nlp.linking import Linker
from nlp.reading import words_of
from nlp.tagger import FILES, loaded

OTHER = "MEDSPACY_PYTHON"
WARM = 5
"""Notes read before the clock starts."""
_FIELD = 1 << 24  # characters of a field of a table, at most
_MEDSPACY = """
import json, sys, time
import medspacy
texts = json.load(sys.stdin)
pipeline = medspacy.load()
for doc in pipeline.pipe(texts[:{warm}]): pass
start = time.perf_counter()
for doc in pipeline.pipe(texts): pass
print(json.dumps([time.perf_counter() - start, pipeline.pipe_names]))
"""


@dataclass(frozen=True, slots=True)
class _Timed:
    """seconds: for all notes, warm. parts: of the pipeline."""

    seconds: float
    parts: Sequence[str]


def run(paths: Sequence[Path] | Path, graph: MemoryGraph) -> BenchReport:
    """Words a second of each pipeline, and the memory of this process when all are loaded.

    Raises:
        InputError: no notes, or a medspaCy that does not run.
    """
    paths = [paths] if isinstance(paths, Path) else paths
    texts = [text for path in paths for text in _texts(path)]
    if not texts:
        raise InputError(
            "no notes",
            where=", ".join(map(str, paths)),
            fix="name .txt files or a .csv with a text",
        )
    words = sum(len(words_of(text).words) for text in texts)
    began = perf_counter()
    timed = {"dictionary": _time(Reader.compile(graph).pipeline, texts)}
    linker = Linker.over(terms(graph).names)
    notes: list[str] = []
    for kind in FILES:
        try:
            tagger, _ = loaded(kind)
        except (MissingExtraError, SourceError) as missing:
            notes.append(f"{kind}: {missing.message}")
            continue
        reader = Reader.compile(graph, tagger=tagger, linker=linker)
        timed[kind] = _time(reader.pipeline, texts)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if other := os.environ.get(OTHER):
        timed["medspacy"] = _medspacy(other, texts)
    else:
        notes.append(f"medspaCy not run: {OTHER} names no Python that has it")
    parts = [f"{name}: {', '.join(one.parts)}" for name, one in timed.items()]
    return BenchReport(
        bench="notes",
        n=len(texts),
        metrics={f"words_per_s_{name}": words / one.seconds for name, one in timed.items()}
        | {"words": float(words), "peak_mb": peak},
        ci95={},
        seconds=perf_counter() - began,
        provenance={"konsil": version("konsil"), "paths": [str(path) for path in paths]},
        misses=[],
        notes=[*parts, *notes, "one process each, warm; words are tokens without blanks"],
    )


def _texts(path: Path) -> Iterator[str]:
    if path.suffix == ".csv":
        csv.field_size_limit(_FIELD)
        with path.open(encoding="utf-8", newline="") as file:
            yield from (row["text"] for row in csv.DictReader(file) if row.get("text"))
    else:
        for file in sorted(path.glob("*.txt")) if path.is_dir() else [path]:
            yield file.read_text("utf-8")


def _time(pipeline: Language, texts: Sequence[str]) -> _Timed:
    for _ in pipeline.pipe(texts[:WARM]):
        pass
    start = perf_counter()
    for _ in pipeline.pipe(texts):
        pass
    return _Timed(perf_counter() - start, pipeline.pipe_names)


def _medspacy(python: str, texts: Sequence[str]) -> _Timed:
    done = subprocess.run(
        [python, "-c", _MEDSPACY.format(warm=WARM)],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LOGURU_LEVEL": "ERROR"},  # its log of every token is most of its time
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no output"]
        raise InputError(
            f"medspaCy failed: {last[0]}", where=OTHER, fix="see api/benchmarks/notes.py"
        )
    seconds, parts = json.loads(done.stdout.splitlines()[-1])
    return _Timed(seconds, parts)
