"""What others (and we) say is stated of a finding: the gold of the assertion benchmark.

NegEx kit    annotations.tsv: a sentence and one condition a row; negated and historical
sentences    assertion_sentences.toml, written for Konsil: every status, context and condition
MACCROBAT    brat annotations of whole case reports; a polarity of each sign and disease
"""

from __future__ import annotations

import csv
import re
import tomllib
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
# brat, "|" for a tab: T1|Sign_symptom 10 15;18 20|words, E1|Sign_symptom:T1, A1|POLARITY E1 NEG
_SIGN = re.compile(
    r"^(T\d+)\t(?:Sign_symptom|Disease_disorder) (\d+)(?: \d+;\d+)* (\d+)\t", re.MULTILINE
)
_EVENT = re.compile(r"^(E\d+)\t\w+:(T\d+)", re.MULTILINE)
_POLARITY = re.compile(r"^A\d+\tPOLARITY (\w+) (\w+)", re.MULTILINE)
_STATUS: dict[str, Status] = {
    "NEG": "absent",
    "UNCERTAIN": "uncertain",
    "MAYBE_NEG": "uncertain",
    "MAYBE_POS": "uncertain",
}
_LABELS = frozenset(("absent", "uncertain", "historical", "family", "hypothetical", "conditional"))


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


def negex_kit(path: Path) -> tuple[list[Stated], int]:
    """Rows of the NegEx kit and how many name a condition that is not in their sentence."""
    rows: list[Stated] = []
    lost = 0
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        next(reader, None)
        for line, condition, sentence, negation, temporality, _ in reader:
            words = r"\s+".join(map(re.escape, condition.split()))
            found = list(re.finditer(words, sentence, re.IGNORECASE))
            shouted = [match for match in found if match.group().isupper()]
            if not found:
                lost += 1
                continue
            said = Assertion(
                "absent" if negation == "Negated" else "present",
                "historical" if temporality == "Historical" else "current",
            )
            rows.append(Stated(line, sentence, [(*(shouted or found)[0].span(), said)]))
    return rows, lost


def case_reports(folder: Path) -> list[Stated]:
    """Signs and diseases of brat files with their polarity; POS and none are present.

    Raises:
        InputError: an annotation has no text beside it.
    """
    reports: list[Stated] = []
    for file in sorted(folder.glob("*.ann")):
        text_file = file.with_suffix(".txt")
        if not text_file.is_file():
            raise InputError(
                "annotation without its text", where=str(file), fix=f"add {text_file.name}"
            )
        annotations = file.read_text("utf-8")
        event = {mark: name for name, mark in _EVENT.findall(annotations)}
        polarity = dict(_POLARITY.findall(annotations))
        findings = [
            (
                int(start),
                int(end),
                Assertion(_STATUS.get(polarity.get(event.get(mark, mark), ""), "present")),
            )
            for mark, start, end in _SIGN.findall(annotations)
        ]
        reports.append(
            Stated(file.stem, text_file.read_text("utf-8"), sorted(findings, key=lambda f: f[:2]))
        )
    return reports
