"""Names of findings to terms: how a source without HPO codes is read."""

from __future__ import annotations

from collections.abc import Iterable

from knowledge_graph.names import plain_name
from knowledge_graph.schema import Term


class Findings:
    """The finding terms of the graph by name, exact synonym and id.

    Where two terms share a name, a preferred name wins over a synonym; of two synonyms none is
    taken, because there is no telling which is meant.
    """

    def __init__(self, terms: Iterable[Term]) -> None:
        self._ids: dict[str, str] = {}
        names: dict[str, str] = {}
        synonyms: dict[str, set[str]] = {}
        for term in terms:
            self._ids |= dict.fromkeys((*term.alternatives, term.id), term.id)
            names.setdefault(plain_name(term.name), term.id)
            for synonym in term.synonyms:
                if synonym.scope == "exact":
                    synonyms.setdefault(plain_name(synonym.text), set()).add(term.id)
        single = {text: next(iter(ids)) for text, ids in synonyms.items() if len(ids) == 1}
        self._by_name = single | names

    def called(self, name: str) -> str | None:
        """Id of the finding with this name or exact synonym; case and punctuation are moot."""
        return self._by_name.get(plain_name(name))

    def current(self, identifier: str) -> str | None:
        """The current id of a term, following merged ids; None if it is no finding."""
        return self._ids.get(identifier)
