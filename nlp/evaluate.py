"""Benchmarks of the text specialist: `concepts` (HPO recognition) and `assertion` (NegEx kit).

concepts   a folder with corpus/ and ann/ (GSC+ or GeneReviews format), or the folder above
assertion  annotations.tsv of the NegEx test kit, or the folder that holds it
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc

from engine.evaluate import BenchReport, bootstrap_ci
from engine.exceptions import InputError
from engine.protocols import Vocabulary
from nlp.assertion import Assertion
from nlp.cache import load_lexicon
from nlp.concepts import KEY
from nlp.lexicon import Lexicon
from nlp.pipeline import build

Counts = tuple[int, int, int]
"""True positives, false positives, false negatives of one unit."""

# Branches the corpora do not annotate; two of their subtrees (onset, variability) they do.
_UNSCORED = frozenset(("HP:0012823", "HP:0040279", "HP:0032443", "HP:0032223"))
_SCORED = frozenset(("HP:0003674", "HP:0003812"))
_TIMED_DOCUMENTS = 300
_TERM = re.compile(r"HP[:_]\d{7}")


def _ratio(counts: Sequence[Counts]) -> tuple[float, float, float]:
    """Micro precision, recall and F1; 0 where nothing was predicted or expected."""
    tp, fp, fn = (sum(column) for column in zip(*counts, strict=True)) if counts else (0, 0, 0)
    precision = tp / (tp + fp) if tp + fp else 0.0
    recall = tp / (tp + fn) if tp + fn else 0.0
    return precision, recall, 2 * tp / (2 * tp + fp + fn) if tp else 0.0


def _named(prefix: str) -> Callable[[Sequence[Counts]], dict[str, float]]:
    """The statistic of `bootstrap_ci` with metric names that begin with `prefix`."""
    return lambda counts: {
        prefix + name: value
        for name, value in zip(("precision", "recall", "f1"), _ratio(counts), strict=True)
    }


# ---- concepts ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Gold:
    name: str
    text: str
    terms: dict[str, str]  # current term -> first annotated words


def _corpora(path: Path) -> list[Path]:
    folders = [path, *sorted(p for p in path.iterdir() if p.is_dir())] if path.is_dir() else []
    return [p for p in folders if (p / "corpus").is_dir() and (p / "ann").is_dir()]


def _gold(folder: Path, vocabulary: Vocabulary) -> Iterator[_Gold]:
    """Documents with their terms: "[start::end] TAB HP_... | words" or "start end words HP:..."."""
    for file in sorted((folder / "corpus").iterdir()):
        terms: dict[str, str] = {}
        annotation = folder / "ann" / file.name
        lines = annotation.read_text("utf-8").splitlines() if annotation.exists() else []
        for line in lines:
            fields = line.split("\t")
            match = _TERM.search(fields[-1])
            if match is None:
                continue
            term = match.group().replace("_", ":")
            words = fields[-1].partition(" | ")[2] or fields[-2]
            code = vocabulary.code(term)
            terms.setdefault(code.code if code else term, words)
        yield _Gold(f"{folder.name}/{file.name}", file.read_text("utf-8"), terms)


def _is_scored(term: str, vocabulary: Vocabulary) -> bool:
    if not term.startswith("HP:"):  # a local term: the corpora annotate HPO only
        return False
    above = vocabulary.ancestors(term)
    return bool(above & _SCORED) or bool(above and not (above | {term}) & _UNSCORED)


def concepts(paths: Sequence[Path] | Path, vocabulary: Vocabulary) -> BenchReport:
    """Document-level precision, recall and F1 of HPO ids, and documents a second.

    Raises:
        InputError: none of the paths holds corpus/ and ann/.
    """
    paths = [paths] if isinstance(paths, Path) else paths
    folders = [folder for path in paths for folder in _corpora(path)]
    if not folders:
        raise InputError(
            "no folder with corpus/ and ann/ found",
            where=", ".join(map(str, paths)),
            fix="name a folder such as nlp/hpo/GSC+",
        )
    labels = [x for x in vocabulary.labels() if _is_scored(x.term, vocabulary)]
    lexicon = load_lexicon(labels)
    pipeline = build(lexicon)
    pipeline.remove_pipe("konsil_assertion")
    gold = [document for folder in folders for document in _gold(folder, vocabulary)]
    counts: list[Counts] = []
    misses: list[dict[str, Any]] = []
    for document in gold:
        doc = pipeline(document.text)
        found = {span.kb_id_: span.text for span in doc.spans[KEY]}
        counts.append(_count(found.keys(), document.terms.keys()))
        for kind, these, others in (
            ("missed", document.terms, found),
            ("invented", found, document.terms),
        ):
            for term in sorted(these.keys() - others.keys()):
                code = vocabulary.code(term)
                name = code.display if code else ""
                misses.append(
                    {
                        "document": document.name,
                        "kind": kind,
                        "term": term,
                        "name": name,
                        "words": these[term],
                    }
                )
    rate, seconds = _rate(pipeline, [document.text for document in gold])
    return BenchReport(
        bench="concepts",
        n=len(gold),
        metrics={**_named("")(counts), "docs_per_s": rate},
        ci95=bootstrap_ci(_named(""), counts),
        seconds=seconds,
        provenance=_provenance([*folders], lexicon),
        misses=misses,
        notes=[
            "micro average over documents of the set of HPO ids; intervals resample documents",
            "clinical modifiers, frequencies, past medical history and blood groups are not"
            " annotated in these corpora and not predicted; onset and variability are",
            "speed: warm, one process, without assertion, documents repeated"
            f" until there are {_TIMED_DOCUMENTS}",
        ],
    )


def _count(found: Any, expected: Any) -> Counts:
    return len(found & expected), len(found - expected), len(expected - found)


def _rate(pipeline: Language, texts: Sequence[str]) -> tuple[float, float]:
    """Documents a second and the seconds measured, over at least `_TIMED_DOCUMENTS` documents."""
    rounds = -(-_TIMED_DOCUMENTS // len(texts)) if texts else 0
    start = perf_counter()
    for _ in range(rounds):
        for text in texts:
            pipeline(text)
    seconds = perf_counter() - start
    return (rounds * len(texts) / seconds if rounds else 0.0), seconds


def _provenance(paths: Sequence[Path], lexicon: Lexicon | None) -> dict[str, Any]:
    known = {"konsil": version("konsil"), "spacy": version("spacy")}
    if lexicon is not None:
        known["lexicon_sha256"] = lexicon.sha256
    return {**known, "paths": [str(path) for path in paths]}


# ---- assertion --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Row:
    line: str
    sentence: str
    start: int
    end: int
    negated: bool
    historical: bool


def _rows(path: Path) -> tuple[list[_Row], int]:
    """Rows of the NegEx kit and how many name a condition that is not in their sentence."""
    rows: list[_Row] = []
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
            start, end = (shouted or found)[0].span()
            negated, historical = negation == "Negated", temporality == "Historical"
            rows.append(_Row(line, sentence, start, end, negated, historical))
    return rows, lost


def _marked(pipeline: Language, row: _Row) -> Doc:
    """The row's sentence as a document whose only concept is the row's condition."""
    doc = pipeline.make_doc(row.sentence)
    span = doc.char_span(row.start, row.end, label="concept", alignment_mode="expand")
    assert span is not None  # "expand" always finds tokens
    doc.spans[KEY] = [span]
    doc.ents = [span]
    return doc


def _ours(rows: Sequence[_Row]) -> list[Assertion]:
    pipeline = build(Lexicon())
    pipeline.remove_pipe("konsil_concepts")
    docs = [pipeline(_marked(pipeline, row)) for row in rows]
    return [doc.spans[KEY][0]._.assertion for doc in docs]


def _negspacy(rows: Sequence[_Row]) -> list[bool]:
    """Negation by negspaCy's clinical term set: same sentences, same spans."""
    import negspacy.negation  # noqa: F401  (registers the factory "negex")

    pipeline = spacy.blank("en")
    pipeline.add_pipe("sentencizer")
    pipeline.add_pipe("negex")
    docs = [pipeline(_marked(pipeline, row)) for row in rows]
    return [bool(doc.ents[0]._.negex) for doc in docs]


