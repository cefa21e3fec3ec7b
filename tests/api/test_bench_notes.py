"""`bench notes`: which pipelines are timed, and what is said of those that are not."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from api.benchmarks import notes
from engine.exceptions import InputError
from knowledge_graph.memory import MemoryGraph
from nlp.tagger import FILES


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "notes.csv"
    path.write_text('id,text\n1,"Fever, no cough."\n2,\n3,Seizures.\n', "utf-8")
    return path


def test_every_pipeline_that_is_there_is_timed(
    file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(notes.OTHER, raising=False)
    for kind in FILES:
        monkeypatch.setitem(FILES, kind, tmp_path / "none.safetensors")
    report = notes.run([file], MemoryGraph.packaged())
    assert report.n == 2
    assert report.metrics["words"] == 7  # Fever , no cough . Seizures .
    assert report.metrics["words_per_s_dictionary"] > 0
    assert "words_per_s_medspacy" not in report.metrics
    assert any(notes.OTHER in note for note in report.notes)
    assert any("none.safetensors is missing" in note for note in report.notes)


def test_a_medspacy_that_does_not_run_is_said(
    file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for kind in FILES:
        monkeypatch.setitem(FILES, kind, tmp_path / "none.safetensors")
    monkeypatch.setenv(notes.OTHER, sys.executable)
    with pytest.raises(InputError, match="medspaCy failed"):
        notes.run(file, MemoryGraph.packaged())


def test_no_notes_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no notes"):
        notes.run(tmp_path, MemoryGraph.packaged())
