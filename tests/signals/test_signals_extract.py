"""Recordings in, findings out: citations, refusals, several recordings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from engine.exceptions import InputError
from engine.merge import merge
from engine.protocols import Extraction, ReadingContext
from engine.serialize import plain
from engine.types import LabValue, Patient, SignalInterval, SignalSource
from signals import ranges, statements
from signals.extract import extract_with
from signals.recording import Recording
from tests.nlp.conftest import OboVocabulary
from tests.signals.made import BY, drawn, parts, waves

FEW = OboVocabulary("\n[Term]\nid: HP:0012248\nname: Prolonged PR interval")
BEATS = waves(np.arange(1, 12) * 0.8, pr=0.26)
STRIP = drawn(BEATS, height={"II": 1.0})


def extracted(
    recordings: Mapping[str, Recording | Exception],
    *,
    patient: Patient | None = None,
    historical: bool = False,
) -> Extraction:
    def read(source: SignalSource) -> Recording:
        found = recordings[source.id]
        if isinstance(found, Exception):
            raise found
        return replace(found, id=source.id)

    items = [SignalSource(id, historical=historical) for id in recordings]
    context = ReadingContext(patient or Patient("male", 50), None, FEW)
    return extract_with(replace(parts(BEATS), read=read), items, context)


def test_a_finding_cites_its_seconds_and_its_value() -> None:
    (finding,) = extracted({"a.hea": STRIP}).findings
    assert (finding.code.code, finding.status, finding.context) == (
        "HP:0012248",
        "present",
        "current",
    )
    assert finding.probability is None
    *seconds, value = finding.citations
    assert all(isinstance(x, SignalInterval) and x.record == "a.hea" for x in seconds)
    assert isinstance(value, LabValue)
    assert (value.value, value.unit) == (260, "ms")
    assert finding.produced_by == statements.load().ref


def test_tables_and_models_are_named() -> None:
    assert extracted({"a": STRIP}).models == (BY, ranges.load().ref, statements.load().ref)


def test_one_bad_recording_does_not_lose_the_others() -> None:
    fault = InputError("not a header", where="b", fix="send the header")
    found = extracted({"a": STRIP, "b": fault, "c": RuntimeError("boom"), "d": STRIP})
    assert {
        x.citations[0].record for x in found.findings if isinstance(x.citations[0], SignalInterval)
    } == {"a", "d"}
    assert [(x.level, x.where) for x in found.issues] == [("error", "b"), ("error", "c")]
    assert "not a header" in found.issues[0].message
    assert "RuntimeError" in found.issues[1].message


def test_a_recording_of_the_other_sex_is_refused() -> None:
    found = extracted({"a": replace(STRIP, sex="female")})
    assert not found.findings
    (issue,) = found.issues
    assert issue.level == "error"
    assert "female" in issue.message


def test_age_and_sex_of_the_recordings_are_passed_on() -> None:
    stated = replace(STRIP, sex="female", age_years=30)
    assert extracted({"a": stated}, patient=Patient()).patient == Patient("female", 30)
    assert extracted({"a": stated}).patient is None or extracted({"a": stated}).issues
    both = {"a": stated, "b": replace(STRIP, sex="male", age_years=60)}
    found = extracted(both, patient=Patient())
    assert found.patient is None
    assert any(x.level == "error" and "whose" in x.fix for x in found.issues)


def test_an_old_recording_is_history() -> None:
    found = extracted(
        {"a": replace(STRIP, sex="male", age_years=30)}, historical=True, patient=Patient(None, 50)
    )
    assert {x.context for x in found.findings} == {"historical"}
    assert found.patient is None


def test_the_date_is_that_of_the_recording() -> None:
    start = datetime(2026, 1, 2, tzinfo=UTC)
    (finding,) = extracted({"a": replace(STRIP, start=start)}).findings
    assert finding.recorded == start


def test_what_has_no_term_is_told() -> None:
    slow = waves(np.arange(1, 12) * 2.4)
    recording = drawn(slow, height={"II": 1.0}, seconds=30)
    seeing = replace(parts(slow), read=lambda _: recording)
    context = ReadingContext(Patient("male", 50), None, FEW)
    found = extract_with(seeing, [SignalSource("a")], context)
    assert any("pause" in x.reason and "no term" in x.reason for x in found.skipped)
    usual = replace(parts(waves(np.arange(1, 12) * 0.8)), read=lambda _: STRIP)
    (skipped,) = extract_with(usual, [SignalSource("a")], context).skipped
    assert "Nothing outside" in skipped.reason


def test_nothing_is_called_absent() -> None:
    usual = replace(parts(waves(np.arange(1, 12) * 0.8)), read=lambda _: STRIP)
    context = ReadingContext(Patient("male", 50), None, FEW)
    assert not extract_with(usual, [SignalSource("a")], context).findings


def test_two_recordings_of_one_sign_are_one_finding() -> None:
    (finding,) = merge(extracted({"a": STRIP, "b": STRIP}).findings)
    assert len(finding.citations) == 12
    first = plain(finding)["citations"][0]
    assert first["type"] == "SignalInterval"
    assert (first["record"], first["lead"]) == ("a", "II")