def assertion(paths: Sequence[Path] | Path, vocabulary: Vocabulary | None = None) -> BenchReport:
    """Negation and history on the NegEx kit; beside it negspaCy, where installed.

    vocabulary: not needed (the kit marks the conditions); accepted so that all benches look alike.

    Raises:
        InputError: there is no annotations.tsv.
    """
    paths = [paths] if isinstance(paths, Path) else paths
    files = [path / "annotations.tsv" if path.is_dir() else path for path in paths]
    for file in files:
        if not file.is_file():
            raise InputError(
                "no annotations.tsv found", where=str(file), fix="name the folder nlp/negex"
            )
    read = [_rows(file) for file in files]
    rows = [row for these, _ in read for row in these]
    start = perf_counter()
    said = _ours(rows)
    seconds = perf_counter() - start
    negated = [a.status == "absent" for a in said]
    historical = [a.context == "historical" for a in said]
    tables = {
        "negation_": [_hit(p, row.negated) for p, row in zip(negated, rows, strict=True)],
        "historical_": [_hit(p, row.historical) for p, row in zip(historical, rows, strict=True)],
    }
    notes = [
        f"{sum(lost for _, lost in read)} rows skipped: the condition is not in the sentence",
        "historical: many gold rows are historical by a heading that the sentence does not show",
    ]
    if find_spec("negspacy") is None:
        notes.append("negspaCy is not installed; no comparison")
    else:
        theirs = _negspacy(rows)
        tables["negspacy_"] = [_hit(p, row.negated) for p, row in zip(theirs, rows, strict=True)]
        notes.append(f"negspaCy {version('negspacy')} with its clinical terms, same spans")
    metrics: dict[str, float] = {}
    ci95: dict[str, tuple[float, float]] = {}
    for prefix, table in tables.items():
        metrics |= _named(prefix)(table)
        ci95 |= bootstrap_ci(_named(prefix), table)
    misses = [
        {
            "line": row.line,
            "kind": "missed" if row.negated else "invented",
            "condition": row.sentence[row.start : row.end],
            "sentence": row.sentence[-300:],
        }
        for row, prediction in zip(rows, negated, strict=True)
        if prediction != row.negated
    ]
    provenance = _provenance(files, None) | {
        "sha256": [sha256(file.read_bytes()).hexdigest() for file in files]
    }
    return BenchReport("assertion", len(rows), metrics, ci95, seconds, provenance, misses, notes)


def _hit(predicted: bool, expected: bool) -> Counts:
    return (
        int(predicted and expected),
        int(predicted and not expected),
        int(expected and not predicted),
    )
