"""Medicines, their classes and their interactions from the curated files of `pharmacology/`.

Properties of a Drug: `brands`, and `ingredients` (ids) where it is a fixed combination. Of a
DrugClass: `duplicate`, whether two of the class together are probably a mistake, and `allergy`,
whether an allergy to one is taken as an allergy to all. Of an interaction:
`severity` ("contraindicated", "major" or "moderate": the worst that is stated), and with one value
for each entry that names the pair `effect`, `mechanism` and `management`; `by_class` says for
which classes an entry was written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

from engine.exceptions import SourceError
from engine.protocols import SEVERITIES
from knowledge_graph.curated import SOURCE, local_id
from knowledge_graph.pharmacology import (
    FOLDER,
    Combination,
    Ingredient,
    Interaction,
    Pair,
    Pharmacology,
    faults,
    read_pharmacology,
)
from knowledge_graph.schema import Edge, Node, Value
from knowledge_graph.sources.findings import Findings

NAME = "Konsil pharmacology"


def release(path: Path = FOLDER) -> str:
    """The version of Konsil that ships the files."""
    return version("konsil")


def read(path: Path = FOLDER, findings: Findings | None = None) -> Iterator[Node | Edge]:
    """Classes, ingredients, combinations, then what belongs to what and the interactions.

    findings: not needed here, taken because every importer is.

    Raises:
        SourceError: a file is not of its schema, or the files do not fit together.
    """
    found = read_pharmacology(path)
    if wrong := list(faults(found)):
        raise SourceError("\n".join(wrong), fix=f"correct these entries in {path}")
    for drug_class in found.medicines.classes:
        flags: dict[str, Value] = {
            "allergy": drug_class.allergy,
            "duplicate": drug_class.duplicate,
        }
        synonyms = tuple(sorted(drug_class.synonyms))
        yield Node(_class(drug_class.name), "DrugClass", drug_class.name, synonyms, (), flags)
    for medicine in (*found.medicines.ingredients, *found.medicines.combinations):
        yield _drug_node(medicine)
    for ingredient in found.medicines.ingredients:
        for name in dict.fromkeys(ingredient.classes):
            yield Edge(drug_id(ingredient.name), "is_a", _class(name), (SOURCE,))
    yield from _interactions(found)


def drug_id(name: str) -> str:
    """The id of an ingredient or combination."""
    return local_id(f"drug {name}")


def _class(name: str) -> str:
    return local_id(f"drug class {name}")


def _drug_node(medicine: Ingredient | Combination) -> Node:
    properties: dict[str, Value] = {"brands": medicine.brands}
    if isinstance(medicine, Combination):
        properties["ingredients"] = tuple(drug_id(name) for name in medicine.of)
    names = tuple(sorted({*medicine.synonyms, *medicine.brands} - {medicine.name}))
    return Node(drug_id(medicine.name), "Drug", medicine.name, names, (), properties)


def _interactions(found: Pharmacology) -> Iterator[Edge]:
    stated: dict[Pair, list[tuple[Interaction, str]]] = defaultdict(list)
    for entry in found.entries:
        for pair, by_class in found.pairs(entry).items():
            stated[pair].append((entry, by_class))
    for pair, entries in sorted(stated.items()):
        yield _edge(pair, sorted(entries, key=lambda said: SEVERITIES.index(said[0].severity)))


def _edge(pair: Pair, entries: Sequence[tuple[Interaction, str]]) -> Edge:
    subject, other = sorted(drug_id(name) for name in pair)
    properties: dict[str, Value] = {
        "effect": _each(entry.effect for entry, _ in entries),
        "management": _each(entry.management for entry, _ in entries),
        "mechanism": _each(entry.mechanism for entry, _ in entries),
        "severity": entries[0][0].severity,
    }
    if by_class := _each(said for _, said in entries if said):
        properties["by_class"] = by_class
    return Edge(subject, "interacts_with", other, (SOURCE,), dict(sorted(properties.items())))


def _each(texts: Iterator[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
