"""Knowledge sources, one importer a file; README.md beside this folder says how to add one.

An importer is a module with

    NAME: str                                              # as shown with every fact
    WANTS: str                                             # what the user's path should lead to
    def release(path: Path) -> str                         # version as the files state it
    def read(path: Path, findings: Findings) -> Iterator[Record]

`read` streams: it yields each record as it comes, a row it cannot use as `Rejected`, and raises
`SourceError` only where the file as a whole is not what it should be. Every fact and every rejected
row has the source "NAME RELEASE".
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from engine.exceptions import SourceError
from knowledge_graph.schema import Record
from knowledge_graph.sources.findings import Findings

IMPORTERS = {
    "orphapacket": "knowledge_graph.sources.orphapacket",
    "mondo": "knowledge_graph.sources.mondo",
    "doid": "knowledge_graph.sources.doid",
    "hetionet": "knowledge_graph.sources.hetionet",
    "pharmacotherapydb": "knowledge_graph.sources.pharmacotherapydb",
    "ddxplus": "knowledge_graph.sources.ddxplus",
    "csv": "knowledge_graph.sources.tables",
}
"""Name in `konsil kg build --source NAME=PATH` -> module, in the order they are read."""


class Importer(Protocol):
    """What each module of `IMPORTERS` offers."""

    NAME: str
    WANTS: str

    def release(self, path: Path) -> str:
        """The version as the files state it, else "unstated"."""
        ...

    def read(self, path: Path, findings: Findings) -> Iterator[Record]:
        """Every record of the file or folder, streaming."""
        ...


def importer(name: str) -> Importer:
    """The importer of this name.

    Raises:
        SourceError: there is none.
    """
    if name not in IMPORTERS:
        raise SourceError(
            f"no importer is called {name!r}", fix=f"use one of {', '.join(IMPORTERS)}"
        )
    return cast(Importer, import_module(IMPORTERS[name]))
