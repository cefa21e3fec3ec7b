from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.api.test_cli import EXAMPLES, run


def test_search_finds_and_says_when_nothing_is_alike() -> None:
    assert "OMIM:154700" in run("kg", "search", "marfan syndrom")[1]
    assert run("kg", "search", "HP:000125", "--limit", "1")[1].split()[2] == "HP:0001250"
    assert json.loads(run("kg", "search", "marfan", "--json")[1])[0]["node"]["id"] == "OMIM:154700"
    assert run("kg", "search", "xyzzyqq")[0] == 1


def test_show_is_a_cited_card() -> None:
    code, out, _ = run("kg", "show", "ORPHA:558", "--limit", "3")
    assert code == 0
    assert out.startswith("OMIM:154700  Marfan syndrome  [Disease]")
    assert "FBN1" in out
    assert "80-99%  [ORPHA:558]" in out
    assert "more (--limit" in out
    assert run("kg", "show", "HP:0001250", "--limit", "1")[1].startswith("HP:0001250  Seizure")
    code, _, err = run("kg", "show", "marfan syndrom")
    assert code == 2
    assert "OMIM:154700" in err


def test_neighbours_in_both_directions() -> None:
    inward = run("kg", "neighbours", "HP:0001250", "--in", "--predicate", "is_a")[1].splitlines()
    assert all("is_a  HP:0001250 Seizure  [" in line for line in inward)
    both = json.loads(run("kg", "neighbours", "HP:0001250", "--in", "--out", "--json")[1])
    assert {"HP:0001250"} < {edge["subject"]["id"] for edge in both}
    code, _, err = run("kg", "neighbours", "HP:0001250", "--predicate", "nonsense")
    assert code == 2
    assert "has_phenotype" in err


@pytest.mark.parametrize(
    ("question", "says"),
    [("treats", "Appendectomy"), ("confirms", "ultrasound"), ("contraindicates", "Laxatives")],
)
def test_questions_about_a_disease(question: str, says: str) -> None:
    code, out, _ = run("kg", question, "acute appendicitis")
    assert code == 0
    assert says in out
    assert all(line.endswith("[curated, unreferenced]") for line in out.splitlines())
    assert json.loads(run("kg", question, "acute appendicitis", "--json")[1])
    assert run("kg", question, "OMIM:154700")[0] == 1
    assert run("kg", question, "HP:0001250")[0] == 2


def test_path_cites_every_step() -> None:
    code, out, _ = run("kg", "path", "OMIM:154700", "Contractural arachnodactyly, congenital")
    assert code == 0
    assert "OMIM:154700 Marfan syndrome  has_phenotype" in out
    steps = [line for line in out.splitlines() if line.startswith("     ")]
    assert all(line.endswith("]") for line in steps)
    assert json.loads(run("kg", "path", "OMIM:154700", "HP:0001627", "--json")[1])[0]["edges"]


def test_differential_is_the_ranking_of_diagnose() -> None:
    signs = ("Ectopia lentis", "HP:0002616", "HP:0001166", "-Global developmental delay")
    asked = ("kg", "differential", *signs, "--age", "16", "--sex", "female", "--top", "3", "--json")
    result = json.loads(run(*asked)[1])
    statuses = {f["code"]["code"]: f["status"] for f in result["findings"]}
    assert statuses["HP:0001263"] == "absent"
    assert statuses["HP:0001083"] == "present"
    assert "OMIM:154700" in [d["disease"]["code"] for d in result["ranked"]]
    option = ("--absent", "HP:0001263", *asked[-7:])
    assert json.loads(run("kg", "differential", *signs[:3], *option)[1]) == result


def test_differential_shows_its_reasons_and_refuses_what_is_no_finding() -> None:
    code, out, _ = run("kg", "differential", "HP:0001083", "HP:0002616", "--top", "1")
    assert code == 0
    assert "Ectopia lentis HP:0001083" in out
    assert "Research use only" in out
    assert run("kg", "differential")[0] == 2
    code, _, err = run("kg", "differential", "seizur")
    assert code == 2
    assert "Seizure" in err


def test_interactions_are_listed_with_what_was_not_checked() -> None:
    asked = ("Tab. Warfarin 5 mg od", "Ibuprofen 400 mg", "Vitamin X", "warfarin")
    code, out, _ = run("kg", "interactions", *asked)
    assert code == 0
    assert "(Ibuprofen 400 mg)" in out
    for said in ("major: ", "  effect: ", "  mechanism: ", "  management: "):
        assert said in out
    assert "  [curated, unreferenced]" in out
    assert "checked: Ibuprofen 400 mg = " in out
    assert "NOT CHECKED: Vitamin X" in out
    assert "given twice: " in out
    assert "may still interact" in out
    found = json.loads(run("kg", "interactions", *asked, "--json")[1])
    assert found["not_checked"] == ["Vitamin X"]
    assert found["interactions"][0]["edge"]["sources"]


def test_no_interaction_is_not_said_to_be_safe() -> None:
    code, out, _ = run("kg", "interactions", "Vitamin X")
    assert code == 0
    assert "NOT CHECKED: Vitamin X" in out
    assert "does not mean that the drugs are safe together" in out
    assert run("kg", "interactions")[0] == 2


def test_subgraph_writes_files(tmp_path: Path) -> None:
    asked = ("kg", "subgraph", "OMIM:154700", "--limit", "20")
    elements = json.loads(run(*asked)[1])["elements"]
    assert len(elements["nodes"]) == 20
    target = tmp_path / "part.graphml"
    code, out, err = run(*asked, "--format", "graphml", "--to", str(target))
    assert (code, out) == (0, "")
    assert "20 nodes" in err
    assert target.read_bytes().startswith(b"<graphml")
    run(*asked, "--format", "csv", "--to", str(tmp_path / "folder"))
    assert (tmp_path / "folder" / "edges.csv").read_text().count("has_phenotype") >= 10
    run(*asked, "--format", "csv", "--to", str(tmp_path / "part.zip"))
    assert (tmp_path / "part.zip").read_bytes().startswith(b"PK")
    assert run(*asked, "--format", "csv")[0] == 2


def test_a_store_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KONSIL_NEO4J_URI", raising=False)
    for arguments in (
        ("show", "OMIM:154700", "--store", "neo4j"),
        ("cypher", "RETURN 1"),
        ("cypher", "RETURN $x", "--param", "x"),
    ):
        code, _, err = run("kg", *arguments)
        assert code == 2
        assert "fix:" in err
    monkeypatch.setenv("KONSIL_STORE", "nonsense")
    assert run("diagnose", str(EXAMPLES / "rare-marfan.json"))[0] == 2
