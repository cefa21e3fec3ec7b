"""`konsil kg`: questions to the knowledge graph."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast, get_args

import click

from api.cli_sources import audit, build
from engine.exceptions import InputError

if TYPE_CHECKING:
    from api.engine import Engine
    from api.interactions import InteractionReport
    from engine.types import Sex
    from knowledge_graph.export import Format
    from knowledge_graph.schema import Edge, Predicate
    from knowledge_graph.store import Card, Direction, GraphStore, NamedEdge, Subgraph

STORES = ("embedded", "neo4j")
Command = TypeVar("Command", bound=Callable[..., Any])


def _common(command: Command) -> Command:
    """--store and --json, which every question has."""
    store = click.option(
        "--store",
        type=click.Choice(STORES),
        envvar="KONSIL_STORE",
        default="embedded",
        show_default=True,
        help="Who answers; neo4j is the server that KONSIL_NEO4J_URI names.",
    )
    return store(click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command))


def _limit(most: int, default: int) -> Callable[[Command], Command]:
    return click.option("--limit", type=click.IntRange(1, most), default=default, show_default=True)


@click.group()
def kg() -> None:
    """Ask the knowledge graph.

    A NODE is an id (OMIM:154700), a code of another catalogue (ORPHA:558) or an exact name.
    """


@kg.command()
@click.argument("text")
@_limit(100, 10)
@_common
def search(text: str, limit: int, store: str, as_json: bool) -> None:
    """Find nodes by name, synonym, id or code; typos are allowed."""
    hits = _store(store).search(text, limit=limit)
    if as_json:
        return _print_json(hits)
    if not hits:
        click.echo(f"nothing in the graph is called anything like {text!r}", err=True)
        sys.exit(1)
    for hit in hits:
        node = hit.node
        also = "" if hit.matched in (node.name, node.id) else f"  (matched {hit.matched!r})"
        click.echo(f"{hit.score:5.1f}  {node.kind:<10}  {node.id}  {node.name}{also}")
    return None


@kg.command()
@click.argument("node")
@click.option(
    "--limit",
    type=click.IntRange(1, 10_000),
    default=50,
    show_default=True,
    help="At most this many edges of each predicate.",
)
@_common
def show(node: str, limit: int, store: str, as_json: bool) -> None:
    """Show the card of a node: its edges and their sources, frequent findings first."""
    card = _store(store).card(node, limit=limit)
    return _print_json(card) if as_json else _print_card(card)


@kg.command()
@click.argument("node")
@click.option("--predicate", help="Only edges of this kind.")
@click.option("--in", "inward", is_flag=True, help="Edges that reach the node.")
@click.option("--out", "outward", is_flag=True, help="Edges that leave the node (the default).")
@_limit(10_000, 100)
@_common
def neighbours(
    node: str,
    predicate: str | None,
    inward: bool,
    outward: bool,
    limit: int,
    store: str,
    as_json: bool,
) -> None:
    """List the edges of a node."""
    asked = _store(store)
    chosen = None if predicate is None else _predicate(predicate)
    directions: list[Direction] = ["in"] if inward and not outward else ["out"]
    if inward and outward:
        directions.append("in")
    found = asked.find(node)
    edges = [
        edge
        for direction in directions
        for edge in asked.neighbours(found.id, predicate=chosen, direction=direction, limit=limit)
    ]
    _print_edges(asked, edges, as_json)


def _about_disease(question: str, says: str) -> click.Command:
    """A command that asks one of the store's questions about a disease."""

    @_limit(10_000, 100)
    @_common
    def ask(disease: str, limit: int, store: str, as_json: bool) -> None:
        asked = _store(store)
        found = asked.find(disease, kind="Disease")
        _print_edges(asked, getattr(asked, question)(found.id, limit=limit), as_json)

    return click.command(question, help=says)(click.argument("disease")(ask))


for _question, _says in {
    "treats": "List what treats a disease.",
    "confirms": "List the tests that confirm a disease.",
    "contraindicates": "List what must not be given in a disease.",
}.items():
    kg.add_command(_about_disease(_question, _says))


@kg.command()
@click.argument("start")
@click.argument("end")
@_limit(50, 3)
@_common
def path(start: str, end: str, limit: int, store: str, as_json: bool) -> None:
    """Show the shortest cited paths between two nodes."""
    asked = _store(store)
    routes = asked.paths(asked.find(start).id, asked.find(end).id, limit=limit)
    if as_json:
        return _print_json(routes)
    if not routes:
        click.echo("no path of six edges or fewer", err=True)
        sys.exit(1)
    for number, route in enumerate(routes, 1):
        click.echo(f"{number}. " + " - ".join(f"{n.name} ({n.id})" for n in route.nodes))
        for edge in route.edges:
            click.echo(f"     {_line(edge)}")
    return None


