"""Medicines and their classes inside a text: an allergy, a treatment, something to avoid.

A name counts at word borders and exactly, the longest first; only a plural "s" is forgiven, because
the texts say "NSAIDs". What a text says beside the names is left to the reader, but a name behind a
word of condition ("in", "with", "before") is not what the text is about.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from engine.protocols import Substance
from engine.types import Code
from knowledge_graph.drugs import MOST_WORDS, PREFIX, ingredients_of, set_of
from knowledge_graph.schema import Edge, Node
from knowledge_graph.wording import words

NOT_GIVEN = set_of("""
    stop stopping avoid avoidance withhold withholding withdrawal omit omitting delay delaying
    waiting dehydration
""")
"""Words of a text that is about not giving what it names ("Stop the ACE inhibitor")."""
JOINING = set_of("and or other all")
"""Words that leave a list of medicines as it is."""

# Up to these words a treatment says what is given, behind them when ("if", "for") or to whom.
_WHEN = re.compile(r"\b(?:if|when|unless|for|after|before|instead|until|against|where|in)\b", re.I)
# Up to these words a text says what is to be avoided, behind them under which condition.
_CONDITION = re.compile(
    r"\b(?:in|with|without|before|if|when|where|unless|until|(?<!such )as|for|alone|after|over"
    r"|during|under|to|on|beyond|above|at|by|while|from|against|instead|together|within|because)\b",
    re.I,
)


class Mentions:
    """The names of ingredients, combinations and classes, to be found in texts."""

    def __init__(self, nodes: Iterable[Node], members: Iterable[Edge]) -> None:
        """nodes: of any kind. members: is_a edges of any kind.

        A name that means two things is left out: it must not be guessed.
        """
        listed = {n.id: n for n in nodes if n.id.startswith(PREFIX)}
        inside: defaultdict[str, list[str]] = defaultdict(list)
        for edge in members:
            if edge.subject in listed:
                inside[edge.object].append(edge.subject)
        meant: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
        for node in listed.values():
            for label in (node.name, *node.synonyms):
                meant[tuple(words(label))].add(node.id)
        self._substances = {
            identifier: _substance(node, listed, inside) for identifier, node in listed.items()
        }
        self._ids = {name: next(iter(ids)) for name, ids in meant.items() if len(ids) == 1}

    def find(self, text: str) -> tuple[Substance, ...]:
        """What is named anywhere in a text, in its order, each once."""
        return self._known(self._scan(words(text)))

    def given(self, treatment: str) -> tuple[Substance, ...]:
        """What a treatment says to give; nothing when it is about stopping something."""
        head = words(_WHEN.split(treatment, maxsplit=1)[0])
        return self._known(self._scan(head)) if NOT_GIVEN.isdisjoint(head) else ()

    def avoided(self, text: str) -> tuple[tuple[Substance, ...], bool]:
        """What a text says to avoid, and whether it says more than that ("in children")."""
        head, *condition = _CONDITION.split(text, maxsplit=1)
        if not NOT_GIVEN.isdisjoint(words(head)):
            return (), True
        found = list(self._scan(words(head)))
        more = {piece for piece in found if piece not in self._substances} - JOINING
        return self._known(found), bool(more or condition)

    def _known(self, pieces: Iterable[str]) -> tuple[Substance, ...]:
        known = (self._substances.get(piece) for piece in pieces)
        return tuple(dict.fromkeys(substance for substance in known if substance))

    def _scan(self, typed: Sequence[str]) -> Iterator[str]:
        """Ids of what is named; the words between as they are."""
        start = 0
        while start < len(typed):
            length, piece = next(self._names_at(typed, start), (1, typed[start]))
            yield piece
            start += length

    def _names_at(self, typed: Sequence[str], start: int) -> Iterator[tuple[int, str]]:
        for length in range(min(MOST_WORDS, len(typed) - start), 0, -1):
            name = tuple(typed[start : start + length])
            singular = (*name[:-1], name[-1].removesuffix("s"))
            if (found := self._ids.get(name) or self._ids.get(singular)) is not None:
                yield length, found


def node_code(node: Node) -> Code:
    """A node as the engine names it."""
    return Code(node.id.partition(":")[0], node.id, node.name)


def _substance(
    node: Node, listed: Mapping[str, Node], inside: Mapping[str, Sequence[str]]
) -> Substance:
    is_class = node.kind == "DrugClass"
    means = inside.get(node.id, ()) if is_class else ingredients_of(node)
    return Substance(
        name=node_code(node),
        ingredients=tuple(node_code(listed[i]) for i in sorted(means) if i in listed),
        is_class=is_class,
    )
