"""Proof that a graph is sound: sources, ends, duplicates, curated files, and codes that exist."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from engine.exceptions import SourceError
from knowledge_graph import pharmacology
from knowledge_graph.curated.check import check_files
from knowledge_graph.schema import Edge, Node, Value
from knowledge_graph.sources.files import curated_files, packaged_files
from knowledge_graph.sources.hpo import read_terms
from knowledge_graph.sources.hpoa import read_annotations

LOCAL = "KONSIL"
"""Prefix of ids this project makes up: there is no list to check them against."""
CATALOGUES = ("OMIM", "ORPHA", "DECIPHER")
"""Prefixes of diseases; HPOA lists those it annotates."""
ICD = "ICD10CM"
MERGED = "HP, merged ids"
"""Key of `known_codes`: ids that a finding may have had before, good for its xrefs only."""
MOST_SHOWN = 50
_CODE = re.compile(r"([A-Za-z][A-Za-z0-9.]*):\S+")
_BLOCK = re.compile(rf"{ICD}:(\w{{3}})-(\w{{3}})")
_HPO = re.compile(r"HP:\d{7}")
_REFERENCE = re.compile(r"ISBN|[A-Za-z][A-Za-z0-9.]*(?=:\S)")
_ROW = re.compile(r",?\s+row\s+\d+.*")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong and where: a node's or edge's ids, or a curated file and entry."""

    place: str
    message: str


@dataclass(frozen=True, slots=True)
class Counts:
    """nodes by kind, edges by predicate, sources by dataset (or by catalogue of the reference)."""

    nodes: Mapping[str, int]
    edges: Mapping[str, int]
    sources: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Audit:
    """What was found. checked, unchecked: codes by prefix, with and without a list at hand."""

    faults: tuple[Fault, ...]
    checked: Mapping[str, int]
    unchecked: Mapping[str, int]
    counts: Counts

    @property
    def ok(self) -> bool:
        """No fault; what is unchecked is no fault, but no proof either."""
        return not self.faults

    def report(self) -> str:
        """The audit as plain text."""
        shown = [f"  {fault.place}: {fault.message}" for fault in self.faults[:MOST_SHOWN]]
        if len(self.faults) > MOST_SHOWN:
            shown.append(f"  and {len(self.faults) - MOST_SHOWN} more")
        missing = ICD in self.unchecked
        lines = [
            "sound" if self.ok else f"{len(self.faults)} faults",
            *shown,
            *_table("nodes", self.counts.nodes),
            *_table("edges", self.counts.edges),
            *_table("sources", self.counts.sources),
            *_table("codes checked", self.checked),
            *_table("codes unchecked", self.unchecked),
            *([f"{ICD} unchecked: install konsil[audit]"] if missing else []),
        ]
        return "\n".join(lines)


def audit(
    nodes: Iterable[Node],
    edges: Iterable[Edge],
    *,
    known: Mapping[str, Collection[str]] | None = None,
    curated: bool = True,
) -> Audit:
    """Check a whole graph and, where `curated`, the curated files it comes from.

    known: every code there is, by prefix; `known_codes()` where it is not given. A code whose
    prefix is not there counts as unchecked, unless it is the id of a node.
    """
    listed, drawn = tuple(nodes), tuple(edges)
    codes = _Codes(known_codes() if known is None else known, {node.id for node in listed})
    faults = [*_nodes(listed, codes), *_edges(drawn, codes)]
    if curated:
        faults += curated_faults()
    releases = [f"{n.name} {n.properties['version']}" for n in listed if n.kind == "Source"]
    named = Counter(source for edge in drawn for source in edge.sources)
    sources: Counter[str] = Counter()
    for source, times in named.items():
        sources[_dataset(source, releases)] += times
    counts = Counts(
        nodes=dict(Counter(node.kind for node in listed)),
        edges=dict(Counter(edge.predicate for edge in drawn)),
        sources=dict(sources),
    )
    return Audit(tuple(faults), dict(codes.checked), dict(codes.unchecked), counts)


def known_codes(loaded: Mapping[str, Collection[str]] | None = None) -> dict[str, frozenset[str]]:
    """Every code of the catalogues at hand, by prefix, as CURIEs.

    HP: current terms of the packaged hp.obo; `MERGED`: ids merged into them. OMIM, ORPHA,
    DECIPHER: diseases of the packaged phenotype.hpoa. ICD10CM: only with the extra `audit`.
    loaded: codes of further source files, which add to these: a graph built with Orphanet's own
    file has more ORPHA ids than HPOA.

    Raises:
        SourceError: a packaged file is missing.
    """
    files = packaged_files()
    _, terms, replaced = read_terms(files["hp.obo"])
    _, annotations, _ = read_annotations(files["phenotype.hpoa"])
    found: dict[str, set[str]] = {prefix: set() for prefix in CATALOGUES}
    found["HP"] = {term.id for term in terms}
    found[MERGED] = {*replaced, *(old for term in terms for old in term.alternatives)}
    for disease in {row.disease for row in annotations}:
        found.setdefault(disease.partition(":")[0], set()).add(disease)
    if (icd := icd10cm_codes()) is not None:
        found[ICD] = set(icd)
    for prefix, codes in (loaded or {}).items():
        found.setdefault(prefix, set()).update(codes)
    return {prefix: frozenset(codes) for prefix, codes in found.items()}


