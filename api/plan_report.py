"""The plan for a person at a terminal: the alerts, then a few lines for each leading diagnosis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from api.interactions import LISTED, UNCHECKED
from engine.plan import PRESENT, WATCH_FOR, red_flag
from engine.types import Alert, Code, Plan, Treatment

SHOWN = 4
"""Tests, treatments or red flags of a kind shown for a diagnosis; `--json` has all."""
_OF_A_DIAGNOSIS = ("urgency", "red_flag")
_GRAVE = ("emergency", "same ingredient", "same class", "stated", "contraindicated", "major")


def plan_report(plan: Plan) -> Iterator[RenderableType]:
    """The section "Plan"; short where nothing could be planned."""
    yield Text("\nPlan", style="bold")
    for alert in plan.alerts:
        if alert.kind not in _OF_A_DIAGNOSIS:
            yield _alert(alert)
    for disease in _diseases(plan):
        yield from _diagnosis(disease, plan)
    for entry in plan.not_checked:
        yield _indented(Text.assemble(("NOT CHECKED ", "yellow"), f"{entry.item}: {entry.reason}"))
    if plan.withheld is not None:
        yield _indented(Text(f"No tests, no treatments: {plan.withheld}.", style="dim"))
    if plan.not_checked or any(alert.about for alert in plan.alerts):
        yield _indented(Text(f"{LISTED} {UNCHECKED}", style="dim"))


def _diseases(plan: Plan) -> list[Code]:
    """The diagnoses that something is said of, most probable first."""
    urgent = (alert.disease for alert in plan.alerts if alert.kind in _OF_A_DIAGNOSIS)
    planned = (item.disease for item in (*plan.tests, *plan.treatments))
    return list(dict.fromkeys(disease for disease in chain(urgent, planned) if disease))


def _diagnosis(disease: Code, plan: Plan) -> Iterator[RenderableType]:
    alerts = [alert for alert in plan.alerts if alert.disease == disease]
    urgency = next((a.severity for a in alerts if a.kind == "urgency"), None)
    title = Text.assemble((disease.display, "bold cyan"), f"  {disease.code}")
    yield _indented(title.append(f"  {urgency}" if urgency else "", style=_style(urgency)))
    flags = [alert for alert in alerts if alert.kind == "red_flag"]
    for label in (PRESENT, WATCH_FOR):
        start = red_flag(disease, label, "")
        said = [a for a in flags if a.message.startswith(start)]
        yield from _line(label, [(a.message.removeprefix(start), a.sources) for a in said])
    for purpose in ("confirm", "exclude"):
        tests = (t for t in plan.tests if t.disease == disease and t.purpose == purpose)
        yield from _line(purpose, [(test.test.display, test.sources) for test in tests])
    treatments = (t for t in plan.treatments if t.disease == disease)
    yield from _line("treat", [(_treatment(t), t.sources) for t in treatments])


def _treatment(treatment: Treatment) -> str:
    name = treatment.treatment.display
    if not treatment.checked:
        return f"{name} (NOT CHECKED)"
    if not treatment.warnings:
        return name
    first, *others = treatment.warnings
    more = f"; and {len(others)} more" if others else ""
    return f"{name} (WARNING, {_kind(first)}: {first.message}{more})"


def _line(label: str, items: Sequence[tuple[str, tuple[str, ...]]]) -> Iterator[RenderableType]:
    """One line of things with what they rest on, shortened."""
    if not items:
        return
    more = f" and {len(items) - SHOWN} more" if len(items) > SHOWN else ""
    listed = "; ".join(text for text, _ in items[:SHOWN])
    sources = dict.fromkeys(source for _, each in items[:SHOWN] for source in each)
    line = Text.assemble(f"{label}: {listed}{more}", (f"  [{'; '.join(sources)}]", "dim"))
    yield _indented(line, by=4)


def _alert(alert: Alert) -> RenderableType:
    line = Text.assemble(
        (f"{_kind(alert)}: ", _style(alert.severity)),
        alert.message,
        (f"  [{'; '.join(alert.sources)}]", "dim"),
        (f"\n<- {', '.join(alert.about)}", "green"),
    )
    return _indented(line)


def _indented(text: Text, *, by: int = 2) -> RenderableType:
    return Padding(text, (0, 0, 0, by), expand=False)


def _kind(alert: Alert) -> str:
    return ", ".join(filter(None, (alert.kind, alert.severity)))


def _style(severity: str | None) -> str:
    return "bold red" if severity in _GRAVE else "yellow"
