"""Concept recognition: spans of a text that name a term, whatever the word order or inflection.

Every window of words that count is looked up in the lexicon; the longest name wins. A word shared
by the members of a list ("cerebral and cerebellar atrophy", "atrophy of the brain and muscles") is
put back beside each member before the look-up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise

from spacy.language import Language
from spacy.tokens import Doc, Span

from nlp.lexicon import MAX_WORDS, Lexicon, Word, words
from nlp.sections import HEADINGS
from nlp.sentences import bounds
from nlp.tokenizer import texts

KEY = "concepts"
"""Where the spans are: `doc.spans[KEY]`; the term is the span's `kb_id_`."""

_WALLS = frozenset('.;:?!()[]{}|<>\\*=+•"')
_LINKS = frozenset(("and", "or", "nor"))
_COPULAS = frozenset(("is", "are", "was", "were"))
_VERBS = frozenset(("include", "includes", "included", "including"))  # no name reaches across
_RANGES = frozenset(("to",))  # "mild to severe"
_OF = frozenset(("of", "in"))
_ARTICLES = frozenset(("a", "an", "the", "his", "her", "their", "its", "no", "this", "these"))
_ADJECTIVE = re.compile("(?:.{3}(?:al|ary|ic|ous)|.{2}[ln]ar|anomalous|increased|decreased)$")
_NO_ADJECTIVES = "colic panic clinic arsenic interval hospital signal withdrawal removal"
_FUNCTION_WORDS = """and or nor is are was were be been has have had due since for with without from
    by after before because who which that when while as but than then also to if until during"""
_NOUNS = frozenset(_NO_ADJECTIVES.split())
_FUNCTION = frozenset(_FUNCTION_WORDS.split())
_MEMBER = 2  # a list member that lacks the shared words has at most this many of its own
_LIST = 8  # members of a list on either side of the one that holds the shared words
_SHARED = 3  # the shared words are at most this many
_REACH = 6  # words from the first to the last of a name whose words stand apart
_GAP = 2  # words between them that are not its own


@dataclass(frozen=True, slots=True)
class Mention:
    """Tokens [start, end) name a term; size: number of words matched (more is surer).

    gaps: tokens between them that are not the name's own ("spleen is not enlarged").
    """

    start: int
    end: int
    term: str
    size: int
    gaps: frozenset[int] = frozenset()


def _runs(doc: Doc, tokens: list[str]) -> Iterator[list[list[Word]]]:
    """Stretches no name reaches across, each cut at its commas into pieces."""
    for first, last in bounds(doc):
        run: list[list[Word]] = []
        start = first
        for position in range(first, last):
            token = tokens[position]
            if token == "," or token in _WALLS:
                run.append(list(words(tokens, start, position)))
                start = position + 1
                if token != ",":
                    yield run
                    run = []
        run.append(list(words(tokens, start, last)))
        yield run


def _guarded(written: str, run: list[list[Word]], lexicon: Lexicon) -> str | None:
    """The term of an ambiguous abbreviation or word, if the clause says which one is meant."""
    if written not in lexicon.guarded:
        written = written.lower()
        if written not in lexicon.guarded:
            return None
    here = {word.text.lower() for piece in run for word in piece}
    return next((term for near, term in lexicon.guarded[written] if near & here), None)


def _describes_next(piece: list[Word], i: int, lexicon: Lexicon) -> bool:
    """Is the word an adjective that belongs to what follows, not to what stands before it?

    "Abnormalities in ocular saccades" are none of the eye.
    """
    following = piece[i + 1 : i + 2]
    return (
        bool(following)
        and following[0].start == piece[i].end
        and following[0].stem in lexicon.stems
        and following[0].text.lower() not in _FUNCTION
        and piece[i].text.lower() not in _NOUNS
        and _ADJECTIVE.search(piece[i].text.lower()) is not None
    )


def _windows(piece: list[Word], run: list[list[Word]], lexicon: Lexicon) -> Iterator[Mention]:
    """Every name that stands in one piece and neither begins nor ends with a copula.

    "Sodium is low" is not said by "is on low sodium".
    """
    bags, stems = lexicon.bags, lexicon.stems
    for i, first in enumerate(piece):
        term = (
            lexicon.acronyms.get(first.text)
            or lexicon.singles.get(first.spelling)
            or _guarded(first.text, run, lexicon)
        )
        if term is not None:
            yield Mention(first.start, first.end, term, 1)
        if first.stem not in stems or first.text.lower() in _COPULAS:
            continue
        total = first.stem
        for size, last in enumerate(piece[i + 1 : i + MAX_WORDS], start=2):
            if last.stem not in stems:
                break
            total += last.stem
            if (
                total in bags
                and last.text.lower() not in _COPULAS
                and not _describes_next(piece, i + size - 1, lexicon)
            ):
                yield Mention(first.start, last.end, bags[total], size)


