"""Compiled lexicons kept on disk, so that only the first run of a release compiles one.

A file is named by the sha256 of the labels and of the code that compiled them, so an old one is
never read; a damaged one is compiled again, and a full or read-only disk is no error.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256
from itertools import count
from pathlib import Path
from tempfile import NamedTemporaryFile

import numpy as np
from platformdirs import user_cache_path

from engine.protocols import Label
from nlp import lexicon as _lexicon
from nlp import normalise as _normalise
from nlp.lexicon import Lexicon, compile_lexicon

_SOURCES = (
    _lexicon.__file__,
    _normalise.__file__,
    *map(str, (_normalise.WORDS_FILE, _lexicon.NAMES_FILE)),
)


def load_lexicon(labels: Iterable[Label], *, folder: Path | None = None) -> Lexicon:
    """The compiled lexicon of the labels, from disk where possible.

    folder: where compiled lexicons are; None for the user's cache folder.
    """
    labels = list(labels)
    folder = user_cache_path("konsil") / "lexicon" if folder is None else folder
    path = folder / f"{_key(labels)}.npz"
    with suppress(OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
        return _read(path)
    compiled = compile_lexicon(labels)
    with suppress(OSError):
        _write(compiled, path)
    return compiled


def _key(labels: list[Label]) -> str:
    digest = sha256("\n".join(f"{x.term}\t{x.kind}\t{x.text}" for x in labels).encode())
    for source in _SOURCES:
        digest.update(Path(source).read_bytes())
    return digest.hexdigest()


def _read(path: Path) -> Lexicon:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        terms: list[str] = arrays["terms"].tolist()

        def mapping(name: str) -> dict[int, str]:
            numbers = arrays[f"{name}_terms"].tolist()
            return {k: terms[n] for k, n in zip(arrays[name].tolist(), numbers, strict=True)}

        acronyms = [terms[n] for n in arrays["acronyms_terms"].tolist()]
        return Lexicon(
            bags=mapping("bags"),
            singles=mapping("singles"),
            acronyms=dict(zip(arrays["acronyms"].tolist(), acronyms, strict=True)),
            guarded=_guards(arrays["guarded"].tolist()),
            stems=set(arrays["stems"].tolist()),
            sha256=str(arrays["sha256"]),
        )


def _guards(lines: list[str]) -> dict[str, list[tuple[frozenset[str], str]]]:
    guarded: dict[str, list[tuple[frozenset[str], str]]] = {}
    for written, term, *near in (line.split("\t") for line in lines):
        guarded.setdefault(written, []).append((frozenset(near), term))
    return guarded


def _write(compiled: Lexicon, path: Path) -> None:
    """Written beside and renamed, so that another process never sees half a file."""
    mappings = {
        "bags": compiled.bags,
        "singles": compiled.singles,
        "acronyms": compiled.acronyms,
    }
    number = dict(zip(sorted({t for m in mappings.values() for t in m.values()}), count()))
    arrays = {"terms": np.array(list(number), dtype=np.str_), "sha256": np.array(compiled.sha256)}
    for name, mapping in mappings.items():
        kind = np.str_ if name == "acronyms" else np.int64
        arrays[name] = np.array(list(mapping), dtype=kind)
        arrays[f"{name}_terms"] = np.array([number[t] for t in mapping.values()], dtype=np.int32)
    guards = [
        "\t".join((written, term, *sorted(near)))
        for written, meanings in compiled.guarded.items()
        for near, term in meanings
    ]
    arrays["guarded"] = np.array(guards, dtype=np.str_)
    arrays["stems"] = np.array(sorted(compiled.stems), dtype=np.int64)
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent, suffix=".tmp", delete=False) as file:
        np.savez(file, **arrays)
    Path(file.name).replace(path)