def icd10cm_codes() -> frozenset[str] | None:
    """Categories and codes of ICD-10-CM as CURIEs; None without the extra `audit`.

    The list is read from the package's data; its own module parses 10 MB of XML on import.

    Raises:
        SourceError: the package is there but not its list.
    """
    spec = find_spec("simple_icd_10_cm")
    if spec is None or spec.origin is None:
        return None
    lists = sorted((Path(spec.origin).parent / "data").glob("code-list-*.txt"))
    if not lists:
        raise SourceError("simple-icd-10-cm has no code list", fix="run `uv sync`")
    codes = lists[-1].read_text(encoding="utf-8").split()
    return frozenset(f"{ICD}:{code[:3]}.{code[3:]}".rstrip(".") for code in codes if code.isalnum())


def curated_faults() -> Iterator[Fault]:
    """Faults of the curated files: conditions, medicines and interactions."""
    for message in check_files(curated_files())[1]:
        yield _placed(message)
    try:
        found = list(pharmacology.faults(pharmacology.read_pharmacology()))
    except SourceError as error:
        found = [error.message]
    yield from map(_placed, found)


def _placed(message: str) -> Fault:
    place, _, what = message.partition(": ")
    return Fault(f"curated, {place}", what or message)


class _Codes:
    """Looks codes up and counts which could be."""

    def __init__(self, known: Mapping[str, Collection[str]], ids: Collection[str]) -> None:
        self.ids = ids
        self._known = known
        self.checked: Counter[str] = Counter()
        self.unchecked: Counter[str] = Counter()

    def faults(
        self, place: str, codes: Iterable[str], *, own: bool = False, merged: bool = False
    ) -> Iterator[Fault]:
        """Codes that are none.

        own: ids of the node itself, which prove nothing by being there. merged: ids that a finding
        had before are as good.
        """
        also = self._known.get(MERGED, ()) if merged else ()
        for code in codes:
            if (match := _CODE.fullmatch(code)) is None:
                yield Fault(place, f"{code!r} is no code; write PREFIX:CODE")
                continue
            prefix = match[1]
            if prefix in self._known:
                self.checked[prefix] += 1
                if code not in self._known[prefix] and code not in also and not self._block(code):
                    yield Fault(place, f"{code} does not exist in the list of {prefix} at hand")
            elif code in self.ids and not own:
                self.checked[prefix] += 1
            elif prefix != LOCAL:
                self.unchecked[prefix] += 1

    def _block(self, code: str) -> bool:
        """A block of ICD-10-CM such as ICD10CM:K35-K38: from one category to another."""
        match = _BLOCK.fullmatch(code)
        if match is None:
            return False
        ends = match.groups()
        return ends[0] <= ends[1] and all(f"{ICD}:{end}" in self._known[ICD] for end in ends)


def _nodes(nodes: Sequence[Node], codes: _Codes) -> Iterator[Fault]:
    for identifier, times in Counter(node.id for node in nodes).items():
        if times > 1:
            yield Fault(identifier, f"{times} nodes have this id; merge them")
    for node in nodes:
        place = f"{node.id} {node.name}"
        yield from codes.faults(place, [node.id], own=True)
        yield from codes.faults(place, node.xrefs, merged=node.kind == "Phenotype")
        yield from codes.faults(place, _terms(node.properties))


def _edges(edges: Sequence[Edge], codes: _Codes) -> Iterator[Fault]:
    for ends, times in Counter((e.subject, e.predicate, e.object) for e in edges).items():
        if times > 1:
            yield Fault(" ".join(ends), f"{times} edges say so; merge them into one")
    interactions = {(e.subject, e.object) for e in edges if e.predicate == "interacts_with"}
    for edge in edges:
        place = f"{edge.subject} {edge.predicate} {edge.object}"
        if not edge.sources or not all(source.strip() for source in edge.sources):
            yield Fault(place, "no source; name the dataset or the publication")
        for end in (edge.subject, edge.object):
            if end not in codes.ids:
                yield Fault(place, f"{end} is no node; add it or drop the edge")
        if edge.predicate == "interacts_with" and edge.subject >= edge.object:
            other = "twice" if (edge.object, edge.subject) in interactions else "in this order"
            yield Fault(place, f"a pair stands {other}; keep one with the lower id first")
        yield from codes.faults(place, _terms(edge.properties))


def _terms(properties: Mapping[str, Value]) -> Iterator[str]:
    """HPO terms that are properties, such as a stated frequency; not those a text mentions."""
    for value in properties.values():
        for text in value if isinstance(value, tuple) else (value,):
            if isinstance(text, str) and "HP:" in text:
                yield from filter(_HPO.fullmatch, text.split("; "))


def _dataset(source: str, releases: Iterable[str]) -> str:
    """The release that the source names, else the catalogue of a reference ("PMID")."""
    for release in releases:
        if source.startswith(release) or source.endswith(f"({release})"):
            return release
    match = _REFERENCE.match(source)
    return match[0] if match else _ROW.sub("", source)


def _table(title: str, counts: Mapping[str, int]) -> list[str]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [f"{title}: {sum(counts.values())}", *(f"  {name}: {n}" for name, n in ordered)]
