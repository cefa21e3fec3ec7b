"""Clinical sections: which heading a stretch of text stands under.

A heading is a known phrase at the start of a line (or, as in MTSamples, after ".," or ","),
followed by a colon, or alone on its line; any other words in capitals before a colon are a heading
too and end the section before them.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc, Span

KEY = "sections"
"""Where the spans are: `doc.spans[KEY]`; the label is the context of what stands there."""
HEADINGS = "headings"
"""Where the headings themselves are."""
TABLE_FILE = Path(__file__).with_name("sections.toml")


@cache
def _kinds() -> dict[str, str]:
    """Heading -> kind ("historical", "family", "hypothetical" or "current")."""
    table: dict[str, str] = tomllib.loads(TABLE_FILE.read_text("utf-8"))
    return {
        " ".join(heading.split()): kind
        for kind, headings in table.items()
        for heading in headings.split(";")
    }


@cache
def _pattern() -> re.Pattern[str]:
    known = "|".join(
        re.escape(heading).replace(r"\ ", "[ \t]{1,4}")
        for heading in sorted(_kinds(), key=len, reverse=True)
    )
    # Every repetition is bounded: the pattern is linear on any text.
    start = r"(?:^|(?<=\n)|(?<=[.,;])|(?<=  ))[ \t]{0,8}(?:[-*•#]|\d{1,2}[.)])?[ \t]{0,8}"
    return re.compile(
        rf"{start}(?:(?P<known>(?i:{known}))(?:[ \t]{{0,4}}:|(?=[ \t]{{0,8}}(?:\n|$)))"
        r"|(?P<capitals>[A-Z][A-Z/&-]{1,30}(?: [A-Z/&-]{1,30}){0,5})[ \t]{0,4}:)"
    )


def headings(text: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, kind) of each heading, its colon included, in reading order."""
    for match in _pattern().finditer(text):
        phrase = match["known"]
        kind = _kinds()[" ".join(phrase.lower().split())] if phrase else "current"
        yield match.start(match.lastgroup or 0), match.end(), kind


class SectionSplitter:
    """Sets `doc.spans["sections"]` (heading to next heading) and `doc.spans["headings"]`."""

    def __call__(self, doc: Doc) -> Doc:
        spans: list[Span] = []
        for start, end, kind in headings(doc.text):
            span = doc.char_span(start, end, label=kind)
            if span is not None:
                spans.append(span)
        ends = [span.start for span in spans[1:]] + [len(doc)]
        doc.spans[HEADINGS] = spans
        doc.spans[KEY] = [
            Span(doc, span.start, end, label=span.label)
            for span, end in zip(spans, ends, strict=False)
        ]
        return doc


@Language.factory("konsil_sections", assigns=["doc.spans"])
def create_sections(nlp: Language, name: str) -> SectionSplitter:
    """spaCy factory."""
    return SectionSplitter()
