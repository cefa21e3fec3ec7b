"""The compiled graph as plain arrays, and its cache on disk.

Everything a ranking needs lies in a few flat arrays; names and texts lie in one JSON document.
"""

from __future__ import annotations

import gc
import hashlib
import os
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import orjson
import platformdirs
from numpy.typing import NDArray

KEPT = 3
"""Files of a kind left in the cache folder; older ones belong to releases no longer used."""

Ints = NDArray[np.int32]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """T current terms, D diseases, A annotations, C closure entries.

    names: {"sources", "terms", "replaced", "diseases", "references", "frequencies", "nodes",
        "facts", "rejected", "counts"}; facts are edges beside has_phenotype, nodes their other
        ends; counts are [dataset, records it gave, rows it rejected] of each source.

    annotation_*: (A,), sorted by disease; the rows of disease d are
        [disease_start[d], disease_start[d + 1]). annotation_negated is 0 or 1; annotation_reference
        and annotation_frequency index the pools of the same name in `names`.
    closure_*: (C,), sorted by term; the entries of term t are [term_start[t], term_start[t + 1]).
        A closure entry says: this disease shows this term or something more specific, most often
        through closure_via (a term index), with smoothed share closure_share (0 to 1).
    denied: (N, 2), (term, disease) pairs, sorted: the sources say the disease does not show it.
    opposed: (O, 2), (term, other) pairs, sorted: who shows one is not credited for the other.
    background: (T,), share of the candidates, each weighted by its prior. chance: (D,), mean log
        likelihood ratio that a finding drawn from all annotations would give this disease.
    key: the name of its file in the cache; "" when it was never to be there.
    """

    names: dict[str, Any]
    disease_start: Ints
    annotation_term: Ints
    annotation_reference: Ints
    annotation_frequency: Ints
    annotation_negated: Ints
    term_start: Ints
    closure_disease: Ints
    closure_via: Ints
    closure_share: Floats
    denied: Ints
    opposed: Ints
    background: Floats
    chance: Floats
    key: str = ""


_ARRAYS = tuple(field.name for field in fields(Snapshot) if field.name not in ("names", "key"))


def cache_folder() -> Path:
    """The user's cache folder for compiled graphs (XDG_CACHE_HOME is respected)."""
    return Path(platformdirs.user_cache_dir("konsil")) / "graph"


def cached(key: str, build: Callable[[], Snapshot]) -> Snapshot:
    """The snapshot of this key from the cache, built and stored when it is not there.

    A damaged cache file is built anew; a cache folder that cannot be written costs only time. Names
    come back as JSON has them (lists, no tuples) whether they were built or read.
    """
    path = cache_folder() / f"{key}.npz"
    try:
        return replace(_load(path), key=key)
    except (OSError, EOFError, ValueError, KeyError, BadZipFile):
        built = build()
    snapshot = replace(built, names=orjson.loads(orjson.dumps(built.names)), key=key)
    with suppress(OSError):
        _save(path, snapshot)
    return snapshot


def key_of(*parts: str) -> str:
    """A short file name from the states of the files a snapshot depends on."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:20]


@contextmanager
def uncollected() -> Generator[None]:
    """Without garbage collection: of a million new objects that all stay, it finds nothing."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@uncollected()
def _load(path: Path) -> Snapshot:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        names = orjson.loads(stored["names"].tobytes())
        return Snapshot(names=names, **{name: stored[name] for name in _ARRAYS})


def forget_oldest(folder: Path, pattern: str) -> None:
    """Delete all but the newest `KEPT` files of this pattern."""
    files = sorted(folder.glob(pattern), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in files[KEPT:]:
        path.unlink(missing_ok=True)


def _save(path: Path, snapshot: Snapshot) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    names = np.frombuffer(orjson.dumps(snapshot.names), dtype=np.uint8)
    arrays = {name: getattr(snapshot, name) for name in _ARRAYS}
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez(file, names=names, **arrays)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
        forget_oldest(path.parent, "*.npz")
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
