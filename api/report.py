"""A result for a person at a terminal: each diagnosis with what speaks for and against it.

Weights are log10 of the likelihood ratio: +1 makes a disease ten times as likely as before.
A probability is shown only where it was calibrated, and the foot says how.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from api.plan_report import plan_report
from engine.run import Explanation
from engine.types import (
    Citation,
    Code,
    CodedEntry,
    Contribution,
    Counterfactual,
    Diagnosis,
    Finding,
    GraphEdge,
    Issue,
    NextStep,
    Patient,
    Result,
    SignalInterval,
    Skipped,
    TextSpan,
)
from knowledge_graph.store import NamedEdge

NOTICE = "Research use only. Not a medical device; it does not replace a clinician's judgement."
SHARE = 0.01
"""Contributions above this share of all that speaks for or against a diagnosis are shown under it;
`--explain` shows every one."""
SMALLEST = 0.005
"""log10 likelihood ratios below this need more than two decimals."""
SOURCES_SHOWN = 3
_LEVEL_STYLES = {"error": "bold red", "warning": "yellow", "info": "dim"}


def report(result: Result, patient: Patient) -> RenderableType:
    """The whole answer as something `rich` can print."""
    parts: list[RenderableType] = [_heading(result, patient)]
    if result.abstained is not None:
        parts.append(Text(f"\nNo ranking: {result.abstained}.", style="bold"))
    for number, diagnosis in enumerate(result.ranked, 1):
        parts.append(explanation(diagnosis, number, above=SHARE))
    parts += _elsewhere(result)
    parts += _counterfactuals(result)
    parts += _next(result.next_steps)
    if result.plan is not None:
        parts += plan_report(result.plan)
    parts += _issues(result.issues)
    parts += _skipped(result.skipped)
    parts.append(_footer(result))
    return Group(*parts)


def explanation(
    diagnosis: Diagnosis, number: int | None, *, above: float | None = None
) -> RenderableType:
    """One diagnosis and its contributions, the heaviest first: for it, then against it.

    number: its rank; None when it has none. above: share of the sum of all weights that a
    contribution must exceed to be shown (0 to 1); None shows every one, also what says nothing.
    """
    title = Text.assemble(
        (f"\n{number or '-':>2}  ", "bold"),
        (diagnosis.disease.display, "bold cyan"),
        f"  {diagnosis.disease.code}   {_chance(diagnosis)}",
        f"evidence {_signed(diagnosis.log_lr)}  prior {_log_prior(diagnosis)}",
    )
    table = Table.grid(padding=(0, 1))
    table.add_column(width=7, justify="right")
    table.add_column(overflow="fold")
    for reason in diagnosis.prior_because:
        table.add_row("", Text(f"prior {reason}", style="dim"))
    table.add_row(_signed(diagnosis.picture.log_lr), _picture(diagnosis))
    heavy = weighty(diagnosis.contributions, above=above)
    for heading, contributions in _sides(heavy).items():
        if contributions:
            table.add_row(heading, "", style="bold")
        for contribution in contributions:
            table.add_row(_signed(contribution.log_lr), _line(contribution))
    light = sum(c.log_lr != 0 for c in diagnosis.contributions) - len(heavy)
    if above is not None and light:
        table.add_row("", Text(f"and {light} of at most {above:.0%} of the weight", style="dim"))
    return Group(title, table)


def weighty(
    contributions: Sequence[Contribution], *, above: float | None
) -> tuple[Contribution, ...]:
    """Those of more than a share (0 to 1) of the sum of all weights; None gives every one."""
    if above is None:
        return tuple(contributions)
    total = math.fsum(abs(c.log_lr) for c in contributions)
    return tuple(c for c in contributions if abs(c.log_lr) > above * total)


def _sides(contributions: Sequence[Contribution]) -> dict[str, list[Contribution]]:
    return {
        "for": [c for c in contributions if c.log_lr > 0],
        "against": [c for c in contributions if c.log_lr < 0],
        "neither": [c for c in contributions if c.log_lr == 0],
    }


def explained(found: Explanation, result: Result, patient: Patient) -> RenderableType:
    """One disease in full, with everything else that must be known about the answer."""
    parts: list[RenderableType] = [_heading(result, patient)]
    if found.abstained is not None:
        parts.append(Text(f"\nNo ranking: {found.abstained}.", style="bold"))
    elif found.rank is None:
        parts.append(Text("\nNot ranked itself: it groups diseases that are.", style="bold"))
    parts.append(explanation(found.diagnosis, found.rank))
    parts += _standings(found)
    parts += _issues(result.issues)
    parts += _skipped(found.left_out)
    parts.append(_footer(result))
    return Group(*parts)


def _counterfactuals(result: Result) -> Iterator[RenderableType]:
    if result.counterfactuals:
        yield Text("\nWhat would change the ranking most", style="bold")
    for told in result.counterfactuals:
        then = _then(told, result.ranked[0].disease)
        yield Text(f"  without {told.finding.display} {told.finding.code}: {then}")


def _then(told: Counterfactual, first: Code) -> str:
    top = told.top_without
    if top is None:
        return "nothing could be ranked"
    if top != first:
        return f"{top.display} {top.code} is first, {first.display} falls to {told.rank_of_top}"
    if told.change == 0:
        return f"{first.display} stays first with the same lead, the order below it changes"
    return f"{first.display} stays first, its lead changes by {_signed(told.change)}"


def _standings(found: Explanation) -> Iterator[RenderableType]:
    if found.without:
        yield Text(
            "\nWithout one finding: rank, and lead over the best of the others", style="bold"
        )
    for standing in found.without:
        where = "not ranked" if standing.rank is None else f"{standing.rank:>4}"
        lead = "" if standing.gap is None else f"  {_signed(standing.gap)}"
        yield Text(f"  {where}{lead}  {standing.finding.display} {standing.finding.code}")


def _heading(result: Result, patient: Patient) -> Text:
    age = None if patient.age_years is None else f"{patient.age_years:.3g} years"
    who = ", ".join(filter(None, (patient.sex, age))) or "sex and age not stated"
    counts = Counter(
        finding.status if finding.context == "current" else finding.context
        for finding in result.findings
    )
    listed = ", ".join(f"{count} {status}" for status, count in counts.items())
    as_of = result.provenance.as_of
    when = f"  ·  as of {as_of:%Y-%m-%d}" if as_of else ""
    return Text(f"Patient: {who}{when}\nFindings: {listed or 'none'}")


def _line(contribution: Contribution) -> Text:
    finding = contribution.finding
    line = Text(f"{'no ' if finding.status == 'absent' else ''}{finding.code.display}")
    line.append(f" {finding.code.code}", style="dim")
    line.append(f"  {_why(contribution)}")
    line.append(f"\n{cited(finding)}", style="green")
    return line


def _why(contribution: Contribution) -> str:
    edge = contribution.edge
    if edge is None:
        return "[not in this disease's profile: counts neither way]"
    if contribution.match == "none":
        return f"[stated not to show it: {stated(edge)}; {sources(edge)}; counts neither way]"
    return f"[{_MATCHES[contribution.match].format(edge.object)}{stated(edge)}; {sources(edge)}]"


_MATCHES = {
    "exact": "",
    "ancestor": "listed as the broader {}, ",
    "descendant": "listed as the narrower {}, ",
    "related": "only a related sign listed, {}, ",
    "risk": "raises the risk, listed as ",
    "none": "",
}
_CLASSES = {
    "HP:0040280": "always",
    "HP:0040281": "80-99%",
    "HP:0040282": "30-79%",
    "HP:0040283": "5-29%",
    "HP:0040284": "1-4%",
    "HP:0040285": "never",
}
"""HPO frequency terms in the words of their definitions."""


def stated(edge: GraphEdge) -> str:
    """The frequencies as the sources of an edge state them."""
    return frequency(edge.stated.split("; ") if edge.stated else (), edge.frequency)


def frequency(said: Iterable[str], share: float | None) -> str:
    """Frequencies as stated, in words; of many counts the pooled share (0 to 1)."""
    parts = list(dict.fromkeys(_CLASSES.get(part, part) for part in said if part))
    if not parts:
        return "frequency not stated"
    if len(parts) > SOURCES_SHOWN and share is not None:
        return f"{share:.0%} over {len(parts)} counts"
    return ", ".join(parts[:SOURCES_SHOWN])


def sources(edge: GraphEdge | NamedEdge) -> str:
    """The sources of an edge, shortened."""
    more = len(edge.sources) - SOURCES_SHOWN
    return ", ".join(edge.sources[:SOURCES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def cited(finding: Finding) -> str:
    """Where a finding was seen."""
    first, *others = [_citation(citation) for citation in finding.citations]
    return f"<- {first}" + (f" and {len(others)} more" if others else "")


def _citation(citation: Citation) -> str:
    if isinstance(citation, TextSpan):
        quote = " ".join(citation.quote.split())
        return f'{citation.document}:{citation.start}-{citation.end} "{quote}"'
    if isinstance(citation, CodedEntry):
        return citation.item
    if isinstance(citation, SignalInterval):
        lead = f"lead {citation.lead}" if citation.lead else "all leads"
        return f"{citation.record} {lead} {citation.start_s:.2f}-{citation.end_s:.2f} s"
    value = citation.text if citation.value is None else f"{citation.value:g} {citation.unit or ''}"
    reference = f", reference {citation.reference}" if citation.reference else ""
    return f"{citation.observation} {citation.name} {(value or '').strip()}{reference}"


def step_line(step: NextStep) -> str:
    """A step in one line: what to do, what it is worth, whom the answers speak for."""
    how = {"ask": "ask about", "examine": "examine for", "order": "order a test for"}[step.how]
    test = f" ({step.test})" if step.test else ""
    burden = f"; cost {step.cost}, {step.invasiveness}" if step.how == "order" else ""
    favoured = [
        f"{answer}: {', '.join(code.display for code in codes)}"
        for answer, codes in (("yes", step.yes), ("no", step.no))
        if codes
    ]
    return (
        f"{how} {step.finding.display} {step.finding.code}{test}  "
        f"{step.information:.2f} bits{burden}; {'; '.join(favoured)} [{step.source}]"
    )


def _next(steps: Sequence[NextStep]) -> Iterator[RenderableType]:
    if steps:
        yield Text("\nNext", style="bold")
    for step in steps:
        yield Text(f"  {step_line(step)}")


def _issues(issues: Sequence[Issue]) -> Iterator[RenderableType]:
    if issues:
        yield Text("\nIssues", style="bold")
    for issue in issues:
        yield Text.assemble(
            (f"  {issue.level}: ", _LEVEL_STYLES[issue.level]),
            f"{issue.where}: {issue.message}. ",
            (f"Fix: {issue.fix}.", "dim"),
        )


def _skipped(skipped: Sequence[Skipped]) -> Iterator[RenderableType]:
    if skipped:
        yield Text("\nRead but not used", style="bold")
    by_reason: dict[str, list[str]] = {}
    for entry in skipped:
        by_reason.setdefault(entry.reason, []).append(entry.item)
    for reason, items in by_reason.items():
        more = f" and {len(items) - 3} more" if len(items) > 3 else ""
        yield Text(f"  {', '.join(items[:3])}{more}: {reason}", style="dim")


def _footer(result: Result) -> Text:
    provenance = result.provenance
    releases = ", ".join(f"{source.name} {source.version}" for source in provenance.sources)
    return Text.assemble(
        ("\nRanked by prior + evidence (log10 of likelihood ratios). ", "dim"),
        (f"Probabilities: {result.calibration or 'not calibrated, none shown'}.\n", "dim"),
        (f"{' '.join(result.assumptions)}\n", "dim"),
        (f"{provenance.software}  ·  {releases}\n", "dim"),
        (NOTICE, "bold"),
    )


def _chance(diagnosis: Diagnosis) -> str:
    """The calibrated posterior, "" without one."""
    posterior = diagnosis.posterior
    return "" if posterior is None else f"{percent(posterior)}  "


def percent(share: float) -> str:
    """A probability in words a reader cannot misread: never 0 % or 100 %."""
    if share < 0.01:
        return "< 1 %"
    return "> 99 %" if share > 0.99 else f"{share:.0%}".replace("%", " %")


def _picture(diagnosis: Diagnosis) -> Text:
    picture = diagnosis.picture
    said = f"its usual picture: {picture.reported:.1f} of {picture.expected:.1f} findings reported"
    return Text(said, style="dim")


def _elsewhere(result: Result) -> Iterator[RenderableType]:
    """How far the whole list can be trusted."""
    if result.elsewhere is not None:
        chance = percent(result.elsewhere)
        yield Text(f"\nNone of the diseases of this graph: {chance}", style="bold")
    if (held := result.prediction_set) is not None:
        aimed = percent(held.coverage)
        yield Text(f"{aimed} prediction set: {held.size:,} diseases", style="bold")


def _log_prior(diagnosis: Diagnosis) -> str:
    return f"{math.log10(diagnosis.prior):.2f}" if diagnosis.prior > 0 else "none"


def _log10(log_lr: float) -> float:
    return log_lr / math.log(10)


def _signed(log_lr: float) -> str:
    value = _log10(log_lr)
    return f"{value:+.2f}" if value == 0 or abs(value) >= SMALLEST else f"{value:+.0e}"
