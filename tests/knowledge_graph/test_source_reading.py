from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from engine.exceptions import SourceError
from knowledge_graph.sources.reading import Row, files_in, lines, one_file, rows


def test_rows_come_with_their_line_whatever_the_line_ends_and_mark(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes('\ufeffa, b\r\n1,"x\r\ny"\r\n\r\n , \r\n2, z \r\n'.encode())
    assert list(rows(path, ("a", "b"), delimiter=",")) == [
        Row(3, {"a": "1", "b": "x\r\ny"}),
        Row(6, {"a": "2", "b": "z"}),
    ]


def test_quotes_are_letters_in_a_tsv(tmp_path: Path) -> None:
    path = tmp_path / "t.tsv.gz"
    path.write_bytes(gzip.compress(b'a\tb\n"1\tx"\n'))
    assert list(rows(path, ("a",), delimiter="\t")) == [Row(2, {"a": '"1', "b": 'x"'})]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("1", "1 cells instead of 2"),
        ("1,2,3", "3 cells instead of 2"),
        ("1,2", ""),
    ],
)
def test_a_row_of_another_width_has_a_fault(tmp_path: Path, line: str, fault: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"a,b\n{line}\n")
    assert [row.fault for row in rows(path, ("a",), delimiter=",")] == [fault]


def test_columns_without_a_name_must_be_empty(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,,\n1,,\n2,,stray\n")
    assert list(rows(path, ("a",), delimiter=",")) == [
        Row(2, {"a": "1"}),
        Row(3, {"a": "2"}, "'stray' is below no column name"),
    ]


@pytest.mark.parametrize(
    ("content", "message", "fix"),
    [
        (b"a;b\n1;2\n", "lacks the columns a, b; it has a;b", "first line: a, b"),
        (b"", "lacks the columns a, b; it has none", "first line: a, b"),
        (b"a,b,b\n", "has twice the columns 'b'", "a name of its own"),
        (
            b"a,b\n1,2\n1,caf\xe9\n",
            "t.csv:3: not UTF-8: invalid continuation byte at byte 5",
            "UTF-8",
        ),
        (b'a,b\n1,"2\n3,4\n', "unexpected end of data", "close the quotes"),
        (b"a,b\r1,2\r", "new-line character", "close the quotes"),
    ],
)
def test_what_is_no_table_is_refused_with_the_fix(
    tmp_path: Path, content: bytes, message: str, fix: str
) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(SourceError) as caught:
        list(rows(path, ("a", "b"), delimiter=","))
    assert message in caught.value.message
    assert fix in caught.value.fix


@pytest.mark.parametrize("content", [b"no gzip", gzip.compress(b"a\n" * 999)[:-9]])
def test_a_damaged_gzip_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "t.tsv.gz"
    path.write_bytes(content)
    with pytest.raises(SourceError, match="cannot be read"):
        list(rows(path, ("a",), delimiter="\t"))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        list(rows(tmp_path / "none.csv", ("a",), delimiter=","))


@pytest.mark.parametrize("names", [(), ("a.tsv", "b.tsv")])
def test_one_file_is_exactly_one(tmp_path: Path, names: tuple[str, ...]) -> None:
    for name in names:
        (tmp_path / name).touch()
    with pytest.raises(SourceError, match=f"holds {len(names)} files"):
        one_file(tmp_path, "*.tsv")


def test_a_folder_is_its_matching_files_in_order(tmp_path: Path) -> None:
    for name in ("b.tsv", "a.tsv", "c.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in files_in(tmp_path, "*.tsv")] == ["a.tsv", "b.tsv"]
    assert files_in(tmp_path / "c.txt", "*.tsv") == [tmp_path / "c.txt"]
    with pytest.raises(SourceError, match=r"holds no \*\.csv"):
        files_in(tmp_path, "*.csv")


def test_plain_and_packed_files_read_alike(tmp_path: Path) -> None:
    plain, packed = tmp_path / "a.txt", tmp_path / "a.txt.gz"
    plain.write_bytes("é\r\nb".encode())
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert list(lines(plain)) == list(lines(packed)) == ["é\r\n", "b"]


def test_lines_before_the_header_may_be_comments_and_count(tmp_path: Path) -> None:
    path = tmp_path / "t.tsv"
    path.write_text("# a\n#b\nid\tname\n#1\tx\n2\n")
    assert list(rows(path, ("id",), delimiter="\t", comment="#")) == [
        Row(4, {"id": "#1", "name": "x"}),
        Row(5, {"id": "2"}, "1 cells instead of 2"),
    ]
    path.write_text("# nothing else\n")
    with pytest.raises(SourceError, match="lacks the columns id"):
        list(rows(path, ("id",), delimiter="\t", comment="#"))


def test_a_tsv_may_be_quoted(tmp_path: Path) -> None:
    path = tmp_path / "t.tsv"
    path.write_text('"a"\t"b"\n"1\t2"\tx\n')
    (row,) = rows(path, ("a",), delimiter="\t", quoted=True)
    assert row == Row(2, {"a": "1\t2", "b": "x"})
