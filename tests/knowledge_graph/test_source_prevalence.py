"""How common rare diseases are: the table's files, and what counts before them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.exceptions import SourceError
from engine.types import Patient
from knowledge_graph.compile import UNSTATED_PREVALENCE, compile_graph
from knowledge_graph.curated import SOURCE
from knowledge_graph.memory import MemoryGraph
from knowledge_graph.schema import AssumedPrevalence, DiseaseEntry, Epidemiology, SameDisease
from knowledge_graph.sources import prevalence
from knowledge_graph.strict_yaml import read_yaml
from tests.knowledge_graph.test_compile import ROWS, TERMS, row

NAMES = {"OMIM:1": {"Phenylketonuria"}, "ORPHA:2": {"Cystinosis, nephropathic", "Cystinosis"}}
PKU = "OMIM:1: {name: Phenylketonuria, prevalence: 1.0e-4}\n"


def folder(tmp_path: Path, **files: str) -> Path:
    for name, text in files.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    return tmp_path


def test_every_entry_is_a_record_in_the_order_of_the_files(tmp_path: Path) -> None:
    path = folder(tmp_path, b=PKU, a="ORPHA:2: {name: cystinosis nephropathic, prevalence: 6e-06}")
    assert prevalence.read(NAMES, path) == [
        AssumedPrevalence("ORPHA:2", 6e-6, SOURCE),
        AssumedPrevalence("OMIM:1", 1e-4, SOURCE),
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("OMIM:9: {name: Nothing, prevalence: 0.1}", "a.yaml: OMIM:9: no packaged source"),
        ("OMIM:1: {name: Tyrosinemia, prevalence: 0.1}", "OMIM:1: is not 'Tyrosinemia' but 'Ph"),
        ("MONDO:1: {name: Phenylketonuria, prevalence: 0.1}", "a.yaml:\n.*MONDO:1"),
        ("OMIM:1: {name: Phenylketonuria, prevalence: 0}", "greater than 0"),
        ("OMIM:1: {name: Phenylketonuria, prevalence: 1.5}", "less than or equal to 1"),
        ("OMIM:1: {name: Phenylketonuria}", "prevalence: Field required"),
        ("OMIM:1: {name: Phenylketonuria, prevalence: 0.1, sex: male}", "Extra inputs"),
        (PKU + PKU, "a.yaml: OMIM:1 stands here for the second time\n.*line 2"),
    ],
)
def test_a_faulty_entry_is_named_with_its_file_and_id(
    tmp_path: Path, text: str, fault: str
) -> None:
    with pytest.raises(SourceError, match=fault):
        prevalence.read(NAMES, folder(tmp_path, a=text))


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    unknown = "OMIM:9: {name: Nothing, prevalence: 0.1}"
    with pytest.raises(SourceError, match=r"c\.yaml: OMIM:1: is in a\.yaml too\nb\.yaml: OMIM:9"):
        prevalence.read(NAMES, folder(tmp_path, a=PKU, b=unknown, c=PKU))


def small(*records: DiseaseEntry | AssumedPrevalence | SameDisease) -> MemoryGraph:
    rows = (*ROWS, row("OMIM:70", "Seventy", TERMS[-1].id), row("ORPHA:71", "71", TERMS[-1].id))
    return MemoryGraph(compile_graph(TERMS, {}, (*rows, *records), {}, ()))


def stated(graph: MemoryGraph, disease: str) -> Epidemiology | None:
    return graph.entries[graph.disease_index[disease]].epidemiology


def test_it_holds_where_nobody_states_how_common_the_disease_is() -> None:
    graph = small(AssumedPrevalence("OMIM:70", 2e-5, SOURCE))
    assert stated(graph, "OMIM:70") == Epidemiology(2e-5, SOURCE)
    assert stated(graph, "ORPHA:71") is None
    reasons = graph.prior_reasons(Patient(), graph.disease_index["OMIM:70"])
    assert reasons == (f"prevalence about 2e-05 ({SOURCE})",)


def test_a_source_that_describes_the_disease_counts_first_under_whichever_id() -> None:
    entry = DiseaseEntry("ORPHA:71", "71", epidemiology=Epidemiology(3e-4, "Orphanet"))
    assumed = AssumedPrevalence("OMIM:70", 2e-5, SOURCE)
    same = SameDisease("OMIM:70", "ORPHA:71", "Orphanet")
    for records in ((entry, assumed, same), (same, assumed, entry)):
        assert stated(small(*records), "OMIM:70") == Epidemiology(3e-4, "Orphanet")


def test_a_curated_condition_counts_first_of_all() -> None:
    own = Epidemiology(3e-3, SOURCE, {"child": 0.3})
    graph = small(
        AssumedPrevalence("OMIM:70", 2e-5, SOURCE),
        DiseaseEntry("ORPHA:71", "71", epidemiology=Epidemiology(3e-4, "Orphanet")),
        DiseaseEntry("KONSIL:seventy", "Seventy", epidemiology=own),
        SameDisease("OMIM:70", "ORPHA:71", "Orphanet"),
        SameDisease("OMIM:70", "KONSIL:seventy", "MONDO"),
    )
    assert stated(graph, "OMIM:70") == own


@given(st.floats(1e-9, 1.0), st.floats(1e-9, 1.0))
def test_the_commoner_of_two_diseases_has_the_higher_prior(one: float, other: float) -> None:
    graph = small(
        AssumedPrevalence("OMIM:70", one, SOURCE), AssumedPrevalence("ORPHA:71", other, SOURCE)
    )
    priors = graph.priors(Patient())
    first, second = (float(priors[graph.disease_index[d]]) for d in ("OMIM:70", "ORPHA:71"))
    assert (first >= second) is (one >= other) or first == pytest.approx(second)


def test_the_packaged_graph_carries_the_table(graph: MemoryGraph) -> None:
    assert prevalence.NAME in {source.name for source in graph.sources}
    common, rare = (stated(graph, disease) for disease in ("OMIM:261600", "OMIM:276710"))
    assert common is not None
    assert common.source == SOURCE
    assert common.prevalence > 10 * (rare.prevalence if rare else UNSTATED_PREVALENCE)


def test_the_files_are_in_order_of_their_ids() -> None:
    for file in prevalence.files():
        ids = read_yaml(file, prevalence.Table).root
        numbered = [(catalogue, int(number)) for catalogue, _, number in map(_parts, ids)]
        assert (numbered == sorted(numbered)) is True


def _parts(disease: str) -> tuple[str, str, str]:
    return disease.partition(":")
