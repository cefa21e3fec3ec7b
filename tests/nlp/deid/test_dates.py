"""Dates move by the same days in every format, and come back."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.deid.dates import Calendar, find, shifted

US, UK = Calendar(False, 2021), Calendar(True, 2021)
DATES = st.dates(date(1950, 1, 1), date(2035, 12, 31))
WEEKS = st.integers(-52, 52)
FORMATS = (
    "%Y-%m-%d", "%d.%m.%Y", "%B %d, %Y", "%d %b %Y", "%d-%b-%Y", "%d%b%Y", "%Y%m%d",
    "%A, %B %d, %Y",
)  # fmt: skip


@given(DATES, WEEKS, st.sampled_from(FORMATS))
def test_a_date_moves_and_keeps_its_format(when: date, weeks: int, form: str) -> None:
    moved = when + timedelta(7 * weeks)
    calendar = UK if "." in form else US
    assert shifted(when.strftime(form), 7 * weeks, calendar) in (
        moved.strftime(form),
        moved.strftime(form.replace("%d", "%-d")),
        # of a short name of which "May" is one, nothing tells that it is short
        moved.strftime(form if when.month != 5 else form.replace("%b", "%B")),
        moved.strftime(form.replace("%d", "%-d").replace("%b", "%B" if when.month == 5 else "%b")),
    )


@given(DATES, WEEKS, st.sampled_from((US, UK)))
def test_the_order_of_day_and_month_is_kept(when: date, weeks: int, calendar: Calendar) -> None:
    form = "%d/%m/%Y" if calendar.day_first else "%m/%d/%Y"
    moved = when + timedelta(7 * weeks)
    new = shifted(when.strftime(form), 7 * weeks, calendar)
    unpadded = form.replace("%d", "%-d").replace("%m", "%-m")
    assert new in (moved.strftime(form), moved.strftime(unpadded))


@given(DATES, DATES, WEEKS)
def test_intervals_are_kept(one: date, other: date, weeks: int) -> None:
    new = [shifted(when.isoformat(), 7 * weeks, US) for when in (one, other)]
    assert None not in new
    first, second = (date.fromisoformat(text or "") for text in new)
    assert second - first == other - one


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("3/14", "5/30"),
        ("March 3rd", "May 19th"),
        ("MARCH 3RD", "MAY 19TH"),
        ("the third of March"[4:], "nineteenth of May"),
        ("Mar. 3, '21", "May. 19, '21"),
        ("11/2019", "1/2020"),
        ("March of 2021", "May of 2021"),
        ("March 14-16, 2021", "May 30-June 1, 2021"),
        ("Thursday, March 4, 2021", "Thursday, May 20, 2021"),
        ("01 /\n10 / 2020", "03 /\n27 / 2020"),
        ("29 Feb", "16 May"),
        ("March", "May"),
    ],
)
def test_partial_and_odd_dates_move_by_eleven_weeks(text: str, moved: str) -> None:
    assert shifted(text, 77, US) == moved


@pytest.mark.parametrize(
    "text", ["31/02/2021", "02/30/2021", "31 June 2020", "2021-02-30", "hello"]
)
def test_an_impossible_date_does_not_move(text: str) -> None:
    assert shifted(text, 77, US) is None


def test_the_order_is_read_from_the_note() -> None:
    assert Calendar.of("Seen 25/03/2021, again 04/05/2021.").day_first
    assert not Calendar.of("Seen 03/25/2021, again 04/05/2021.").day_first
    assert Calendar.of("NHS number 943 476 5919, seen 04/05/2021.").day_first
    assert Calendar.of("Seen 3/4 and in 2019.").year == 2019


@pytest.mark.parametrize(
    "text", ["murmur 3/6", "strength 5/5", "pain 7/10", "BP 120/80", "in 1999", "Percocet 5/325"]
)
def test_measures_and_years_are_no_sure_dates(text: str) -> None:
    assert not [mention for mention in find(text) if mention.sure]
