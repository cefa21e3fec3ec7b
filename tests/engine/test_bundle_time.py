"""The moment of the question, recency, ages, and partial dates."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

import pytest
from bundle_builders import condition, fhir, hpo, observation, patient
from hypothesis import given
from hypothesis import strategies as st

from engine.bundle import read_bytes
from engine.readers import dates
from engine.readers.assemble import RECENCY
from engine.types import PatientBundle


def dated(*days: str | None, as_of: datetime | None = None) -> PatientBundle:
    items = [observation(n, effectiveDateTime=day) for n, day in enumerate(days)]
    return read_bytes(fhir(patient(), *items), name="b.json", as_of=as_of)


def test_as_of_is_the_newest_entry_and_older_ones_are_historical() -> None:
    bundle = dated("2020-06-01", "2020-05-01", "2020-01-01")
    assert bundle.as_of == datetime(2020, 6, 1, tzinfo=UTC)
    assert [o.historical for o in bundle.observations] == [False, False, True]
    assert bundle.patient.age_years == pytest.approx(10 + 1 / 12)


def test_the_window_is_inclusive() -> None:
    window = RECENCY["observation"]
    assert window is not None
    at = datetime(2020, 6, 1, tzinfo=UTC)
    on_edge, beyond = at - window, at - window - timedelta(days=1)
    bundle = dated(at.isoformat(), on_edge.isoformat(), beyond.isoformat())
    assert [o.historical for o in bundle.observations] == [False, False, True]


def test_entries_after_a_given_moment_are_left_out() -> None:
    bundle = dated("2020-06-01", "2020-05-01", as_of=datetime(2020, 5, 15))
    assert bundle.as_of == datetime(2020, 5, 15, tzinfo=UTC)
    assert [o.id for o in bundle.observations] == ["Observation/o1"]
    assert [(s.item, s.reason) for s in bundle.skipped] == [
        ("Observation/o0", "dated after 2020-05-15")
    ]


def test_an_undated_entry_is_current_and_reported_once() -> None:
    bundle = dated(None, None, "2020-01-01")
    assert [o.recorded for o in bundle.observations][:2] == [None, None]
    assert not any(o.historical for o in bundle.observations)
    (issue,) = bundle.issues
    assert (issue.level, issue.message) == ("info", "2 without a date, counted as current")


def test_without_any_date_there_is_no_as_of_and_nothing_to_report() -> None:
    bundle = dated(None)
    assert bundle.as_of is None
    assert bundle.patient.age_years is None
    assert not bundle.issues


def test_a_visit_moves_as_of_but_a_planned_one_does_not() -> None:
    visits = [
        {
            "resourceType": "Encounter",
            "id": state,
            "status": state,
            "period": {"start": f"{year}-01-01"},
        }
        for state, year in (("finished", 2021), ("planned", 2022))
    ]
    bundle = read_bytes(fhir(patient(), observation(), *visits), name="b.json")
    assert bundle.as_of == datetime(2021, 1, 1, tzinfo=UTC)
    assert bundle.observations[0].historical


def test_a_newest_entry_far_from_all_others_is_questioned() -> None:
    bundle = dated("2020-01-01", "2202-01-01")
    assert [(i.level, i.where) for i in bundle.issues] == [("warning", "as_of")]


def test_a_coded_sign_lasts_until_it_is_resolved() -> None:
    resolved = {"coding": [{"code": "resolved"}]}
    bundle = read_bytes(
        fhir(
            patient(),
            observation(),
            condition(code=hpo(), recordedDate="2011"),
            condition(id="c2", code=hpo("HP:0001252"), clinicalStatus=resolved),
        ),
        name="b.json",
    )
    assert [p.historical for p in bundle.phenotypes] == [False, True]


def test_the_age_stops_at_death() -> None:
    raw = fhir(patient(deceasedDateTime="2015-05-01"), observation())
    assert read_bytes(raw, name="b.json").patient.age_years == 5


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2012", datetime(2012, 1, 1, tzinfo=UTC)),
        ("2012-03", datetime(2012, 3, 1, tzinfo=UTC)),
        ("2012-03-04", datetime(2012, 3, 4, tzinfo=UTC)),
        ("2012-03-04T01:00:00+02:00", datetime(2012, 3, 3, 23, tzinfo=UTC)),
        ("2012-03-04T01:00:00", datetime(2012, 3, 4, 1, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_dates(written: str, expected: datetime) -> None:
    assert dates.moment(written) == expected


@pytest.mark.parametrize(
    "written", ["", "0000", "2012-13", "1-1-2012", "0001-01-01T00:00:00+14:00"]
)
def test_what_is_no_date_raises(written: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        dates.moment(written)


@given(st.text())
def test_any_text_is_a_date_or_a_value_error(written: str) -> None:
    with suppress(ValueError):
        assert dates.moment(written).tzinfo is UTC


@pytest.mark.parametrize(
    ("written", "years"),
    [("P5Y3M", 5.25), ("P18M", 1.5), ("P0D", 0), ("P1461D", 4), ("P1Y6M0DT0H", 1.5)],
)
def test_durations(written: str, years: float) -> None:
    assert dates.duration_years(written) == pytest.approx(years)


@pytest.mark.parametrize("written", ["P", "P5", "5Y", "P12T", "PT", "P-5Y", ""])
def test_what_is_no_duration_raises(written: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        dates.duration_years(written)


@given(st.dates(min_value=date(1900, 1, 1)), st.integers(0, 120))
def test_an_age_is_whole_on_birthdays(birth: date, years: int) -> None:
    if (birth.month, birth.day) == (2, 29) or birth.year + years > 9999:
        return
    at = datetime(birth.year + years, birth.month, birth.day, tzinfo=UTC)
    assert dates.age_years(birth, at) == years


def test_there_is_no_age_before_birth() -> None:
    assert dates.age_years(date(2020, 5, 1), datetime(2020, 4, 30, tzinfo=UTC)) is None
