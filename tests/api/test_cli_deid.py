"""`konsil deid`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.api.test_cli import run

NOTE = "Mr. Wojcik was seen on 03/14/2021 by Dr. Lewandowska for a seizure and was well."
GERMAN = "Der Patient wurde mit Fieber und Husten in die Klinik gebracht und ist nicht gesund."


@pytest.fixture
def key(tmp_path: Path) -> str:
    path = tmp_path / "key"
    path.write_bytes(b"0123456789abcdef0123")
    return str(path)


@pytest.fixture
def note(tmp_path: Path) -> Path:
    path = tmp_path / "wojcik.txt"
    path.write_text(NOTE, "utf-8")
    return path


def test_the_text_and_the_report_are_apart(note: Path, key: str) -> None:
    arguments = ("deid", str(note), "--key-file", key, "--patient", "p1")
    first = run(*arguments)[:2]
    code, out, err = run(*arguments)
    assert code == 0
    assert "seizure" in out
    assert "replaced 2 name, 1 date" in err
    for words in ("Wojcik", "Lewandowska", "03/14/2021"):
        assert words not in out + err.replace(str(note), "")
    assert (code, out) == first


def test_json_spans_are_exact(note: Path, key: str) -> None:
    arguments = ("deid", str(note), "--key-file", key, "--format", "json")
    plain = json.loads(run(*arguments)[1])
    assert not any("original" in one for one in plain["replaced"])
    line = json.loads(run(*arguments, "--show-original")[1])
    assert [one["original"] for one in line["replaced"]] == ["Wojcik", "03/14/2021", "Lewandowska"]
    for one in line["replaced"]:
        assert NOTE[one["start"] : one["end"]] == one["original"]
        assert line["text"][one["out_start"] : one["out_end"]] != one["original"]


def test_without_a_key_one_is_made_and_that_is_said(note: Path) -> None:
    first, second = run("deid", str(note)), run("deid", str(note))
    assert "a key was made for this run" in first[2]
    assert first[1] != second[1]


def test_notes_of_a_patient_share_surrogates_in_files_without_names(
    note: Path, key: str, tmp_path: Path
) -> None:
    other = tmp_path / "second.txt"
    other.write_text("Then Wojcik was seen again on 03/21/2021 and was well.", "utf-8")
    out = tmp_path / "out"
    given = ("--key-file", key, "--patient", "p1", "--out", str(out))
    code, said, _ = run("deid", str(note), str(other), *given)
    assert code == 0
    assert sorted(path.name for path in out.iterdir()) == ["note-0001.txt", "note-0002.txt"]
    first, second = (path.read_text("utf-8") for path in sorted(out.iterdir()))
    surname = first.split()[1]
    assert f"Then {surname} was seen" in second
    assert "note-0002.txt" in said
    assert run("deid", str(note), *given)[0] == 2


def test_a_foreign_note_is_said_and_the_others_are_written(
    note: Path, key: str, tmp_path: Path
) -> None:
    foreign, binary = tmp_path / "a.txt", tmp_path / "b.txt"
    foreign.write_text(GERMAN, "utf-8")
    binary.write_bytes(b"\0\1\2")
    out = tmp_path / "out"
    names = [str(foreign), str(binary), str(note)]
    code, _, err = run("deid", *names, "--key-file", key, "--out", str(out))
    assert code == 1
    assert [path.name for path in out.iterdir()] == ["note-0003.txt"]
    assert "error: note-0001: the note is not in English (de)" in err
    assert "error: note-0002: cannot be read" in err
    assert f"note-0002: {binary}" in err  # which is which
    alone = run("deid", str(foreign), "--key-file", key)
    assert alone[:2] == (1, "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere.txt",), "no such file or folder"),
        (("{note}", "{note}"), "cannot share one output"),
        (("{note}", "--key-file", "nowhere"), "cannot be read"),
        (("{note}", "--key-file", "{short}"), "the key has 3 bytes"),
        (("{note}", "--patient", " "), "the id is empty"),
        (("{empty}",), "no .txt file"),
    ],
)
def test_wrong_input_names_the_place_and_the_fix(
    arguments: tuple[str, ...], message: str, note: Path, tmp_path: Path
) -> None:
    (tmp_path / "short").write_bytes(b"abc")
    (tmp_path / "empty").mkdir()
    places = {"note": note, "short": tmp_path / "short", "empty": tmp_path / "empty"}
    code, out, err = run("deid", *(argument.format(**places) for argument in arguments))
    assert code == 2
    assert out == ""
    assert message in err
    assert "fix: " in err


def test_the_command_needs_no_torch(note: Path) -> None:
    program = (
        "import sys; from click.testing import CliRunner; from api.cli import main;"
        f"r = CliRunner().invoke(main, ['deid', {str(note)!r}]);"
        "sys.exit('torch' in sys.modules or r.exit_code)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_the_benchmark_runs_with_and_without_paths() -> None:
    from api.benchmarks import BENCHMARKS, WITH_OR_WITHOUT_PATHS

    assert "deid" in BENCHMARKS
    assert "deid" in WITH_OR_WITHOUT_PATHS
