"""Folders, zips, single files and labs.csv."""

from __future__ import annotations

import gzip
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bundle_builders import fhir, observation, patient, zipped

from engine.bundle import read, read_bytes
from engine.exceptions import InputError
from engine.types import Code, PatientBundle

LABS = b"""Name,value,unit,low,high,interpretation,loinc,date,specimen
Potassium,5.9,mmol/L,3.5,5.1,H,2823-3,2020-05-01,serum
CRP,<0.6,mg/L,,5,,,,
Ketones,positive,,,,,,,
"""
FILES = {
    "note.txt": "Krampfanfälle seit März.".encode(),
    "labs.csv": LABS,
    "patient.json": b'{"id": "M1", "name": "Berg, Ada", "sex": "f", "birth_date": "2010-05-01"}',
    "ecg/1.hea": b"1 2 360",
    "ecg/lead.csv": b"t,mv\n0,0.1\n",
    "film.png": b"\x89PNG",
    "letter.pdf": b"%PDF",
    ".DS_Store": b"x",
}


def folder_of(files: dict[str, bytes], path: Path) -> Path:
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


def labs(rows: bytes) -> PatientBundle:
    return read_bytes(rows, name="labs.csv")


def test_a_folder_and_its_zip_say_the_same(tmp_path: Path) -> None:
    folder = read(folder_of(FILES, tmp_path / "case"))
    archive = tmp_path / "case.zip"
    archive.write_bytes(zipped(FILES))
    packed = read(archive)
    assert (folder.format, packed.format) == ("folder", "zip")
    for field in ("patient", "documents", "observations", "issues", "skipped", "as_of"):
        assert getattr(folder, field) == getattr(packed, field)
    assert [(a.id, a.kind) for a in folder.attachments] == [("film.png", "image")]
    assert folder.attachments[0].path == str(tmp_path / "case" / "film.png")
    assert packed.attachments[0].path is None
    assert [r.id for r in folder.recordings] == ["ecg/1.hea", "ecg/lead.csv"]
    assert folder.recordings[0].path == tmp_path / "case" / "ecg" / "1.hea"
    assert [(r.id, r.path) for r in packed.recordings] == [(r.id, None) for r in folder.recordings]
    assert packed.recordings[1].files == {"lead.csv": FILES["ecg/lead.csv"]}
    assert folder.skipped[0].item == "file x 2"


def test_patient_json_gives_sex_and_age(tmp_path: Path) -> None:
    bundle = read(folder_of(FILES, tmp_path))
    assert bundle.patient.sex == "female"
    assert bundle.patient.age_years == 10
    stated = read_bytes(zipped({"patient.json": b'{"age_years": 7}'}), name="a.zip")
    assert stated.patient.age_years == 7


@pytest.mark.parametrize("bad", [b'{"sex": "x"}', b'{"age_years": 700}', b'{"birth_date": "1"}'])
def test_a_wrong_patient_json_is_an_issue(bad: bytes) -> None:
    bundle = read_bytes(zipped({"patient.json": bad, "note.txt": b"Fever."}), name="a.zip")
    assert [i.where for i in bundle.issues] == ["patient.json"]
    assert bundle.documents


def test_what_patient_json_says_in_vain_is_named() -> None:
    given = b'{"gender": "female", "birthDate": "2020-01-01", "age_years": "24"}'
    bundle = read_bytes(zipped({"patient.json": given, "note.txt": b"Fever."}), name="a.zip")
    (issue,) = [i for i in bundle.issues if i.where == "patient.json"]
    assert "age_years, birthDate, gender" in issue.message


def test_a_birth_date_without_any_date_is_said_to_be_useless() -> None:
    files = {"patient.json": b'{"birth_date": "2020-01-01"}', "note.txt": b"Fever."}
    bundle = read_bytes(zipped(files), name="a.zip")
    assert bundle.patient.age_years is None
    assert [s.item for s in bundle.skipped] == ["birth date"]


def test_the_hash_of_a_folder_is_that_of_names_and_contents(tmp_path: Path) -> None:
    one = read(folder_of(FILES, tmp_path / "a"))
    assert one.sha256 == read(folder_of(FILES, tmp_path / "b")).sha256
    other = folder_of(FILES | {"note.txt": b"Other."}, tmp_path / "c")
    assert one.sha256 != read(other).sha256


def test_rows_become_observations() -> None:
    bundle = labs(LABS)
    potassium, crp, ketones = bundle.observations
    assert (potassium.id, potassium.value, potassium.unit) == ("labs.csv:2", 5.9, "mmol/L")
    assert (potassium.low, potassium.high, potassium.interpretation) == (3.5, 5.1, ("H",))
    assert potassium.codes == (Code("LOINC", "2823-3"),)
    assert potassium.recorded == datetime(2020, 5, 1, tzinfo=UTC)
    assert (crp.comparator, crp.value, crp.low, crp.high) == ("<", 0.6, None, 5)
    assert (ketones.value, ketones.text, ketones.codes) == (None, "positive", ())


