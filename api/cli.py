"""The command line. Heavy parts are imported inside the commands, so `--help` stays instant."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.exceptions import InputError, KonsilError, NotFoundError

if TYPE_CHECKING:
    from api.engine import Engine
    from engine.evaluate import BenchReport

PATH = click.Path(path_type=Path)


class _Commands(click.Group):
    """Turns the errors of Konsil into one clear line and exit code 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except InputError as error:
            _fail(f"{error.where}: {error.message}", error.fix)
        except NotFoundError as error:
            close = f" Did you mean: {'; '.join(error.suggestions)}?" if error.suggestions else ""
            _fail(f"{error.message}.{close}", error.fix)
        except KonsilError as error:
            _fail(error.message, error.fix)


def _fail(message: str, fix: str) -> None:
    click.echo(f"error: {message}\nfix: {fix}", err=True)
    sys.exit(2)


@click.group(cls=_Commands)
@click.version_option(package_name="konsil")
def main() -> None:
    """Konsil: a patient bundle in, ranked and cited diagnoses out. Research use only."""


@main.command()
@click.argument("path", type=PATH)
@click.option("--top", type=click.IntRange(1, 100), default=10, show_default=True)
@click.option("--as-of", help="The moment of the question; a date means the end of that day (UTC).")
@click.option("--explain", metavar="DISEASE", help="Show every contribution for one disease.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole result as JSON.")
def diagnose(path: Path, top: int, as_of: str | None, explain: str | None, as_json: bool) -> None:
    """Rank diagnoses for a bundle.

    PATH is a FHIR bundle, a phenopacket, a text file, or a folder or zip of files.
    """
    from engine.bundle import question_moment

    moment = None if as_of is None else question_moment(as_of)
    engine = _engine()
    with _working(f"Reading {path}"):
        assessment = engine.read_path(path, as_of=moment)
    result = assessment.result(top=top)
    found = None if explain is None else assessment.explain(explain)
    if as_json:
        from engine.serialize import as_bytes

        sys.stdout.buffer.write(as_bytes(found or result) + b"\n")
        return
    from rich.console import Console

    from api.report import explained, report

    console = Console(highlight=False, emoji=False, markup=False)
    if found is not None:
        console.print(explained(found, result, assessment.patient))
    else:
        console.print(report(result, assessment.patient))


@main.command()
@click.argument("note", type=PATH)
@click.option("--json", "as_json", is_flag=True)
def extract(note: Path, as_json: bool) -> None:
    """List the findings of a text file, each with its characters."""
    from engine.serialize import as_bytes

    result = _engine().read_path(note).result(top=1)
    if as_json:
        sys.stdout.buffer.write(as_bytes({"findings": result.findings, "issues": result.issues}))
        sys.stdout.buffer.write(b"\n")
        return
    from api.report import cited

    for finding in result.findings:
        state = f"{finding.status}, {finding.context}"
        click.echo(f"{finding.code.code}  {finding.code.display}  [{state}]  {cited(finding)}")
    for issue in result.issues:
        click.echo(f"{issue.level}: {issue.where}: {issue.message}. Fix: {issue.fix}.", err=True)


@main.group()
def kg() -> None:
    """Ask the knowledge graph."""


@kg.command()
@click.argument("text")
@click.option("--limit", type=click.IntRange(1, 100), default=10, show_default=True)
def search(text: str, limit: int) -> None:
    """Find diseases and findings by name, synonym or id; typos are allowed."""
    hits = _engine().queries.search(text, limit=limit)
    if not hits:
        click.echo(f"nothing in the graph is called anything like {text!r}", err=True)
        sys.exit(1)
    for hit in hits:
        also = "" if hit.matched == hit.code.display else f"  (matched {hit.matched!r})"
        click.echo(f"{hit.score:5.1f}  {hit.kind:<9}  {hit.code.code}  {hit.code.display}{also}")


@kg.command()
@click.argument("node")
@click.option("--limit", type=click.IntRange(min=1), help="At most this many edges.")
def show(node: str, limit: int | None) -> None:
    """Show a disease or finding with its edges and their sources."""
    from api.report import sources, stated
    from knowledge_graph.query import DiseaseCard

    engine = _engine()
    card = engine.queries.card(node)
    if not isinstance(card, DiseaseCard):
        click.echo(f"{card.term.id}  {card.term.name}\n{card.term.definition}")
        click.echo(f"synonyms: {', '.join(s.text for s in card.term.synonyms) or 'none'}")
        click.echo(f"is a: {', '.join(f'{p.code} {p.display}' for p in card.parents)}")
        click.echo(f"shown by {card.diseases} diseases (itself or something more specific)")
        return
    disease = card.disease
    click.echo(f"{disease.id}  {disease.name}")
    click.echo(
        f"also: {', '.join((*disease.synonyms, *disease.aliases, *disease.xrefs)) or 'none'}"
    )
    click.echo(f"genes: {', '.join(disease.genes) or 'none listed'}")
    if disease.grouping:
        click.echo("groups OMIM diseases of the same genes; ranked through them, not itself")
    for key, values in disease.course.items():
        click.echo(f"{key}: {', '.join(values)}")
    for fact in card.facts:
        because = fact.properties.get("because", ())
        reason = f" ({'; '.join(because)})" if isinstance(because, tuple) and because else ""
        said = fact.predicate.replace("_", " ")
        click.echo(f"  {card.names[fact.subject]} {said} this{reason}  [{', '.join(fact.sources)}]")
    for edge in card.edges[:limit]:
        code = engine.graph.code(edge.object)
        lacks = "NOT " if edge.predicate == "lacks_phenotype" else ""
        name = code.display if code else ""
        click.echo(f"  {lacks}{edge.object}  {name}  {stated(edge)}  [{sources(edge)}]")


