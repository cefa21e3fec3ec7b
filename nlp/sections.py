"""Clinical sections: which heading a stretch of text stands under.

A heading is a known phrase at the start of a line (or, as in MTSamples, after ".," or ","),
followed by a colon, or alone on its line; any other words in capitals before a colon are a heading
too and end the section before them.

A section that is not about now (historical, family, hypothetical) must not swallow the rest of a
note whose later parts have no heading. It also ends

- with its paragraph; if text stands on the heading's own line, with that line (and what wraps it),
- before a sentence that speaks of the patient now (`[openers]` in sections.toml).
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left
from collections.abc import Iterator
from functools import cache
from heapq import nlargest
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc, Span

from nlp.tokenizer import offsets, whole

KEY = "sections"
"""Where the spans are: `doc.spans[KEY]`; the label is the context of what stands there."""
HEADINGS = "headings"
"""Where the headings themselves are."""
TABLE_FILE = Path(__file__).with_name("sections.toml")


# Chosen, not tuned. A text counts as wrapped when its two longest lines are about as long.
_MARGINS = range(60, 133)
_RAGGED = 12
_UNFINISHED = re.compile(
    r"(?:[,:;/&-]|\b(?:and|or|of|the|an?|in|with|without|to|for|not|by|from|at|on|is|was|has|had))$",
    re.IGNORECASE,
)
_BULLET = re.compile(r"[ \t]*(?:[-*•·–+#>]|\d{1,2}[.)])[ \t]")
_SENTENCE = re.compile(r"(?:[.;!?|]|\n)[\s,]{0,8}(?:[-*•] ?)?(?=[A-Za-z])")


@cache
def _table() -> dict[str, dict[str, Any]]:
    return tomllib.loads(TABLE_FILE.read_text("utf-8"))


@cache
def _kinds() -> dict[str, str]:
    """Heading -> kind ("historical", "family", "hypothetical" or "current")."""
    return {
        " ".join(heading.split()): kind
        for kind, headings in _table()["headings"].items()
        for heading in headings.split(";")
    }


@cache
def _openers(which: str) -> re.Pattern[str]:
    table = _table()["openers"]
    phrases = "|".join(table[which]).replace("{patient}", table["patient"])
    return re.compile(rf"(?:{phrases})(?![\w'’])", re.IGNORECASE)


@cache
def _pattern() -> re.Pattern[str]:
    known = "|".join(
        re.escape(heading).replace(r"\ ", "[ \t]{1,4}")
        for heading in sorted(_kinds(), key=len, reverse=True)
    )
    # Every repetition is bounded: the pattern is linear on any text.
    start = r"(?:^|(?<=\n)|(?<=[.,;|])|(?<=  ))[ \t]{0,8}(?:[-*•#]|\d{1,2}[.)])?[ \t]{0,8}"
    return re.compile(
        rf"{start}(?:(?P<known>(?i:{known}))(?:[ \t]{{0,4}}:|(?=[ \t]{{0,8}}(?:\n|$)))"
        r"|(?P<capitals>[A-Z][A-Z/&-]{1,30}(?: [A-Z/&-]{1,30}){0,5})[ \t]{0,4}:)"
        r"|\b(?P<inline>(?i:on exam(?:ination)?|o/e|physical exam(?:ination)?))[ \t]{0,4}:"
    )


def headings(text: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, kind) of each heading, its colon included, in reading order."""
    for match in _pattern().finditer(text):
        phrase = match["known"] or match["inline"]
        kind = _kinds()[" ".join(phrase.lower().split())] if phrase else "current"
        yield match.start(match.lastgroup or 0), match.end(), kind


def sections(text: str) -> Iterator[tuple[int, int, int, str]]:
    """(start, end of the heading, end of the section, kind), in reading order."""
    found = list(headings(text))
    margin = _margin(text) if found else 0
    nexts = [start for start, _, _ in found[1:]] + [len(text)]
    for (start, end, kind), following in zip(found, nexts, strict=False):
        stop = following
        if kind != "current":
            stop = _before_opener(text, end, _paragraph_end(text, end, stop, kind, margin), kind)
        yield start, end, stop, kind


def _before_opener(text: str, start: int, stop: int, kind: str) -> int:
    """The first sentence in text[start:stop], after the first, that speaks of the patient now."""
    body = text[start:stop]
    first = len(body) - len(body.lstrip(" \t\r\n,"))
    for match in _SENTENCE.finditer(body, first):
        kinds = ["any", *["family"] * (kind == "family")]
        kinds += ["paragraph"] * (match.group().count("\n") > 1)
        if any(_openers(which).match(body, match.end()) for which in kinds):
            return start + match.end()
    return stop


def _margin(text: str) -> int:
    """The column a text is wrapped at; 0 if it is not (its two longest lines differ in length)."""
    second, longest = nlargest(2, [0, 0, *(len(line.rstrip()) for line in text.split("\n"))])[::-1]
    return longest if longest in _MARGINS and longest - second <= _RAGGED else 0


def _paragraph_end(text: str, start: int, stop: int, kind: str, margin: int) -> int:
    """Where the paragraph ends whose heading ends at `start`; its line, if text is beside it."""
    lines = text[start:stop].split("\n")
    beside = bool(lines[0].strip(" \t\r,"))
    if len(lines) < 2 or not (beside or (kind != "hypothetical" and lines[1].strip())):
        return stop  # a heading alone: only an opener tells its paragraphs from what follows
    heading_line = text[text.rfind("\n", 0, start) + 1 : start]
    before, column, gap = lines[0], len(heading_line + lines[0].rstrip()), False
    end = start + len(before) + 1
    for line in lines[1:]:
        if not line.strip():
            gap = True
        else:
            full = 0 < margin < column + 1 + len(line.split(maxsplit=1)[0])
            indented = _indent(line) > _indent(heading_line)
            if (gap or beside) and not _goes_on(before, line, gap=gap, kept=full or indented):
                return end
            before, column, gap = line, len(line.rstrip()), False
        end += len(line) + 1
    return stop


def _goes_on(before: str, line: str, *, gap: bool, kept: bool) -> bool:
    """Does `line` continue the paragraph of the line before it?

    gap: blank lines stand between the two. kept: the layout (wrapping, indent) holds them together.
    """
    ending = before.rstrip()
    if _BULLET.match(line):
        return bool(_BULLET.match(before)) or ending.endswith(":")
    unfinished = _UNFINISHED.search(ending) is not None
    return not gap and (kept or unfinished or (ending[-1:] not in ".!?" and line[0].islower()))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


class SectionSplitter:
    """Sets `doc.spans["sections"]` (with their headings) and `doc.spans["headings"]`."""

    def __call__(self, doc: Doc) -> Doc:
        found = list(sections(whole(doc)))
        starts = offsets(doc) if found else []
        marks: list[Span] = []
        spans: list[Span] = []
        for start, end, stop, kind in found:
            mark = doc.char_span(start, end, label=kind)
            if mark is not None:
                marks.append(mark)
                spans.append(Span(doc, mark.start, bisect_left(starts, stop), label=kind))
        doc.spans[HEADINGS], doc.spans[KEY] = marks, spans
        return doc


@Language.factory("konsil_sections", assigns=["doc.spans"])
def create_sections(nlp: Language, name: str) -> SectionSplitter:
    """spaCy factory."""
    return SectionSplitter()
