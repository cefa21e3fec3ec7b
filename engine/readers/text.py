"""Bytes of a note to text, and HTML to text."""

from __future__ import annotations

import html
import re
import string
from contextlib import suppress

_CHARSET = re.compile(
    r"utf-?(8|16|16le|16be|32)|us-?ascii|latin-?1|iso-?8859-?\d+|(windows-|cp)125\d|koi8-?[ru]|"
    r"gb(2312|k|18030)|big5|shift_?jis|euc-?(jp|kr)|iso-2022-jp|macroman",
    re.ASCII,
)
"""Charsets that are accepted: `codecs` also knows ones that are no text or take quadratic time."""

_TAG = re.compile(r"</?([a-z][a-z0-9]*)|<[!?]")
_BLOCKS = frozenset({"p", "div", "br", "hr", "li", "ul", "ol", "dl", "dt", "dd", "tr", "table"}) | {
    *("pre", "section", "article", "h1", "h2", "h3", "h4", "h5", "h6")
}
_UNSEEN = frozenset(("script", "style", "head"))
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def decode(data: bytes, *, charset: str | None = None) -> tuple[str, str | None]:
    """The text and, if its encoding had to be guessed, a remark on how.

    charset: as the sender states it; else UTF-8 (with or without mark), or UTF-16 by its mark.

    Raises:
        ValueError: binary content (NUL characters).
    """
    marked = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    known = charset if charset and _CHARSET.fullmatch(charset.lower()) else None
    for encoding in filter(None, (known, marked)):
        with suppress(UnicodeDecodeError, LookupError):
            text = _without_nul(data.decode(encoding))
            if charset is None or encoding == known:
                return text, None
            return text, f"not {charset[:40]}; read as {encoding}"
    text = _without_nul(data.decode("cp1252", errors="replace"))
    return text, "neither UTF-8 nor the stated encoding; read as Windows-1252"


def from_html(markup: str) -> str:
    """The visible text of an HTML page, one line per block.

    A scan in linear time that never fails, where Python's own `html.parser` takes a minute for a
    malformed page of 200 kB. A ">" inside a quoted attribute ends the tag early.
    """
    lower = markup.translate(_LOWER)
    last = lower.rfind(">")
    parts: list[str] = []
    position = 0
    while 0 <= (start := lower.find("<", position)) < last:
        parts.append(markup[position:start])
        position, replacement = _skip_tag(lower, start)
        parts.append(replacement)
    parts.append(markup[position:])
    lines = (" ".join(line.split()) for line in html.unescape("".join(parts)).split("\n"))
    return "\n".join(line for line in lines if line)


def _skip_tag(lower: str, start: int) -> tuple[int, str]:
    """Where the tag (comment, script) that begins at `start` ends, and what stands for it."""
    if lower.startswith("<!--", start):
        return _after(lower, "-->", start + 4), ""
    tag = _TAG.match(lower, start)
    if tag is None:  # a bare "<", as in "K < 3.5"
        return start + 1, "<"
    end = _after(lower, ">", start)
    if tag[1] in _UNSEEN and tag[0][1] != "/":
        end = _after(lower, ">", _after(lower, f"</{tag[1]}", end))
    return end, "\n" if tag[1] in _BLOCKS else ""


def _after(text: str, mark: str, start: int) -> int:
    found = text.find(mark, start)
    return found + len(mark) if found >= 0 else len(text)


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("binary content (NUL characters)")
    return text
