"""The command line. Heavy parts are imported inside the commands, so `--help` stays instant."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from api.cli_deid import deid
from api.cli_extract import extract
from api.cli_interview import interview
from api.cli_kg import kg
from api.cli_signals import signals
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
@click.option(
    "--without",
    metavar="ITEM",
    multiple=True,
    help="Rank as if ITEM had not been there: modality:notes, note:2, lab:ID, finding:HP:...",
)
@click.option("--json", "as_json", is_flag=True, help="Print the whole result as JSON.")
def diagnose(
    path: Path,
    top: int,
    as_of: str | None,
    explain: str | None,
    without: tuple[str, ...],
    as_json: bool,
) -> None:
    """Rank diagnoses for a bundle.

    PATH is a FHIR bundle, a phenopacket, a text file, or a folder or zip of files.
    """
    from engine.bundle import question_moment

    moment = None if as_of is None else question_moment(as_of)
    engine = _engine()
    with _working(f"Reading {path}"):
        assessment = engine.read_path(path, as_of=moment, without=without)
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


main.add_command(kg)
main.add_command(interview)
main.add_command(deid)
main.add_command(extract)
main.add_command(signals)


@main.command()
@click.argument("name", metavar="NAME")
@click.argument("paths", type=PATH, nargs=-1)
@click.option("--json", "as_json", is_flag=True)
@click.option("--cv", type=int, help="Answer with the fold that never saw the case.")
@click.option("--misses", type=PATH, help="Write one JSON line for every miss to this file.")
def bench(
    name: str, paths: tuple[Path, ...], as_json: bool, cv: int | None, misses: Path | None
) -> None:
    """Run benchmark NAME (rank, labs, vignettes, interview, ...) on PATHS.

    kg needs no PATHS: it asks the graph about itself. deid writes notes of its own without PATHS.
    """
    import orjson

    from api.benchmarks import run
    from engine.evaluate import as_dict

    for given in paths:
        if not given.exists():
            raise InputError("no such file or folder", where=str(given), fix="check the path")
    report = run(name, paths, _progress, cv)
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
    from api.benchmarks.table import side_by_side

    click.echo(f"{report.bench}: n = {report.n}, {report.seconds:.1f} s")
    table = side_by_side(report.metrics, report.compared)
    for line in table.lines:
        click.echo(line)
    for key, value in report.metrics.items():
        if key in table.references:
            continue
        low_high = report.ci95.get(key)
        interval = f"  [{low_high[0]:.3f}, {low_high[1]:.3f}]" if low_high else ""
        click.echo(f"  {key:<28} {value:.3f}{interval}")
    for note in report.notes:
        click.echo(f"  note: {note}")
    for key, value in report.provenance.items():
        click.echo(f"  {key}: {value}")


if __name__ == "__main__":
    main()
