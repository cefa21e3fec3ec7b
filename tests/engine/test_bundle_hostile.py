"""Whatever comes in, the answer is a bundle or an `InputError`, in bounded memory."""

from __future__ import annotations

import gzip
import json
import stat
import struct
import tracemalloc
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from bundle_builders import fhir, observation, patient, zipped
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.bundle import read, read_bytes
from engine.exceptions import InputError
from engine.readers import limits, text, tree
from engine.readers.fhir.bundle import EVENTS, KINDS

MIB = limits.MIB


@contextmanager
def peak_below(mebibytes: float) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < mebibytes * MIB
    finally:
        tracemalloc.stop()


def refused(data: bytes, name: str) -> InputError:
    with pytest.raises(InputError) as caught:
        read_bytes(data, name=name)
    assert caught.value.where
    assert caught.value.message
    assert caught.value.fix
    return caught.value


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"", "empty.json"),
        (b" \n", "blank.txt"),
        (fhir(patient(), observation())[:-40], "truncated.json"),
        (gzip.compress(fhir(patient()))[:-9], "truncated.json.gz"),
        (zipped({"note.txt": b"Fever."})[:-20], "truncated.zip"),
        (b'{"a": 1}', "other.json"),
        (b"[1, 2]", "list.json"),
        (b'{"resourceType": "Bundle", "type": "collection"}', "nothing.json"),
        (b"<Bundle xmlns='http://hl7.org/fhir'/>", "fhir.xml"),
        (b"\0\1\2\3", "binary.txt"),
        (b"\x89PNG\0", "unknown"),
        (zipped({}), "nothing.zip"),
        (b"PK\3\4 no zip at all", "fake.zip"),
    ],
)
def test_an_unusable_input_says_where_what_and_how_to_fix(data: bytes, name: str) -> None:
    assert refused(data, name).where.startswith(name.removesuffix(".gz"))


def test_missing_paths_and_empty_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read(tmp_path / "absent.json")
    with pytest.raises(InputError, match="no files"):
        read(tmp_path)


@pytest.mark.parametrize("name", ["huge.json", "huge.txt"])
def test_a_huge_file_is_refused_before_it_is_read(name: str, tmp_path: Path) -> None:
    with (tmp_path / name).open("wb") as file:
        file.truncate(200 * MIB)  # sparse
    with peak_below(1), pytest.raises(InputError, match="larger than 64 MiB"):
        read(tmp_path / name)
    with (tmp_path / "film.dat").open("wb") as file:
        file.truncate(100 * MIB)
    with peak_below(1), pytest.raises(InputError, match="larger than 256 MiB"):
        read(tmp_path)


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'{"entry":['])
@pytest.mark.parametrize("depth", [100, 100_000])
def test_deep_nesting_is_refused(opening: bytes, depth: int) -> None:
    refused(opening * depth, "open.json")
    refused(b'{"a":' + b"[" * depth + b"]" * depth + b"}", "closed.json")


def test_the_depth_of_real_records_is_accepted() -> None:
    node: Any = 1
    for _ in range(limits.MAX_JSON_DEPTH - 1):
        node = [node]
    tree.check_depth(node, where="x")
    with pytest.raises(InputError, match="deeper"):
        tree.check_depth([[node]], where="x")


def test_too_many_values_are_refused_before_they_are_parsed() -> None:
    data = b'{"a":[' + b"{}," * limits.MAX_JSON_VALUES + b"{}]}"
    with peak_below(1):
        assert "values" in refused(data, "many.json").message


def test_a_gzip_bomb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = gzip.compress(b" " * 32 * MIB)
    monkeypatch.setattr(limits, "MAX_FILE_BYTES", MIB)
    with peak_below(4):
        assert "larger than 1 MiB" in refused(bomb, "bomb.json.gz").message


def test_a_zip_bomb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = zipped({f"{n}.txt": b" " * 2 * MIB for n in range(8)})
    monkeypatch.setattr(limits, "MAX_SET_BYTES", 3 * MIB)
    with peak_below(8):
        assert "larger than 3 MiB" in refused(bomb, "bomb.zip").message


def test_the_size_a_zip_claims_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    real = 4 * MIB
    lying = zipped({"a.txt": b" " * real}).replace(struct.pack("<I", real), struct.pack("<I", 9))
    monkeypatch.setattr(limits, "MAX_SET_BYTES", MIB)
    with peak_below(4):
        refused(lying, "lying.zip")


