"""`konsil_linker`: what the mentions of a text are called in a vocabulary, and how sure that is.

Every span of `doc.spans["entities"]` of a type in `LINKABLE` gets, in scispaCy's convention,
`span._.kb_ents`, a list of (id, score), best first. `span.kb_id_` is set only where the best is at
or above the threshold of its group and no other fits as well; else it stays empty and
`span._.link_refused` says why. An abbreviation that the text defines is looked up as what it means.
spaCy keeps such attributes by place; where a place is called a drug and a disease, `of` tells the
link of each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Literal, cast

from spacy.language import Language
from spacy.tokens import Doc, Span

from nlp.abbreviations import definitions, expanded
from nlp.candidates import LOOSE, Candidate, Index, Name, numbers
from nlp.ner import KEY
from nlp.opposites import opposed
from nlp.tokenizer import whole

Refused = Literal[
    "no candidate", "another number", "the opposite", "loose name", "ambiguous", "below threshold"
]
"""Another number: "type 3" is never linked to "type 2", nor to a name without a type. The opposite:
"non-diabetic" is not "diabetic". Loose name: see `LOOSE`; the term may be meant, but just as well
something wider."""

LINKABLE: Mapping[str, tuple[str, ...]] = {
    "disease": ("disease", "phenotype"),
    "symptom": ("phenotype", "disease"),
    "effect": ("phenotype", "disease"),
    "drug": ("drug",),
}
"""Type of mention -> groups of terms that it may name, the preferred among equals first."""

THRESHOLDS: Mapping[str, float] = {"disease": 0.86, "phenotype": 0.99, "drug": 0.9}
"""Score at which a name of the graph is linked, by group; nlp/CARD.md says how it was chosen."""


@dataclass(frozen=True, slots=True)
class Link:
    """candidates: best first. refused: why the best is not taken; None where it is."""

    candidates: Sequence[Candidate] = ()
    refused: Refused | None = "no candidate"

    @property
    def term(self) -> str:
        """The id that is linked, or "" where none is."""
        return "" if self.refused else self.candidates[0].term

    @property
    def is_a_question_of_score(self) -> bool:
        """A threshold decides: nothing else speaks against the best."""
        return self.refused in (None, "below threshold")


class Linker:
    """The names of a vocabulary with the thresholds at which they are linked, by group."""

    def __init__(self, index: Index, thresholds: Mapping[str, float] = THRESHOLDS) -> None:
        self.index = index
        self.thresholds = thresholds
        self._found = lru_cache(maxsize=50_000)(self._link)

    @classmethod
    def over(cls, names: Iterable[Name], *, thresholds: Mapping[str, float] = THRESHOLDS) -> Linker:
        """The linker of these names."""
        return cls(Index(names), thresholds)

    def link(self, text: str, kinds: Sequence[str]) -> Link:
        """What a mention of these types names. Types that name nothing give no candidate."""
        groups = dict.fromkeys(group for kind in kinds for group in LINKABLE.get(kind, ()))
        return self._found(text, tuple(groups))

    def _link(self, text: str, groups: tuple[str, ...]) -> Link:
        candidates = tuple(self.index.search(text, groups))
        if not candidates:
            return Link()
        best = candidates[0]
        if numbers(text) != numbers(best.name.text):
            return Link(candidates, "another number")
        if opposed(text, best.name.text):
            return Link(candidates, "the opposite")
        if best.name.rank >= LOOSE:
            return Link(candidates, "loose name")
        if any(_as_good(best, other) for other in candidates[1:]):
            return Link(candidates, "ambiguous")
        below = best.score < self.thresholds[best.name.group]
        return Link(candidates, "below threshold" if below else None)


def _as_good(one: Candidate, other: Candidate) -> bool:
    """Nothing tells which of two terms is meant. A disease and the sign of its name are no rivals:
    the type of the mention prefers one.
    """
    same = (one.name.group, one.name.times, one.name.rank) == (
        other.name.group,
        other.name.times,
        other.name.rank,
    )
    return same and one.score == other.score


class EntityLinker:
    """A linker as a component; it is given after construction (it is no config)."""

    def __init__(self, linker: Linker | None = None) -> None:
        self.linker = Linker.over(()) if linker is None else linker

    def __call__(self, doc: Doc) -> Doc:
        if KEY not in doc.spans:
            return doc
        spans = list(doc.spans[KEY])
        known = definitions(whole(doc)) if spans else {}
        links: Links = {}
        for place, same in groupby(sorted(spans, key=_place), key=_place):
            here = {span.label_: span for span in same}
            kinds = [kind for kind in LINKABLE if kind in here]
            for kind in kinds:
                alike = [other for other in kinds if {*LINKABLE[other]} == {*LINKABLE[kind]}]
                links[*place, kind] = self.linker.link(expanded(here[kind].text, known), alike)
            if kinds:
                link = links[*place, kinds[0]]
                here[kinds[0]]._.kb_ents = [(c.term, c.score) for c in link.candidates]
                here[kinds[0]]._.link_refused = link.refused
        doc._.set(LINKS, links)
        doc.spans[KEY] = [_linked(span) for span in spans]
        doc.ents = [_linked(entity) for entity in doc.ents]
        return doc


def of(span: Span) -> Link:
    """The link of a mention, of the kind of thing that its own type names."""
    links: Links = span.doc._.get(LINKS)
    return links.get((*_place(span), span.label_), Link())


def _place(span: Span) -> tuple[int, int]:
    return span.start, span.end


def _linked(span: Span) -> Span:
    term = of(span).term
    return Span(span.doc, span.start, span.end, label=span.label, kb_id=term) if term else span


Links = dict[tuple[int, int, str], Link]
"""First token, token behind the last, type -> link."""
LINKS = "links"
"""Where they are: `doc._.links`."""

if not Doc.has_extension(LINKS):
    Doc.set_extension(LINKS, default=cast(Links, {}))
if not Span.has_extension("kb_ents"):
    Span.set_extension("kb_ents", default=cast(list[tuple[str, float]], []))
    Span.set_extension("link_refused", default=None)


@Language.factory("konsil_linker", assigns=["doc.spans"], requires=["doc.spans"])
def create_linker(nlp: Language, name: str) -> EntityLinker:
    """spaCy factory; whoever builds the pipeline hands the linker over."""
    return EntityLinker()
