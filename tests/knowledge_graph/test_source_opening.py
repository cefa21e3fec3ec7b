from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from engine.exceptions import SourceError
from knowledge_graph.sources.opening import files_in, opened


def test_plain_and_packed_files_read_alike(tmp_path: Path) -> None:
    plain, packed = tmp_path / "a.txt", tmp_path / "a.txt.gz"
    plain.write_bytes("é\r\n".encode())
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    for path in (plain, packed):
        with opened(path) as file:
            assert file.read() == "é\r\n"


def faulty_files() -> dict[str, bytes]:
    whole = gzip.compress(bytes(range(100)) * 100)
    return {
        "not_gzip.gz": b"plain text",
        "cut.gz": whole[: len(whole) // 2],
        "latin.txt": "é".encode("latin-1"),
    }


@pytest.mark.parametrize("name", faulty_files())
def test_a_damaged_file_is_refused_by_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(faulty_files()[name])
    with pytest.raises(SourceError, match=name), opened(path) as file:
        file.read()


def test_an_absent_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"absent\.txt"), opened(tmp_path / "absent.txt"):
        pass


def test_a_folder_is_its_matching_files_in_order(tmp_path: Path) -> None:
    for name in ("b.tsv", "a.tsv", "c.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in files_in(tmp_path, "*.tsv")] == ["a.tsv", "b.tsv"]
    assert files_in(tmp_path / "c.txt", "*.tsv") == [tmp_path / "c.txt"]
    with pytest.raises(SourceError, match=r"holds no \*\.csv"):
        files_in(tmp_path, "*.csv")
