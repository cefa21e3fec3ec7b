"""The benchmark `assertion`: what is said of a finding.

It reads sentences of our own (nlp/gold.py) and beside them, where named, annotations.tsv of the
NegEx test kit and folders of case reports in brat format (MACCROBAT).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span

from engine.evaluate import BenchReport, bootstrap_ci
from engine.exceptions import InputError
from engine.protocols import Vocabulary
from nlp.assertion import Assertion
from nlp.concepts import KEY
from nlp.gold import HALVES, SENTENCES_FILE, Stated, case_reports, negex_kit, sentences
from nlp.lexicon import Lexicon
from nlp.pipeline import build
from nlp.scores import Counts, named, provenance

CLASSES: dict[str, Callable[[Assertion], bool]] = {
    "negated": lambda said: said.status == "absent",
    "uncertain": lambda said: said.status == "uncertain",
    "historical": lambda said: said.context == "historical",
    "family": lambda said: said.context == "family",
    "hypothetical": lambda said: said.context == "hypothetical",
    "conditional": lambda said: said.conditional,
}
"""What may be said of a finding, each by itself: one sentence may be negated and family."""

Judged = list[tuple[Assertion, Assertion]]
"""(expected, read) of every finding of one text."""


def _of_class(name: str, texts: Sequence[Judged]) -> list[Counts]:
    """Hits and errors of one class in every text."""
    holds = CLASSES[name]
    counts: list[Counts] = []
    for text in texts:
        pairs = [(holds(read), holds(expected)) for expected, read in text]
        counts.append(
            (pairs.count((True, True)), pairs.count((True, False)), pairs.count((False, True)))
        )
    return counts


def _marked(pipeline: Language, stated: Stated) -> Doc:
    """The text as a document whose only concepts are the marked findings, in their order."""
    doc = pipeline.make_doc(stated.text)
    spans: list[Span] = []
    for start, end, _ in stated.findings:
        span = doc.char_span(start, end, label="concept", alignment_mode="expand")
        assert span is not None  # "expand" always finds tokens
        spans.append(span)
    doc.spans[KEY] = spans
    return doc


def _ours(texts: Sequence[Stated]) -> list[Judged]:
    pipeline = build(Lexicon())
    pipeline.remove_pipe("konsil_concepts")
    judged: list[Judged] = []
    for stated in texts:
        doc = pipeline(_marked(pipeline, stated))
        said: list[Assertion] = [span._.assertion for span in doc.spans[KEY]]
        expected = [gold for _, _, gold in stated.findings]
        judged.append(list(zip(expected, said, strict=True)))
    return judged


def _negspacy(texts: Sequence[Stated]) -> list[Judged]:
    """Negation by negspaCy's clinical term set: same sentences, same spans."""
    import negspacy.negation  # noqa: F401  (registers the factory "negex")

    pipeline = spacy.blank("en")
    pipeline.add_pipe("sentencizer")
    pipeline.add_pipe("negex")
    judged: list[Judged] = []
    for stated in texts:
        doc = _marked(pipeline, stated)
        doc.ents = list(doc.spans[KEY])
        negated = bool(pipeline(doc).ents[0]._.negex)
        judged.append([(stated.findings[0][2], Assertion("absent" if negated else "present"))])
    return judged


