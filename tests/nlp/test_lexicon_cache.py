from __future__ import annotations

from pathlib import Path

import pytest

from engine.protocols import Label
from nlp.cache import load_lexicon
from nlp.lexicon import compile_lexicon

LABELS = [
    Label("Cerebellar atrophy", "T:1", "name"),
    Label("Fever", "T:2", "name"),
    Label("ALS", "T:3", "exact", ("abbreviation",)),
    Label("Chest pain", "T:4", "name"),
]


def test_what_is_loaded_is_what_was_compiled(tmp_path: Path) -> None:
    fresh = load_lexicon(LABELS, folder=tmp_path)
    assert fresh == compile_lexicon(LABELS)
    assert load_lexicon(LABELS, folder=tmp_path) == fresh
    assert len(list(tmp_path.iterdir())) == 1


def test_other_labels_are_another_file(tmp_path: Path) -> None:
    load_lexicon(LABELS, folder=tmp_path)
    assert load_lexicon(LABELS[:1], folder=tmp_path) == compile_lexicon(LABELS[:1])
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 nonsense", b"x" * 1000])
def test_a_damaged_file_is_compiled_again(tmp_path: Path, content: bytes) -> None:
    fresh = load_lexicon(LABELS, folder=tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_bytes(content)
    assert load_lexicon(LABELS, folder=tmp_path) == fresh


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert load_lexicon(LABELS, folder=tmp_path / "file" / "below") == compile_lexicon(LABELS)