@kg.command()
@click.argument("start")
@click.argument("end")
@click.option("--limit", type=click.IntRange(1, 50), default=3, show_default=True)
def path(start: str, end: str, limit: int) -> None:
    """Show the shortest cited paths between two nodes."""
    from api.report import sources

    found = _engine().queries.paths(start, end, limit=limit)
    if not found:
        click.echo("no path of six edges or fewer", err=True)
        sys.exit(1)
    for number, route in enumerate(found, 1):
        click.echo(f"{number}. " + " - ".join(f"{n.display} ({n.code})" for n in route.nodes))
        for edge in route.edges:
            click.echo(f"     {edge.subject} {edge.predicate} {edge.object}  [{sources(edge)}]")


@kg.command()
def load() -> None:
    """Load the graph into the Neo4j server that KONSIL_NEO4J_URI names; safe to repeat."""
    from knowledge_graph import records
    from knowledge_graph.neo4j_store import Settings
    from knowledge_graph.neo4j_store import load as load_into

    settings = Settings.from_environment()
    graph = _engine().graph
    held = load_into(records.nodes(graph), records.edges(graph), settings, _progress)
    click.echo(held.report())


@kg.command()
def verify() -> None:
    """Compare the Neo4j server that KONSIL_NEO4J_URI names with the embedded graph."""
    from knowledge_graph import records
    from knowledge_graph.neo4j_store import Settings
    from knowledge_graph.neo4j_store import verify as verify_on

    settings = Settings.from_environment()
    graph = _engine().graph
    found = verify_on(settings, records.nodes(graph), records.edges(graph))
    click.echo(found.report())
    sys.exit(0 if found.ok else 1)


@main.command()
@click.argument("name", metavar="NAME")
@click.argument("paths", type=PATH, nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True)
@click.option("--misses", type=PATH, help="Write one JSON line for every miss to this file.")
def bench(name: str, paths: tuple[Path, ...], as_json: bool, misses: Path | None) -> None:
    """Run benchmark NAME (rank, labs, vignettes, concepts, assertion or bundle) on PATHS."""
    import orjson

    from api.benchmarks import run
    from engine.evaluate import as_dict

    for given in paths:
        if not given.exists():
            raise InputError("no such file or folder", where=str(given), fix="check the path")
    report = run(name, paths, _progress)
    if misses is not None:
        misses.write_bytes(b"".join(orjson.dumps(miss) + b"\n" for miss in report.misses))
    if as_json:
        click.echo(orjson.dumps(as_dict(report)))
    else:
        _print_report(report)


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=8080, show_default=True)
def serve(host: str, port: int) -> None:
    """Serve the HTTP API (this version has no authentication: loopback addresses only)."""
    from ipaddress import ip_address

    import uvicorn

    from api.app import create_app

    if host != "localhost" and not (host[:1].isdigit() or ":" in host):
        raise InputError("not an address", where="--host", fix="give an IP address")
    if host != "localhost" and not ip_address(host).is_loopback:
        raise InputError(
            f"{host} can be reached from outside and this version has no authentication",
            where="--host",
            fix="use 127.0.0.1 and put a proxy with authentication before it",
        )
    uvicorn.run(create_app(), host=host, port=port, log_level="info")


def _engine() -> Engine:
    from api.engine import Engine

    return Engine(progress=_progress)


def _working(message: str) -> AbstractContextManager[object]:
    """A spinner on a terminal, nothing in a pipe."""
    if not sys.stderr.isatty():
        return nullcontext()
    from rich.console import Console

    return Console(stderr=True).status(message)


def _progress(message: str) -> None:
    click.echo(message, err=True)


def _print_report(report: BenchReport) -> None:
    click.echo(f"{report.bench}: n = {report.n}, {report.seconds:.1f} s")
    for key, value in report.metrics.items():
        low_high = report.ci95.get(key)
        interval = f"  [{low_high[0]:.3f}, {low_high[1]:.3f}]" if low_high else ""
        click.echo(f"  {key:<28} {value:.3f}{interval}")
    for note in report.notes:
        click.echo(f"  note: {note}")
    for key, value in report.provenance.items():
        click.echo(f"  {key}: {value}")


if __name__ == "__main__":
    main()
