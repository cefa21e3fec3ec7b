"""A small graph with every kind of record, and what differs between two graphs."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from typing import Any

import numpy as np

from engine.types import SourceRef
from knowledge_graph.compile import compile_graph, gene_id
from knowledge_graph.frequency import MENTIONED
from knowledge_graph.memory import MemoryGraph
from knowledge_graph.schema import DiseaseEntry, Edge, Epidemiology, Node, Synonym, Term
from knowledge_graph.snapshot import Snapshot
from tests.knowledge_graph.test_compile import EYE, RED_EYE, RHYTHM, ROWS, TERMS, row

GENES = {"OMIM:2": ("EYE1",), "ORPHA:9": ("EYE1",), "OMIM:8": ("EYE2",)}
SOURCES = (
    SourceRef("HPO", "test", "0"),
    SourceRef("HPO genes_to_phenotype", "test", "1"),
    SourceRef("Konsil curated", "0.1", "2"),
)
FIBRILLATING = ("OMIM:3", "Fibrillation disease")
RECORDS = (
    *ROWS,
    row(*FIBRILLATING, EYE, frequency="1/9", reference="PMID:7"),
    row(*FIBRILLATING, EYE, negated=True, reference="PMID:7", dataset="Old 1"),
    row(*FIBRILLATING, EYE, frequency="2/3", reference="PMID:8;PMID:7"),
    row("OMIM:4", "Racing heart", RED_EYE, frequency=MENTIONED, dataset="Texts 2020"),
    row("OMIM:4", "Racing heart", RED_EYE, reference="PMID:1"),
    row("OMIM:5", "Course only", "HP:0003596", aspect="C"),
    Term("KONSIL:twitch", "Twitch", (RHYTHM, EYE), (Synonym("Tic", "exact", ("layperson", "x")),)),
    DiseaseEntry(
        "OMIM:4",
        "Racing heart",
        ("Fast: heart", "Racer"),
        ("MONDO:4",),
        Epidemiology(3e-3, "made up", {"child": 0.3, "adult": 1.0}, male=0.2),
        {"red flags": ("syncope",), "onset": ("sudden",)},
    ),
    DiseaseEntry("OMIM:8", "Unranked disease"),
    Node("T:2", "Test", "Holter", ("Long ECG",), ("X:1",), {"hours": 24}),
    Node("T:1", "Test", "ECG"),
    Node(gene_id("EYE2"), "Gene", "EYE2", (), ("NCBIGene:2",)),
    Edge("T:2", "confirms", "OMIM:4", ("b", "a"), {"because": ("rate",)}),
    Edge("T:1", "confirms", "OMIM:4", ("a",)),
    Edge("OMIM:2", "associated_with_gene", gene_id("EYE1"), ("also says",), {"how": "causal"}),
    Edge("OMIM:3", "associated_with_gene", gene_id("EYE1"), ("only says",)),
    Edge("OMIM:3", "associated_with_gene", gene_id("EYE2"), ("only says",)),
    Edge("OMIM:8", "is_a", "OMIM:3", ("a",)),
)


@cache
def compiled() -> MemoryGraph:
    """A graph with everything that a property graph could lose."""
    return MemoryGraph(compile_graph(TERMS, {"HP:old": EYE}, RECORDS, GENES, SOURCES))


def differing(one: Snapshot, other: Snapshot) -> list[str]:
    """Arrays and names that are not the same; the order of `nodes` and `facts` is moot."""
    arrays = [field.name for field in fields(Snapshot) if field.name not in ("names", "key")]
    found = [n for n in arrays if not np.array_equal(getattr(one, n), getattr(other, n))]
    found += [n for n in arrays if getattr(one, n).dtype != getattr(other, n).dtype]
    names = sorted((one.names.keys() | other.names.keys()) - {"rejected", "counts"})
    return found + [n for n in names if _named(one, n) != _named(other, n)]


def _named(snapshot: Snapshot, name: str) -> Any:
    held = _plain(snapshot.names[name])
    return sorted(map(repr, held)) if name in ("nodes", "facts") else held


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in sorted(value.items())}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
