"""What would be read as something else without a word: each is refused or told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import wfdb

from engine.exceptions import InputError
from signals.read import read, read_files
from tests.signals.ecg_files import RATE, aecg, beats, dicom, write_wfdb


@pytest.mark.parametrize("cut", ["0.7", "0.7,0.1", "0.7,0.1,0.2,0.3"])
def test_a_row_of_another_length_is_refused(cut: str) -> None:
    rows = "\n".join(["# rate: 250", "I,II,V1", *["0.1,0.2,0.3"] * 600, cut])
    with pytest.raises(InputError, match="expected") as caught:
        read_files({"x.csv": rows.encode()}, "x.csv")
    assert caught.value.where == "x.csv:603"


def test_times_in_minutes_are_not_taken_for_seconds() -> None:
    rows = "\n".join(["time (min),I (mV)", *[f"{k / 15000},0.1" for k in range(600)]])
    with pytest.raises(InputError, match="min"):
        read_files({"x.csv": rows.encode()}, "x.csv")


def _segments(folder: Path, units: tuple[str, str], names: tuple[str, str]) -> Path:
    for number in (0, 1):
        wfdb.wrsamp(
            f"s{number}",
            fs=RATE,
            units=[units[number]] * 2,
            sig_name=names[number].split(),
            p_signal=beats(leads=2).T * (1000 if units[number] == "uV" else 1),
            fmt=["16"] * 2,
            write_dir=str(folder),
        )
    length = beats().shape[1]
    header = f"m/2 2 {RATE:g} {2 * length}\ns0 {length}\ns1 {length}\n"
    (folder / "m.hea").write_text(header)
    return folder / "m.hea"


def test_segments_that_belong_together_are_joined(tmp_path: Path) -> None:
    found = read(_segments(tmp_path, ("mV", "mV"), ("II V1", "II V1")))
    assert np.nanmax(found.signal) < 2
    assert found.seconds == pytest.approx(16)


@pytest.mark.parametrize(
    ("units", "names"), [(("mV", "uV"), ("II V1", "II V1")), (("mV", "mV"), ("II V1", "V1 II"))]
)
def test_segments_of_another_unit_or_order_are_refused(
    tmp_path: Path, units: tuple[str, str], names: tuple[str, str]
) -> None:
    with pytest.raises(InputError, match="segment s1"):
        read(_segments(tmp_path, units, names))


def test_what_a_header_does_not_state_is_told(tmp_path: Path) -> None:
    np.zeros(5000, "<i2").tofile(tmp_path / "v.dat")
    (tmp_path / "v.hea").write_text("v 1\nv.dat 16 0 16 0 0 0 0 II\n")
    remarks = " ".join(read(tmp_path / "v.hea").remarks)
    assert "no sampling rate" in remarks
    assert "not calibrated" in remarks
    assert not read(write_wfdb(beats(), tmp_path)).remarks


def test_a_signal_without_a_name_is_read(tmp_path: Path) -> None:
    np.zeros(5000, "<i2").tofile(tmp_path / "v.dat")
    (tmp_path / "v.hea").write_text("v 1 250 5000\nv.dat 16\n")
    assert read(tmp_path / "v.hea").leads == ("unnamed 1",)


@pytest.mark.parametrize(
    ("comment", "age", "sex"),
    [
        ("75 F 1011 654 x1", 75, "female"),
        ("<age>: 69 <sex>: M <diagnoses> none", 69, "male"),
        ("Age: 51", 51, None),
        ("Age: 6 months", None, None),
        ("Age: 3 weeks", None, None),
        ("<age>: 300", None, None),
        ("mother's sex: f", None, None),
    ],
)
def test_age_and_sex_of_a_comment(
    tmp_path: Path, comment: str, age: float | None, sex: str | None
) -> None:
    found = read(write_wfdb(beats(), tmp_path, comments=[comment]))
    assert (found.age_years, found.sex) == (age, sex)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    other = write_wfdb(beats(), tmp_path, "other")
    (tmp_path / "mine" / "rec.hea").write_text(other.read_text().replace("other", "rec"))
    (tmp_path / "mine" / "rec.dat").symlink_to(other.with_suffix(".dat"))
    with pytest.raises(InputError, match="missing"):
        read(tmp_path / "mine" / "rec.hea")


def test_leads_of_dicom_are_known_by_their_code() -> None:
    import pydicom
    from pydicom.data import get_testdata_file

    path = get_testdata_file("waveform_ecg.dcm", download=False)
    assert path is not None
    assert isinstance(path, str)
    assert len(pydicom.dcmread(path).WaveformSequence) > 0
    found = read(Path(path))
    assert found.leads == (
        *("I", "II", "III", "aVR", "aVL", "aVF"),
        *("V1", "V2", "V3", "V4", "V5", "V6"),
    )
    assert read_files({"x.dcm": dicom(beats())}, "x.dcm").leads == ("I", "II", "V1")


def test_parts_of_an_aecg_with_relative_times_lie_one_after_the_other() -> None:
    whole = aecg(beats()[:1]).decode()
    begin, end = whole.index("<sequenceSet>"), whole.index("</sequenceSet>") + 14
    absolute = '<code code="TIME_ABSOLUTE"/><value><head value="20200501080000"/>'

    def part(head: int) -> str:
        relative = f'<code code="TIME_RELATIVE"/><value><head value="{head}" unit="ms"/>'
        return whole[begin:end].replace(absolute, relative)

    both = f"{part(0)}</component><component>{part(8000)}"
    found = read_files({"x.xml": (whole[:begin] + both + whole[end:]).encode()}, "x.xml")
    assert found.leads == ("I",)
    assert found.seconds == pytest.approx(16)