@pytest.mark.parametrize(
    "row",
    [
        "Sodium,",
        ",140",
        'Sodium,"139,5"',
        "Sodium,140,mmol/L,low",
        "Sodium,140,mmol/L,<3",
        "Sodium,140,,,,,12345",
        "Sodium,140,,,,,,yesterday",
        "Sodium,140,,,,,,,,surplus",
        "Sodium,1e999",
    ],
)
def test_a_bad_row_is_an_issue_that_names_it(row: str) -> None:
    bundle = labs(LABS + row.encode() + b"\n\nSodium,141\n")
    assert [o.id for o in bundle.observations] == [f"labs.csv:{n}" for n in (2, 3, 4, 7)]
    assert [(i.level, i.where) for i in bundle.issues if i.level != "info"] == [
        ("error", "labs.csv:5")
    ]


def test_labs_need_their_header_and_unknown_columns_are_named() -> None:
    with pytest.raises(InputError, match="header"):
        labs(b"Sodium,140\n")
    with pytest.raises(InputError, match="semicolons"):
        labs(b"name;value;unit\nSodium;140,0;mmol/L\n")
    bundle = labs(b"name,value,device\nSodium,140,x\n")
    assert len(bundle.observations) == 1
    assert "device" in bundle.issues[0].message


def test_an_unclosed_quote_ends_the_reading_with_an_issue() -> None:
    bundle = labs(b'name,value\nSodium,140\n"Potassium,4\nChloride,100\n')
    assert len(bundle.observations) == 1
    assert bundle.issues[0].level == "error"


def test_fhir_inside_a_folder_keeps_the_file_in_its_ids() -> None:
    files = {"ehr.json": fhir(patient(), observation()), "bad.json": b"{", "note.txt": b"Fever."}
    bundle = read_bytes(zipped(files), name="a.zip")
    assert [o.id for o in bundle.observations] == ["ehr.json:Observation/o1"]
    assert [i.where for i in bundle.issues if i.level == "error"] == ["bad.json"]
    assert [d.id for d in bundle.documents] == ["note.txt"]


@pytest.mark.parametrize("name", ["note.txt", "note", "note.md"])
def test_a_single_text(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("Fever since Monday.\n")
    bundle = read(tmp_path / name)
    assert bundle.format == "text"
    (document,) = bundle.documents
    assert (document.id, document.text) == (name, "Fever since Monday.\n")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("\ufeffFever".encode(), "Fever"),
        ("Fièvre".encode("utf-16"), "Fièvre"),
        (b"Fi\xe8vre", "Fièvre"),
    ],
)
def test_encodings(content: bytes, text: str) -> None:
    bundle = read_bytes(content, name="note.txt")
    assert bundle.documents[0].text == text
    assert bool(bundle.issues) == (content == b"Fi\xe8vre")


def test_a_gzipped_file_is_read_as_what_it_holds() -> None:
    raw = fhir(patient(), observation())
    packed = gzip.compress(raw, mtime=0)
    bundle = read_bytes(packed, name="b.json.gz")
    assert len(bundle.observations) == 1
    assert bundle.sha256 != read_bytes(raw, name="b.json").sha256


def test_links_in_a_folder_are_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    case = folder_of({"note.txt": b"Fever."}, tmp_path / "case")
    (case / "link.txt").symlink_to(secret)
    (case / "more").symlink_to(tmp_path)
    bundle = read(case)
    assert [d.id for d in bundle.documents] == ["note.txt"]
    assert [i.where for i in bundle.issues] == ["link.txt"]


def test_a_zip_inside_a_zip_is_not_opened() -> None:
    inner = zipped({"note.txt": b"inner"})
    bundle = read_bytes(zipped({"a.zip": inner, "note.txt": b"Fever."}), name="b.zip")
    assert [d.text for d in bundle.documents] == ["Fever."]
    assert [i.where for i in bundle.issues] == ["a.zip"]


def test_a_compression_that_cannot_be_bounded_is_not_opened() -> None:
    packed = zipped({"note.txt": b"Fever."}, method=zipfile.ZIP_LZMA)
    assert [i.where for i in read_bytes(packed, name="a.zip").issues] == ["note.txt"]


def test_a_document_that_is_too_long_is_an_issue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.readers.limits.MAX_DOCUMENT_CHARS", 5)
    bundle = read_bytes(zipped({"a.txt": b"Fever.", "b.txt": b"Pain."}), name="a.zip")
    assert [d.id for d in bundle.documents] == ["b.txt"]
    assert [i.where for i in bundle.issues] == ["a.txt"]


def test_binary_in_a_text_file_is_an_issue() -> None:
    bundle = read_bytes(zipped({"a.txt": b"\0\1\2", "b.txt": b"Pain."}), name="a.zip")
    assert [d.id for d in bundle.documents] == ["b.txt"]
    assert [i.where for i in bundle.issues] == ["a.txt"]


def test_identity_is_never_in_issues() -> None:
    raw = json.loads(FILES["patient.json"])
    files = {"patient.json": FILES["patient.json"], "b.json": fhir(patient(gender="male"))}
    with pytest.raises(InputError) as caught:
        read_bytes(zipped(files), name="a.zip")
    assert raw["birth_date"] not in f"{caught.value.message}{caught.value.where}{caught.value.fix}"
