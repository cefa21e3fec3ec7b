from __future__ import annotations

import base64
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest
from bundle_builders import dicom, fhir, observation, patient, zipped

from engine import modalities
from engine.bundle import read, read_bytes
from engine.exceptions import InputError
from engine.protocols import Extraction, ReadingContext
from engine.run import assess
from engine.types import Code, CodedEntry, Finding, ModelRef, PatientBundle, SignalSource
from knowledge_graph.memory import MemoryGraph

HEADER = b"rec 1 360 4 08:12:08 1/12/2019\nrec.dat 16 200/mV 11 0 0 0 0 II\n# Sex: F\n"
PARTS = {
    "ecg/long.hea": b"long/2 1 360 8\npart_1 4\npart_2 4\n",
    "ecg/part_1.hea": b"part_1 1 360 4\npart_1.dat 16 200 11 0 0 0 0 II\n",
    "ecg/part_2.hea": b"part_2 1 360 4\npart_2.dat 16 200 11 0 0 0 0 II\n",
    "ecg/part_1.dat": bytes(8),
    "ecg/part_2.dat": bytes(8),
}
AECG = b"""<?xml version="1.0"?><AnnotatedECG xmlns="urn:hl7-org:v3">
<effectiveTime><low value="20190102030405"/></effectiveTime>
<trialSubject><id extension="%s"/><subjectDemographicPerson><name>Berg</name>
<administrativeGenderCode code="F"/><birthTime value="20100501"/>
</subjectDemographicPerson></trialSubject></AnnotatedECG>"""
ECG_CLASS = "1.2.840.10008.5.1.4.1.1.9.1.1"


def edf(who: str = "M1 F 01-MAY-2010 Berg_Ada", start: str = "02.01.1903.04.05") -> bytes:
    return f"{0:<8}{who:<80}{'':<80}{start}{512:<8}{'EDF+C':<44}".encode().ljust(256)


def load(files: dict[str, bytes]) -> PatientBundle:
    return read_bytes(zipped(files), name="case.zip")


def sampled(unit: str = "mV") -> dict[str, object]:
    origin = {"value": 0, "unit": unit}
    return {"origin": origin, "period": 4, "dimensions": 1, "data": "1 2 E"}


def test_the_files_of_one_record_are_one_item(tmp_path: Path) -> None:
    files = {"ecg/rec.hea": HEADER, "ecg/rec.dat": b"12345678", "ecg/rec.atr": b"x", **PARTS}
    bundle = load(files)
    assert [r.id for r in bundle.recordings] == ["ecg/long.hea", "ecg/rec.hea"]
    long, rec = bundle.recordings
    assert list(long.files) == ["long.hea", "part_1.hea", "part_2.hea", "part_1.dat", "part_2.dat"]
    assert rec.files == {"rec.hea": HEADER, "rec.dat": b"12345678"}
    assert rec.recorded == datetime(2019, 12, 1, 8, 12, 8, tzinfo=UTC)
    assert [(s.item, "annotations" in s.reason) for s in bundle.skipped] == [("ecg/rec.atr", True)]
    (tmp_path / "ecg").mkdir()
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    there = read(tmp_path)
    assert [(r.id, r.path, r.files) for r in there.recordings] == [
        (r.id, tmp_path / r.id, {}) for r in bundle.recordings
    ]
    alone = read(tmp_path / "ecg" / "rec.hea")
    assert [(r.id, r.path) for r in alone.recordings] == [("rec.hea", tmp_path / "ecg" / "rec.hea")]
    (tmp_path / "ecg" / "rec.dat").write_bytes(b"87654321")
    assert read(tmp_path / "ecg" / "rec.hea").sha256 != alone.sha256


def test_signals_that_no_header_names_are_skipped() -> None:
    bundle = load({"note.txt": b"Palpitations.", "a.dat": b"1", "b.hea": b"b/1 1 360\nb 4\n"})
    assert not bundle.recordings
    assert [s.item for s in bundle.skipped] == ["file x 2"]


@pytest.mark.parametrize(
    "file",
    [
        {"night.edf": edf()},
        {"night": edf()},
        {"ecg.xml": AECG % b"M1"},
        {"ecg.dcm": dicom(number="M1", name="Berg^Ada", sop_class=ECG_CLASS, study="20190102")},
    ],
)
def test_a_single_file_is_a_recording_of_the_day_it_states(file: dict[str, bytes]) -> None:
    bundle = load({"p.json": fhir(patient(identifier=[{"value": "M1"}])), **file})
    assert [r.id for r in bundle.recordings] == list(file)
    assert [r.recorded and r.recorded.date().isoformat() for r in bundle.recordings] == [
        "2019-01-02"
    ]
    assert not bundle.attachments


