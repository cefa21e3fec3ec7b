from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from ecg_files import (
    LEADS,
    RATE,
    START,
    aecg,
    beats,
    csv,
    dicom,
    edf,
    interrupted,
    sampled,
    write_wfdb,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.exceptions import InputError
from engine.types import SignalSource
from signals.read import read, read_files, read_source, stream
from signals.readers import channels
from signals.readers.leads import is_lead, lead_name
from signals.recording import STANDARD, Recording

WRITERS: dict[str, tuple[Callable[..., bytes], float]] = {
    "a.edf": (edf, 1e-4),
    "a.csv": (csv, 1e-4),
    "a.json": (sampled, 1.01e-3),
    "a.xml": (aecg, 1.01e-3),
    "a.dcm": (dicom, 1.26e-3),
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_the_millivolts_that_were_written(name: str, tmp_path: Path) -> None:
    write, step = WRITERS[name]
    signal = beats()
    (tmp_path / name).write_bytes(write(signal))
    recording = read(tmp_path / name)
    assert recording.leads == LEADS
    assert recording.rate == RATE
    assert recording.signal.dtype == np.float32
    np.testing.assert_allclose(recording.signal, signal, atol=step)
    there = read_files({name: write(signal)}, name)
    np.testing.assert_array_equal(there.signal, recording.signal)
    parts = list(stream(tmp_path / name, seconds=3))
    assert len(parts) == 3
    np.testing.assert_array_equal(np.hstack([p.signal for p in parts]), recording.signal)


def test_wfdb_gives_what_was_written_from_disk_and_memory(tmp_path: Path) -> None:
    signal = beats()
    path = write_wfdb(signal, tmp_path, base_date=START.date(), base_time=START.time())
    recording = read(path)
    np.testing.assert_allclose(recording.signal, signal, atol=6e-4)
    assert (recording.id, recording.leads, recording.start) == ("rec", LEADS, START)
    files = {f.name: f.read_bytes() for f in tmp_path.iterdir()}
    np.testing.assert_array_equal(read_files(files, "rec.hea").signal, recording.signal)
    parts = list(stream(path, seconds=3.5))
    assert [p.signal.shape[1] for p in parts] == [875, 875, 250]
    np.testing.assert_array_equal(np.hstack([p.signal for p in parts]), recording.signal)


def test_what_is_stated_about_the_patient_is_kept() -> None:
    by_edf = read_files({"a.edf": edf(beats())}, "a.edf")
    assert (by_edf.sex, by_edf.identifiers) == ("female", ("M1",))
    assert "left out: Resp" in by_edf.remarks[0]
    by_dicom = read_files({"a": dicom(beats())}, "a")
    assert (by_dicom.sex, by_dicom.age_years) == ("female", 10)
    assert by_dicom.start == START


def test_a_source_keeps_the_id_of_the_bundle(tmp_path: Path) -> None:
    source = SignalSource("ecg/rec.hea", write_wfdb(beats(), tmp_path))
    assert read_source(source).id == "ecg/rec.hea"
    inside = SignalSource("Observation/1", files={"observation.json": sampled(beats())})
    assert read_source(inside).id == "Observation/1"
    with pytest.raises(InputError):
        read_source(SignalSource("x"))


def test_an_interrupted_edf_has_nothing_where_nothing_was_recorded() -> None:
    signal = beats(8)
    gapped = read_files({"a.edf": interrupted(edf(signal), after=3, by=12.5)}, "a.edf")
    assert gapped.seconds == 20.5
    assert "from 3 to 15.5 s" in " ".join(gapped.remarks)
    first, gap, rest = np.split(gapped.signal, [750, 3875], axis=1)
    np.testing.assert_allclose(first, signal[:, :750], atol=2e-4)
    np.testing.assert_allclose(rest, signal[:, 750:], atol=2e-4)
    assert np.isnan(gap).all()


def test_an_interrupted_edf_in_pieces_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.edf"
    path.write_bytes(interrupted(edf(beats(8)), after=3, by=12.5))
    joined = np.hstack([p.signal for p in stream(path, seconds=4)])
    np.testing.assert_array_equal(joined, read(path).signal)


def test_records_out_of_order_are_refused() -> None:
    with pytest.raises(InputError, match="overlap"):
        read_files({"a.edf": interrupted(edf(beats(8)), after=3, by=-2)}, "a.edf")


def test_leads_of_several_rates_come_to_the_highest() -> None:
    mixed = edf(beats(8, 250), rates=(250.0, 125.0, 250.0)[:1] * 3)
    assert read_files({"a.edf": mixed}, "a.edf").rate == 250
    slow = channels.Channel("II", np.arange(10.0), 100.0, "uV")
    fast = channels.Channel("V1", np.zeros(20), 200.0, "mV")
    piece = channels.piece([slow, fast], where="x")
    assert (piece.rate, piece.signal.shape) == (200, (2, 20))
    np.testing.assert_allclose(piece.signal[0, :19], np.arange(0, 9.5, 0.5) / 1000, atol=1e-6)
    assert "brought to 200 Hz: II" in piece.remarks


def test_parts_of_a_lead_lie_at_their_times_and_twins_are_numbered() -> None:
    part = channels.Channel("I", np.ones(100), 100.0, "mV")
    later = channels.Channel("I", np.ones(100), 100.0, "mV", start_s=2.0)
    piece = channels.piece([part, later, part], where="x")
    assert piece.leads == ("I", "I (2)")
    assert np.isnan(piece.signal[0, 100:200]).all()
    assert piece.signal.shape == (2, 300)


def test_samples_at_the_limit_of_the_converter_are_told() -> None:
    values = np.concatenate([np.zeros(50), np.full(20, 5.0), np.zeros(30), [5.0]])
    channel = channels.Channel("I", values, 100.0, "mV", rails=(-5.0, 5.0))
    whole = channels.recording([channels.piece([channel], where="x")], channels.About("x"))
    assert whole.remarks == ("lead I is at the limit of its converter for 0.2 s",)


@pytest.mark.parametrize(
    ("head", "says"),
    [
        ("", "no sampling rate"),
        ("# rate: fast\n", "no number"),
        ("# rate: 3 Hz\n", "no ECG"),
    ],
)
def test_a_table_says_what_it_lacks(head: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        read_files({"a.csv": csv(beats(), head)}, "a.csv")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1,2\n3,4\n", "no header"),
        ("time,I\n0,1\n0.01,x\n", "no number"),
        ("time,I\n0,1\n0.01,2,3\n", "3 cells"),
        ("time,I\n0,1\n0.01,2\n0.05,2\n0.06,2\n", "uneven"),
        ("time,pressure (mmHg)\n0,1\n0.01,2\n", "no channel"),
        ("", "no header"),
    ],
)
def test_a_bad_table_is_refused(text: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        read_files({"a.csv": text.encode()}, "a.csv")


def test_a_table_with_times_and_units() -> None:
    text = "time_ms;Lead II (uV);aVR [mV]\n0;1000;-0.5\n4;;nan\n8;500;0\n"
    recording = read_files({"a.csv": text.encode()}, "a.csv")
    assert recording.leads == ("II", "aVR")
    assert recording.rate == pytest.approx(250)
    np.testing.assert_allclose(recording.signal, [[1, np.nan, 0.5], [-0.5, np.nan, 0]])
    assert recording.remarks == ()
    assert (
        "taken for mV" in read_files({"a.csv": csv(beats(), "# rate: 250\n")}, "a.csv").remarks[0]
    )


def test_missing_samples_stay_missing(tmp_path: Path) -> None:
    signal = beats()
    signal[1, 100:300] = np.nan
    for name, content in (("a.csv", csv(signal)), ("a.json", sampled(signal))):
        recording = read_files({name: content}, name)
        assert np.isnan(recording.signal[1, 100:300]).all()
        assert np.isnan(recording.signal).sum() == 200
    assert np.isnan(read(write_wfdb(signal, tmp_path)).signal).sum() == 200
    padded = np.nan_to_num(signal, nan=-32768 / 400)
    found = read_files({"a": dicom(padded, WaveformPaddingValue=b"\x00\x80")}, "a")
    assert np.isnan(found.signal).sum() == 200


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("rec 1 250 1000000000000\nrec.dat 16 200 12 0 0 0 0 I\n", "claims"),
        ("rec/1 1 250 1000000000000\n~ 1000000000000\n", "readable"),
        ("rec 1 250 100\nhttp://127.0.0.1/x 16 200 12 0 0 0 0 I\n", "names"),
        ("rec 1 250 100\n../../etc/passwd 16 200 12 0 0 0 0 I\n", "names"),
        ("rec 1 250 100\nother.dat 16 200 12 0 0 0 0 I\n", "missing"),
        ("rec/1 1 250 100\nrec 100\n", "nested"),
        ("rec 1 0 100\nrec.dat 16 200 12 0 0 0 0 I\n", "readable"),
        ("rec 1 250 100\nrec.dat 99 200 12 0 0 0 0 I\n", "readable"),
        ("rec 1 250 100000\nrec.dat 16 200 12 0 0 0 0 I\n", "readable"),
        ("rec 1 250 100\nrec.dat 508 200 12 0 0 0 0 I\n", "readable"),
        ("rec 1 250 0\nrec.dat 16 200 12 0 0 0 0 I\n", "no samples"),
        ("", "record line"),
        ("\0\xff", "record line"),
    ],
)
def test_a_malformed_or_hostile_header_is_refused(header: str, says: str) -> None:
    files = {"rec.hea": header.encode("latin-1"), "rec.dat": bytes(200)}
    with pytest.raises(InputError, match=says):
        read_files(files, "rec.hea")