@kg.command(context_settings={"ignore_unknown_options": True})
@click.argument("findings", metavar="FINDING...", nargs=-1)
@click.option("--absent", multiple=True, help="A finding that was looked for and not found.")
@click.option("--age", type=click.FloatRange(0, 130), help="Years.")
@click.option("--sex", type=click.Choice(["female", "male"]))
@click.option("--top", type=click.IntRange(1, 100), default=10, show_default=True)
@_common
def differential(
    findings: tuple[str, ...],
    absent: tuple[str, ...],
    age: float | None,
    sex: Sex | None,
    top: int,
    store: str,
    as_json: bool,
) -> None:
    """Rank diseases for findings, given by HPO id or exact name; a leading - says absent.

    --store neo4j ranks with the graph that the server holds; its first use reads all of it.
    """
    from api.differential import differential as ranked
    from engine.types import Patient

    present = [text for text in findings if not text.startswith("-")]
    missing = [text[1:] for text in findings if text.startswith("-")]
    patient = Patient(sex=sex, age_years=age)
    assessment = ranked(_engine(store), present, [*missing, *absent], patient=patient)
    result = assessment.result(top=top)
    if as_json:
        return _print_json(result)
    from rich.console import Console

    from api.report import report

    console = Console(highlight=False, emoji=False, markup=False)
    return console.print(report(result, assessment.patient))


@kg.command()
@click.argument("drugs", metavar="DRUG...", nargs=-1, required=True)
@_common
def interactions(drugs: tuple[str, ...], store: str, as_json: bool) -> None:
    """List interactions and duplicates among medicines, the most severe first.

    A DRUG is written as on a prescription, in quotes: "Tab. Warfarin 5 mg od".
    """
    from api.interactions import interactions as check

    found = check(_engine(store), drugs)
    return _print_json(found) if as_json else _print_interactions(found)


@kg.command()
@click.argument("nodes", metavar="NODE...", nargs=-1, required=True)
@click.option("--hops", type=click.IntRange(0, 6), default=1, show_default=True)
@_limit(2_000, 500)
@click.option(
    "--format", "format_", type=click.Choice(["cytoscape", "graphml", "csv"]), default="cytoscape"
)
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path),
    help="Write to this file; for csv a .zip or a folder.",
)
@_common
def subgraph(
    nodes: tuple[str, ...],
    hops: int,
    limit: int,
    format_: Format,
    target: Path | None,
    store: str,
    as_json: bool,
) -> None:
    """Export everything within --hops edges of some nodes, at most --limit nodes."""
    asked = _store(store)
    found = asked.subgraph([asked.find(node).id for node in nodes], hops=hops, limit=limit)
    if as_json:
        return _print_json(found)
    if target is None and format_ == "csv":
        raise InputError("csv makes two files", where="--to", fix="name a .zip file or a folder")
    _write(found, format_, target)
    cut = "" if found.complete else f"; the nearest {limit}, more are in reach"
    click.echo(f"{len(found.nodes)} nodes, {len(found.edges)} edges{cut}", err=True)
    return None


@kg.command()
@click.argument("query")
@click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="JSON, else text.")
@_limit(100_000, 100)
@click.option("--timeout", type=click.FloatRange(0, min_open=True), default=5.0, help="Seconds.")
@_common
def cypher(
    query: str, params: tuple[str, ...], limit: int, timeout: float, store: str, as_json: bool
) -> None:
    """Run a reading Cypher QUERY on the Neo4j server that KONSIL_NEO4J_URI names."""
    from knowledge_graph.neo4j_store import Settings
    from knowledge_graph.neo4j_store import cypher as ask

    table = ask(
        query,
        dict(map(_parameter, params)),
        settings=Settings.from_environment(),
        timeout_s=timeout,
        max_rows=limit,
    )
    if as_json:
        return _print_json(table)
    import orjson

    click.echo("\t".join(table.columns))
    for row in table.rows:
        shown = (v if isinstance(v, str) else orjson.dumps(v).decode() for v in row)
        click.echo("\t".join(" ".join(value.split()) for value in shown))
    if table.truncated:
        click.echo(f"only the first {limit} rows; --limit shows more", err=True)
    return None


@kg.command()
def load() -> None:
    """Load the graph into the Neo4j server that KONSIL_NEO4J_URI names; safe to repeat."""
    from knowledge_graph import records
    from knowledge_graph.neo4j_store import Settings
    from knowledge_graph.neo4j_store import load as load_into

    settings = Settings.from_environment()
    graph = _engine("embedded").graph
    held = load_into(records.nodes(graph), records.edges(graph), settings, _progress)
    click.echo(held.report())


@kg.command()
def verify() -> None:
    """Compare the Neo4j server that KONSIL_NEO4J_URI names with the embedded graph."""
    from knowledge_graph import records
    from knowledge_graph.neo4j_store import Settings
    from knowledge_graph.neo4j_store import verify as verify_on

    settings = Settings.from_environment()
    graph = _engine("embedded").graph
    found = verify_on(settings, records.nodes(graph), records.edges(graph))
    click.echo(found.report())
    sys.exit(0 if found.ok else 1)


