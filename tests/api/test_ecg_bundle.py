"""A bundle with a strip of atrial fibrillation, composed from shared records: none is committed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from api.engine import Engine
from engine.run import Assessment
from engine.types import SignalInterval

FIBRILLATION = "HP:0005110"


def _bundle(data: Path, folder: Path, kind: str) -> Path:
    """A note, and the first record called N or A by its readers, without its date."""
    import wfdb

    source = data / "signals" / "cinc2017"
    if not source.is_dir():
        pytest.skip(f"no recordings at {source}")
    rows = (source / "REFERENCE-v3.csv").read_text().splitlines()
    name = next(row.split(",")[0] for row in rows if row.endswith(f",{kind}"))
    record: Any = wfdb.rdrecord(str(source / name))
    (folder / "ecg").mkdir(parents=True)
    (folder / "note.txt").write_text("Palpitations since this morning.\n")
    (folder / "patient.json").write_text(json.dumps({"sex": "male", "age_years": 72}))
    wfdb.wrsamp(
        "strip",
        fs=record.fs,
        units=["mV"],
        sig_name=["I"],
        p_signal=record.p_signal,
        fmt=["16"],
        write_dir=str(folder / "ecg"),
    )
    return folder


def _fibrillation(assessment: Assessment) -> list[SignalInterval]:
    return [
        citation
        for finding in assessment.findings
        if finding.code.code == FIBRILLATION and finding.status == "present"
        for citation in finding.citations
        if isinstance(citation, SignalInterval)
    ]


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(progress=lambda message: None)


def test_a_strip_of_fibrillation_leads_to_it_and_its_seconds_are_cited(
    data: Path, tmp_path: Path, engine: Engine
) -> None:
    bundle = _bundle(data, tmp_path / "case", "A")
    read = engine.read_path(bundle)
    result = read.result()
    assert result.ranked[0].disease.display == "Atrial fibrillation"
    (finding,) = [x.finding for x in result.ranked[0].contributions if x.log_lr > 1][:1]
    assert finding.code.code == FIBRILLATION
    assert finding.probability is not None
    assert finding.probability > 0.5
    (place,) = _fibrillation(read)
    assert (place.record, place.lead) == ("ecg/strip.hea", "I")
    assert 0 <= place.start_s < place.end_s
    named = {model.name for model in result.provenance.models}
    assert {"signals.waves", "signals.rhythm", "signals.beats"} <= named

    without = engine.read_path(bundle, without=["modality:ecg"])
    assert not _fibrillation(without)
    assert without.result().ranked[0].disease.display != "Atrial fibrillation"
    for path in (bundle / "ecg").iterdir():
        path.unlink()
    never = engine.read_path(bundle)
    assert [d.log_lr for d in never.result().ranked] == [d.log_lr for d in without.result().ranked]


def test_a_normal_strip_claims_no_fibrillation(data: Path, tmp_path: Path, engine: Engine) -> None:
    read = engine.read_path(_bundle(data, tmp_path / "case", "N"))
    assert not _fibrillation(read)
    assert read.result().ranked[0].disease.display != "Atrial fibrillation"
