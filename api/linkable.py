"""The names of the graph that mentions are linked to, and its nodes by outside codes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from engine.protocols import LabelKind
from engine.types import Code
from knowledge_graph.memory import MemoryGraph
from nlp.candidates import LOOSE, Name, plain
from nlp.notes import Terms

_RANK: Mapping[LabelKind, int] = {"name": 0, "exact": 1, "narrow": 2, "broad": 2, "related": 2}


def names(graph: MemoryGraph) -> Iterator[Name]:
    """Names of its phenotypes (no circumstances), diseases and medicines."""
    for label in graph.labels():
        if graph.is_phenotype(label.term) and not graph.is_circumstance(label.term):
            yield Name(label.text, label.term, "phenotype", rank=_RANK[label.kind])
    for disease in (*graph.entries, *graph.unranked):
        yield Name(disease.name, disease.id, "disease")
        # Other names of our own diseases are what people search for, often wider in meaning.
        rank = LOOSE if disease.id.startswith("KONSIL:") else 1
        yield from (Name(text, disease.id, "disease", rank=rank) for text in disease.synonyms)
    for node in graph.fact_nodes.values():
        if node.kind in ("Drug", "DrugClass"):
            yield Name(node.name, node.id, "drug")
            yield from (Name(text, node.id, "drug", rank=1) for text in node.synonyms)


def terms(graph: MemoryGraph) -> Terms:
    """Those names, and the code of everything that is named."""
    named = list(names(graph))
    best = {name.term: name.text for name in named if name.rank == 0}
    codes = {
        name.term: graph.code(name.term)
        or Code(name.term.partition(":")[0], name.term, best.get(name.term, name.text))
        for name in named
    }
    return Terms(named, codes)


def nodes(graph: MemoryGraph) -> dict[str, frozenset[str]]:
    """Ids and codes of other catalogues -> what has them in the graph.

    What bears the same name as a disease (a sign, a disease of another catalogue) is the same here.
    """
    called: defaultdict[str, set[str]] = defaultdict(set)
    for name in names(graph):
        if name.rank == 0:
            called[plain(name.text)].add(name.term)
    found: defaultdict[str, set[str]] = defaultdict(set)
    for disease in (*graph.entries, *graph.unranked):
        for code in (disease.id, *disease.aliases, *disease.xrefs):
            found[code] |= called[plain(disease.name)]
    return {code: frozenset(ids) for code, ids in found.items()}
