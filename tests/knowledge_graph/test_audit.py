from __future__ import annotations

import pytest

from knowledge_graph import audit as audits
from knowledge_graph import records
from knowledge_graph.audit import (
    MERGED,
    Audit,
    audit,
    curated_faults,
    icd10cm_codes,
    known_codes,
)
from knowledge_graph.memory import MemoryGraph
from knowledge_graph.schema import Edge, Node, Value

KNOWN = {
    "HP": {"HP:0000001", "HP:0040281"},
    "OMIM": {"OMIM:1"},
    "ICD10CM": {"ICD10CM:K35", "ICD10CM:K38"},
    MERGED: {"HP:0000009"},
}
NODES = (
    Node("OMIM:1", "Disease", "Gout", (), ("MONDO:7",)),
    Node("HP:0000001", "Phenotype", "Arthritis"),
    Node("KONSIL:drug-a", "Drug", "a"),
    Node("KONSIL:drug-b", "Drug", "b"),
)
EDGES = (
    Edge("OMIM:1", "has_phenotype", "HP:0000001", ("PMID:1",), {"stated": "HP:0040281"}),
    Edge("KONSIL:drug-a", "interacts_with", "KONSIL:drug-b", ("curated, row 7",)),
)


def of(nodes: tuple[Node, ...] = (), edges: tuple[Edge, ...] = ()) -> Audit:
    return audit((*NODES, *nodes), (*EDGES, *edges), known=KNOWN, curated=False)


def test_a_sound_graph_has_no_fault_and_says_what_is_unchecked() -> None:
    result = of()
    assert result.ok
    assert result.report().startswith("sound")
    assert result.checked == {"OMIM": 1, "HP": 2}
    assert result.unchecked == {"MONDO": 1}
    assert result.counts.nodes == {"Disease": 1, "Phenotype": 1, "Drug": 2}
    assert result.counts.edges == {"has_phenotype": 1, "interacts_with": 1}
    assert result.counts.sources == {"PMID": 1, "curated": 1}


@pytest.mark.parametrize(
    ("node", "place", "message"),
    [
        (Node("OMIM:1", "Disease", "Gout again"), "OMIM:1", "2 nodes have this id"),
        (Node("OMIM:2", "Disease", "Nothing"), "OMIM:2 Nothing", "OMIM:2 does not exist"),
        (Node("X:1", "Disease", "Old", (), ("HP:0000002",)), "X:1 Old", "HP:0000002 does not"),
        (Node("X:1", "Disease", "Odd", (), ("M10.9",)), "X:1 Odd", "'M10.9' is no code"),
        (Node("X:1", "Disease", "Old", (), ("HP:0000009",)), "X:1 Old", "HP:0000009 does not"),
        (Node("HP:0000009", "Phenotype", "Old"), "HP:0000009 Old", "HP:0000009 does not"),
        (Node("X:1", "Disease", "Gut", (), ("ICD10CM:K38-K35",)), "X:1 Gut", "K38-K35 does not"),
        (Node("X:1", "Disease", "Gut", (), ("ICD10CM:K35-K39",)), "X:1 Gut", "K35-K39 does not"),
    ],
)
def test_a_faulty_node_is_named(node: Node, place: str, message: str) -> None:
    (fault,) = of((node,)).faults
    assert fault.place == place
    assert message in fault.message


@pytest.mark.parametrize(
    ("edge", "message"),
    [
        (Edge("KONSIL:drug-a", "treats", "OMIM:1", ()), "no source"),
        (Edge("KONSIL:drug-a", "treats", "OMIM:1", (" ",)), "no source"),
        (Edge("KONSIL:drug-z", "treats", "OMIM:1", ("x",)), "KONSIL:drug-z is no node"),
        (Edge("KONSIL:drug-a", "interacts_with", "KONSIL:drug-b", ("x",)), "2 edges say so"),
        (Edge("KONSIL:drug-b", "interacts_with", "KONSIL:drug-a", ("x",)), "a pair stands twice"),
        (
            Edge("OMIM:1", "lacks_phenotype", "HP:0000001", ("x",), {"stated": "HP:0040299"}),
            "HP:0040299 does not exist",
        ),
    ],
)
def test_a_faulty_edge_is_named(edge: Edge, message: str) -> None:
    result = of((), (edge,))
    (fault,) = result.faults
    assert fault.place == f"{edge.subject} {edge.predicate} {edge.object}"
    assert message in fault.message
    assert not result.ok
    assert fault.message in result.report()


