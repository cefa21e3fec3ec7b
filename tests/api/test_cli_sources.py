"""`konsil kg build` and `konsil kg audit`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from knowledge_graph import audit as audits
from knowledge_graph import build
from knowledge_graph.audit import Fault
from knowledge_graph.sources import IMPORTERS
from tests.api.test_cli import run
from tests.knowledge_graph.test_build import TABLE

NODES = "id,kind,name\nLAB:1,Disease,Rosacea\nLAB:2,Drug,Testamine\n"
EDGES = (
    "subject,predicate,object,sources\nLAB:2,treats,LAB:1,our formulary\nLAB:9,treats,LAB:1,us\n"
)


@pytest.fixture
def sources(tmp_path: Path) -> tuple[str, ...]:
    """The options that name two small sources, each with one row that cannot be used."""
    (tmp_path / "HumanDO.tsv").write_text(TABLE)
    folder = tmp_path / "lab"
    folder.mkdir()
    (folder / "nodes.csv").write_text(NODES)
    (folder / "edges.csv").write_text(EDGES)
    (folder / "release.txt").write_text("7")
    return "--source", f"doid={tmp_path / 'HumanDO.tsv'}", "--source", f"csv={folder}"


def key(out: str) -> str:
    """The key of the snapshot that `kg build` says it made."""
    (line,) = (line for line in out.splitlines() if line.startswith("graph "))
    return line.split()[1]


@pytest.mark.slow
def test_build_adds_sources_that_every_later_command_uses(
    recipe: Path, sources: tuple[str, ...], tmp_path: Path
) -> None:
    target = tmp_path / "rejected.jsonl"
    code, out, err = run("kg", "build", *sources, "--rejected", str(target))
    assert code == 0
    assert "Human Disease Ontology unstated: 3 records in, 1 rejected" in out
    assert "lab 7: 3 records in, 1 rejected" in out
    assert "Compiling" in err
    assert "diseases ranked" in out
    assert f"recipe: {recipe}" in out
    assert "KONSIL_GRAPH=packaged" in out
    rejected = [json.loads(line) for line in target.read_text().splitlines()]
    assert {"source", "row", "reason"} == set(rejected[0])
    assert {r["source"]: r["row"] for r in rejected}["lab 7"] == 3
    assert "our formulary" in run("kg", "treats", "Rosacea")[1]

    turned = run("kg", "build", *sources[2:], *sources[:2], *sources[2:])
    assert key(turned[1]) == key(out)
    assert "lab 7: 3 records in, 1 rejected" in turned[1]
    listed = run("kg", "build", "--list")[1]
    assert all(f"  {name} " in listed for name in IMPORTERS)
    assert f"csv={tmp_path / 'lab'}" in listed

    assert "nothing is added" in run("kg", "build")[1]
    assert build.added() == ()
    assert "nothing is added" in run("kg", "build", "--list")[1]
    assert "our formulary" not in run("kg", "treats", "Rosacea")[1]


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("doid", "NAME=PATH"),
        ("nosuch=x", "no importer is called 'nosuch'"),
        ("doid=absent.tsv", "there is no absent.tsv"),
        ("csv=.", "cannot be read"),
    ],
)
def test_a_source_that_fails_leaves_the_recipe_as_it_was(
    recipe: Path,
    sources: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    option: str,
    says: str,
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    build.write_recipe([build.described("doid", tmp_path / "HumanDO.tsv")])
    before = recipe.read_bytes()
    code, out, err = run("kg", "build", *sources, "--source", option)
    assert (code, out) == (2, "")
    assert says in err
    assert "fix:" in err
    assert recipe.read_bytes() == before


def test_a_file_of_rejected_rows_that_cannot_be_written_is_said(
    recipe: Path, tmp_path: Path
) -> None:
    code, _, err = run("kg", "build", "--rejected", str(tmp_path / "absent" / "r.jsonl"))
    assert code == 2
    assert "cannot be written" in err
    assert not recipe.exists()


@pytest.mark.slow
def test_packaged_is_no_place_for_a_recipe(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (tmp_path / "HumanDO.tsv").write_text(TABLE)
    code, out, err = run("kg", "build", "--source", "doid=HumanDO.tsv")
    assert code == 0
    assert f"recipe: {tmp_path / 'data' / 'konsil' / 'graph.json'}" in out
    assert "KONSIL_GRAPH=packaged is set" in err
    assert not (tmp_path / "packaged").exists()


def one_fault() -> Iterator[Fault]:
    yield Fault("curated, cardiac", "a made-up fault")


@pytest.mark.slow
def test_audit_says_whether_the_graph_is_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, _ = run("kg", "audit")
    assert code == 0, out
    assert out.startswith("sound")
    assert "codes unchecked" in out
    monkeypatch.setattr(audits, "curated_faults", one_fault)
    code, out, _ = run("kg", "audit", "--json")
    assert code == 1
    found = json.loads(out)
    assert found["faults"] == [{"place": "curated, cardiac", "message": "a made-up fault"}]
    assert found["counts"]["nodes"]["Disease"] > 10_000
    assert found["checked"]["HP"] > 100_000
