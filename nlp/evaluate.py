"""The benchmark `concepts`: HPO terms recognised in a text.

It reads a folder with corpus/ and ann/ (GSC+ or GeneReviews format), or the folder above.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from spacy.language import Language

from engine.evaluate import BenchReport, bootstrap_ci
from engine.exceptions import InputError
from engine.protocols import Vocabulary
from nlp.cache import load_lexicon
from nlp.concepts import KEY
from nlp.pipeline import build
from nlp.scores import Counts, named, provenance

# Branches the corpora do not annotate; two of their subtrees (onset, variability) they do.
_UNSCORED = frozenset(("HP:0012823", "HP:0040279", "HP:0032443", "HP:0032223"))
_SCORED = frozenset(("HP:0003674", "HP:0003812"))
_TIMED_DOCUMENTS = 300
_TERM = re.compile(r"HP[:_]\d{7}")


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
        metrics={**named("")(counts), "docs_per_s": rate},
        ci95=bootstrap_ci(named(""), counts),
        seconds=seconds,
        provenance=provenance(folders) | {"lexicon_sha256": lexicon.sha256},
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
