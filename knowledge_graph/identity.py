"""Which ids are one disease: by exact matches that the sources state, and by equal names.

Two ids of one catalogue are never the same disease: a match that would say so is rejected. OMIM
names most diseases, so a disease goes by its OMIM id, else by the next catalogue that has it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from knowledge_graph.names import plain_name
from knowledge_graph.schema import Rejected, SameDisease

CATALOGUES = ("OMIM", "ORPHA", "DECIPHER", "KONSIL", "MONDO", "DOID")
"""Catalogues by precedence; any other comes after them."""


def precedence(disease: str) -> tuple[int, str]:
    """The least of several ids is the one a disease goes by."""
    catalogue = disease.partition(":")[0]
    known = catalogue in CATALOGUES
    return (CATALOGUES.index(catalogue) if known else len(CATALOGUES)), disease


class Identity:
    """Groups of ids that are one disease.

    names: id -> what its source calls it. same: exact matches, those given first win. rejected:
    the matches that could not be used, and why.
    """

    def __init__(self, names: Mapping[str, str], same: Iterable[SameDisease]) -> None:
        self._group = {disease: (disease,) for disease in names}
        self.rejected: list[Rejected] = []
        for match in same:
            if (fault := self._joined(match.one, match.other)) is not None:
                reason = f"{match.one} is not {match.other}: {fault}"
                self.rejected.append(Rejected(match.source.partition(", ")[0], 0, reason))
        called: dict[str, list[str]] = defaultdict(list)
        for disease in sorted(names, key=precedence):
            called[plain_name(names[disease])].append(disease)
        for first, *others in called.values():
            for other in others:
                self._joined(first, other)
        self.first = {disease: group[0] for disease, group in self._group.items()}
        """Every id -> the id its disease goes by."""

    def members(self, disease: str) -> tuple[str, ...]:
        """All ids of a disease, the one it goes by first."""
        return self._group[disease]

    def _joined(self, one: str, other: str) -> str | None:
        """Make two ids one disease; what speaks against it, else None."""
        for disease in (one, other):
            if disease not in self._group:
                return f"no source describes {disease}"
        if other in self._group[one]:
            return None
        together = sorted((*self._group[one], *self._group[other]), key=precedence)
        catalogues = [disease.partition(":")[0] for disease in together]
        if twice := next((c for c in catalogues if catalogues.count(c) > 1), None):
            both = [disease for disease in together if disease.startswith(f"{twice}:")]
            return f"{' and '.join(both)} would be one disease"
        self._group |= dict.fromkeys(together, tuple(together))
        return None
