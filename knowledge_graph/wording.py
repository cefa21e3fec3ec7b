"""Search by words: what both stores index, and how a found node is scored.

A store offers candidates by whole words, prefixes and words one or two typos away; the score is
computed here, so the order never depends on a store's own relevance.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from knowledge_graph.schema import KINDS, Node
from knowledge_graph.store import Found

LOWEST_SCORE = 75.0
"""Similarity (0 to 100, rapidfuzz WRatio) below which a label is not offered."""
MOST_WORDS = 16
LONGEST_WORD = 64
PREFIX_FROM = 3
"""Letters; a shorter word of the query must be there as it is."""
SHORTEST_SHARE = 0.6
"""A label shorter than this share of the query is only a part of it ("ARF" in "marfan")."""
MISTYPED_FROM = 4
"""Characters; shorter local parts of codes are all one typo from each other."""
PADDED = 7
"""Digits of the local ids of HPO and MONDO."""
PREFIXES = {"mim": "omim", "hpo": "hp", "orphanet": "orpha", "icd10": "icd10cm"}
"""What is typed for a prefix -> the prefix."""
_WORD = re.compile(r"[^\W_]+")
_CODE = re.compile(r"([a-z][\w.]*?)[\s:_-]+([a-z0-9.]*[0-9][a-z0-9.]*)|([a-z]+)([0-9]+)", re.A)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A query. code: as a code; words: as words; whole: the words as one folded text."""

    code: str
    words: tuple[str, ...]

    @property
    def whole(self) -> str:
        return " ".join(self.words)


def wanted(text: str) -> Wanted:
    """What a typed text asks for."""
    return Wanted(code(text), tuple(words(text)[:MOST_WORDS]))


def words(text: str) -> list[str]:
    """The words of a text: lower case, accents folded, in order."""
    plain = text.casefold()
    if not plain.isascii():
        apart = unicodedata.normalize("NFKD", plain)
        plain = "".join(c for c in apart if not unicodedata.combining(c))
    return [word[:LONGEST_WORD] for word in _WORD.findall(plain)]


def code(text: str) -> str:
    """A code as it is compared: no white space, case folded."""
    return "".join(text.split()).casefold()


def codes(node: Node) -> list[str]:
    """The codes a node is found by: its id first."""
    return [code(c) for c in (node.id, *node.xrefs)]


def close_codes(text: str) -> list[str]:
    """What a mistyped code may stand for, folded: another separator, zeros left out, one typo."""
    found = _CODE.fullmatch(text.strip().casefold()[: LONGEST_WORD + 1])
    if found is None or len(found[0]) > LONGEST_WORD:
        return []
    prefix, local = found[1] or found[3], found[2] or found[4]
    prefix = PREFIXES.get(prefix, prefix)
    forms = {local, local.zfill(PADDED) if local.isdigit() else local}
    if len(local) >= MISTYPED_FROM:
        forms.update(_one_typo(local))
    return sorted(f"{prefix}:{form}" for form in forms)


def _one_typo(local: str) -> Iterator[str]:
    characters = "0123456789" if local.isdigit() else "0123456789."
    for place in range(len(local) + 1):
        before, after = local[:place], local[place:]
        yield before + after[1:]
        yield before + after[1:2] + after[:1] + after[2:]
        for character in characters:
            yield before + character + after
            yield before + character + after[1:]


def typos(word: str) -> int:
    """How many typos are forgiven; none in a word with a digit: that would be another code."""
    if not word.isalpha() or len(word) < 5:
        return 0
    return 1 if len(word) < 8 else 2


def rarest(counts: Mapping[str, int]) -> tuple[str, ...]:
    """Of words with the number of nodes that have each: those that lead to every likely answer.

    A node with all words but one has one of the two rarest, so frequent words ("syndrome") need not
    be looked at. Words nobody has count as rare, but one that somebody has is always given.
    """
    ordered = sorted(counts, key=lambda word: (counts[word], word))
    held = [word for word in ordered if counts[word]]
    return tuple(held[: max(1, 2 - (len(ordered) - len(held)))])


def labels(node: Node) -> tuple[str, ...]:
    """Name and synonyms."""
    return node.name, *node.synonyms


def by_code(query: Wanted, nodes: Iterable[Node]) -> list[Found]:
    """The nodes with exactly this code, own ids before cross-references."""
    own: list[Found] = []
    other: list[Found] = []
    for node in sorted(nodes, key=lambda n: n.id):
        found = [c for c in (node.id, *node.xrefs) if code(c) == query.code]
        if found:
            (own if code(node.id) == query.code else other).append(Found(node, found[0], 100.0))
    return own + other


def by_close_code(query: Wanted, close: Collection[str], nodes: Iterable[Node]) -> list[Found]:
    """Nodes with one of these codes, by (-score, kind, id)."""
    found = [
        Found(node, stated, _likeness(query.code, code(stated)))
        for node in nodes
        for stated in (node.id, *node.xrefs)
        if code(stated) in close
    ]
    best = {hit.node.id: hit for hit in sorted(found, key=_rank, reverse=True)}
    return sorted(best.values(), key=_rank)


def _likeness(typed: str, other: str) -> float:
    """0 to 100; what begins the same is more alike, because the end of a code is lost most."""
    from rapidfuzz import fuzz
    from rapidfuzz.distance import Prefix

    begins = Prefix.normalized_similarity(typed, other)
    return round(0.9 * fuzz.ratio(typed, other) + 10 * begins, 1)


def called(query: Wanted, nodes: Iterable[Node]) -> tuple[list[Node], list[Node]]:
    """Those with exactly this name, and those with exactly this synonym."""
    listed, asked = list(nodes), list(query.words)
    return (
        [node for node in listed if words(node.name) == asked],
        [node for node in listed if asked in map(words, node.synonyms)],
    )


def by_name(query: Wanted, nodes: Iterable[Node]) -> list[Found]:
    """Candidates with their best label, from `LOWEST_SCORE`, by (-score, kind, id)."""
    from rapidfuzz import fuzz, process

    offered = [(node, label) for node in nodes for label in labels(node)]
    folded = [" ".join(words(label)) for _, label in offered]
    whole = query.whole
    best: dict[str, Found] = {}
    for text, score, place in process.extract(
        whole, folded, scorer=fuzz.WRatio, score_cutoff=LOWEST_SCORE, limit=None
    ):
        if len(text) < SHORTEST_SHARE * len(whole):
            continue
        node, label = offered[place]
        # WRatio forgives missing words; a name of another length is less alike than it says
        score *= 0.9 + 0.1 * min(len(whole), len(text)) / max(len(whole), len(text))
        found = Found(node, label, round(score, 1))
        if node.id not in best or _rank(found) < _rank(best[node.id]):
            best[node.id] = found
    return sorted(best.values(), key=_rank)


def _rank(found: Found) -> tuple[float, int, str, str]:
    return -found.score, KINDS.index(found.node.kind), found.node.id, found.matched
