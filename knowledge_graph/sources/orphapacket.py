"""Orphapackets: rare diseases as Orphanet describes them, one JSON object each.

Read from a file with one packet a line (plain or .gz) or from a folder of ORPHApacket_<code>.json
files, as the repository Orphanet/orphapacket offers them; there a row is the file's place in order.

How common a disease is: its point prevalence worldwide, else in Europe; else annual incidence, else
prevalence at birth, each worldwide before Europe. Other regions, case counts and lifetime
prevalence say too little about the population. Of that row the mean value (per 100,000) counts if
it is positive, else the geometric middle of the class. The packets do not say which rows Orphanet
has validated.

Age of onset and inheritance become HPO terms where HPO has a term for everything stated; if only
some ages had one, the others would seem impossible. All is kept as stated in `course`.

An OMIM entry that is broader or narrower than the disorder is another disease and left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt
from pathlib import Path
from typing import Any, cast

from engine.exceptions import SourceError
from knowledge_graph.schema import (
    Annotation,
    DiseaseEntry,
    Edge,
    Epidemiology,
    Node,
    Record,
    Rejected,
    SameDisease,
)
from knowledge_graph.sources.findings import Findings
from knowledge_graph.sources.reading import files_in, lines

NAME = "Orphapacket"
WANTS = "file with one packet a line (plain or .gz), or folder of ORPHApacket_*.json"

FREQUENCIES = {
    "Obligate": "HP:0040280",
    "Very frequent": "HP:0040281",
    "Frequent": "HP:0040282",
    "Occasional": "HP:0040283",
    "Very rare": "HP:0040284",
    "Excluded": "HP:0040285",
}
"""First words of Orphanet's class -> HPO frequency term with the same range."""

SILENT = frozenset({"", "no data", "No data available", "Not yet documented", "Unknown"})
"""Values that say nothing."""

TERMS = {
    "C": {
        "Antenatal": "HP:0030674",
        "Neonatal": "HP:0003623",
        "Infancy": "HP:0003593",
        "Childhood": "HP:0011463",
        "Adolescent": "",  # HPO "Juvenile onset" is 5 to 15 years
        "Adult": "HP:0003581",
        "Elderly": "HP:0003584",
        "All ages": "",
    },
    "I": {
        "Autosomal dominant": "HP:0000006",
        "Autosomal recessive": "HP:0000007",
        "Semi-dominant": "HP:0032113",
        "X-linked dominant": "HP:0001423",
        "X-linked recessive": "HP:0001419",
        "Y-linked": "HP:0001450",
        "Mitochondrial inheritance": "HP:0001427",
        "Oligogenic": "HP:0010983",
        "Multigenic/multifactorial": "",
        "Not applicable": "",
    },
}
"""Aspect -> Orphanet's word -> HPO term; "" where HPO has none that means the same."""

CLASSES = {
    "<1 / 1 000 000": (1e-7, 1e-6),
    "1-9 / 1 000 000": (1e-6, 9e-6),
    "1-9 / 100 000": (1e-5, 9e-5),
    "1-5 / 10 000": (1e-4, 5e-4),
    "6-9 / 10 000": (6e-4, 9e-4),
    ">1 / 1000": (1e-3, 1e-2),
}
"""Share of the population, from and to; an open end is taken as a tenth or ten times the other."""
PREFERRED = tuple(
    (kind, place)
    for kind in ("Point prevalence", "Annual incidence", "Prevalence at birth")
    for place in ("Worldwide", "Europe")
)

TERMINOLOGIES = {
    "ICD-10": "ICD10",
    "ICD-11": "ICD11",
    "UMLS": "UMLS",
    "MeSH": "MESH",
    "MedDRA": "MEDDRA",
}
"""Source of an external reference -> CURIE prefix; OMIM is apart, because it is an identity."""

_NOTHING: Mapping[str, Any] = {}


def release(path: Path) -> str:
    """The version of the first packet that has one, else "unstated".

    Raises:
        SourceError: the file cannot be read, or the folder has no packets.
    """
    stated = (_text(packet.fields, "version") for _, packet in _packets(path) if packet)
    return next(filter(None, stated), "unstated")


def read(path: Path, findings: Findings) -> Iterator[Record]:
    """All records of each disorder; phenotypes come as `Annotation` rows.

    Raises:
        SourceError: the file cannot be read, or there is no packet.
    """
    known = frozenset(packet.id for _, packet in _packets(path) if packet)
    if not known:
        raise SourceError(
            f"{path} holds no Orphapacket",
            fix="give a file with one packet a line, or their folder",
        )
    reader = _Reader(f"{NAME} {release(path)}", findings, known)
    for row, packet in _packets(path):
        if packet is None:
            reason = "no packet: broken JSON, or no ORPHAcode or Label"
            yield Rejected(reader.dataset, row, reason)
        else:
            yield from reader.records(packet, row)


