"""`engine.protocols.PlanKnowledge` over the graph in memory; indexes are made when first needed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property, lru_cache

from engine.protocols import (
    Avoided,
    DiseaseFacts,
    DrugClass,
    DrugInteraction,
    Listed,
    Prescribed,
    RedFlag,
    Substance,
)
from engine.types import Code, Statement
from knowledge_graph.curated import SOURCE
from knowledge_graph.drugs import DrugNames
from knowledge_graph.memory import MemoryGraph
from knowledge_graph.mentions import Mentions, node_code
from knowledge_graph.schema import Edge, Predicate, texts

XREF_PREFIXES = {
    "ICD-10-CM": "ICD10CM",
    "ICD-10": "ICD10",
    "http://www.omim.org": "OMIM",
    "http://omim.org": "OMIM",
    "http://www.orpha.net": "ORPHA",
    "http://purl.obolibrary.org/obo/mondo.owl": "MONDO",
}
"""Code system of a problem -> prefix of the graph's codes; a code with its own prefix keeps it."""


class GraphPlanKnowledge:
    """What the graph knows of tests, treatments and medicines."""

    def __init__(self, graph: MemoryGraph) -> None:
        self._graph = graph

    @property
    def names_sources(self) -> tuple[str, ...]:
        """The curated list of medicines; no other node of the graph counts as one."""
        return (SOURCE,)

    @cached_property
    def drug_names(self) -> DrugNames:
        """The medicines whose interactions are listed, by name."""
        return DrugNames(self._graph.fact_nodes.values())

    def disease(self, position: int) -> DiseaseFacts:
        """What is listed for a disease; urgency and red flags come from curated conditions only."""
        entry = self._graph.entries[position]
        urgency = entry.course.get("urgency", ())
        return DiseaseFacts(
            disease=self._graph.diseases[position],
            urgency=urgency[0] if urgency else None,
            red_flags=tuple(
                RedFlag(text, self._graph.terms_called.get(text.casefold()))
                for text in entry.course.get("red flags", ())
            ),
            course_sources=(SOURCE,),
            confirm=self._listed("confirms", entry.id),
            exclude=self._listed("excludes", entry.id),
            treatments=self._listed("treats", entry.id),
        )

    def avoided(self, disease: str) -> tuple[Avoided, ...]:
        """What to avoid in a disease, by its id in the graph."""
        return tuple(map(self._avoided, self._graph.facts_at(disease, "contraindicated_in")))

    def conditions(self, problem: Statement) -> tuple[Code, ...]:
        """The diseases that a problem names by code or exact name; by id."""
        found: set[int] = set()
        for code in problem.codes:
            found.update(self._coded.get(_code(code), ()))
        for name in filter(None, (problem.text, *(code.display for code in problem.codes))):
            found.update(self._graph.diseases_called(name))
        return tuple(sorted((self._graph.diseases[i] for i in found), key=lambda c: c.code))

    def medicine(self, text: str) -> Prescribed:
        """The ingredients of a medicine as a prescription names it."""
        read = self.drug_names.find(text)
        return Prescribed(tuple(map(self._node, read.ingredients)), read.unknown)

    def mentioned(self, text: str) -> tuple[Substance, ...]:
        """Medicines and classes named anywhere in a text."""
        return self._mentions.find(text)

    def given(self, treatment: str) -> tuple[Substance, ...]:
        """Medicines and classes that a treatment in words says to give."""
        return self._mentions.given(treatment)

    def classes(self, ingredient: str) -> tuple[DrugClass, ...]:
        """The classes of an ingredient, by id."""
        return tuple(
            DrugClass(
                name=self._node(edge.object),
                duplicate=self._is(edge.object, "duplicate"),
                allergy=self._is(edge.object, "allergy"),
                sources=edge.sources,
            )
            for edge in self._graph.facts_at(ingredient, "is_a")
        )

    def interactions(self, ingredients: Collection[str]) -> tuple[DrugInteraction, ...]:
        """What is listed among these ingredients, by their ids."""
        return tuple(
            _interaction(edge)
            for one in sorted(ingredients)
            for edge in self._graph.facts_at(one, "interacts_with")
            if edge.subject == one and edge.object in ingredients
        )

    # ---- Inside -------------------------------------------------------------------------------

    def _listed(self, predicate: Predicate, disease: str) -> tuple[Listed, ...]:
        edges = self._graph.facts_at(disease, predicate)
        return tuple(Listed(self._node(edge.subject), edge.sources) for edge in edges)

    def _avoided(self, edge: Edge) -> Avoided:
        what = self._node(edge.subject)
        substances, conditional = self._mentions.avoided(what.display)
        return Avoided(
            what=what,
            ingredients=frozenset(i.code for s in substances for i in s.ingredients),
            conditional=conditional,
            because=texts(edge.properties.get("because")),
            sources=edge.sources,
        )

    def _node(self, identifier: str) -> Code:
        return node_code(self._graph.fact_nodes[identifier])

    def _is(self, drug_class: str, flag: str) -> bool:
        return self._graph.fact_nodes[drug_class].properties.get(flag) is True

    @cached_property
    def _mentions(self) -> Mentions:
        nodes = self._graph.fact_nodes
        members = (edge for node in nodes for edge in self._graph.facts_at(node, "is_a"))
        return Mentions(nodes.values(), members)

    @cached_property
    def _coded(self) -> Mapping[str, Sequence[int]]:
        """Code, in upper case -> positions of the diseases that have it."""
        coded: defaultdict[str, list[int]] = defaultdict(list)
        for position, entry in enumerate(self._graph.entries):
            for code in dict.fromkeys((entry.id, *entry.aliases, *entry.xrefs)):
                coded[code.upper()].append(position)
        return coded


@lru_cache(maxsize=1)
def plan_knowledge(graph: MemoryGraph) -> GraphPlanKnowledge:
    """The plan knowledge of a graph; that of the last graph asked for is kept."""
    return GraphPlanKnowledge(graph)


def _interaction(edge: Edge) -> DrugInteraction:
    severity = edge.properties.get("severity")
    return DrugInteraction(
        one=edge.subject,
        other=edge.object,
        severity=None if severity is None else str(severity),
        effect=texts(edge.properties.get("effect")),
        management=texts(edge.properties.get("management")),
        sources=edge.sources,
    )


def _code(code: Code) -> str:
    prefix = XREF_PREFIXES.get(code.system)
    return (f"{prefix}:{code.code}" if prefix and ":" not in code.code else code.code).upper()
