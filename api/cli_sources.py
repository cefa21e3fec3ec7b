"""`konsil kg build` and `konsil kg audit`: what the graph is made of, and whether it is sound."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.exceptions import InputError

if TYPE_CHECKING:
    from knowledge_graph.build import Added
    from knowledge_graph.memory import MemoryGraph
    from knowledge_graph.snapshot import Snapshot

GO_BACK = "`konsil kg build` without --source, or KONSIL_GRAPH=packaged"


@click.command()
@click.option(
    "--source",
    "named",
    multiple=True,
    metavar="NAME=PATH",
    help="A file or folder and its importer; may be given several times.",
)
@click.option(
    "--rejected",
    "target",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write one JSON line for each row that was not used to this file.",
)
@click.option("--list", "listing", is_flag=True, help="Only list importers and current sources.")
def build(named: tuple[str, ...], target: Path | None, listing: bool) -> None:
    """Make the graph of the packaged sources and these; without --source, of the packaged alone.

    All later commands use it. A source that cannot be read leaves everything as it was.
    """
    if listing:
        return _list()
    from knowledge_graph.build import load, ordered, write_recipe
    from knowledge_graph.memory import MemoryGraph

    sources = ordered(_described(text) for text in named)
    snapshot = load(sources, _progress)
    if target is not None:
        _write_rejected(snapshot, target)
    path = write_recipe(sources)
    _print_counts(snapshot)
    _print_size(MemoryGraph(snapshot))
    click.echo(f"recipe: {path}")
    _print_used(sources)
    return None


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def audit(as_json: bool) -> None:
    """Prove that the graph is sound: sources, ends, duplicates, curated files, codes.

    The exit code is 1 when anything is wrong.
    """
    from engine.serialize import as_bytes
    from knowledge_graph import records
    from knowledge_graph.audit import audit as audited
    from knowledge_graph.audit import known_codes
    from knowledge_graph.build import added, catalogued
    from knowledge_graph.memory import MemoryGraph

    graph = MemoryGraph.chosen(_progress)
    known = known_codes(catalogued(added()))
    found = audited(records.nodes(graph), records.edges(graph), known=known)
    click.echo(as_bytes(found) if as_json else found.report())
    sys.exit(0 if found.ok else 1)


# ---- Inside ---------------------------------------------------------------------------------


def _described(text: str) -> Added:
    from knowledge_graph.build import described

    name, given, path = text.partition("=")
    if not given or not path:
        raise InputError(
            f"{text!r} is not NAME=PATH", where="--source", fix="see `konsil kg build --list`"
        )
    return described(name, Path(path))


def _list() -> None:
    from knowledge_graph.build import added, recipe_path
    from knowledge_graph.sources import IMPORTERS, importer

    click.echo("importers (--source NAME=PATH):")
    for name in IMPORTERS:
        module = importer(name)
        click.echo(f"  {name:<18} {module.NAME}: {module.WANTS}")
    sources = added()
    click.echo(f"recipe: {recipe_path()}")
    for source in sources:
        click.echo(f"  {source.name}={source.path}  sha256 {source.sha256[:12]}")
    if not sources:
        click.echo("  nothing is added to the packaged graph")


def _write_rejected(snapshot: Snapshot, target: Path) -> None:
    import orjson

    lines = (
        orjson.dumps({"source": source, "row": row, "reason": reason}) + b"\n"
        for source, row, reason in snapshot.names["rejected"]
    )
    try:
        target.write_bytes(b"".join(lines))
    except OSError as error:
        raise InputError(
            f"cannot be written: {error}", where=str(target), fix="name a file in a folder of yours"
        ) from error


def _print_counts(snapshot: Snapshot) -> None:
    """One line a source: records in and rows rejected."""
    rejected = Counter(dataset for dataset, _, _ in snapshot.names["rejected"])
    for dataset, given, refused in snapshot.names["counts"]:
        click.echo(f"{dataset}: {given:,} records in, {refused:,} rejected")
        del rejected[dataset]
    for dataset, refused in sorted(rejected.items()):
        click.echo(f"{dataset}: {refused:,} rejected")


def _print_size(graph: MemoryGraph) -> None:
    from knowledge_graph import records

    ranked = len(graph.entries)
    others = _length(records.nodes(graph)) - ranked
    edges = _length(records.edges(graph))
    rejected = len(graph.snapshot.names["rejected"])
    click.echo(
        f"graph {graph.snapshot.key}: {ranked:,} diseases ranked, {others:,} other nodes,"
        f" {edges:,} edges, {rejected:,} rejected"
    )


def _print_used(sources: tuple[Added, ...]) -> None:
    from knowledge_graph.build import PACKAGED

    if not sources:
        click.echo("used from now on: the packaged graph, nothing is added to it")
        return
    names = ", ".join(source.name for source in sources)
    click.echo(f"used from now on: the packaged graph with {names}")
    click.echo(f"to go back: {GO_BACK}")
    if os.environ.get("KONSIL_GRAPH") == PACKAGED:
        click.echo(f"but KONSIL_GRAPH={PACKAGED} is set here: unset it", err=True)


def _length(items: Iterator[object]) -> int:
    return sum(1 for _ in items)


def _progress(message: str) -> None:
    click.echo(message, err=True)