def _members(run: list[list[Word]], tokens: list[str]) -> list[list[Word]]:
    """The run's words, cut at commas, conjunctions and ranges ("mild to severe")."""
    members: list[list[Word]] = []
    for piece in run:
        members.append([])
        end = -1
        for word in piece:
            if word.text in _LINKS:
                members.append([])
                continue
            between = [x for x in tokens[end : word.start] if x != "-"] if end >= 0 else []
            if len(between) == 1 and between[0] in _RANGES:
                members.append([])
            members[-1].append(word)
            end = word.end
    return [member for member in members if member]


def _lists(
    run: list[list[Word]], tokens: list[str], lexicon: Lexicon, kept: dict[int, Mention]
) -> Iterator[Mention]:
    """Every name that shares words with another member of a list.

    The member that holds the shared words must be a name itself, and the other member's words must
    not belong to a name of their own; this keeps chance pairs out.
    """
    members = _members(run, tokens)
    for i, member in enumerate(members if len(members) > 1 else ()):
        for split in range(1, min(_MEMBER, len(member) - 1) + 1):
            head = _named(member[:split], member[split : split + _SHARED], lexicon)
            own_article = tokens[member[0].start - 1].lower() in ("a", "an")  # "A and a B atrophy"
            shares = bool(head) and not own_article
            for other in reversed(members[max(0, i - _LIST) : i] if shares else ()):
                # A and B atrophy
                yield from _joined(other[-_MEMBER:][::-1], head, lexicon, kept)
                if len(other) > _MEMBER:
                    break
            rest = member[:-split][::-1]
            head = _named(member[-split:], rest[:_SHARED], lexicon)
            for other in members[i + 1 : i + 1 + _LIST] if head else ():  # atrophy of A and B
                if _complete(other, tokens) or _qualifies(other):
                    break
                yield from _joined(other[:_MEMBER], head, lexicon, kept)
                if len(other) > _MEMBER:
                    break


def _complete(member: list[Word], tokens: list[str]) -> bool:
    """Has the first word of a member a complement of its own ("abnormalities of gait")?"""
    return len(member) > 1 and not _OF.isdisjoint(tokens[member[0].end : member[1].start])


def _qualifies(member: list[Word]) -> bool:
    """Is the first word of a member the "abnormal" of the second ("abnormal shape")?"""
    return (
        member[0].text.lower() == "abnormal"
        and member[1:2] != []
        and (member[1].start == member[0].end)
    )


def _named(own: list[Word], shared: list[Word], lexicon: Lexicon) -> list[Word]:
    """The longest start of `shared` that makes a name with `own`; empty if there is none."""
    total = sum(word.stem for word in own)
    longest = 0
    for size, word in enumerate(shared, start=1):
        total += word.stem
        if total in lexicon.bags:
            longest = size
    return shared[:longest]


def _joined(
    own: list[Word], shared: list[Word], lexicon: Lexicon, kept: dict[int, Mention]
) -> Iterator[Mention]:
    """Names made of the shared words and of the first one, two ... of a member's own."""
    total = sum(word.stem for word in shared)
    for size, word in enumerate(own, start=1):
        total += word.stem
        if total not in lexicon.bags:
            continue
        first, last = min(w.start for w in own[:size]), max(w.end for w in own[:size])
        names = [kept[i] for i in range(first, last) if i in kept]
        if all(first <= name.start and name.end <= last for name in names):
            part = (*shared, *own[:size])
            start, end = min(w.start for w in part), max(w.end for w in part)
            yield Mention(start, end, lexicon.bags[total], len(part))


def _longest(windows: Iterable[Mention], barred: set[int]) -> dict[int, Mention]:
    """Token -> the name it belongs to; longer names first, none inside or across another."""
    kept: dict[int, Mention] = {}
    for mention in sorted(windows, key=lambda m: (-m.size, m.start, m.end)):
        span = range(mention.start, mention.end)
        if not any(position in kept or position in barred for position in span):
            kept.update(dict.fromkeys(span, mention))
    return kept