def test_a_code_that_is_a_node_counts_as_checked() -> None:
    result = of((Node("MONDO:7", "Disease", "Gout in MONDO"),))
    assert result.checked["MONDO"] == 1
    assert result.unchecked == {"MONDO": 1}


def test_a_finding_may_bear_merged_ids_and_a_disease_a_block_of_icd() -> None:
    finding = Node("KONSIL:f", "Phenotype", "Finding", (), ("HP:0000009",))
    disease = Node("X:1", "Disease", "Appendix", (), ("ICD10CM:K35-K38",))
    result = of((finding, disease))
    assert result.ok
    assert result.checked["ICD10CM"] == 1


def test_a_term_that_a_definition_mentions_need_not_exist() -> None:
    properties: dict[str, Value] = {"definition": "What HP:9999999 was, HP:9999998."}
    assert of((Node("KONSIL:f", "Phenotype", "Finding", (), (), properties),)).ok
    stated: dict[str, Value] = {"stated": ("7/9; HP:0040281", "HP:0040281; HP:0040299")}
    edge = Edge("OMIM:1", "lacks_phenotype", "HP:0000001", ("x",), stated)
    assert [fault.message[:10] for fault in of((), (edge,)).faults] == ["HP:0040299"]


def test_sources_are_counted_by_the_release_they_name() -> None:
    release = Node("SOURCE:1", "Source", "Texts", (), (), {"version": "v1"})
    sources = ("Texts v1, row 3", "ORPHA:1 (Texts v1)", "PMID:2")
    edge = Edge("KONSIL:drug-a", "treats", "OMIM:1", sources)
    assert of((release,), (edge,)).counts.sources == {"PMID": 2, "curated": 1, "Texts v1": 2}


def test_missing_icd_codes_are_unchecked_and_say_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(name: str) -> None:
        return None

    monkeypatch.setattr(audits, "find_spec", missing)
    assert icd10cm_codes() is None
    gout = Node("X:1", "Disease", "Gout", (), ("ICD10CM:M10.9",))
    result = audit([gout], [], known={}, curated=False)
    assert result.ok
    assert "ICD10CM unchecked: install konsil[audit]" in result.report()


def test_icd_categories_and_codes_are_known_and_nothing_else() -> None:
    codes = icd10cm_codes()
    assert codes is not None
    assert {"ICD10CM:M10", "ICD10CM:M10.9", "ICD10CM:S05.00XA", "ICD10CM:M93.003"} <= codes
    assert codes.isdisjoint({"ICD10CM:M93.009", "ICD10CM:A00-A09", "ICD10CM:"})


def test_a_long_list_of_faults_is_cut_and_says_so() -> None:
    many = tuple(Node(f"OMIM:{i}", "Disease", "x") for i in range(2, 60))
    report = of(many).report()
    assert report.startswith("58 faults")
    assert "and 8 more" in report


def test_a_fault_in_a_curated_file_is_a_fault_of_the_audit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def faulty(paths: object) -> tuple[list[object], list[str]]:
        return [], ["cardiac: Angina: no finding 'chest'"]

    monkeypatch.setattr(audits, "check_files", faulty)
    (fault,) = curated_faults()
    assert fault.place == "curated, cardiac"
    assert fault.message == "Angina: no finding 'chest'"


@pytest.mark.slow
def test_the_packaged_graph_is_sound(graph: MemoryGraph) -> None:
    nodes, edges = records.nodes(graph), records.edges(graph)
    known = known_codes({"ORPHA": {"ORPHA:999999"}})
    assert "ORPHA:999999" in known["ORPHA"]
    result = audit(nodes, edges, known=known)
    assert result.ok, result.report()
    assert result.checked["ICD10CM"] >= 483
    assert result.checked["HP"] > 100_000
