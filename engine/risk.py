"""What counts as a risk: what the patient has, did or had, where that raises the risk of a disease.

A past illness is no sign of today, but it may well be why today's illness came. So the problem list
is read as history: shown, counted as risk, never an answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from engine.protocols import Extraction, KnowledgeGraph
from engine.types import Code, CodedEntry, Finding, ModelRef, Statement

_LISTED = ModelRef("problem list", "1")
_OF_RELATIVES = re.compile(r"\b(family|relatives?)\b", re.IGNORECASE)
"""In the name of a circumstance: what is said of relatives is then said of the patient's risk."""
_SEMANTIC_TAG = re.compile(r"\s*\((disorder|finding|situation)\)$")
"""What SNOMED CT puts behind its full names."""


def risk_terms(findings: Sequence[Finding], graph: KnowledgeGraph) -> dict[str, Finding]:
    """Term -> the finding that says so, sorted by term: what may count as a risk factor.

    Present findings, of today or of the past; today's is taken where both are there. Of relatives
    only circumstances that are about relatives ("Family history of bowel cancer").
    """
    chosen: dict[str, Finding] = {}
    for finding in findings:
        term = finding.code.code
        if _may_count(finding, graph) and (term not in chosen or finding.context == "current"):
            chosen[term] = finding
    return dict(sorted(chosen.items()))


def _may_count(finding: Finding, graph: KnowledgeGraph) -> bool:
    term = finding.code.code
    if finding.status != "present" or not graph.is_phenotype(term):
        return False
    if finding.context == "family":
        return _is_of_relatives(term, graph)
    return finding.context in ("current", "historical")


def _is_of_relatives(term: str, graph: KnowledgeGraph) -> bool:
    code = graph.code(term)
    named = code is not None and _OF_RELATIVES.search(code.display) is not None
    return named and graph.is_circumstance(term)


def listed_problems(statements: Sequence[Statement], graph: KnowledgeGraph) -> Extraction:
    """Problems of the record that are findings by name, as history; the rest is left to others.

    A problem is a finding where its text or the display of one of its codes names one
    (`KnowledgeGraph.find_term`), a semantic tag of SNOMED CT aside.
    """
    findings = tuple(
        Finding(
            code=code,
            status="present",
            citations=(CodedEntry(statement.id, _stated(statement)),),
            produced_by=_LISTED,
            context="historical",
            recorded=statement.recorded,
        )
        for statement in statements
        if statement.kind == "condition" and (code := _finding(statement, graph)) is not None
    )
    return Extraction(findings, (_LISTED,) if findings else ())


def _finding(statement: Statement, graph: KnowledgeGraph) -> Code | None:
    terms = (graph.find_term(name) for name in _names(statement))
    term = next(filter(None, terms), None)
    return None if term is None else graph.code(term)


def _names(statement: Statement) -> Iterator[str]:
    for name in (statement.text, *(code.display for code in statement.codes)):
        yield _SEMANTIC_TAG.sub("", name)


def _stated(statement: Statement) -> Code:
    """The entry's first code, or its text where it has none."""
    return statement.codes[0] if statement.codes else Code("", "", statement.text)