def _parted(part: list[Word], tokens: list[str]) -> bool:
    """Does a conjunction or a verb keep two of the words apart as things of their own?

    A conjunction does right between them ("myopia and astigmatism") and before an article ("an
    anomaly and a flat face"), not inside a list of adjectives ("red and sore eye").
    """
    for word, following in pairwise(part):
        between = [x.lower() for x in tokens[word.end : following.start]]
        if not _VERBS.isdisjoint(between):
            return True
        for i, token in enumerate(between):
            if token in _LINKS and (
                len(between) == 1 or _ARTICLES.intersection(between[i + 1 : i + 2])
            ):
                return True
    return False


def _gapped(
    piece: list[Word], tokens: list[str], lexicon: Lexicon, kept: dict[int, Mention]
) -> Iterator[Mention]:
    """Every name whose words stand apart, other words between them ("red and sore left eye").

    A word of a name that stands in one piece is taken only with all of that name. None begins or
    ends with a copula.
    """
    bags = lexicon.bags
    known = [i for i, word in enumerate(piece) if word.stem in lexicon.stems]
    inside = {i for i in known if piece[i].text.lower() in _COPULAS}
    for place, i in enumerate(known):
        if i in inside:
            continue
        inner: list[int] = []
        for j in known[place + 1 :]:
            if j - i >= _REACH:
                break
            ends = piece[i].stem + piece[j].stem
            sizes = range(max(0, j - i - 1 - _GAP), min(len(inner), j - i - 2) + 1)
            for size in () if j in inside else sizes:
                for own in combinations(inner, size):
                    total = ends + sum(piece[k].stem for k in own)
                    if total in bags:
                        part = [piece[k] for k in (i, *own, j)]
                        if (
                            _whole(part, kept)
                            and not _parted(part, tokens)
                            and not _describes_next(piece, j, lexicon)
                        ):
                            start, end = part[0].start, part[-1].end
                            own_tokens = {n for word in part for n in range(word.start, word.end)}
                            gaps = frozenset(range(start, end)) - own_tokens
                            yield Mention(start, end, bags[total], len(part), gaps)
            inner.append(j)


def _whole(part: list[Word], kept: dict[int, Mention]) -> bool:
    """Is every name that these words touch made of these words alone?"""
    taken = {position for word in part for position in range(word.start, word.end)}
    names = (kept[position] for position in taken if position in kept)
    return all(taken.issuperset(range(name.start, name.end)) for name in names)


def _adds(mention: Mention, kept: dict[int, Mention]) -> bool:
    """Does a name from a list say something that the names standing in one piece do not?"""
    names = [kept.get(position) for position in range(mention.start, mention.end)]
    inside = names[0] is not None and all(name is names[0] for name in names)
    return not inside and all(name is None or name.term != mention.term for name in names)


class ConceptRecogniser:
    """Sets `doc.spans["concepts"]`. The lexicon is given after construction (it is no config)."""

    def __init__(self, lexicon: Lexicon | None = None) -> None:
        self.lexicon = Lexicon() if lexicon is None else lexicon

    def __call__(self, doc: Doc) -> Doc:
        tokens = texts(doc)
        runs = list(_runs(doc, tokens))
        windows = [m for run in runs for piece in run for m in _windows(piece, run, self.lexicon)]
        barred = {i for span in doc.spans.get(HEADINGS, ()) for i in range(span.start, span.end)}
        kept = _longest(windows, barred)
        lists = (m for run in runs for m in _lists(run, tokens, self.lexicon, kept))
        apart = (
            m for run in runs for piece in run for m in _gapped(piece, tokens, self.lexicon, kept)
        )
        found = {*kept.values(), *(m for m in lists if _adds(m, kept)), *apart}
        ordered = sorted(found, key=lambda m: (m.start, m.end, m.term))
        spans = [Span(doc, m.start, m.end, label="concept", kb_id=m.term) for m in ordered]
        for span, mention in zip(spans, ordered, strict=True):
            span._.gaps = mention.gaps
        doc.spans[KEY] = spans
        return doc


if not Span.has_extension("gaps"):
    Span.set_extension("gaps", default=frozenset[int]())


@Language.factory("konsil_concepts", assigns=["doc.spans"], requires=["doc.sents"])
def create_concepts(nlp: Language, name: str) -> ConceptRecogniser:
    """spaCy factory; `nlp.pipeline.build` hands the lexicon over."""
    return ConceptRecogniser()
