"""Small recordings in every format, for tests of reading; written by other libraries where any."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path

import edfio
import numpy as np
import pydicom
import wfdb
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

RATE = 250.0
LEADS = ("I", "II", "V1")
Signal = NDArray[np.float64]


def beats(seconds: float = 8.0, rate: float = RATE, leads: int = 3) -> Signal:
    """(leads, samples), mV: a heartbeat of P, QRS and T every 0.8 s, smaller in every next lead."""
    t = np.arange(round(seconds * rate)) / rate
    wave = np.zeros_like(t)
    for beat in np.arange(0.5, seconds, 0.8):
        for at, width, height in ((-0.16, 0.02, 0.15), (0, 0.012, 1.2), (0.26, 0.05, 0.3)):
            wave += height * np.exp(-((t - beat - at) ** 2) / (2 * width**2))
    return np.stack([wave / (1 + i) for i in range(leads)])


def write_wfdb(signal: Signal, folder: Path, name: str = "rec", **fields: object) -> Path:
    """A record of 16 bits at 1000 steps a millivolt."""
    wfdb.wrsamp(
        name,
        fs=RATE,
        units=["mV"] * len(signal),
        sig_name=list(LEADS[: len(signal)]),
        p_signal=signal.T,
        fmt=["16"] * len(signal),
        adc_gain=[1000.0] * len(signal),
        baseline=[0] * len(signal),
        write_dir=str(folder),
        **fields,  # type: ignore[arg-type]
    )
    return folder / f"{name}.hea"


def edf(signal: Signal, unit: str = "uV", rates: tuple[float, ...] = ()) -> bytes:
    """An EDF+C file of data records of one second, with a channel of breathing at the end."""
    scale = {"uV": 1000.0, "mV": 1.0}[unit]
    signals = [
        edfio.EdfSignal(
            row * scale,
            rate,
            label=f"ECG {lead}",
            physical_dimension=unit,
            physical_range=(-5 * scale, 5 * scale),
        )
        for row, lead, rate in zip(signal, LEADS, rates or [RATE] * len(signal), strict=True)
    ]
    seconds = round(signal.shape[1] / (rates[0] if rates else RATE))
    signals.append(
        edfio.EdfSignal(np.zeros(10 * seconds), 10, label="Resp", physical_dimension="l")
    )
    patient = edfio.Patient(code="M1", sex="F", birthdate=date(2010, 5, 1), name="Berg_Ada")
    written = edfio.Edf(
        signals,
        patient=patient,
        recording=edfio.Recording(startdate=date(2020, 5, 1)),
        data_record_duration=1,
        annotations=[edfio.EdfAnnotation(0, None, "start")],
    )
    buffer = BytesIO()
    written.write(buffer)
    return buffer.getvalue()


def interrupted(data: bytes, *, after: int, by: float) -> bytes:
    """The same EDF+ file as EDF+D, whose data records from `after` on begin `by` seconds later."""
    count = int(data[252:256])
    sizes = [int(data[256 + 216 * count + 8 * i :][:8]) * 2 for i in range(count)]
    labels = [data[256 + 16 * i :][:16].strip() for i in range(count)]
    at = 256 * (count + 1) + sum(sizes[: labels.index(b"EDF Annotations")])
    changed = bytearray(data.replace(b"EDF+C", b"EDF+D"))
    for number in range(int(data[236:244])):
        place = at + number * sum(sizes)
        onset = f"+{number + (by if number >= after else 0):g}".encode() + b"\x14\x14\0"
        size = sizes[labels.index(b"EDF Annotations")]
        changed[place : place + size] = onset.ljust(size, b"\0")
    return bytes(changed)


def csv(signal: Signal, head: str = "# rate: 250 Hz\n# unit: mV\n") -> bytes:
    """A table with a line for every sample."""
    rows = [",".join("" if np.isnan(v) else f"{v:.4f}" for v in row) for row in signal.T]
    return (head + ",".join(LEADS[: len(signal)]) + "\n" + "\n".join(rows) + "\n").encode()


def sampled(signal: Signal) -> bytes:
    """An Observation with a component for every lead, in steps of 2 uV."""
    parts = [
        {
            "code": {"coding": [{"code": f"MDC_ECG_LEAD_{lead.upper()}"}]},
            "valueSampledData": {
                "origin": {"value": 0, "unit": "uV"},
                "period": 1000 / RATE,
                "factor": 2,
                "dimensions": 1,
                "data": " ".join("E" if np.isnan(v) else str(round(v * 500)) for v in row),
            },
        }
        for row, lead in zip(signal, LEADS, strict=False)
    ]
    start = "2020-05-01T08:00:00Z"
    return json.dumps(
        {"resourceType": "Observation", "effectiveDateTime": start, "component": parts}
    ).encode()


def aecg(signal: Signal, head: str = "") -> bytes:
    """An HL7 aECG in steps of 2 uV."""
    leads = "".join(
        f'<component><sequence><code code="MDC_ECG_LEAD_{lead.upper()}"/><value>'
        f'<origin value="0" unit="uV"/><scale value="2" unit="uV"/>'
        f"<digits>{' '.join(str(round(v * 500)) for v in row)}</digits></value>"
        "</sequence></component>"
        for row, lead in zip(signal, LEADS, strict=False)
    )
    time = (
        '<component><sequence><code code="TIME_ABSOLUTE"/><value><head value="20200501080000"/>'
        f'<increment value="{1 / RATE}" unit="s"/></value></sequence></component>'
    )
    series = f"<sequenceSet>{time}{leads}</sequenceSet>"
    return (
        f'{head}<AnnotatedECG xmlns="urn:hl7-org:v3"><component><series><code code="RHYTHM"/>'
        f"<component>{series}</component></series></component></AnnotatedECG>"
    ).encode()


def dicom(signal: Signal, **fields: object) -> bytes:
    """A general ECG in explicit VR little endian, 16 bits in steps of 2.5 uV."""
    group = Dataset()
    group.WaveformOriginality = "ORIGINAL"
    group.NumberOfWaveformChannels, group.NumberOfWaveformSamples = signal.shape
    group.SamplingFrequency = RATE
    group.WaveformBitsAllocated, group.WaveformSampleInterpretation = 16, "SS"
    group.WaveformData = np.round(signal.T * 400).astype("<i2").tobytes()
    group.ChannelDefinitionSequence = []
    for lead in LEADS[: len(signal)]:
        unit, source, channel = Dataset(), Dataset(), Dataset()
        unit.CodeValue, unit.CodingSchemeDesignator, unit.CodeMeaning = "uV", "UCUM", "microvolt"
        source.CodeMeaning, source.CodeValue = f"Lead {lead}", "x"
        channel.ChannelSourceSequence, channel.ChannelSensitivityUnitsSequence = [source], [unit]
        channel.ChannelSensitivity, channel.ChannelSensitivityCorrectionFactor = 2.5, 1
        channel.ChannelBaseline, channel.WaveformBitsStored = 0, 16
        group.ChannelDefinitionSequence.append(channel)
    dataset = Dataset()
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.9.1.2"
    dataset.SOPInstanceUID = "1.2.3"
    dataset.AcquisitionDateTime = "20200501080000"
    dataset.PatientID, dataset.PatientSex, dataset.PatientAge = "M1", "F", "010Y"
    dataset.WaveformSequence = [group]
    for name, value in fields.items():
        setattr(group, name, value)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    buffer = BytesIO()
    pydicom.dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


START = datetime(2020, 5, 1, 8, tzinfo=UTC)