def _kits(paths: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Files of the NegEx kit and folders of annotated case reports among the paths."""
    kits: list[Path] = []
    reports: list[Path] = []
    for path in paths:
        file = path / "annotations.tsv" if path.is_dir() else path
        if file.is_file():
            kits.append(file)
        elif path.is_dir() and any(path.glob("*.ann")):
            reports.append(path)
        else:
            raise InputError(
                "neither annotations.tsv nor brat files found",
                where=str(path),
                fix="name the folder nlp/negex or nlp/maccrobat2020, or none for our own sentences",
            )
    return kits, reports


def assertion(
    paths: Sequence[Path] | Path = (), vocabulary: Vocabulary | None = None
) -> BenchReport:
    """What is said of a finding: on sentences of our own, and on the corpora that are named.

    paths: the NegEx kit (negation, history; beside it negspaCy, where installed) and folders of
        case reports with polarities (MACCROBAT). vocabulary: not needed (findings are marked);
        accepted so that all benches look alike.

    Raises:
        InputError: a path is neither.
    """
    kits, reports = _kits([paths] if isinstance(paths, Path) else paths)
    read = [negex_kit(file) for file in kits]
    kit = [row for rows, _ in read for row in rows]
    cases = [case for folder in reports for case in case_reports(folder)]
    own = {half: sentences(half) for half in HALVES}
    start = perf_counter()
    judged = {half: _ours(texts) for half, texts in own.items()}
    on_kit, on_cases = _ours(kit), _ours(cases)
    seconds = perf_counter() - start

    tables: dict[str, list[Counts]] = {}
    notes: list[str] = []
    if kit:
        tables["negation_"] = _of_class("negated", on_kit)
        tables["historical_"] = _of_class("historical", on_kit)
        notes += [
            f"{sum(lost for _, lost in read)} rows skipped: the condition is not in the sentence",
            "historical: many gold rows are historical by a heading that their sentence lacks",
        ]
        if find_spec("negspacy") is None:
            notes.append("negspaCy is not installed; no comparison")
        else:
            tables["negspacy_"] = _of_class("negated", _negspacy(kit))
            notes.append(f"negspaCy {version('negspacy')} with its clinical terms, same spans")
    if cases:
        tables["reports_negated_"] = _of_class("negated", on_cases)
        tables["reports_uncertain_"] = _of_class("uncertain", on_cases)
        notes.append(
            f"reports: {sum(len(case.findings) for case in cases)} signs and diseases of"
            f" {len(cases)} case reports; what has resolved is negated there, historical here"
        )
    for half, texts in judged.items():
        tables |= {f"{half}_{name}_": _of_class(name, texts) for name in CLASSES}
    counted = " and ".join(
        f"{len(texts)} {half} ({sum(len(text.findings) for text in texts)} findings)"
        for half, texts in own.items()
    )
    notes.append(
        f"sentences written for Konsil: {counted}; a class without a half is the kit's where a kit"
        " is given that has it, else that of the held half, whose mistakes are not listed"
    )
    metrics: dict[str, float] = {}
    ci95: dict[str, tuple[float, float]] = {}
    for prefix, table in tables.items():
        metrics |= named(prefix)(table)
        ci95 |= bootstrap_ci(named(prefix), table)
    for name in CLASSES:
        key = "negation_f1" if name == "negated" else f"{name}_f1"
        if key not in metrics:
            metrics[key] = metrics[f"held_{name}_f1"]
            ci95[key] = ci95[f"held_{name}_f1"]
    misses = [
        *_misses(kit, on_kit, ("negated",)),
        *_misses(cases, on_cases, ("negated", "uncertain")),
        *_misses(own["development"], judged["development"], tuple(CLASSES)),
    ]
    origin = provenance([*kits, *reports]) | {
        "sha256": [sha256(file.read_bytes()).hexdigest() for file in (*kits, SENTENCES_FILE)]
    }
    n = len(kit) + len(cases) if kit or cases else sum(map(len, own.values()))
    return BenchReport("assertion", n, metrics, ci95, seconds, origin, misses, notes)


def _misses(
    texts: Sequence[Stated], judged: Sequence[Judged], classes: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """One record for every class of a finding that was missed or invented."""
    for stated, pairs in zip(texts, judged, strict=True):
        for (start, end, _), (expected, read) in zip(stated.findings, pairs, strict=True):
            for name in classes:
                if CLASSES[name](expected) != CLASSES[name](read):
                    yield {
                        "line": stated.where,
                        "kind": "missed" if CLASSES[name](expected) else "invented",
                        "class": name,
                        "condition": stated.text[start:end],
                        "sentence": stated.text[max(0, end - 300) : end + 100],
                    }
