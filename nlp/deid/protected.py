"""What must survive: names of findings and diseases, eponyms, and what an eponym stands before."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from threading import Lock

from spacy.language import Language

from engine.protocols import Label
from nlp import pipeline
from nlp.cache import load_lexicon
from nlp.concepts import KEY
from nlp.deid.lexicon import eponyms, words
from nlp.deid.tokens import Token

_HALF = re.compile("[\ud800-\udfff]")
_LONGEST = 80  # characters; a longer "name" is words that stand apart


@dataclass(frozen=True, slots=True, order=True)
class Guard:
    """Characters [start, end) name something of medicine.

    firm: it is never replaced; else only where nothing but a title or label says it is a person.
    """

    start: int
    end: int
    firm: bool


@dataclass(slots=True)
class Protector:
    """Finds what must survive. pipeline: recognises the names it was compiled of."""

    pipeline: Language
    lock: Lock = field(default_factory=Lock)

    @classmethod
    def compile(cls, labels: Iterable[Label]) -> Protector:
        """labels: names of findings and diseases (a vocabulary's `labels()`, and more)."""
        built = pipeline.build(load_lexicon(labels))
        for name in ("konsil_assertion", "konsil_measurements"):
            built.remove_pipe(name)
        return cls(built)

    def guards(self, text: str, tokens: Sequence[Token]) -> list[Guard]:
        """Everything to protect in a text, in reading order."""
        found = [*_eponymous(tokens)]
        with self.lock, self.pipeline.memory_zone():
            doc = self.pipeline(_HALF.sub("\ufffd", text))
            for span in doc.spans[KEY]:
                if span.end_char - span.start_char <= _LONGEST and "\n" not in span.text:
                    words_ = len(span.text.split())
                    found.append(Guard(span.start_char, span.end_char, words_ > 1))
        return sorted(found)


def _eponymous(tokens: Sequence[Token]) -> Iterator[Guard]:
    """ "Crohn's disease", "Babinski", "Miller-Fisher", "Guillain Barré syndrome"."""
    heads, known = words("protected", "heads"), eponyms()
    titles, relations = words("names", "titles"), words("names", "relations")
    for i, token in enumerate(tokens):
        if not token.is_word:
            continue
        double = tokens[i : i + 3] if i + 2 < len(tokens) and tokens[i + 1].text == "-" else ()
        if double and "-".join((double[0].text, double[2].text)).casefold() in known:
            yield Guard(token.start, double[2].end, False)
            continue
        listed = token.text.casefold() in known
        if not listed and not (token.is_capitalised and len(token.text) > 2):
            continue
        j = i + 1
        while j < len(tokens) and (
            tokens[j].text in ("-", "'", "’", "–") or tokens[j].text.lower() in ("'s", "’s")
        ):
            j += 1
        chained = j
        while chained + 1 < len(tokens) and tokens[chained].is_capitalised and chained - i < 6:
            chained += 1
            while chained < len(tokens) and (
                tokens[chained].text == "-" or tokens[chained].text.lower() in ("'s", "’s")
            ):
                chained += 1
        before = tokens[i - 1].text.lower() if i else ""
        before = tokens[i - 2].text.lower() if before == "." and i > 1 else before
        if before in titles or before in relations:
            continue
        for end in {j, chained}:
            headed = end < len(tokens) and tokens[end].text.lower() in heads
            if headed and (listed or (end == j and _joined(tokens, i, j))):
                yield Guard(token.start, tokens[end].end, listed)
        if listed and token.is_capitalised:
            yield Guard(token.start, token.end, False)


def _joined(tokens: Sequence[Token], i: int, j: int) -> bool:
    """An unlisted name guards nothing where its "'s" may be the patient's own ("Ann's disease")."""
    return j == i + 1
