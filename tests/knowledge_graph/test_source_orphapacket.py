from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from engine.exceptions import SourceError
from knowledge_graph.frequency import CLASSES as HPO_FREQUENCIES
from knowledge_graph.onset import youngest_onset
from knowledge_graph.schema import (
    PHENOTYPE_ROOT,
    Annotation,
    DiseaseEntry,
    Edge,
    Node,
    Record,
    Rejected,
    SameDisease,
    Term,
)
from knowledge_graph.sources import orphapacket
from knowledge_graph.sources.files import packaged_files
from knowledge_graph.sources.findings import Findings

FINDINGS = Findings([Term("HP:0000011", "test pain", (), alternatives=("HP:0000012",))])
DATASET = "Orphapacket 9.9"


def packet(**fields: Any) -> dict[str, Any]:
    named = {"version": "9.9", "ORPHAcode": "7", "Label": "Testitis"}
    return {"Orphapacket": {**named, **fields}}


def read(folder: Path, *packets: Mapping[str, Any] | str) -> list[Record]:
    path = folder / "packets.jsonl"
    lines = (p if isinstance(p, str) else json.dumps(p) for p in packets)
    path.write_text("\n".join(lines) + "\n")
    return list(orphapacket.read(path, FINDINGS))


def entry(folder: Path, **fields: Any) -> DiseaseEntry:
    first = read(folder, packet(**fields))[0]
    assert isinstance(first, DiseaseEntry)
    return first


def others(folder: Path, **fields: Any) -> list[Record]:
    return read(folder, packet(**fields))[1:]


def rejected(reason: str) -> Rejected:
    return Rejected(DATASET, 1, f"ORPHA:7: {reason}")


def test_a_disorder_is_described_with_its_names_codes_and_course(tmp_path: Path) -> None:
    assert entry(
        tmp_path,
        DisorderType={"value": "Clinical subtype"},
        Synonyms=[{"Synonym": "Test inflammation"}, {"Synonym": ""}],
        ExternalReferences=[
            {"ExternalReference": reference("ICD-10", "A00.0")},
            {"ExternalReference": reference("MeSH", "D000001")},
            {"ExternalReference": reference("UMLS", "C0000001", "NTBT (narrower)")},
        ],
        AverageAgeOfOnsets=[{"AverageAgeOfOnset": {"value": "All ages"}}],
        TypeOfInheritances={"TypeOfInheritance": [{"value": "Unknown"}]},
    ) == DiseaseEntry(
        "ORPHA:7",
        "Testitis",
        ("Test inflammation",),
        ("ICD10:A00.0", "MESH:D000001"),
        None,
        {"disorder type": ("Clinical subtype",), "age of onset": ("All ages",)},
    )


# ---- External references ------------------------------------------------------------------------


def reference(source: str, code: str, relation: str = "E (Exact mapping)") -> dict[str, str]:
    return {"Source": source, "Reference": code, "DisorderMappingRelation": relation}


@pytest.mark.parametrize("nested", [True, False])
def test_an_exact_omim_entry_is_the_same_disease(tmp_path: Path, nested: bool) -> None:
    item = reference("OMIM", "100001")
    listed = [{"ExternalReference": item}] if nested else [item]
    same = SameDisease("ORPHA:7", "OMIM:100001", DATASET)
    assert others(tmp_path, ExternalReferences=listed) == [same]


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (reference("OMIM", "1", "NTBT (narrower)"), "OMIM 1 is no exact match: NTBT"),
        (reference("OMIM", "1", "BTNT (broader)"), "OMIM 1 is no exact match: BTNT"),
        (reference("OMIM", "1", ""), "OMIM 1 is no exact match: relation not stated"),
        (reference("UMLS", "C1", "ND (not decided)"), "UMLS C1 is no exact match: ND"),
        (reference("Atlas", "1"), "unknown terminology 'Atlas'"),
    ],
)
def test_a_reference_that_is_no_exact_match_is_left_out(
    tmp_path: Path, item: dict[str, str], reason: str
) -> None:
    assert others(tmp_path, ExternalReferences=[item]) == [rejected(reason)]
    assert entry(tmp_path, ExternalReferences=[item]).xrefs == ()


