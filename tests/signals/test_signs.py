"""What a recording shows, and where: signs of made recordings."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from engine.types import Issue, LabValue, Patient, SignalInterval
from signals.parts import Judged, Parts, Place, Unreadable
from signals.reading import Reading, interpret
from signals.recording import Recording
from signals.signs import CITED, Sign
from signals.waves import Waves
from tests.signals.made import BY, drawn, parts, waves

ADULT = Patient("female", 50)
REGULAR = np.arange(1, 30) * 0.8


def read(
    found: Waves, *, patient: Patient = ADULT, labels: str | None = None, sure: float = 1.0
) -> Reading:
    recording = drawn(found, height={"II": 1.0}, seconds=30)
    return interpret(recording, patient, parts(found, labels=labels, sure=sure))


def shown(reading: Reading) -> dict[str, Sign]:
    return {sign.statement.key: sign for sign in reading.signs}


def test_a_usual_recording_shows_nothing() -> None:
    reading = read(waves(REGULAR))
    assert not reading.signs
    assert not reading.issues
    assert [x.name for x in reading.quantities][:2] == ["rate", "RR"]


def test_a_long_pr_interval_cites_its_beats() -> None:
    sign = shown(read(waves(REGULAR, pr=0.24)))["PR high"]
    assert sign.status == "present"
    assert sign.probability is None
    assert len(sign.seconds) == CITED
    first = sign.seconds[0]
    assert (first.record, first.lead) == ("made", "II")
    assert first.start_s == pytest.approx(0.8 - 0.04 - 0.24)
    assert first.end_s == pytest.approx(0.8 - 0.04 + 0.38)
    assert sign.value == LabValue(
        "made", "PR, median of 29 beats", 240, "ms", "120 to 200 ms (curated, unreferenced)"
    )


def test_without_p_waves_nothing_is_said_of_pr() -> None:
    reading = read(waves(REGULAR, p=None))
    assert not {"PR low", "PR high", "P high"} & set(shown(reading))
    assert "PR" not in {x.name for x in reading.quantities}


@pytest.mark.parametrize(
    ("found", "because"),
    [
        (waves(REGULAR, pr=0.203), "within 8 ms of the limit"),
        (waves([1, 2], pr=0.24), "measured in 2 beats only"),
    ],
)
def test_a_doubtful_interval_is_uncertain(found: Waves, because: str) -> None:
    sign = shown(read(found))["PR high"]
    assert (sign.status, sign.because) == ("uncertain", because)


def test_an_interval_that_varies_is_uncertain() -> None:
    found = waves(REGULAR, pr=0.3)
    p = found.p.copy()
    p[::2] -= 0.1
    sign = shown(read(replace(found, p=p)))["PR high"]
    assert sign.because == "it varies by 100 ms from beat to beat"


def test_an_interval_of_few_beats_is_uncertain() -> None:
    found = waves(REGULAR, pr=0.3)
    p = found.p.copy()
    p[5:] = np.nan
    assert shown(read(replace(found, p=p)))["PR high"].because == "measured in 5 of 29 beats only"


def test_qtc_needs_both_formulas() -> None:
    both = shown(read(waves(np.arange(1, 30) * 1.0, qt=0.5)))["QTc high"]
    assert both.status == "present"
    one = shown(read(waves(np.arange(1, 40) * 0.65, qt=0.39)))["QTc high"]
    assert (one.status, one.because) == ("uncertain", "only by Bazett")
    wide = shown(read(waves(np.arange(1, 30) * 1.0, qt=0.5, qrs=0.14)))["QTc high"]
    assert (wide.status, wide.because) == ("uncertain", "the QRS complex is wide")


def test_slow_and_fast_hearts() -> None:
    slow = shown(read(waves(np.arange(1, 20) * 1.5)))
    healthy = shown(read(waves(np.arange(1, 20) * 1.1)))["rate low"]
    assert (healthy.status, healthy.because) == ("uncertain", "many healthy people have it")
    assert slow["rate low"].status == "present"
    assert slow["slow"].statement.term is None
    fast = shown(read(waves(np.arange(1, 60) * 0.45, qt=0.3)))
    assert fast["rate high"].status == "present"
    baby = read(
        waves(np.arange(1, 60) * 0.45, qt=0.3, pr=0.1, qrs=0.06), patient=Patient("male", 0.3)
    )
    assert "rate high" not in shown(baby)


def test_an_unknown_age_is_not_guessed() -> None:
    reading = read(waves(np.arange(1, 30) * 0.7), patient=Patient())
    assert "rate high" not in shown(reading)
    (issue,) = reading.issues
    assert issue.level == "info"
    assert "rate" in issue.message


def test_the_age_at_the_recording_decides() -> None:
    found = waves(np.arange(1, 60) * 0.45, qt=0.3)
    recording = replace(drawn(found, height={"II": 1.0}, seconds=30), age_years=0.3)
    assert "rate high" not in shown(interpret(recording, ADULT, parts(found)))


def test_premature_beats_cite_the_surest() -> None:
    labels = "NNNV" * 7 + "N"
    sign = shown(read(waves(REGULAR), labels=labels))["ventricular beat"]
    assert (sign.status, sign.by) == ("present", BY)
    assert len(sign.seconds) == CITED
    assert sign.value is not None
    assert (sign.value.value, sign.value.unit) == (7, "of 29 beats")


def test_unsure_beats_are_uncertain() -> None:
    signs = shown(read(waves(REGULAR), labels="NNNNVVVV" * 3 + "NNNNN", sure=0.6))
    assert signs["ventricular beat"].status == "uncertain"
    assert signs["idioventricular"].because == "the classes of its beats are not sure"


def test_a_stray_beat_in_a_long_recording_is_uncertain() -> None:
    r = np.arange(1, 1200) * 0.8
    labels = "N" * 600 + "V" + "N" * 598
    found = waves(r)
    recording = Recording("long", np.zeros((1, 100_000), np.float32), 100, ("II",))
    sign = shown(interpret(recording, ADULT, parts(found, labels=labels)))["ventricular beat"]
    assert (sign.status, sign.because) == ("uncertain", "1 of them are sure")


def test_ectopic_beats_and_the_next_are_not_measured() -> None:
    found = waves(REGULAR)
    qrs = found.qrs.copy()
    qrs[4, 2] += 0.1
    reading = read(replace(found, qrs=qrs), labels="NNNNV" + "N" * 24)
    by_name = {x.name: x for x in reading.quantities}
    assert by_name["QRS"].beats == 27
    assert by_name["QRS"].spread == pytest.approx(0, abs=1e-6)


def judging(*said: Judged | Issue) -> Parts:
    return replace(parts(waves(REGULAR)), models=(lambda _recording, _beats: said,))


def test_a_model_gives_probability_and_seconds() -> None:
    recording = drawn(waves(REGULAR), height={"II": 1.0}, seconds=30)
    issue = Issue("warning", "made", "too noisy", "record again")
    said = [
        Judged("atrial fibrillation", p, (Place("II", 10 * k, 10 * k + 10),), BY)
        for k, p in enumerate((0.6, 0.9, 0.1))
    ]
    reading = interpret(recording, ADULT, judging(*said, issue))
    sign = shown(reading)["atrial fibrillation"]
    assert (sign.status, sign.probability) == ("present", 0.9)
    assert sign.seconds == (
        SignalInterval("made", "II", 0, 10),
        SignalInterval("made", "II", 10, 20),
    )
    assert issue in reading.issues


def test_many_places_are_counted() -> None:
    recording = drawn(waves(REGULAR), height={"II": 1.0}, seconds=30)
    places = tuple(Place("V1", k, k + 0.1) for k in reversed(range(9)))
    sign = shown(interpret(recording, ADULT, judging(Judged("CD", 0.3, places, BY))))["CD"]
    assert (sign.status, sign.probability) == ("uncertain", 0.3)
    assert [x.start_s for x in sign.seconds] == [4, 5, 6, 7, 8]
    assert sign.value is not None
    assert sign.value.value == 9


def test_an_improbable_statement_is_not_made() -> None:
    recording = drawn(waves(REGULAR), height={"II": 1.0}, seconds=30)
    reading = interpret(recording, ADULT, judging(Judged("MI", 0.05, (Place(None, 0, 10),), BY)))
    assert not reading.signs


def test_what_cannot_be_read_is_said_and_not_read() -> None:
    found = waves(REGULAR)
    dark = [Unreadable("II", 9.0, 12.0, "noise"), Unreadable("II", 12.0, 15.0, "noise")]
    seeing = replace(parts(found), unreadable=lambda _: dark)
    reading = interpret(drawn(found, height={"II": 1.0}, seconds=30), ADULT, seeing)
    assert "lead II is not readable here: 9.0-15.0 s (noise)" in reading.issues[0].message
    assert not any(9 <= r <= 15 for r in reading.beats.r)
    assert not reading.episodes  # and the hole is no pause


def test_a_hole_in_the_signal_is_no_pause() -> None:
    found = waves([x for x in REGULAR if not 9 < x < 15])
    recording = drawn(found, height={"II": 1.0}, seconds=30)
    assert any(x.kind == "pause" for x in interpret(recording, ADULT, parts(found)).episodes)
    signal = recording.signal.copy()
    signal[:, 4600:7400] = math.nan
    holed = replace(recording, signal=signal)
    assert not interpret(holed, ADULT, parts(found)).episodes


@pytest.mark.parametrize("beats", [0, 1])
def test_hardly_any_beat_is_an_issue(beats: int) -> None:
    reading = read(waves(REGULAR[:beats]))
    assert not reading.signs
    assert any("could be read" in issue.message for issue in reading.issues)
