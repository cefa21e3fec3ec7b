"""DDXPlus: how often 49 common and urgent conditions show a finding or follow a risk factor.

A folder with `release_conditions.json`, `release_evidences.json` (English release) and
`symptom_condition_probs.json`, the share of the training patients of a condition that have an
evidence. These patients are simulated, from a proprietary medical knowledge base and a rule-based
symptom checker: the shares are what that model says, not a count of people.
`condition_model.json`, which may lie beside, is no part of the release (it has a condition more)
and is not read.

What an evidence means is written in `ddxplus.toml`, reviewed one by one. Rules:

- A share from 1 % becomes a row. A share of 0 is no row: the simulator never asks, which does not
  exclude the finding.
- Several evidences of one finding do not exclude each other, so the highest share counts.
- Evidences with values (where it hurts, the colour of a rash) have no share for each value, only
  for being asked; they are not used.
- An antecedent that is a risk factor is an edge raises_risk_of; its property "share" (0 to 1) is
  how many patients with the condition have it, which is no relative risk.
"""

from __future__ import annotations

import json
import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

from engine.exceptions import SourceError
from knowledge_graph.curated import local_id
from knowledge_graph.schema import (
    Annotation,
    DiseaseEntry,
    Edge,
    Node,
    Record,
    Rejected,
    SameDisease,
)
from knowledge_graph.sources.findings import Findings
from knowledge_graph.sources.joined import joined
from knowledge_graph.sources.reading import lines

