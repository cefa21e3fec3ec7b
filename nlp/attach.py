"""Which dose belongs to which drug: attributes to heads, by relations, or by standing beside them.

Relations decide between types that `relations.toml` pairs, for attributes that have one; all others
("7 days" of a drug, a date) go by what they stand beside.

Beside means that nothing but other attributes, signs and a few words ("of", "at a dose of") stands
between, and no comma before the head. An attribute between two heads goes to the nearer; where
neither is nearer, to none.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import groupby, pairwise

from spacy.tokens import Doc, Span
from spacy.util import filter_spans

from nlp import pairs
from nlp.ner import KEY as ENTITIES
from nlp.record import MODIFIES
from nlp.relations import KEY, Related
from nlp.sentences import bounds
from nlp.tokenizer import whole

_GAPS = (
    re.compile(r"[^\S\n]*"),
    re.compile(
        r"(?:[(\[:=-]|\b(?:of|at|a|an|the|in|dose|doses|dosage|total|is|was|were|for|since|on|x|"
        r"over|past|last|to|from)\b|\s)*",
        re.IGNORECASE,
    ),
    re.compile(r"\s*[)\],;]*\s*[(\[,;:]?\s*"),
)
"""What may stand between, nearest first."""
_COMMA = 2
_LONGEST_GAP = 40  # characters

ONE = ("dose", "route")
"""Attributes that belong to one head."""

Group = tuple[Span, list[Span]]
"""A head and its attributes, in reading order."""


def relations(doc: Doc) -> list[Related]:
    """What modifies what, where relations were read."""
    found: Sequence[Related] = doc._.get(KEY)
    return [relation for relation in found if relation.label == MODIFIES]


def attached(doc: Doc, heads: Sequence[Span], attributes: Sequence[Span]) -> list[Group]:
    """Every head with its attributes: those related to it, and those beside it of which relations
    say nothing. What belongs to `ONE` head goes by relations only where it stands beside none.
    """
    near, related = beside(doc, heads, attributes), relations(doc)
    if not related:
        return near
    said, owned = holders(attributes), holders(heads)
    found: dict[tuple[int, int], set[Span]] = {_place(head): set() for head in heads}
    placed = {one for _, those in near for one in those if one.label_ in ONE}
    decided: set[Span] = set()
    for relation in _surest(related):
        told = _held(said, relation.head) - placed
        decided |= told
        for head in _held(owned, relation.tail):
            found[_place(head)].update(told)
    asked, entities = set(pairs.relations()[MODIFIES].kinds), holders(doc.spans.get(ENTITIES, ()))
    for head, attributes_here in near:
        types = {entity.label_ for entity in _held(entities, head)}
        found[_place(head)].update(
            one
            for one in attributes_here
            if one not in decided or not any((one.label_, kind) in asked for kind in types)
        )
    return [(head, sorted(found[_place(head)])) for head in heads]


def _surest(related: Sequence[Related]) -> Iterator[Related]:
    """Of what a dose or route may belong to, the likeliest; none where two are as likely."""
    of: dict[tuple[int, int], list[float]] = {}
    for one in related:
        of.setdefault(_place(one.head), []).append(one.score)
    for one in related:
        scores = of[_place(one.head)]
        is_best = one.score == max(scores) and scores.count(one.score) == 1
        if is_best or one.head.label_ not in ONE:
            yield one


def holders(spans: Iterable[Span]) -> dict[int, list[Span]]:
    """Token -> the spans that hold it."""
    found: dict[int, list[Span]] = {}
    for span in spans:
        for token in range(span.start, span.end):
            found.setdefault(token, []).append(span)
    return found


def shares(span: Span, held: Container[int]) -> bool:
    """Is a token of it held?"""
    return any(token in held for token in range(span.start, span.end))


def _held(by_token: Mapping[int, Sequence[Span]], span: Span) -> set[Span]:
    """Those that share a token with a span."""
    tokens = range(span.start, span.end)
    return {other for token in tokens for other in by_token.get(token, ())}


def beside(doc: Doc, heads: Sequence[Span], attributes: Sequence[Span]) -> list[Group]:
    """Every head with the attributes beside it, sentence by sentence."""
    found: dict[tuple[int, int], list[Span]] = {_place(head): [] for head in heads}
    taken = [attribute for attribute in attributes if _place(attribute) not in found]
    starts = [first for first, _ in bounds(doc)]
    pieces = sorted(filter_spans([*heads, *taken]))
    text = whole(doc)
    for _, these in groupby(pieces, lambda span: bisect_right(starts, span.start)):
        sentence = list(these)
        places = [i for i, piece in enumerate(sentence) if _place(piece) in found]
        edges = [-1, *places, len(sentence)] if places else []
        for left, right in pairwise(edges):
            run = sentence[max(left, 0) : right + 1]
            before, after = _split(text, run, headed=left >= 0, tailed=right < len(sentence))
            if before:
                found[_place(run[0])].extend(before)
            if after:
                found[_place(run[-1])].extend(after)
    return [(head, sorted(found[_place(head)])) for head in heads]


def _split(
    text: str, run: Sequence[Span], *, headed: bool, tailed: bool
) -> tuple[Sequence[Span], Sequence[Span]]:
    """The attributes of a run that belong to the head before them, and to the head behind them."""
    gaps = [_gap(text, one, other) for one, other in pairwise(run)]
    last = len(run) - tailed
    forward = next((i for i, gap in enumerate(gaps) if gap is None), len(gaps)) if headed else 0
    walls = (i for i in range(len(gaps) - 1, -1, -1) if gaps[i] in (None, _COMMA))
    backward = next(walls, -1) + 1 if tailed else last
    if headed and tailed and forward == len(gaps):  # nothing parts them but distance
        width = max(g or 0 for g in gaps)
        widest = [i for i, gap in enumerate(gaps) if gap == width]
        if len(widest) != 1:
            return (), ()
        forward, backward = widest[0], widest[0] + 1
    return run[1 : forward + 1] if headed else (), run[backward:last]


def _gap(text: str, one: Span, other: Span) -> int | None:
    """How far apart two pieces are; None when they do not stand beside each other."""
    between = text[one.end_char : other.start_char]
    if len(between) > _LONGEST_GAP:
        return None
    return next((i for i, gap in enumerate(_GAPS) if gap.fullmatch(between)), None)


def _place(span: Span) -> tuple[int, int]:
    return span.start, span.end