# ---- Phenotypes ---------------------------------------------------------------------------------


def phenotype(term: str, frequency: str) -> dict[str, Any]:
    return {"Phenotype": {"HPOId": term, "HPOTerm": "x", "HPOFrequency": frequency}}


def test_a_phenotype_is_a_row_with_everything_a_citation_needs(tmp_path: Path) -> None:
    stated = [phenotype("HP:0000011", "Frequent (79-30%)")]
    assert others(tmp_path, Phenotypes=stated) == [
        Annotation(
            disease="ORPHA:7",
            name="Testitis",
            term="HP:0000011",
            negated=False,
            reference="ORPHA:7",
            evidence="TAS",
            onset="",
            frequency="HP:0040282",
            sex="",
            aspect="P",
            row=1,
            dataset=DATASET,
        )
    ]


@pytest.mark.parametrize(
    ("stated", "low", "high"),
    [
        ("Obligate (100%)", 1, 1),
        ("Very frequent (99-80%)", 0.8, 0.99),
        ("Frequent (79-30%)", 0.3, 0.79),
        ("Occasional (29-5%)", 0.05, 0.29),
        ("Very rare (<4-1%)", 0.01, 0.04),
        ("Excluded (0%)", 0, 0),
    ],
)
def test_a_frequency_class_keeps_its_range(
    tmp_path: Path, stated: str, low: float, high: float
) -> None:
    (row,) = others(tmp_path, Phenotypes=[phenotype("HP:0000011", stated)])
    assert isinstance(row, Annotation)
    assert low <= HPO_FREQUENCIES[row.frequency] <= high


def test_a_merged_term_is_read_as_its_current_one(tmp_path: Path) -> None:
    (row,) = others(tmp_path, Phenotypes=[phenotype("HP:0000012", "Obligate (100%)")])
    assert isinstance(row, Annotation)
    assert row.term == "HP:0000011"


def test_a_phenotype_that_cannot_be_used_is_rejected(tmp_path: Path) -> None:
    stated = [
        phenotype("HP:0000099", "Obligate (100%)"),
        phenotype("HP:0000011", "Often"),
        phenotype("HP:0000011", "Obligate (100%)"),
        phenotype("HP:0000012", "Obligate (100%)"),
        phenotype("HP:0000012", "Excluded (0%)"),
        {"Phenotype": {}},
    ]
    records = others(tmp_path, Phenotypes=stated)
    assert [r for r in records if isinstance(r, Rejected)] == [
        rejected("no finding has the id 'HP:0000099'"),
        rejected("unknown frequency 'Often'"),
        rejected("HP:0000011 is stated twice"),
        rejected("no finding has the id ''"),
    ]
    assert len(records) == len(stated)


# ---- Prevalence ---------------------------------------------------------------------------------


def prevalence(kind: str, place: str, stated: str, mean: str = "no data") -> dict[str, Any]:
    return {
        "Prevalence": {
            "Source": "A registry[REG]",
            "PrevalenceType": kind,
            "PrevalenceGeographic": place,
            "PrevalenceClass": stated,
            "ValMoy": mean,
        }
    }


POINT = "Point prevalence"


@pytest.mark.parametrize(
    ("stated", "mean", "share"),
    [
        ("<1 / 1 000 000", "no data", 10**-6.5),
        ("1-9 / 1 000 000", "0.0", 3e-6),
        ("1-9 / 100 000", "0.0", 3e-5),
        ("1-5 / 10 000", "no data", 5**0.5 * 1e-4),
        ("6-9 / 10 000", "no data", 54**0.5 * 1e-4),
        (">1 / 1000", "no data", 10**-2.5),
        ("1-9 / 100 000", "2.5", 2.5e-5),
        ("no data", "2.5", 2.5e-5),
        ("1-9 / 100 000", "100001", 3e-5),
    ],
)
def test_the_mean_value_counts_else_the_geometric_middle_of_the_class(
    tmp_path: Path, stated: str, mean: str, share: float
) -> None:
    found = entry(tmp_path, Prevalences=[prevalence(POINT, "Worldwide", stated, mean)]).epidemiology
    assert found is not None
    assert found.prevalence == pytest.approx(share)
    assert found.source.startswith(f"{DATASET}: Point prevalence, Worldwide, ")
    assert found.source.endswith(", A registry[REG]")