@dataclass(frozen=True, slots=True)
class _Packet:
    id: str
    name: str
    fields: Mapping[str, Any]

    def items(self, group: str, item: str) -> Iterator[Mapping[str, Any]]:
        """The objects of a list, however it is nested: {item: x}, [{item: x}], {item: [x]}, [x]."""
        return _items(self.fields.get(group), item)

    def stated(self, group: str, item: str) -> list[str]:
        """The values of a list of words, without those that say nothing."""
        values = (_text(entry, "value") for entry in self.items(group, item))
        return [value for value in values if value not in SILENT]


@dataclass(frozen=True, slots=True)
class _Reader:
    """Turns packets into records. known: ids of all packets. genes: ids already yielded."""

    dataset: str
    findings: Findings
    known: frozenset[str]
    genes: set[str] = field(default_factory=set[str])

    def records(self, packet: _Packet, row: int) -> Iterator[Record]:
        ages = packet.stated("AverageAgeOfOnsets", "AverageAgeOfOnset")
        inheritance = packet.stated("TypeOfInheritances", "TypeOfInheritance")
        yield self._entry(packet, ages, inheritance)
        found = (
            *self._references(packet),
            *self._phenotypes(packet, row),
            *self._mapped(packet, row, "C", ages),
            *self._mapped(packet, row, "I", inheritance),
            *self._genes(packet),
            *self._parents(packet),
            *self._unread_prevalences(packet),
        )
        for record in found:
            rejected = isinstance(record, str)
            yield Rejected(self.dataset, row, f"{packet.id}: {record}") if rejected else record

    def _entry(
        self, packet: _Packet, ages: Sequence[str], inheritance: Sequence[str]
    ) -> DiseaseEntry:
        course = {
            "disorder type": tuple(packet.stated("DisorderType", "DisorderType")),
            "age of onset": tuple(ages),
            "mode of inheritance": tuple(inheritance),
        }
        synonyms = (_text(item, "Synonym") for item in _dicts(packet.fields.get("Synonyms")))
        codes = (
            f"{TERMINOLOGIES[_text(item, 'Source')]}:{_text(item, 'Reference')}"
            for item in packet.items("ExternalReferences", "ExternalReference")
            if _text(item, "Source") in TERMINOLOGIES and _exact(item)
        )
        return DiseaseEntry(
            id=packet.id,
            name=packet.name,
            synonyms=tuple(filter(None, synonyms)),
            xrefs=tuple(codes),
            epidemiology=self._epidemiology(packet),
            course={key: values for key, values in course.items() if values},
        )

    def _epidemiology(self, packet: _Packet) -> Epidemiology | None:
        stated: dict[tuple[str, str], Epidemiology] = {}
        for item in packet.items("Prevalences", "Prevalence"):
            kind, place = _text(item, "PrevalenceType"), _text(item, "PrevalenceGeographic")
            if share := _share(item):
                said = (kind, place, _text(item, "PrevalenceClass"), _text(item, "Source"))
                source = f"{self.dataset}: {', '.join(filter(None, said))}"
                stated.setdefault((kind, place), Epidemiology(share, source))
        return next((stated[row] for row in PREFERRED if row in stated), None)

    def _unread_prevalences(self, packet: _Packet) -> Iterator[str]:
        for item in packet.items("Prevalences", "Prevalence"):
            stated = _text(item, "PrevalenceClass")
            if stated not in CLASSES and stated not in SILENT:
                yield f"unknown prevalence class {stated!r}"

    def _references(self, packet: _Packet) -> Iterator[SameDisease | str]:
        for item in packet.items("ExternalReferences", "ExternalReference"):
            source, code = _text(item, "Source"), _text(item, "Reference")
            if source != "OMIM" and source not in TERMINOLOGIES:
                yield f"unknown terminology {source!r}"
            elif not _exact(item):
                relation = _text(item, "DisorderMappingRelation").partition(" ")[0]
                yield f"{source} {code} is no exact match: {relation or 'relation not stated'}"
            elif source == "OMIM":
                yield SameDisease(packet.id, f"OMIM:{code}", self.dataset)

    def _phenotypes(self, packet: _Packet, row: int) -> Iterator[Annotation | str]:
        seen: set[tuple[str, str]] = set()
        for item in packet.items("Phenotypes", "Phenotype"):
            stated = _text(item, "HPOFrequency")
            frequency = FREQUENCIES.get(stated.partition(" (")[0])
            term = self.findings.current(_text(item, "HPOId"))
            if term is None:
                yield f"no finding has the id {_text(item, 'HPOId')!r}"
            elif frequency is None:
                yield f"unknown frequency {stated!r}"
            elif (term, frequency) in seen:
                yield f"{term} is stated twice"
            else:
                seen.add((term, frequency))
                yield self._annotation(packet, row, term, "P", frequency)

    def _mapped(
        self, packet: _Packet, row: int, aspect: str, stated: Sequence[str]
    ) -> Iterator[Annotation | str]:
        """Rows of aspect "C" or "I", if each value stated has a term."""
        terms = TERMS[aspect]
        yield from (f"unknown value {value!r}" for value in stated if value not in terms)
        if all(terms.get(value) for value in stated):
            for value in stated:
                yield self._annotation(packet, row, terms[value], aspect)

    def _annotation(
        self, packet: _Packet, row: int, term: str, aspect: str, frequency: str = ""
    ) -> Annotation:
        return Annotation(
            disease=packet.id,
            name=packet.name,
            term=term,
            negated=False,
            reference=packet.id,
            evidence="TAS",
            onset="",
            frequency=frequency,
            sex="",
            aspect=aspect,
            row=row,
            dataset=self.dataset,
        )

    def _genes(self, packet: _Packet) -> Iterator[Node | Edge | str]:
        """A gene named several times has one edge; its associations are joined by "; "."""
        associations: dict[str, list[str]] = {}
        for item in packet.items("Genes", "Gene"):
            symbol = _text(item, "Symbol")
            references = list(_items(item.get("ExternalReferences"), "ExternalReference"))
            hgnc = [_text(r, "Reference") for r in references if _text(r, "Source") == "HGNC"]
            if not symbol or not hgnc:
                yield f"gene {symbol!r} has no HGNC id"
                continue
            gene = f"HGNC.SYMBOL:{symbol}"
            if gene not in self.genes:
                self.genes.add(gene)
                full = tuple(filter(None, [_text(item, "Name")]))
                yield Node(gene, "Gene", symbol, full, (f"HGNC:{hgnc[0]}",))
            association = _text(item, "DisorderGeneAssociationType")
            associations.setdefault(gene, []).append(association)
        for gene, said in associations.items():
            stated: dict[str, str] = {"association": "; ".join(dict.fromkeys(said))}
            yield Edge(packet.id, "associated_with_gene", gene, (self.dataset,), stated)

    def _parents(self, packet: _Packet) -> Iterator[Edge | str]:
        for item in packet.items("Parents", "Parent"):
            parent = f"ORPHA:{_text(item, 'ORPHAcode')}"
            if parent in self.known:
                yield Edge(packet.id, "is_a", parent, (self.dataset,))
            else:
                yield f"no packet for the parent {parent}"


