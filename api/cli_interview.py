"""`konsil interview`: questions at the terminal, each chosen by what was answered before."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.exceptions import NotFoundError

if TYPE_CHECKING:
    from api.engine import Engine
    from api.interview import Answers, InterviewStep
    from engine.types import Finding, Patient, Sex

HELP = "y, n or ? answers question 1; 2 y answers question 2; or name a finding; q ends"
_REPLY = re.compile(r"([1-9]?)\s*(y|yes|n|no|\?)", re.IGNORECASE)


@click.command()
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option("--present", multiple=True, help="A finding, by HPO id or exact name; repeatable.")
@click.option("--absent", multiple=True, help="A finding that was looked for and not found.")
@click.option("--unknown", multiple=True, help="A finding asked about that nobody could tell.")
@click.option("--age", type=click.FloatRange(0, 130), help="Years.")
@click.option("--sex", type=click.Choice(["female", "male"]))
@click.option("--json", "as_json", is_flag=True, help="Print one step and ask nothing.")
def interview(
    path: Path | None,
    present: tuple[str, ...],
    absent: tuple[str, ...],
    unknown: tuple[str, ...],
    age: float | None,
    sex: Sex | None,
    as_json: bool,
) -> None:
    """Ask what tells the leading diagnoses apart, one answer after another.

    PATH is a bundle to begin with, as for `konsil diagnose`. Answer y, n or ? (nobody can tell),
    name another finding, or q. End of input ends the interview, too.
    """
    from api.engine import Engine
    from engine.types import Patient

    engine = Engine(progress=lambda message: click.echo(message, err=True))
    talk = _Talk(Patient(sex=sex, age_years=age))
    if path is not None:
        talk.begin_with(engine, path)
    talk.present += _codes(present, engine)
    talk.absent += _codes(absent, engine)
    talk.unknown += _codes(unknown, engine)
    if as_json:
        from api.interview import interview as ask
        from engine.serialize import as_bytes

        sys.stdout.buffer.write(as_bytes(ask(engine, talk.answers())) + b"\n")
        return
    _converse(talk, engine)


@dataclass
class _Talk:
    """What was said so far, by id."""

    patient: Patient
    present: list[str] = field(default_factory=list[str])
    absent: list[str] = field(default_factory=list[str])
    unknown: list[str] = field(default_factory=list[str])

    def answers(self) -> Answers:
        from api.interview import Answers

        return Answers(self.present, self.absent, self.unknown, self.patient)

    def begin_with(self, engine: Engine, path: Path) -> None:
        """Take the findings that count from a bundle, age and sex unless they were given."""
        assessment = engine.read_path(path)
        self.patient = self.patient.completed(assessment.patient)
        self._note(assessment.ranking.findings)

    def hear(self, text: str, engine: Engine) -> None:
        """Findings in the patient's words: a name, else a sentence ("no fever").

        Raises:
            NotFoundError: no finding could be read in it.
        """
        from api.differential import finding_code

        try:
            self.present.append(finding_code(text, engine).code)
            return
        except NotFoundError:
            read = engine.read_bytes(text.encode(), name="note.txt").ranking.findings
            if not read:
                raise
        self._note(read)
        for finding in read:
            no = "no " if finding.status == "absent" else ""
            click.echo(f"read: {no}{finding.code.display}")

    def _note(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            said = self.absent if finding.status == "absent" else self.present
            said.append(finding.code.code)


def _converse(talk: _Talk, engine: Engine) -> None:
    from api.interview import interview as ask

    if not (talk.present or talk.absent):
        click.echo("What brings the patient here? Name a finding.")
    step: InterviewStep | None = None
    chosen = 1
    while True:
        if step is None and (talk.present or talk.absent):
            step = ask(engine, talk.answers())
            _show(step)
        line = _read_line()
        if line is None or line.lower() in ("q", "quit"):
            break
        if step is not None and line.isdecimal() and 1 <= int(line) <= len(step.questions):
            chosen = int(line)
            click.echo(f"{_question(step, chosen)}? y, n or ?")
        elif line and _take(line, step, chosen, talk, engine):
            step, chosen = None, 1
    _end(talk, engine)


def _take(line: str, step: InterviewStep | None, chosen: int, talk: _Talk, engine: Engine) -> bool:
    """Note what a line says; False when it says nothing that can be used."""
    reply = _REPLY.fullmatch(line)
    if reply is None:
        try:
            talk.hear(line, engine)
        except NotFoundError as error:
            close = f" Did you mean: {'; '.join(error.suggestions)}?" if error.suggestions else ""
            click.echo(f"{error.message}.{close} {HELP}")
            return False
        return True
    number = int(reply[1] or chosen)
    if step is None or number > len(step.questions):
        click.echo(f"there is no question {number}; {HELP}")
        return False
    said = {"y": talk.present, "n": talk.absent, "?": talk.unknown}[reply[2][0].lower()]
    said.append(step.questions[number - 1].finding.code)
    return True


def _show(step: InterviewStep) -> None:
    from api.report import step_line

    click.echo("")
    if step.abstained is not None:
        click.echo(f"No ranking: {step.abstained}. Name a finding that is present.")
    for place, found in enumerate(step.ranking, 1):
        click.echo(f"{place:>3}  {found.disease.display}  {found.disease.code}")
    for number, question in enumerate(step.questions, 1):
        click.echo(f"  [{number}] {step_line(question)}")
    if step.ranking and not step.questions:
        click.echo("No question would change this ranking.")
    click.echo(HELP)


def _question(step: InterviewStep, number: int) -> str:
    return step.questions[number - 1].finding.display


def _end(talk: _Talk, engine: Engine) -> None:
    if not (talk.present or talk.absent):
        return click.echo("\nNothing was said; nothing is ranked.")
    from rich.console import Console

    from api.differential import differential
    from api.report import report

    assessment = differential(engine, talk.present, talk.absent, patient=talk.patient)
    console = Console(highlight=False, emoji=False, markup=False)
    result = assessment.result(top=5, unknown=talk.unknown)
    return console.print(report(result, assessment.patient))


def _read_line() -> str | None:
    """The next line, trimmed; None at the end of the input."""
    click.echo("> ", nl=False)
    line = sys.stdin.readline()
    return line.strip() if line else None


def _codes(texts: tuple[str, ...], engine: Engine) -> list[str]:
    from api.differential import finding_code

    return [finding_code(text, engine).code for text in texts]