def test_the_best_row_counts_wherever_it_stands(tmp_path: Path) -> None:
    best_first = [
        prevalence(POINT, "Worldwide", "no data", "1"),
        prevalence(POINT, "Europe", "no data", "2"),
        prevalence("Annual incidence", "Worldwide", "no data", "3"),
        prevalence("Annual incidence", "Europe", "no data", "4"),
        prevalence("Prevalence at birth", "Worldwide", "no data", "5"),
        prevalence("Prevalence at birth", "Europe", "no data", "6"),
    ]
    for rank in range(len(best_first)):
        found = entry(tmp_path, Prevalences=best_first[rank:][::-1]).epidemiology
        assert found is not None
        assert found.prevalence == pytest.approx((rank + 1) * 1e-5)


def test_of_two_equal_rows_the_first_counts_and_one_that_says_nothing_is_passed_over(
    tmp_path: Path,
) -> None:
    rows = [
        prevalence(POINT, "Worldwide", "Unknown"),
        prevalence(POINT, "Europe", "no data", "2"),
        prevalence(POINT, "Europe", "no data", "3"),
    ]
    found = entry(tmp_path, Prevalences=rows).epidemiology
    assert found is not None
    assert found.prevalence == pytest.approx(2e-5)


@pytest.mark.parametrize(
    "row",
    [
        prevalence(POINT, "Worldwide", "Unknown"),
        prevalence(POINT, "Worldwide", "no data"),
        prevalence(POINT, "Worldwide", "Not yet documented", "0.0"),
        prevalence(POINT, "France", "1-9 / 100 000"),
        prevalence("Cases/families", "Worldwide", "no data", "3"),
        prevalence("Lifetime Prevalence", "Europe", "1-9 / 100 000"),
    ],
)
def test_without_a_usable_row_nothing_is_said(tmp_path: Path, row: dict[str, Any]) -> None:
    (record,) = read(tmp_path, packet(Prevalences=[row]))
    assert isinstance(record, DiseaseEntry)
    assert record.epidemiology is None


def test_an_unknown_prevalence_class_is_rejected(tmp_path: Path) -> None:
    rows = {"Prevalence": [prevalence(POINT, "Europe", "many")["Prevalence"]]}
    assert others(tmp_path, Prevalences=rows) == [rejected("unknown prevalence class 'many'")]


# ---- Onset and inheritance ----------------------------------------------------------------------


def onsets(folder: Path, *ages: str) -> list[str]:
    listed = [{"AverageAgeOfOnset": {"value": age}} for age in ages]
    records = others(folder, AverageAgeOfOnsets=listed)
    return [r.term for r in records if isinstance(r, Annotation) and r.aspect == "C"]


def test_ages_become_hpo_terms(tmp_path: Path) -> None:
    assert youngest_onset(onsets(tmp_path, "Adult", "Elderly")) == 16
    assert youngest_onset(onsets(tmp_path, "Childhood", "No data available")) == 1
    for age in ("Antenatal", "Neonatal", "Infancy"):
        assert youngest_onset(onsets(tmp_path, age)) == 0


@pytest.mark.parametrize("age", ["All ages", "Adolescent", "Dotage"])
def test_an_age_without_a_term_forbids_a_youngest_one(tmp_path: Path, age: str) -> None:
    assert onsets(tmp_path, "Adult", age) == []


def test_inheritance_becomes_hpo_terms_unless_one_has_none(tmp_path: Path) -> None:
    def terms(*values: str) -> list[str]:
        listed = {"TypeOfInheritance": [{"value": value} for value in values]}
        records = others(tmp_path, TypeOfInheritances=listed)
        return [r.term for r in records if isinstance(r, Annotation) and r.aspect == "I"]

    assert terms("X-linked recessive", "Unknown") == ["HP:0001419"]
    assert terms("Autosomal dominant", "Autosomal recessive") == ["HP:0000006", "HP:0000007"]
    assert terms("X-linked recessive", "Not applicable") == []