def test_too_many_members_are_refused_before_they_are_listed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "MAX_MEMBERS", 3)
    data = zipped({f"{n}.txt": b"x" for n in range(4)})
    monkeypatch.setattr(zipfile, "ZipFile", None)
    assert "more than 3 files" in refused(data, "many.zip").message


@pytest.mark.parametrize(
    "name", ["../escape.txt", "/etc/passwd", "a/../../b.txt", "C:/x.txt", "..\\x.txt"]
)
def test_a_zip_cannot_escape(name: str) -> None:
    assert "out of its folder" in refused(zipped({name: b"x"}), "slip.zip").message


def test_a_link_in_a_zip_is_refused() -> None:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        link = zipfile.ZipInfo("link.txt")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    assert "link" in refused(buffer.getvalue(), "link.zip").message


def test_an_encrypted_zip_is_refused() -> None:
    data = bytearray(zipped({"a.txt": b"secret"}))
    for mark, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(mark) + offset] |= 1
    assert "encrypted" in refused(bytes(data), "locked.zip").message


def test_a_damaged_member_is_refused() -> None:
    data = bytearray(zipped({"a.txt": b"Fever and cough."}, method=zipfile.ZIP_STORED))
    data[data.index(b"Fever")] ^= 1
    assert refused(bytes(data), "damaged.zip").where == "damaged.zip:a.txt"


@pytest.mark.parametrize(
    "piece", ["<", "<!--", "<a ", "</", "<script>", "&#", "<![CDATA[", "<a '>"]
)
def test_malformed_html_takes_linear_time(piece: str) -> None:
    text.from_html(piece * 100_000)  # html.parser needs a minute and more for several of these


@given(
    st.binary(max_size=400), st.sampled_from(["a.json", "a.txt", "labs.csv", "a.zip", "a", "a.dcm"])
)
def test_any_bytes(data: bytes, name: str) -> None:
    with suppress(InputError):
        read_bytes(data, name=name)


@given(st.data())
def test_a_zip_with_any_byte_changed(data: st.DataObject) -> None:
    raw = bytearray(ZIP)
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    with suppress(InputError):
        read_bytes(bytes(raw), name="a.zip")


ZIP = zipped({"note.txt": b"Fever.", "labs.csv": b"name,value\nSodium,140\n"})
WORDS = (
    "code coding system display text value valueBoolean valueString reference contentType data "
    "low high start end status id identifier family given onset age iso8601duration type "
    "excluded timestamp ageRange assay quantity unit agent treatment label"
)
KEYS = st.sampled_from(sorted(WORDS.split()))
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["HP:0001250", "Patient/1", "#1", "2012", "2012-13", "P5Y", "active", "QUI="])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
FIELDS = sorted({field for kind in KINDS.values() for field in kind.fields} | {"id", "contained"})
RESOURCES = st.builds(
    lambda kind, fields: fields | {"resourceType": kind},
    st.sampled_from([*KINDS, *EVENTS, "Nonsense"]),
    st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=5),
)
PACKETS = st.fixed_dictionaries(
    {},
    optional={
        "subject": VALUES,
        "phenotypicFeatures": st.lists(VALUES, max_size=3),
        "measurements": st.lists(VALUES, max_size=3),
        "medicalActions": st.lists(VALUES, max_size=3),
        "diseases": VALUES,
        "metaData": VALUES,
    },
)
quick = settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])


@quick
@given(st.lists(RESOURCES, max_size=4))
def test_any_resources(resources: list[dict[str, Any]]) -> None:
    with suppress(InputError):
        read_bytes(fhir(*resources), name="a.json")


@quick
@given(st.lists(RESOURCES, max_size=3))
def test_any_resources_leave_a_good_entry_alone(resources: list[dict[str, Any]]) -> None:
    others = [r for r in resources if r["resourceType"] != "Patient"]
    for other in others:  # whatever they are, they are about nobody else
        other.pop("subject", None)
        other.pop("patient", None)
    data = json.dumps(json.loads(fhir(*others, observation(7777)))).replace("NaN", "0")
    bundle = read_bytes(
        data.replace("-Infinity", "0").replace("Infinity", "0").encode(), name="a.json"
    )
    assert "Observation/o7777" in {o.id for o in bundle.observations}


@quick
@given(PACKETS)
def test_any_phenopacket(packet: dict[str, Any]) -> None:
    with suppress(InputError):
        read_bytes(json.dumps(packet).encode(), name="a.json")


@quick
@given(VALUES)
def test_any_json(value: object) -> None:
    with suppress(InputError):
        read_bytes(json.dumps(value).encode(), name="a.json")
