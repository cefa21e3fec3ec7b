"""`konsil signals`: what an electrocardiogram shows, and how it looks on paper."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from api.notes import one_line, print_issue, progress
from engine.exceptions import InputError

if TYPE_CHECKING:
    from engine.types import Sex
    from signals.measure import Quantity
    from signals.parts import Parts
    from signals.reading import Reading
    from signals.recording import Recording
    from signals.rhythm_rules import Episode
    from signals.signs import Sign

REC = click.argument("recording", type=click.Path(path_type=Path), metavar="REC")
EPISODES_SHOWN = 20


@click.group()
def signals() -> None:
    """Read electrocardiograms. Research use only.

    REC is a recording: a WFDB header (.hea), EDF, CSV, HL7 aECG or DICOM file.
    """


@signals.command()
@REC
@click.option("--age", type=click.FloatRange(0, 130), help="Years, if the recording has none.")
@click.option("--sex", type=click.Choice(["female", "male"]), help="If the recording has none.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def read(recording: Path, age: float | None, sex: Sex | None, *, as_json: bool) -> None:
    """Tell what a recording shows: intervals with their ranges, rhythm, findings with seconds.

    The exit code is 1 when no heartbeat could be read.
    """
    reading = _interpreted(_recording(recording), age=age, sex=sex)
    for issue in reading.issues:
        print_issue(issue)
    if as_json:
        from engine.serialize import as_bytes

        sys.stdout.buffer.write(as_bytes(_plain(reading)) + b"\n")
    else:
        for line in _lines(reading):
            click.echo(one_line(line))
    sys.exit(0 if len(reading.beats) else 1)


@signals.command()
@REC
@click.option("--lead", "leads", multiple=True, help="Draw this lead only; repeatable.")
@click.option("--from", "start", type=click.FloatRange(0), default=0.0, help="First second.")
@click.option("--to", "end", type=click.FloatRange(0), help="Last second; default: what fits.")
@click.option("--plain", is_flag=True, help="Do not read it: draw it without marks.")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="An .svg or .png file; default: REC.svg here.",
)
def plot(
    recording: Path,
    leads: tuple[str, ...],
    start: float,
    end: float | None,
    out: Path | None,
    *,
    plain: bool,
) -> None:
    """Draw a recording on ECG paper, 25 mm/s and 10 mm/mV, with the cited seconds marked."""
    from signals.paper import paper
    from signals.plot import marks, write

    found = _recording(recording)
    signs = () if plain else _interpreted(found, age=None, sex=None).signs
    try:
        drawn = paper(found, marks=marks(signs), leads=leads, start=start, end=end)
    except (KeyError, ValueError) as error:
        said, fix = str(error.args[0]), "see `konsil signals read`"
        raise InputError(said, where=str(recording), fix=fix) from error
    target = out or Path(f"{recording.stem}.svg")
    if target.exists() and recording.exists() and target.samefile(recording):
        raise InputError("it is the recording", where=str(target), fix="name another file")
    write(drawn, target)
    first, last = drawn.seconds
    shown = "" if last >= found.seconds else f" of {found.seconds:.1f} s; see --from and --to"
    progress(f"{target}: {first:g} to {last:g} s{shown}")


def _recording(path: Path) -> Recording:
    from signals.read import read as read_file

    if not path.exists():
        raise InputError("no such file", where=str(path), fix="check the path")
    return read_file(path)


def _parts() -> Parts:
    from signals.parts import installed

    return installed()


def _interpreted(recording: Recording, *, age: float | None, sex: Sex | None) -> Reading:
    from engine.types import Patient
    from signals.reading import interpret

    return interpret(recording, Patient(sex, age), _parts())


def _lines(reading: Reading) -> Iterator[str]:
    from signals.reading import nothing

    recording = reading.recording
    yield f"Recording: {recording.id}"
    leads = f"{len(recording.leads)} lead{'s' * (len(recording.leads) > 1)}"
    yield (
        f"{leads} ({', '.join(recording.leads)}), {recording.rate:g} Hz, {recording.seconds:.1f} s"
    )
    yield f"{len(reading.beats)} heartbeats; {_unread(reading)}"
    yield "\nMeasured (median over beats)"
    yield from map(_quantity, reading.quantities)
    if (steps := reading.irregularity) is not None:
        said = f"sd {steps.sd:.0f} ms, rmssd {steps.rmssd:.0f} ms ({steps.rmssd_share:.0%} of RR)"
        yield f"  RR intervals   {steps.n}, {said}"
    if reading.episodes:
        yield "\nRhythm"
        yield from map(_episode, reading.episodes[:EPISODES_SHOWN])
        if (more := len(reading.episodes) - EPISODES_SHOWN) > 0:
            yield f"  and {more} more episodes; --json has all"
    yield f"\n{nothing(reading) or 'Shown'}"
    for sign in reading.signs:
        yield from _sign(sign)
    yield "\nResearch use only. Not a medical device."


def _unread(reading: Reading) -> str:
    dark = sum(end - start for start, end in reading.unread)
    return f"{dark:.1f} s of it not readable" if dark else "all of it readable"


def _quantity(quantity: Quantity) -> str:
    spread = "" if quantity.spread is None else f" (spread {quantity.spread:.0f})"
    verdict = quantity.verdict
    value = f"{quantity.value:.2f}" if quantity.unit == "mV" else f"{quantity.value:.0f}"
    said = f"  {quantity.name:<14} {value} {quantity.unit}{spread}"
    said += f", {quantity.beats} of {quantity.of} beats"
    if verdict is None:
        return said
    few = 2 * quantity.beats < quantity.of
    judged = "too few beats to judge" if few else verdict.side or "not judged"
    return f"{said}; {judged}: {verdict.reference}"


def _episode(episode: Episode) -> str:
    place = f"{episode.start_s:.1f}-{episode.end_s:.1f} s"
    return f"  {place:<18} {episode.kind}, {episode.beats} beats, {episode.rate:.0f}/min"


def _sign(sign: Sign) -> Iterator[str]:
    from signals.extract import told

    term = sign.statement.term
    code = f"  {term.code} {term.display}" if term else "  (no HPO term)"
    chance = "" if sign.probability is None else f", probability {sign.probability:.2f}"
    doubt = f", because: {sign.because}" if sign.because else ""
    yield f"  {told(sign)}{code}"
    yield f"    {sign.status}{chance}{doubt}"
    for place in sign.seconds:
        lead = f"lead {place.lead}" if place.lead else "all leads"
        yield f"    <- {lead}, {place.start_s:.2f}-{place.end_s:.2f} s"


def _plain(reading: Reading) -> dict[str, Any]:
    """What a program is given: no samples, no waves."""
    recording = reading.recording
    return {
        "id": recording.id,
        "leads": recording.leads,
        "rate_hz": recording.rate,
        "seconds": recording.seconds,
        "start": recording.start,
        "heartbeats": len(reading.beats),
        "unread_s": reading.unread,
        "measured": reading.quantities,
        "irregularity": reading.irregularity,
        "episodes": reading.episodes,
        "signs": reading.signs,
        "issues": reading.issues,
        "models": reading.models,
    }