def test_an_unknown_word_for_onset_or_inheritance_is_rejected(tmp_path: Path) -> None:
    stated = {"AverageAgeOfOnset": [{"value": "Dotage"}, {"value": "Adult"}]}
    assert others(tmp_path, AverageAgeOfOnsets=stated) == [rejected("unknown value 'Dotage'")]


# ---- Genes and parents --------------------------------------------------------------------------


def gene(symbol: str, association: str, hgnc: str = "5") -> dict[str, Any]:
    references = [{"Source": "OMIM", "Reference": "1"}]
    references += [{"Source": "HGNC", "Reference": hgnc}] if hgnc else []
    return {
        "Gene": {
            "Symbol": symbol,
            "Name": "test gene",
            "ExternalReferences": references,
            "DisorderGeneAssociationType": association,
        }
    }


def test_a_gene_is_one_node_and_one_edge_a_disorder(tmp_path: Path) -> None:
    twice = [gene("TST1", "Candidate in"), gene("TST1", "Modifying in")]
    _, *first, _, second = read(
        tmp_path,
        packet(Genes=twice),
        packet(ORPHAcode="8", Genes=twice[:1]),
    )
    stated = {"association": "Candidate in; Modifying in"}
    about = "associated_with_gene"
    assert first == [
        Node("HGNC.SYMBOL:TST1", "Gene", "TST1", ("test gene",), ("HGNC:5",)),
        Edge("ORPHA:7", about, "HGNC.SYMBOL:TST1", (DATASET,), stated),
    ]
    stated = {"association": "Candidate in"}
    assert second == Edge("ORPHA:8", about, "HGNC.SYMBOL:TST1", (DATASET,), stated)


def test_a_gene_that_hgnc_does_not_name_is_rejected(tmp_path: Path) -> None:
    assert others(tmp_path, Genes=[gene("TST1", "Candidate in", hgnc="")]) == [
        rejected("gene 'TST1' has no HGNC id")
    ]


def test_only_a_parent_that_has_a_packet_is_a_parent(tmp_path: Path) -> None:
    parents = [{"Parent": [{"ORPHAcode": "9"}]}, {"Parent": [{"ORPHAcode": "10"}]}]
    _, *links, last = read(tmp_path, packet(Parents=parents), packet(ORPHAcode="10"))
    assert links == [
        rejected("no packet for the parent ORPHA:9"),
        Edge("ORPHA:7", "is_a", "ORPHA:10", (DATASET,)),
    ]
    assert last == DiseaseEntry("ORPHA:10", "Testitis")


# ---- Files --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line", ['{"Orphapacket": {', "[]", "3", '{"Orphapacket": {"Label": "x"}}', json.dumps({})]
)
def test_a_line_that_holds_no_packet_is_rejected_and_the_rest_is_read(
    tmp_path: Path, line: str
) -> None:
    records = read(tmp_path, line, "", packet())
    reason = "no packet: broken JSON, or no ORPHAcode or Label"
    assert records == [Rejected(DATASET, 1, reason), DiseaseEntry("ORPHA:7", "Testitis")]


def test_a_folder_of_packets_is_read_like_a_file_of_lines(tmp_path: Path) -> None:
    packets = [packet(Synonyms=[{"Synonym": "a"}]), packet(ORPHAcode="8")]
    listed = read(tmp_path, *packets)
    folder = tmp_path / "json"
    folder.mkdir()
    for number, one in enumerate(packets):
        (folder / f"ORPHApacket_{number}.json").write_text(json.dumps(one, indent=1))
    (tmp_path / "other.json").write_text("{}")
    assert list(orphapacket.read(tmp_path, FINDINGS)) == listed
    assert orphapacket.release(tmp_path) == "9.9"


