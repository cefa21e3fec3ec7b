"""The vocabulary of this package: what identifies a person, and where it stands. Read first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["name", "date", "age", "place", "organisation", "phone", "email", "url", "ip", "id"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""place: street, city, ZIP or post code. phone: fax and pager too. id: every other number."""


@dataclass(frozen=True, slots=True, order=True)
class Mention:
    """Characters [start, end) of a text identify someone.

    sure: by its form or by words beside it alone; else it needs another witness (the tagger).
    """

    start: int
    end: int
    kind: Kind
    sure: bool = True

    def overlaps(self, other: Mention) -> bool:
        return self.start < other.end and other.start < self.end


def apart(mentions: Iterable[Mention]) -> Iterator[Mention]:
    """Those that overlap no earlier-named one; the first in the given order wins."""
    kept: list[Mention] = []
    taken: set[int] = set()
    for mention in mentions:
        characters = range(mention.start, mention.end)
        if characters and taken.isdisjoint(characters):
            taken.update(characters)
            kept.append(mention)
    yield from sorted(kept)
