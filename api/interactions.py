"""Interactions among typed medicines, with names, as the command line and the HTTP API answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from api.engine import Engine
from knowledge_graph.drugs import Duplicate, FoundInteraction, check_interactions
from knowledge_graph.schema import texts
from knowledge_graph.store import End, GraphStore, NamedEdge, ends, named

NOTHING_LISTED = (
    "Nothing is listed here for what was checked; that does not mean that the drugs are safe"
    " together."
)
LISTED = "What is not listed here may still interact."
UNCHECKED = "What was not checked is in no way cleared."


@dataclass(frozen=True, slots=True)
class ListedInteraction:
    """An interaction of two ingredients. drugs: what was typed that holds either.

    severity: "contraindicated", "major", "moderate", or "" where it is not stated. effect,
    mechanism, management: a text for each entry that names the pair. edge: with its sources.
    """

    severity: str
    drugs: tuple[tuple[str, ...], tuple[str, ...]]
    effect: tuple[str, ...]
    mechanism: tuple[str, ...]
    management: tuple[str, ...]
    edge: NamedEdge


@dataclass(frozen=True, slots=True)
class ListedDuplicate:
    """What is given twice: one ingredient, or two of a class. drugs: as typed."""

    what: End
    drugs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InteractionReport:
    """interactions: most severe first. checked: as typed -> ingredients.

    not_checked: what is no name of a medicine here. note: what the lists do not mean.
    """

    interactions: tuple[ListedInteraction, ...]
    duplicates: tuple[ListedDuplicate, ...]
    checked: Mapping[str, tuple[End, ...]]
    not_checked: tuple[str, ...]
    note: str


def interactions(engine: Engine, drugs: Sequence[str]) -> InteractionReport:
    """What is listed among these medicines; the names are always those of the embedded graph.

    Raises:
        NotFoundError: the store lacks an ingredient that the embedded graph has.
    """
    store = engine.store
    found = check_interactions(store, engine.drug_names, drugs)
    called = ends(store, (i for ingredients in found.checked.values() for i in ingredients))
    note = LISTED if found.found else NOTHING_LISTED
    return InteractionReport(
        interactions=tuple(_listed(store, interaction) for interaction in found.found),
        duplicates=tuple(map(_duplicate, found.duplicates)),
        checked={text: tuple(called[i] for i in ids) for text, ids in found.checked.items()},
        not_checked=found.not_checked,
        note=f"{note} {UNCHECKED}" if found.not_checked else note,
    )


def _listed(store: GraphStore, found: FoundInteraction) -> ListedInteraction:
    (edge,) = named(store, [found.edge])
    return ListedInteraction(
        severity=found.severity,
        drugs=(found.subject_texts, found.object_texts),
        effect=texts(edge.properties.get("effect")),
        mechanism=texts(edge.properties.get("mechanism")),
        management=texts(edge.properties.get("management")),
        edge=edge,
    )


def _duplicate(found: Duplicate) -> ListedDuplicate:
    node = found.node
    return ListedDuplicate(End(node.id, node.kind, node.name), found.texts)
