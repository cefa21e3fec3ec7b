"""Schemes: the types of mention a model output tells apart, and how corpora call them.

`entities.toml` holds them. Tags are BIO: "O" first, then "B-type", "I-type" of every type.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

TABLE_FILE = Path(__file__).with_name("entities.toml")

Mention = tuple[int, int, str]
"""First token, token behind the last, type."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """types: in the order of the tags. corpora: corpus -> what it calls a type -> the type."""

    name: str
    types: tuple[str, ...]
    corpora: Mapping[str, Mapping[str, str]]

    @property
    def tags(self) -> tuple[str, ...]:
        """ "O", then "B-" and "I-" of every type: K of them."""
        return ("O", *(f"{place}-{kind}" for kind in self.types for place in "BI"))

    def forbidden(self) -> NDArray[np.bool_]:
        """(K + 1, K): tag j may not follow tag i; the last row is the start of a sentence."""
        allowed = np.ones((len(self.tags) + 1, len(self.tags)), np.bool_)
        for place in range(len(self.types)):
            begin, inside = 2 * place + 1, 2 * place + 2
            allowed[:, inside] = False
            allowed[[begin, inside], inside] = True
        return ~allowed

    def encode(self, mentions: Sequence[Mention], length: int) -> NDArray[np.int64]:
        """Tags of the tokens, (length,). Of mentions that overlap, the longest is kept."""
        tags = np.zeros(length, np.int64)
        for start, end, kind in sorted(mentions, key=lambda m: (m[0] - m[1], m)):
            if not tags[start:end].any():
                begin = 2 * self.types.index(kind) + 1
                tags[start:end] = begin + 1
                tags[start] = begin
        return tags

    def decode(self, tags: Sequence[int]) -> list[Mention]:
        """Mentions of a sequence of tags in which none is forbidden."""
        found: list[Mention] = []
        for place, tag in enumerate(tags):
            kind = self.types[(tag - 1) // 2] if tag else ""
            if tag % 2:
                found.append((place, place + 1, kind))
            elif tag:
                found[-1] = (found[-1][0], place + 1, kind)
        return found

    def silent(self, corpus: str) -> NDArray[np.bool_]:
        """(K,): tags of the types that a corpus does not mark."""
        marked = set(self.corpora[corpus].values())
        return np.array([tag != "O" and tag[2:] not in marked for tag in self.tags])


@cache
def schemes() -> Mapping[str, Scheme]:
    """Every scheme by name."""
    table = tomllib.loads(TABLE_FILE.read_text("utf-8"))
    return {name: Scheme(name, tuple(entry.pop("types")), entry) for name, entry in table.items()}