def test_files_without_any_packet_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds no"):
        list(orphapacket.read(tmp_path, FINDINGS))
    with pytest.raises(SourceError, match="holds no Orphapacket"):
        read(tmp_path, '{"a": 1}')


def test_a_version_is_never_made_up(tmp_path: Path) -> None:
    read(tmp_path, packet(version=None))
    assert orphapacket.release(tmp_path / "packets.jsonl") == "unstated"


# ---- What is published --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hpo() -> dict[str, Term]:
    """Current terms of the packaged ontology; much faster than reading it in full."""
    terms: dict[str, Term] = {}
    for stanza in packaged_files()["hp.obo"].read_text(encoding="utf-8").split("\n[Term]\n")[1:]:
        lines = re.findall(r"^(id|name|alt_id|is_a): ([^!\n]+?)(?: !.*)?$", stanza, re.M)
        said = {key: [v for k, v in lines if k == key] for key, _ in lines}
        if "\nis_obsolete: true" not in stanza:
            parents, merged = (tuple(said.get(key, ())) for key in ("is_a", "alt_id"))
            identifier = said["id"][0]
            terms[identifier] = Term(identifier, said["name"][0], parents, alternatives=merged)
    return terms


def below(root: str, terms: Mapping[str, Term]) -> set[str]:
    children: dict[str, list[str]] = {}
    for term in terms.values():
        for parent in term.parents:
            children.setdefault(parent, []).append(term.id)
    found: set[str] = set()
    waiting = [root]
    while waiting:
        new = set(children.get(waiting.pop(), ())) - found
        found |= new
        waiting += new
    return found


@pytest.mark.parametrize(("aspect", "root"), [("C", "HP:0003674"), ("I", "HP:0000005")])
def test_words_are_mapped_to_terms_of_onset_and_inheritance(
    hpo: dict[str, Term], aspect: str, root: str
) -> None:
    mapped = [term for term in orphapacket.TERMS[aspect].values() if term]
    assert len(set(mapped)) == len(mapped)
    assert below(root, hpo).issuperset(mapped)


def test_the_published_packets_are_read_whole(data: Path, hpo: dict[str, Term]) -> None:
    path = data / "kg" / "orphapacket.jsonl.gz"
    findings = Findings(hpo[term] for term in below(PHENOTYPE_ROOT, hpo))
    kinds: Counter[str] = Counter()
    aspects: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    common = 0
    for record in orphapacket.read(path, findings):
        kinds[type(record).__name__] += 1
        if isinstance(record, Rejected):
            reasons[re.sub(r"\S*\d\S*", "#", record.reason)] += 1
        elif isinstance(record, Annotation):
            aspects[record.aspect] += 1
        elif isinstance(record, DiseaseEntry):
            common += record.epidemiology is not None
        elif isinstance(record, Edge):
            aspects[record.predicate] += 1
    assert orphapacket.release(path) == "1.3.42 / 4.1.8 [2025-03-03]"
    assert kinds["DiseaseEntry"] == 9960
    assert common == 4824
    assert aspects == {
        "P": 115654,
        "C": 8287,
        "I": 4714,
        "associated_with_gene": 7985,
        "is_a": 19181,
    }
    assert reasons == {
        "# OMIM # is no exact match: BTNT": 3989,
        "# OMIM # is no exact match: NTBT": 758,
        "# OMIM # is no exact match: ND": 29,
        "# no packet for the parent #": 300,
        "# no finding has the id #": 199,
        "# # is stated twice": 25,
        "# gene # has no HGNC id": 2,
    }
    with gzip.open(path, "rt") as file:
        said = Counter(re.findall(r'"(HPOId|DisorderMappingRelation|ORPHApacketId)"', file.read()))
    no_phenotype = reasons["# no finding has the id #"] + reasons["# # is stated twice"]
    no_match = sum(n for reason, n in reasons.items() if "no exact match" in reason)
    assert kinds["DiseaseEntry"] == said["ORPHApacketId"]
    assert aspects["P"] + no_phenotype == said["HPOId"]
    assert kinds["SameDisease"] + no_match == said["DisorderMappingRelation"]
