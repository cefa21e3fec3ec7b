"""The report shows every contribution that matters and nothing that no contribution says."""

from __future__ import annotations

import io
import math
import re
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from rich.console import Console, RenderableType
from strategies import finding, findings

from api.report import SHARE, cited, explanation, report
from engine.merge import merge
from engine.rank import diagnosis, rank
from engine.run import assess
from engine.types import (
    Code,
    Diagnosis,
    Finding,
    LabValue,
    Patient,
    PatientBundle,
    Phenotype,
    SignalInterval,
)
from knowledge_graph.memory import MemoryGraph

quick = settings(max_examples=25)
LINE = re.compile(
    r"^ *(?P<weight>[+-]\d[\d.e-]*) (?P<no>no )?(?P<name>.*?) ?(?P<code>HP:\d{7})  \["
)
IDS = re.compile(r"(?:HP|PMID|OMIM|ORPHA|KONSIL):[\w-]+")


def printed(what: RenderableType) -> list[str]:
    text = io.StringIO()
    Console(file=text, width=10_000, highlight=False, emoji=False, markup=False).print(what)
    return [line.rstrip() for line in text.getvalue().splitlines()]


def sides(lines: list[str]) -> dict[str, list[tuple[str, float]]]:
    """(code, weight as printed) below each heading, in the order printed."""
    found: dict[str, list[tuple[str, float]]] = {"for": [], "against": [], "neither": []}
    side = ""
    for line in lines:
        if line.strip() in found:
            side = line.strip()
        if match := LINE.match(line):
            found[side].append((match["code"], float(match["weight"])))
    return found


def diagnoses(graph: MemoryGraph, given: list[Finding]) -> list[Diagnosis]:
    """The first three, and one at which negated findings speak."""
    ranking = rank(merge(given), Patient(), graph)
    places = (*ranking.order[:3], graph.disease_index["OMIM:154700"])
    return [diagnosis(ranking, place, graph) for place in places]


@quick
@given(findings)
def test_every_contribution_above_one_percent_is_listed(
    graph: MemoryGraph, given: list[Finding]
) -> None:
    for found in diagnoses(graph, given):
        total = sum(abs(c.log_lr) for c in found.contributions)
        heavy = [c for c in found.contributions if abs(c.log_lr) > 0.01 * total]
        shown = sides(printed(explanation(found, 1, above=SHARE)))
        assert [code for code, _ in shown["for"]] == [
            c.finding.code.code for c in heavy if c.log_lr > 0
        ]
        assert [code for code, _ in shown["against"]] == [
            c.finding.code.code for c in heavy if c.log_lr < 0
        ]
        assert shown["neither"] == []


@quick
@given(findings)
def test_explain_lists_every_contribution(graph: MemoryGraph, given: list[Finding]) -> None:
    for found in diagnoses(graph, given):
        shown = sides(printed(explanation(found, 1)))
        listed = [code for side in shown.values() for code, _ in side]
        assert sorted(listed) == sorted(c.finding.code.code for c in found.contributions)


@quick
@given(findings)
def test_the_text_never_says_more_than_the_contributions(
    graph: MemoryGraph, given: list[Finding]
) -> None:
    for found in diagnoses(graph, given):
        lines = printed(explanation(found, 1))
        shown = sides(lines)
        for side, sign in (("for", 1), ("against", -1), ("neither", 0)):
            meant = [c for c in found.contributions if np.sign(c.log_lr) == sign]
            for (code, weight), contribution in zip(shown[side], meant, strict=True):
                exact = contribution.log_lr / math.log(10)
                assert code == contribution.finding.code.code
                assert abs(weight - exact) <= max(0.005, abs(exact) / 2)
                assert np.sign(weight) == sign
        edges = [c.edge for c in found.contributions if c.edge is not None]
        known = {found.disease.code, *(c.finding.code.code for c in found.contributions)}
        known |= {e.object for e in edges} | {
            i for e in edges for s in e.sources for i in IDS.findall(s)
        }
        reasons = " ".join(found.prior_because)
        said = {i for line in lines if "prior " not in line for i in IDS.findall(line)}
        assert said <= known | set(IDS.findall(reasons))
        cited = {line.strip() for line in lines if line.strip().startswith("<- ")}
        assert cited <= {f"<- test[{f.code.code}]" for f in given}


def test_light_contributions_are_counted(graph: MemoryGraph) -> None:
    ranking = rank((finding("HP:0001083"), finding("HP:0001166")), Patient(), graph)
    found = diagnosis(ranking, graph.disease_index["OMIM:154700"], graph)
    heavy, light = found.contributions
    found = replace(found, contributions=(heavy, replace(light, log_lr=-heavy.log_lr / 1000)))
    lines = printed(explanation(found, 1, above=SHARE))
    assert lines[-1].strip() == "and 1 of at most 1% of the weight"
    assert sides(lines)["against"] == []
    ((code, weight),) = sides(printed(explanation(found, 1)))["against"]
    assert (code, weight < 0) == (light.finding.code.code, True)


def test_what_the_ranking_rests_on_is_told(graph: MemoryGraph) -> None:
    signs = ("HP:0001083", "HP:0002616", "HP:0001166", "HP:0100775", "HP:0000768")
    bundle = PatientBundle(
        "phenopacket",
        "",
        phenotypes=tuple(Phenotype(term, Code("HPO", term)) for term in signs),
    )
    result = assess(bundle, graph).result(top=1)
    text = "\n".join(printed(report(result, bundle.patient)))
    for told in result.counterfactuals:
        assert f"without {told.finding.display} {told.finding.code}: " in text
    assert result.counterfactuals
    only = assess(replace(bundle, phenotypes=bundle.phenotypes[:1]), graph).result(top=1)
    assert "nothing could be ranked" in "\n".join(printed(report(only, bundle.patient)))


def test_seconds_of_a_signal_are_shown() -> None:
    value = LabValue("a.hea", "PR, median of 9 beats", 240, "ms", "120 to 200 ms")
    one = SignalInterval("a.hea", "II", 3.0, 3.5)
    seen = replace(finding("HP:0012248"), citations=(one, value))
    assert cited(seen) == "<- a.hea lead II 3.00-3.50 s and 1 more"
    all_leads = replace(seen, citations=(replace(one, lead=None),))
    assert cited(all_leads) == "<- a.hea all leads 3.00-3.50 s"