@pytest.mark.parametrize("number", [10**9, 10**12])
def test_absurd_lengths_are_refused_before_memory_is_taken(number: int) -> None:
    with pytest.raises(InputError):
        read_files({"a": dicom(beats(), NumberOfWaveformSamples=number % 2**32)}, "a")
    late = interrupted(edf(beats(8)), after=3, by=float(number))
    with pytest.raises(InputError):
        read_files({"a.edf": late}, "a.edf")


def test_entities_and_foreign_files_are_refused() -> None:
    bomb = '<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    outside = '<!DOCTYPE a SYSTEM "http://127.0.0.1/x.dtd">'
    for head in (bomb, outside):
        with pytest.raises(InputError, match="document type"):
            read_files({"a.xml": aecg(beats(), head)}, "a.xml")


@pytest.mark.parametrize("name", ["a.scp", "a.bin", "a.pdf", "a"])
def test_other_formats_say_what_to_send(name: str) -> None:
    with pytest.raises(InputError) as caught:
        read_files({name: b"\x01\x02" * 40}, name)
    assert "EDF" in caught.value.fix
    with pytest.raises(InputError):
        read(Path("nowhere") / name)


@settings(max_examples=60)
@given(
    st.sampled_from(sorted(WRITERS)),
    st.integers(0, 5000),
    st.binary(min_size=1, max_size=8),
    st.booleans(),
)
def test_damage_gives_a_recording_or_an_input_error(
    name: str, place: int, noise: bytes, cut: bool
) -> None:
    content = WRITERS[name][0](beats(2))
    place %= len(content)
    damaged = content[:place] + noise + (b"" if cut else content[place + len(noise) :])
    with suppress(InputError):
        assert isinstance(read_files({name: damaged}, name), Recording)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("ii", "II"),
        ("Lead II", "II"),
        ("MDC_ECG_LEAD_AVR", "aVR"),
        ("ECG II", "II"),
        ("ECG lead V1", "V1"),
        ("AVF", "aVF"),
        ("DIII", "III"),
        ("MLII", "MLII"),
        ("-aVR", "-aVR"),
        ("V4R", "V4R"),
        ("ECG 1", "ECG 1"),
        ("ECG", "ECG"),
    ],
)
def test_names_of_leads(text: str, name: str) -> None:
    assert lead_name(text) == name
    assert is_lead(text, "mV")


def test_what_is_no_lead() -> None:
    for name in ("RESP", "PLETH", "Fp2-F4", "C3", "EEG Fpz-Cz", "EMG chin", "foot GSR", "ABP"):
        assert not is_lead(name, "uV")
    assert not is_lead("II", "mmHg")
    assert all(is_lead(name, "uV") for name in STANDARD)


def test_every_fixture_is_read_or_refused_with_a_reason(data: Path) -> None:
    folder = data / "signals" / "fixtures"
    if not folder.is_dir():
        pytest.skip(f"needs {folder}")
    seen: dict[str, Recording] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.stem != "flac_3_constant":
            with suppress(InputError):
                seen[path.name] = read(path)
    assert len(seen) > 40
    assert seen["ecg_hl7.xml"].leads[:2] == ("I", "II")
    assert set(seen["ecg_hl7.xml"].leads) == set(STANDARD)
    assert seen["041s.hea"].leads == ("III", "I", "V")
    assert seen["mixedsignals.hea"].rate == pytest.approx(249.89)
    assert np.isnan(seen["s00001-2896-10-09-01-56.hea"].signal).all()
