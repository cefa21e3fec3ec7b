"""What others (and we) say is stated of a finding: the gold of the assertion benchmark.

NegEx kit    annotations.tsv: a sentence and one condition a row; negated and historical
sentences    assertion_sentences.toml, written for Konsil: every status, context and condition
MACCROBAT    brat annotations of whole case reports; a polarity of each sign and disease
"""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import cast

from engine.exceptions import InputError
from engine.types import Context, Status
from nlp.assertion import Assertion

SENTENCES_FILE = Path(__file__).with_name("assertion_sentences.toml")
HALVES = ("development", "held")

_MARK = re.compile(r"\{([^{}|]+)(?:\|([a-z ]+))?\}")
_LABELS = frozenset(
    ("absent", "uncertain", "historical", "family", "hypothetical", "conditional")
)


@dataclass(frozen=True, slots=True)
class Stated:
    """Findings marked in one text: [start, end) in characters, with what is said of each."""

    where: str
    text: str
    findings: list[tuple[int, int, Assertion]] = field(
        default_factory=list[tuple[int, int, Assertion]]
    )


def assertion_of(labels: str) -> Assertion:
    """The assertion that labels such as "absent family" name.

    Raises:
        InputError: a label is not known, or two speak of the same thing.
    """
    given = labels.split()
    status = [x for x in given if x in ("absent", "uncertain")]
    context = [x for x in given if x in ("historical", "family", "hypothetical")]
    if not _LABELS.issuperset(given) or len(status) > 1 or len(context) > 1:
        raise InputError(
            f"labels {labels!r} are no assertion",
            where=SENTENCES_FILE.name,
            fix=f"known labels: {', '.join(sorted(_LABELS))}; one status and one context",
        )
    return Assertion(
        cast(Status, status[0] if status else "present"),
        cast(Context, context[0] if context else "current"),
        conditional="conditional" in given,
    )


def marked(line: str, where: str = "") -> Stated:
    """A sentence whose findings are marked "{words|labels}", without the marks."""
    text, findings, position = "", list[tuple[int, int, Assertion]](), 0
    for mark in _MARK.finditer(line):
        text += line[position : mark.start()]
        said = assertion_of(mark[2] or "")
        findings.append((len(text), len(text) + len(mark[1]), said))
        text += mark[1]
        position = mark.end()
    return Stated(where, text + line[position:], findings)


@cache
def sentences(half: str) -> list[Stated]:
    """The sentences written for Konsil; half: "development" or "held"."""
    table = tomllib.loads(SENTENCES_FILE.read_text("utf-8"))
    return [marked(line, f"{half} {n}") for n, line in enumerate(table[half], start=1)]
