"""What the tagger sees of a word: its spelling and shape, its neighbours, its line, the lists."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from nlp.deid.lexicon import (
    MONTHS,
    WEEKDAYS,
    eponyms,
    known_given,
    known_surnames,
    words,
)
from nlp.deid.names import IsWord
from nlp.deid.tokens import Token

BITS = 17
"""Features are hashed into 2**BITS rows; two that share a row share a weight."""
_REACH = 2  # words on either side
_LABEL = 4  # words of a line's label


@lru_cache(maxsize=1 << 18)
def _row(feature: str) -> int:
    return crc32(feature.encode("utf-8", "replace")) & ((1 << BITS) - 1)


@lru_cache(maxsize=1 << 16)
def shape(word: str) -> str:
    """Xx for Smith, XX for MD, dd for 12, xXx for mixed; runs longer than two are cut."""
    drawn = ""
    for c in word:
        kind = "X" if c.isupper() else "x" if c.isalpha() else "d" if c.isdigit() else c
        if drawn[-2:] != kind * 2:
            drawn += kind
    return drawn


@lru_cache(maxsize=1 << 16)
def _kind(word: str) -> str:
    """Which lists a word is in."""
    lower = word.lower()
    found = [
        name
        for name, members in (
            ("title", words("names", "titles")),
            ("relation", words("names", "relations")),
            ("particle", words("names", "particles")),
            ("given", known_given()),
            ("surname", known_surnames()),
            ("street", words("places", "suffixes")),
            ("month", frozenset((*MONTHS, *(m[:3] for m in MONTHS)))),
            ("weekday", frozenset(WEEKDAYS)),
            ("eponym", eponyms()),
            ("head", words("protected", "heads")),
            ("stop", words("names", "stop")),
        )
        if lower in members
    ]
    found += ["degree"] * (word in words("names", "credentials"))
    found += ["state"] * (word in words("places", "abbreviations"))
    return "+".join(found)


def rows(tokens: Sequence[Token], is_word: IsWord) -> list[NDArray[np.int64]]:
    """The rows of the weights that each token adds up; (T, about 40)."""
    texts = [token.text for token in tokens]
    lower = [text.lower() for text in texts]
    small = {text for text in texts if text.islower()}
    lines = _lines(texts)
    seen = [_seen(text, low, is_word) for text, low in zip(texts, lower, strict=True)]
    found: list[NDArray[np.int64]] = []
    for i, text in enumerate(texts):
        label, shouted, place = lines[i]
        features = ["bias", f"line {label}", f"shout {shouted}", f"place {place}", f"w {lower[i]}"]
        low = lower[i]
        features += [f"p{n} {low[:n]}" for n in (2, 3)] + [f"s{n} {low[-n:]}" for n in (2, 3, 4)]
        features.append(f"small {low in small}{shape(text)[:2]}")
        features.append(f"seen {seen[i]} {shouted}")
        for step in range(-_REACH, _REACH + 1):
            j = i + step
            inside = 0 <= j < len(texts)
            features.append(f"{step} {seen[j] if inside else '-'}")
            if step:
                features.append(f"{step}w {lower[j] if inside else '-'}")
        before, after = (lower[i - 1] if i else "-"), (lower[i + 1] if i + 1 < len(lower) else "-")
        seen_before, seen_after = (
            (seen[i - 1] if i else "-"),
            (seen[i + 1] if i + 1 < len(seen) else "-"),
        )
        features += [
            f"b {before}|{seen[i]}",
            f"a {after}|{seen[i]}",
            f"bb {lower[i - 2] if i > 1 else '-'} {before}|{seen[i]}",
            f"aa {after} {lower[i + 2] if i + 2 < len(lower) else '-'}|{seen[i]}",
            f"bs {seen_before}|{seen[i]}|{seen_after}",
            f"l {label}|{seen[i]}",
        ]
        for step in (-4, -3, 3, 4):
            j = i + step
            features.append(
                f"{'far' if step > 0 else 'back'} {lower[j] if 0 <= j < len(lower) else '-'}"
            )
        found.append(np.fromiter({_row(feature) for feature in features}, np.int64))
    return found


def _seen(text: str, low: str, is_word: IsWord) -> str:
    """Shape, lists, and whether the word is a common one."""
    if text[0].isalpha():
        known = "k" if is_word(low) else "u"
        return f"{shape(text)}{known}{_kind(text)}{min(len(text), 3)}"
    if text[0].isdigit():
        return f"{shape(text)}{min(len(text), 8)}"
    return text[:1]


def _lines(texts: Sequence[str]) -> list[tuple[str, bool, str]]:
    """(label of the line, is it in capitals, place in the line) of each token."""
    found: list[tuple[str, bool, str]] = []
    start = 0
    for end in range(len(texts) + 1):
        if end < len(texts) and texts[end][0] != "\n":
            continue
        line = texts[start:end]
        colon = line.index(":") if ":" in line[: _LABEL + 1] else -1
        label = " ".join(line[:colon]).lower() if colon > 0 else ""
        shouted = bool(line) and "".join(line).isupper()
        for k in range(len(line)):
            place = (
                "first"
                if k == 0
                else "label"
                if k < colon
                else "last"
                if k + 1 == len(line)
                else ""
            )
            current = label if k > colon else ""
            found.append((current, shouted, place))
        if end < len(texts):
            found.append(("", False, "break"))
        start = end + 1
    return found
