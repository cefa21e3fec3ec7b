"""The Human Phenotype Ontology, read from hp.obo with obonet."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, cast

import obonet

from knowledge_graph.schema import Synonym, Term

_SYNONYM = re.compile(
    r'"(?P<text>(?:[^"\\]|\\.)*)" (?P<scope>EXACT|NARROW|BROAD|RELATED) ?(?P<types>[^\[]*)\['
)
_DEFINITION = re.compile(r'"((?:[^"\\]|\\.)*)"')
_RELEASE = re.compile(r"\d{4}-\d{2}-\d{2}")


def read_terms(path: Path) -> tuple[str, list[Term], dict[str, str]]:
    """The release date, all current terms, and obsolete id -> the id that replaces it.

    Obsolete terms without a replacement are left out: nothing can be concluded from them.
    """
    graph: Any = obonet.read_obo(path, ignore_obsolete=False)
    found = _RELEASE.search(str(graph.graph.get("data-version", "")))
    release = found.group() if found else "unknown"
    terms: list[Term] = []
    replaced: dict[str, str] = {}
    for identifier, data in graph.nodes(data=True):
        entry = cast(dict[str, Any], data)
        if entry.get("is_obsolete") == "true":
            for target in entry.get("replaced_by", ())[:1]:
                replaced[identifier] = target
        elif "name" in entry:
            terms.append(_term(str(identifier), entry))
    return release, terms, replaced


def _term(identifier: str, entry: dict[str, Any]) -> Term:
    definition = _DEFINITION.match(entry.get("def", ""))
    return Term(
        id=identifier,
        name=entry["name"],
        parents=tuple(entry.get("is_a", ())),
        synonyms=tuple(_synonyms(entry.get("synonym", ()))),
        alternatives=tuple(entry.get("alt_id", ())),
        definition=_unescape(definition.group(1)) if definition else "",
    )


def _synonyms(lines: list[str] | tuple[str, ...]) -> list[Synonym]:
    matches = (_SYNONYM.match(line) for line in lines)
    return [
        Synonym(_unescape(m["text"]), m["scope"].lower(), tuple(m["types"].split()))
        for m in matches
        if m
    ]


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)