kg.add_command(build)
kg.add_command(audit)


# ---- Inside ---------------------------------------------------------------------------------


def _engine(store: str) -> Engine:
    from api.engine import Engine

    return Engine(store=store, progress=_progress)


def _store(store: str) -> GraphStore:
    return _engine(store).store


def _progress(message: str) -> None:
    click.echo(message, err=True)


def _predicate(text: str) -> Predicate:
    from knowledge_graph.schema import Predicate

    known: dict[str, Predicate] = {name: name for name in get_args(Predicate)}
    if text not in known:
        raise InputError(
            f"no edges are called {text!r}", where="--predicate", fix=f"one of {', '.join(known)}"
        )
    return known[text]


def _parameter(text: str) -> tuple[str, Any]:
    import orjson

    name, given, value = text.partition("=")
    if not given:
        raise InputError(f"{text!r} has no =", where="--param", fix="write NAME=VALUE")
    try:
        return name, orjson.loads(value)
    except orjson.JSONDecodeError:
        return name, value


def _write(graph: Subgraph, format_: Format, target: Path | None) -> None:
    from knowledge_graph.export import csv_files, export

    if target is None:
        click.echo(export(graph, format_))
    elif format_ == "csv" and target.suffix != ".zip":
        target.mkdir(parents=True, exist_ok=True)
        for name, text in csv_files(graph).items():
            (target / name).write_text(text, encoding="utf-8")
    else:
        target.write_bytes(export(graph, format_))


def _print_json(value: Any) -> None:
    from engine.serialize import as_bytes

    click.echo(as_bytes(value))


def _print_edges(store: GraphStore, edges: Sequence[Edge], as_json: bool) -> None:
    from knowledge_graph.store import named

    edges_named = named(store, edges)
    if as_json:
        return _print_json(edges_named)
    if not edges_named:
        click.echo("the graph states none", err=True)
        sys.exit(1)
    for edge in edges_named:
        click.echo(_line(edge))
    return None


def _print_card(card: Card) -> None:
    node = card.node
    click.echo(f"{node.id}  {node.name}  [{node.kind}]")
    also = (*node.synonyms, *node.xrefs)
    click.echo(f"also: {', '.join(also) or 'none'}")
    for key, value in node.properties.items():
        if value not in ("", (), False):
            click.echo(f"{key.replace('_', ' ')}: {_value(value)}")
    if node.kind == "Test" and "cost" not in node.properties:
        click.echo("cost and invasiveness: not classified")
    for group in card.groups:
        arrow = "->" if group.direction == "out" else "<-"
        click.echo(f"{group.predicate} {arrow} {group.total}")
        for edge in group.edges:
            end = edge.object if group.direction == "out" else edge.subject
            click.echo(f"  {end.id}  {end.name}{_said(edge)}")
        if (more := group.total - len(group.edges)) > 0:
            click.echo(f"  and {more} more (--limit {group.total})")


def _print_interactions(found: InteractionReport) -> None:
    from api.report import sources

    for listed in found.interactions:
        one, other = (" / ".join(texts) for texts in listed.drugs)
        edge = listed.edge
        severity = listed.severity or "severity not stated"
        click.echo(f"{severity}: {edge.subject.name} ({one}) + {edge.object.name} ({other})")
        for title in ("effect", "mechanism", "management"):
            for text in getattr(listed, title):
                click.echo(f"  {title}: {text}")
        click.echo(f"  [{sources(edge)}]")
    for duplicate in found.duplicates:
        click.echo(f"given twice: {duplicate.what.name} ({', '.join(duplicate.drugs)})")
    for text, ingredients in found.checked.items():
        click.echo(f"checked: {text} = {', '.join(end.name for end in ingredients)}")
    for text in found.not_checked:
        click.echo(f"NOT CHECKED: {text} (no medicine of this name is known here)")
    click.echo(found.note)


def _line(edge: NamedEdge) -> str:
    start, end = edge.subject, edge.object
    return f"{start.id} {start.name}  {edge.predicate}  {end.id} {end.name}{_said(edge)}"


def _said(edge: NamedEdge) -> str:
    """The properties and sources of an edge, shortened."""
    from api.report import frequency, sources

    facts: dict[str, Any] = dict(edge.properties)
    share, stated = facts.pop("frequency", None), facts.pop("stated", ())
    parts = [f"{name}: {_value(value)}" for name, value in facts.items()]
    if edge.predicate == "has_phenotype":
        said = stated.split("; ") if isinstance(stated, str) else stated
        parts.insert(0, frequency(said, share))
    return "".join(f"  {part}" for part in (", ".join(parts), f"[{sources(edge)}]") if part)


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return "; ".join(map(str, cast("tuple[Any, ...]", value)))
    return f"{value:.3g}" if isinstance(value, float) else str(value)