NAME = "DDXPlus"
WANTS = "folder with release_conditions.json, release_evidences.json, symptom_condition_probs.json"
CONDITIONS = "release_conditions.json"
EVIDENCES = "release_evidences.json"
SHARES = "symptom_condition_probs.json"
LEAST = 0.01
"""Least share that is a statement."""
_REVIEWED = "reviewed for Konsil (ddxplus.toml)"


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition. share: of its patients with each evidence, 0 to 1."""

    name: str
    synonyms: tuple[str, ...]
    codes: tuple[str, ...]
    share: Mapping[str, float]

    @property
    def id(self) -> str:
        plain = unicodedata.normalize("NFKD", self.name).encode("ascii", "ignore").decode()
        return "DDXPLUS:" + local_id(plain).removeprefix("KONSIL:")


@cache
def decisions() -> dict[str, Any]:
    """What `ddxplus.toml` says: "conditions", "codes", "evidences" and "doubtful"."""
    text = Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def release(path: Path) -> str:
    """Always "unstated": the files bear no version."""
    return "unstated"


def read(path: Path, findings: Findings) -> Iterator[Record]:
    """The conditions with their names and codes, their findings and their risk factors.

    Raises:
        SourceError: a file is missing or not of DDXPlus, or it has a condition or evidence that
            nobody decided on.
    """
    dataset = f"{NAME} {release(path)}"
    conditions = list(_conditions(path))
    evidences = set(_read(path, EVIDENCES)).union(*(c.share for c in conditions))
    _check_decided("condition", {c.name for c in conditions})
    _check_decided("evidence", evidences)
    for evidence in sorted(evidences, key=_number):
        if reason := decisions()["evidences"][evidence].get("unused"):
            yield Rejected(dataset, 0, f"{evidence} not used: {reason}")
    edges: list[Edge] = []
    for condition in conditions:
        yield from _entry(condition, dataset)
        stated = {evidence: share for evidence, share in condition.share.items() if share >= LEAST}
        yield from _doubtful(condition, stated, dataset)
        yield from _annotations(condition, stated, dataset, findings)
        edges += _risks(condition, stated, dataset)
    yield from _risk_nodes({edge.subject for edge in edges})
    yield from joined(edges)


def _conditions(path: Path) -> Iterator[Condition]:
    entries, shares = _read(path, CONDITIONS), _read(path, SHARES)
    for key, entry in entries.items():
        try:
            name, codes = entry["cond-name-eng"], entry["icd10-id"]
            yield Condition(
                name,
                tuple(sorted({entry["condition_name"], key} - {name})),
                tuple(f"ICD10:{code.upper()}" for code in re.findall(r"[A-Za-z]\d[\d.]*", codes)),
                {evidence: _share(p) for evidence, p in shares["probabilities"][key].items()},
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise SourceError(
                f"{path}: condition {key!r}: {type(error).__name__} {error}",
                fix=f"take {CONDITIONS} and {SHARES} from one release",
            ) from error


def _share(given: Any) -> float:
    if not 0 <= (share := float(given)) <= 1:
        raise ValueError(f"share {given} is not between 0 and 1")
    return share


def _entry(condition: Condition, dataset: str) -> Iterator[Record]:
    wrong = decisions()["codes"].get(condition.name)
    if wrong:
        yield Rejected(dataset, 0, f"code of {condition.name}: {wrong}")
    codes = () if wrong else condition.codes
    yield DiseaseEntry(condition.id, condition.name, condition.synonyms, codes)
    if same := decisions()["conditions"][condition.name].get("same"):
        yield SameDisease(condition.id, same, f"{dataset}, {_REVIEWED}")


def _doubtful(condition: Condition, stated: dict[str, float], dataset: str) -> Iterator[Rejected]:
    """What medicine does not bear out, taken out of `stated`."""
    for doubt in decisions()["doubtful"]:
        if doubt["condition"] == condition.name and doubt["evidence"] in stated:
            share = stated.pop(doubt["evidence"])
            what = f"{condition.name}, {doubt['evidence']} at {share:.1%}"
            yield Rejected(dataset, 0, f"{what} not used: {doubt['because']}")


def _annotations(
    condition: Condition, stated: Mapping[str, float], dataset: str, findings: Findings
) -> Iterator[Annotation | Rejected]:
    """A row for each finding, with the highest share of its evidences."""
    highest: dict[str, list[str]] = {}
    for evidence in sorted(stated, key=_number):
        for term in decisions()["evidences"][evidence].get("finding", ()):
            highest.setdefault(term, []).append(evidence)
    for term, evidences in highest.items():
        current = findings.current(term)
        reference = f"{NAME} {', '.join(evidences)}"
        if current is None:
            yield Rejected(dataset, 0, f"{reference}: the graph has no finding {term}")
            continue
        yield Annotation(
            disease=condition.id,
            name=condition.name,
            term=current,
            negated=False,
            reference=reference,
            evidence="",
            onset="",
            frequency=f"{100 * max(stated[e] for e in evidences):.1f}%",
            sex="",
            aspect="P",
            row=0,
            dataset=dataset,
        )


def _risks(condition: Condition, stated: Mapping[str, float], dataset: str) -> Iterator[Edge]:
    by_share = sorted(stated, key=lambda evidence: -stated[evidence])
    for evidence in by_share:  # the highest share is the one that `joined` keeps
        if risk := decisions()["evidences"][evidence].get("risk"):
            yield Edge(
                _risk_id(risk),
                "raises_risk_of",
                condition.id,
                (f"{dataset}, {evidence}",),
                {"share": round(stated[evidence], 4)},
            )


def _risk_nodes(wanted: set[str]) -> Iterator[Node]:
    decided = decisions()["evidences"].values()
    for name in sorted({decision["risk"] for decision in decided if "risk" in decision}):
        if _risk_id(name) in wanted:
            yield Node(_risk_id(name), "RiskFactor", name)


def _risk_id(name: str) -> str:
    """The id of the curated risk factor of that name, if there is one."""
    return local_id(f"RiskFactor {name}")


def _check_decided(what: str, names: set[str]) -> None:
    if unknown := sorted(names - set(decisions()[f"{what}s"])):
        more = f" and {len(unknown) - 5} more" if unknown[5:] else ""
        raise SourceError(
            f"{NAME}: nobody decided on {what} {', '.join(unknown[:5])}{more}",
            fix="use the English release of DDXPlus, or decide on it in ddxplus.toml",
        )


def _number(evidence: str) -> int:
    return int(evidence.removeprefix("E_"))


def _read(path: Path, name: str) -> dict[str, Any]:
    try:
        content = json.loads("".join(lines(path / name)))
    except ValueError as error:
        raise SourceError(
            f"{path / name} cannot be read: {error}",
            fix=f"give the folder with {CONDITIONS}, {EVIDENCES} and {SHARES}",
        ) from error
    if not isinstance(content, dict):
        raise SourceError(f"{path / name} holds no object", fix=f"use {name} of {NAME}")
    return cast(dict[str, Any], content)
