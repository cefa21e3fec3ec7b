"""`konsil signals`: what is told of a recording, and its drawing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

import signals.read
from api import cli_signals
from api.cli import main
from engine.exceptions import InputError
from signals.recording import Recording
from tests.signals.made import drawn, parts, waves

BEATS = waves(np.arange(1, 36) * 0.8, pr=0.26)
STRIP = replace(drawn(BEATS, height={"II": 1.0}, seconds=30, id="strip\x1b[31m"), age_years=50)
LABELS = "NNNV" * 8 + "NNN"


@pytest.fixture
def recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that is read as `STRIP`."""
    path = tmp_path / "strip.hea"
    path.write_text("strip")

    def read(given: Path) -> Recording:
        if given.read_text() != "strip":
            raise InputError("no header", where=given.name, fix="send a header")
        return STRIP

    monkeypatch.setattr(signals.read, "read", read)
    monkeypatch.setattr(cli_signals, "_parts", lambda: parts(BEATS, labels=LABELS))
    return path


def run(*args: str | Path) -> Result:
    return CliRunner().invoke(main, ["signals", *map(str, args)])


def test_reading_tells_measurements_ranges_and_seconds(recording: Path) -> None:
    result = run("read", recording)
    assert result.exit_code == 0, result.output
    said = result.output
    assert "1 lead (II), 500 Hz, 30.0 s" in said
    assert "35 heartbeats; all of it readable" in said
    assert "rate           75 /min, 35 of 35 beats; usual: 60 to 100 /min" in said
    assert "PR             260 ms (spread 0)" in said
    assert "high: 120 to 200 ms (curated, unreferenced)" in said
    assert "HP:0012248 Prolonged PR interval" in said
    assert "<- lead II, 0.50-1.14 s" in said
    assert "premature ventricular contraction" in said
    assert "Research use only" in said


def test_nothing_of_the_file_reaches_the_terminal_as_control(recording: Path) -> None:
    assert "\x1b" not in run("read", recording).output


def test_json_holds_the_same(recording: Path) -> None:
    result = run("read", recording, "--json")
    told: dict[str, Any] = json.loads(result.stdout)
    assert (told["leads"], told["rate_hz"], told["seconds"]) == (["II"], 500, 30)
    names = {x["name"]: x for x in told["measured"]}
    assert names["PR"]["verdict"]["side"] == "high"
    (long_pr,) = (x for x in told["signs"] if x["statement"]["key"] == "PR high")
    assert long_pr["seconds"][0]["type"] == "SignalInterval"
    assert long_pr["probability"] is None


def test_age_and_sex_may_be_given(recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals.read, "read", lambda _: replace(STRIP, age_years=None))
    unknown = run("read", recording)
    assert "depends on age or sex" in unknown.output
    child = run("read", recording, "--age", "2", "--sex", "male")
    assert "low: 90 to 165 /min" in child.output


def test_a_recording_without_beats_fails(recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli_signals, "_parts", lambda: parts(waves([])))
    result = run("read", recording)
    assert result.exit_code == 1
    assert "0 heartbeats could be read" in result.output


def test_what_is_no_recording_is_refused(recording: Path) -> None:
    assert "no such file" in run("read", recording.with_name("none.hea")).output
    recording.write_text("else")
    result = run("read", recording)
    assert result.exit_code == 2
    assert "fix: send a header" in result.output


def test_a_drawing_has_marks_and_says_what_it_shows(recording: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.svg"
    result = run("plot", recording, "-o", out)
    assert result.exit_code == 0, result.output
    assert "0 to 30 s" in result.output
    drawing = out.read_text("utf-8")
    assert "prolonged PR interval" in drawing
    assert "25 mm/s" in drawing
    plain = tmp_path / "plain.png"
    assert run("plot", recording, "--plain", "-o", plain).exit_code == 0
    assert plain.read_bytes().startswith(b"\x89PNG")


def test_a_part_of_a_drawing(recording: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.svg"
    result = run("plot", recording, "--lead", "II", "--from", "10", "--to", "15", "-o", out)
    assert "10 to 15 s of 30.0 s" in result.output
    wrong = run("plot", recording, "--lead", "V9", "-o", out)
    assert (wrong.exit_code, "no lead 'V9'" in wrong.output) == (2, True)
    late = run("plot", recording, "--from", "99", "-o", out)
    assert (late.exit_code, "seconds from 0 to 30.0" in late.output) == (2, True)


def test_a_drawing_goes_to_the_recordings_name(
    recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("plot", recording).exit_code == 0
    assert (tmp_path / "strip.svg").exists()
    refused = run("plot", recording, "-o", "strip.pdf")
    assert (refused.exit_code, "neither .svg nor .png" in refused.output) == (2, True)
