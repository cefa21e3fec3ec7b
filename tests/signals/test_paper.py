"""ECG paper to the millimetre: where a second and a millivolt lie, gaps, marks, bounds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signals.paper import (
    HEAD_MM,
    MARGIN_MM,
    PULSE_MM,
    ROW_MM,
    ROWS,
    Box,
    Line,
    Mark,
    Paper,
    Pen,
    Words,
    paper,
)
from signals.recording import STANDARD, Recording

LEFT = MARGIN_MM + PULSE_MM


def flat(*leads: str, seconds: float = 10.0, rate: float = 100.0) -> Recording:
    return Recording("r", np.zeros((len(leads), round(seconds * rate)), np.float32), rate, leads)


def lines(drawing: Paper, pen: Pen) -> list[Line]:
    return [x for x in drawing.items if isinstance(x, Line) and x.pen == pen]


def traces(drawing: Paper) -> list[Line]:
    """Without calibration pulses and dividers."""
    return [x for x in lines(drawing, "trace") if len(x.points) > 6]


def words(drawing: Paper) -> list[str]:
    return [x.text for x in drawing.items if isinstance(x, Words)]


@settings(max_examples=40)
@given(st.floats(0.1, 9.8), st.floats(-2, 2))
def test_a_second_is_25_mm_and_a_millivolt_10(second: float, millivolt: float) -> None:
    recording = flat("II")
    place = round(second * 100)
    recording.signal[0, place] = millivolt
    (trace,) = traces(paper(recording))
    x, y = trace.points[place]
    middle = HEAD_MM + ROW_MM / 2
    assert x - LEFT == pytest.approx(25 * place / 100)
    assert middle - y == pytest.approx(10 * float(recording.signal[0, place]), abs=1e-9)


def test_the_grid_has_squares_of_1_and_5_mm() -> None:
    drawing = paper(flat("II"))
    coarse = sorted({x.points[0][0] for x in lines(drawing, "coarse") if x.points[0][1] == 0})
    fine = sorted({x.points[0][0] for x in lines(drawing, "fine") if x.points[0][1] == 0})
    assert np.diff(coarse).tolist() == [5.0] * 55
    assert len(fine) == 4 * 55
    assert LEFT in coarse  # a strip begins on a square


def test_each_strip_has_a_pulse_of_1_mv_for_200_ms() -> None:
    drawing = paper(flat("I", "II"))
    pulses = [x for x in lines(drawing, "trace") if len(x.points) == 6]
    assert len(pulses) == 2
    (_, base), (x1, _), (_, top), (x2, _), *_ = pulses[0].points
    assert (base - top, x2 - x1) == (10.0, 5.0)


def test_twelve_leads_stand_in_columns_over_a_rhythm_strip() -> None:
    drawing = paper(flat(*STANDARD))
    at = {(round(t.points[0][0], 3), t.points[0][1]) for t in traces(drawing)}
    rows = [HEAD_MM + ROW_MM * (k + 0.5) for k in range(4)]
    columns = [LEFT + 62.5 * k for k in range(4)]
    assert at == {(x, y) for x in columns for y in rows[:3]} | {(LEFT, rows[3])}
    names = [x for x in drawing.items if isinstance(x, Words) and x.text == "aVF"]
    assert names[0].x == pytest.approx(LEFT + 62.5 + 1)
    assert drawing.height == HEAD_MM + 4 * ROW_MM + 10


def test_columns_go_on_in_time() -> None:
    recording = flat(*STANDARD)
    recording.signal[:, 510] = 1.0
    spiky = [
        t for t in traces(paper(recording)) if min(y for _, y in t.points) < t.points[0][1] - 5
    ]
    starts = sorted(round(t.points[0][0], 3) for t in spiky)
    assert starts == [LEFT, LEFT + 125, LEFT + 125, LEFT + 125]  # 5.1 s: the third column


def test_a_gap_is_drawn_as_a_gap() -> None:
    recording = flat("II")
    recording.signal[0, 300:400] = math.nan
    first, second = traces(paper(recording))
    assert first.points[-1][0] == pytest.approx(LEFT + 25 * 2.99)
    assert second.points[0][0] == pytest.approx(LEFT + 25 * 4)


def test_a_lead_without_samples_has_only_its_name() -> None:
    recording = flat("II", "V1")
    recording.signal[1] = math.nan
    drawing = paper(recording)
    assert len(traces(drawing)) == 1
    assert "V1" in words(drawing)


def test_an_offset_does_not_leave_the_paper() -> None:
    recording = flat("II")
    recording.signal[:] = 40.0
    (trace,) = traces(paper(recording))
    assert {y for _, y in trace.points} == {HEAD_MM + ROW_MM / 2}


def test_speed_and_gain_are_printed() -> None:
    assert any("25 mm/s" in x and "10 mm/mV" in x for x in words(paper(flat("II"))))
    assert "0 to 10 s of 10.0 s, 100 Hz" in words(paper(flat("II")))


def test_long_recordings_are_bounded_and_say_so() -> None:
    drawing = paper(flat("II", seconds=1000))
    assert drawing.seconds == (0.0, 200.0)
    assert len(traces(drawing)) == ROWS
    assert "0 to 200 s of 1000.0 s, 100 Hz" in words(drawing)
    assert paper(flat(*STANDARD, seconds=1000)).seconds == (0.0, 50.0)


def test_a_part_can_be_chosen() -> None:
    recording = flat("I", "II", seconds=60)
    recording.signal[1, 3100] = 1.0
    drawing = paper(recording, leads=["II"], start=30, end=35)
    (trace,) = traces(drawing)
    peak = min(trace.points, key=lambda point: point[1])
    assert peak[0] == pytest.approx(LEFT + 25)
    assert trace.points[-1][0] == pytest.approx(LEFT + 125)


@pytest.mark.parametrize(("start", "end"), [(10.0, None), (-1.0, None), (5.0, 5.0), (5.0, 3.0)])
def test_no_seconds_are_refused(start: float, end: float | None) -> None:
    with pytest.raises(ValueError, match="the start before the end"):
        paper(flat("II"), start=start, end=end)


def test_an_unknown_lead_is_refused() -> None:
    with pytest.raises(KeyError, match="no lead 'V9'; there are II"):
        paper(flat("II"), leads=["V9"])


def test_marks_lie_under_their_seconds() -> None:
    drawing = paper(flat("I", "II"), marks=[Mark("I", 2, 4, "early")])
    (box,) = (x for x in drawing.items if isinstance(x, Box))
    assert (box.x, box.width) == (LEFT + 50, 50)
    assert HEAD_MM < box.y < HEAD_MM + ROW_MM
    assert "early" in words(drawing)


def test_a_mark_of_all_leads_is_drawn_once() -> None:
    for recording in (flat(*STANDARD), flat("I", "II", "V1")):
        drawing = paper(recording, marks=[Mark(None, 2, 4, "x")])
        (box,) = (x for x in drawing.items if isinstance(x, Box))
        assert box.y > drawing.height - 10 - ROW_MM


def test_a_mark_goes_on_in_the_next_strip() -> None:
    drawing = paper(flat("II", seconds=20), marks=[Mark("II", 8, 13, "x")])
    widths = [x.width for x in drawing.items if isinstance(x, Box)]
    assert widths == [50, 75]


def test_labels_do_not_meet_and_stay_on_the_paper() -> None:
    marks = [Mark("II", k, k + 0.5, "premature ventricular contraction") for k in range(10)]
    drawing = paper(flat("II"), marks=marks)
    labels = [x for x in drawing.items if isinstance(x, Words) and x.text.startswith("premature")]
    for k, one in enumerate(labels):
        wide = 0.6 * one.size * len(one.text)
        assert one.x + wide <= drawing.width
        for other in labels[k + 1 :]:
            assert one.y != other.y or one.x + wide <= other.x or other.x + wide <= one.x


def test_marks_outside_are_not_drawn() -> None:
    drawing = paper(flat("II", seconds=20), marks=[Mark("II", 15, 16, "x")], end=10)
    assert not any(isinstance(x, Box) for x in drawing.items)