def _exact(reference: Mapping[str, Any]) -> bool:
    return _text(reference, "DisorderMappingRelation").startswith("E ")


def _share(prevalence: Mapping[str, Any]) -> float | None:
    """Share of the population, 0 to 1; None where the row does not say."""
    try:
        mean = float(_text(prevalence, "ValMoy")) / 100_000
    except ValueError:
        mean = 0.0
    if 0 < mean <= 1:
        return mean
    low, high = CLASSES.get(_text(prevalence, "PrevalenceClass"), (0.0, 0.0))
    return sqrt(low * high) or None


def _text(item: Mapping[str, Any], key: str) -> str:
    value = item.get(key)
    return value.strip() if isinstance(value, str) else ""


def _items(value: object, key: str) -> Iterator[Mapping[str, Any]]:
    for item in _dicts(value):
        if key in item:
            yield from _dicts(item[key])
        else:
            yield item


def _dicts(value: object) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        return [cast(dict[str, Any], value)]
    values = cast(list[Any], value) if isinstance(value, list) else []
    return [item for item in values if isinstance(item, dict)]


def _packets(path: Path) -> Iterator[tuple[int, _Packet | None]]:
    """Row and packet; None where the row holds none."""
    for row, text in _texts(path):
        try:
            read: Any = json.loads(text)
        except json.JSONDecodeError:
            read = None
        fields = next(_items(read, "Orphapacket"), _NOTHING)
        code, name = _text(fields, "ORPHAcode"), _text(fields, "Label")
        yield row, _Packet(f"ORPHA:{code}", name, fields) if code and name else None


def _texts(path: Path) -> Iterator[tuple[int, str]]:
    if path.is_dir():
        for row, file in enumerate(files_in(path, "**/ORPHApacket_*.json"), 1):
            yield row, "".join(lines(file))
    else:
        yield from ((row, line) for row, line in enumerate(lines(path), 1) if line.strip())
