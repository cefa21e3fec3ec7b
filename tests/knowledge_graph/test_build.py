"""Adding sources to the packaged graph: the recipe, and what becomes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.exceptions import SourceError
from knowledge_graph import build
from knowledge_graph.memory import MemoryGraph

TABLE = "id\tlabel\tsubClassOf\nDOID:1\tskin thing\t\nDOID:2\tRosacea\tskin thing\n"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "HumanDO.tsv"
    path.write_text(TABLE)
    return path


def test_without_a_recipe_nothing_is_added(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("KONSIL_GRAPH")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert build.added() == ()


def test_a_recipe_is_read_as_it_was_written(recipe: Path, table: Path) -> None:
    source = build.described("doid", table)
    assert build.write_recipe([source]) == recipe
    assert build.added() == (source,)


def test_packaged_leaves_the_recipe_aside(
    monkeypatch: pytest.MonkeyPatch, recipe: Path, table: Path
) -> None:
    build.write_recipe([build.described("doid", table)])
    monkeypatch.setenv("KONSIL_GRAPH", build.PACKAGED)
    assert build.added() == ()


def test_a_recipe_that_is_named_must_be_there(recipe: Path) -> None:
    with pytest.raises(SourceError, match="is no file"):
        build.added()


@pytest.mark.parametrize("text", ["", "[]", '{"sources": [{"name": "doid"}]}'])
def test_a_damaged_recipe_is_an_error_with_its_fix(recipe: Path, text: str) -> None:
    recipe.write_text(text)
    with pytest.raises(SourceError, match="no recipe") as error:
        build.added()
    assert "kg build" in error.value.fix


def test_an_unknown_importer_and_an_absent_path_are_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no importer is called 'nosuch'"):
        build.described("nosuch", tmp_path)
    with pytest.raises(SourceError, match="there is no"):
        build.described("doid", tmp_path / "absent")


def test_an_added_source_joins_its_diseases_with_ours(
    graph: MemoryGraph, recipe: Path, table: Path
) -> None:
    source = build.described("doid", table)
    added = MemoryGraph(build.load([source]))
    assert [s.name for s in added.sources][-1] == "Human Disease Ontology"
    rosacea = added.entries[added.disease_index["DOID:2"]]
    assert rosacea.name == "Rosacea"
    assert rosacea.id in graph.disease_index
    known = {disease.id for disease in graph.unranked}
    assert {disease.id for disease in added.unranked} - known == {"DOID:1"}
    assert (rosacea.id, "is_a", "DOID:1") in {
        (f.subject, f.predicate, f.object) for f in added.facts
    }
    table.write_text(TABLE.replace("skin thing", "other thing"))
    build.load([source])  # compiled before: from the cache
    changed = build.Added("doid", table, "0" * 64)
    with pytest.raises(SourceError, match="gone or changed"):
        build.load([changed])


def test_the_same_sources_are_the_same_graph_in_any_order(table: Path, tmp_path: Path) -> None:
    one = build.described("doid", table)
    other = build.Added("mondo", tmp_path, "0")
    assert build.ordered([one, other, one]) == build.ordered([other, one]) == (other, one)


def test_the_publisher_of_a_catalogue_vouches_for_its_ids(tmp_path: Path, table: Path) -> None:
    path = tmp_path / "packets.jsonl"
    path.write_text('{"Orphapacket": {"ORPHAcode": "7", "Label": "Testitis"}}\n')
    sources = [build.described("orphapacket", path), build.described("doid", table)]
    assert build.catalogued(sources) == {"ORPHA": {"ORPHA:7"}}