@pytest.mark.parametrize(
    "file",
    [
        {"night.edf": edf("M2 F 01-MAY-2010 Berg_Ada")},
        {"night.edf": edf("X M X X")},
        {"night.edf": edf("X X X Other_Eve")},
        {"ecg.xml": AECG % b"M2"},
        {"ecg.dcm": dicom(number="M2", sop_class=ECG_CLASS)},
        {"a.hea": HEADER.replace(b"Sex: F", b"Sex: Male"), "rec.dat": bytes(8)},
    ],
)
def test_a_recording_of_another_patient_is_refused(file: dict[str, bytes]) -> None:
    with pytest.raises(InputError, match="two patients"):
        load({"p.json": fhir(patient(identifier=[{"value": "M1"}])), **file})


def test_plain_edf_and_unknown_parts_state_nothing() -> None:
    plain = edf("Eve Other").replace(b"EDF+C", b"     ")
    bundle = load({"p.json": fhir(patient()), "a.edf": plain, "b.edf": edf("X X X Ada_Berg")})
    assert len(bundle.recordings) == 2


def test_an_xml_that_declares_entities_is_refused() -> None:
    hostile = b'<!DOCTYPE a [<!ENTITY x "y">]><AnnotatedECG>&x;</AnnotatedECG>'
    bundle = load({"ecg.xml": hostile, "note.txt": b"Well."})
    assert not bundle.recordings
    assert "document type" in bundle.issues[0].message


def test_an_observation_with_samples_is_one_recording() -> None:
    leads = [{"code": {"text": lead}, "valueSampledData": sampled()} for lead in ("I", "II")]
    many = {"valueQuantity": None, "component": leads, "code": {"text": "ECG"}}
    breath = observation(3, valueQuantity=None, valueSampledData=sampled("L"))
    one = observation(2, valueQuantity=None, valueSampledData=sampled())
    bundle = read_bytes(
        fhir(patient(), *(strip(o) for o in (observation(1, **many), one, breath))), name="b.json"
    )
    assert [r.id for r in bundle.recordings] == ["Observation/o1", "Observation/o2"]
    assert bundle.recordings[0].recorded == datetime(2020, 5, 1, 6, tzinfo=UTC)
    assert "no voltage" in next(s.reason for s in bundle.skipped if s.item == "Observation/o3")
    assert not bundle.observations


def strip(resource: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in resource.items() if value is not None}


def test_a_recording_inside_a_document_is_found() -> None:
    content = {"contentType": "application/edf", "data": base64.b64encode(edf()).decode()}
    document = {
        "resourceType": "DocumentReference",
        "id": "d1",
        "status": "current",
        "content": [{"attachment": content}],
    }
    bundle = read_bytes(fhir(patient(), document), name="b.json")
    assert [(r.id, list(r.files)) for r in bundle.recordings] == [("DocumentReference/d1", ["d1"])]


def test_a_table_is_a_recording_only_with_names_of_leads() -> None:
    tables = {"a.csv": b"# rate: 500 Hz\nI,II\n0,0\n", "b.csv": b"drug,dose\nx,1\n"}
    bundle = load({**tables, "my_ecg.csv": b"time,signal\n0,0\n"})
    assert [r.id for r in bundle.recordings] == ["a.csv", "my_ecg.csv"]
    assert "neither" in bundle.skipped[0].reason


def test_old_recordings_are_historical_and_later_ones_left_out() -> None:
    files = {
        "a.edf": edf("X X X X", "02.01.1903.04.05"),
        "b.edf": edf("X X X X", "02.01.2003.04.05"),
    }
    first, second = load(files).recordings
    assert (first.historical, second.historical) == (True, False)
    asked = read_bytes(zipped(files), name="c.zip", as_of=datetime(2019, 6, 1, tzinfo=UTC))
    assert [r.id for r in asked.recordings] == ["a.edf"]


def test_recordings_reach_their_specialist_and_can_be_left_out(
    graph: MemoryGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    def extract(items: tuple[SignalSource, ...], context: ReadingContext) -> Extraction:
        code = Code("HPO", "HP:0005110", "Atrial fibrillation")
        model = ModelRef("stub", "1")
        seen = (CodedEntry(items[0].id, code),)
        return Extraction((Finding(code, "present", seen, model),), (model,))

    stub = ModuleType("stub_signals")
    stub.extract = extract  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "stub_signals", stub)
    monkeypatch.setitem(modalities.EXTRACTORS, "recordings", "stub_signals:extract")
    bundle = load({"note.txt": b"She has recurrent seizures.", "a.edf": edf("X X X X")})
    found = assess(bundle, graph)
    assert "HP:0005110" in {f.code.code for f in found.findings}
    never = assess(replace(bundle, recordings=()), graph)
    for selector in ("modality:ecg", "signal:1", "ecg:a.edf"):
        without = assess(bundle, graph, without=[selector])
        assert without.findings == never.findings
        assert without.ranking.order == never.ranking.order
        assert (without.ranking.scores == never.ranking.scores).all()
