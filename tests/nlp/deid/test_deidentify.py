"""Surrogates are consistent, deterministic and of the same form; the account is exact."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nlp.deid.deidentify import Patient, patient_of
from nlp.deid.draw import Draw
from nlp.deid.finder import Finder, Guards
from nlp.deid.mentions import Mention
from nlp.deid.protected import Guard
from nlp.deid.surrogates import Surrogates
from tests.nlp.deid.test_find import LABELS

KEY = b"0123456789abcdef"
NOTE = """Patient: Zbigniew Wojcik    MRN: 5551234    DOB: 03/04/1950
Mr. Wojcik was seen on 03/14/2021 and 03/21/2021 for Marfan syndrome. Z. Wojcik lives with his
wife Halina. WOJCIK's phone is (555) 123-4567. The account 555-1234 belongs to Wojcik.
His mother is a 93-year-old woman. Date of surgery: 02/30/2021."""


@pytest.fixture(scope="session")
def finder() -> Finder:
    return Finder.compile(LABELS)


def patient(finder: Finder, who: str = "p1", key: bytes = KEY) -> Patient:
    return Patient(finder, Draw(key, who), "en")


def test_the_account_is_exact(finder: Finder) -> None:
    done = patient(finder).write("note", NOTE)
    assert done.text is not None
    back, position = "", 0
    for one in done.replaced:
        back += done.text[position : one.out_start] + NOTE[one.start : one.end]
        position = one.out_end
    assert back + done.text[position:] == NOTE


def test_nothing_that_identifies_is_left_and_medicine_is(finder: Finder) -> None:
    text = patient(finder).write("note", NOTE).text or ""
    for word in ("zbigniew", "wojcik", "halina", "5551234", "123-4567", "03/14/2021", "93-year"):
        assert word not in text.lower()
    assert "Marfan syndrome" in text
    assert "90 or older" in text


def test_forms_of_one_name_agree(finder: Finder) -> None:
    text = patient(finder).write("note", NOTE).text or ""
    match = re.search(r"Patient: ([A-Z][a-z]+) ([A-Z][a-z]+) ", text)
    assert match is not None
    given_, last = match.groups()
    assert f"Mr. {last} was seen" in text
    assert f"{given_[0]}. {last} lives" in text
    assert f"{last.upper()}'s phone" in text


def test_an_impossible_date_is_removed_and_reported(finder: Finder) -> None:
    done = patient(finder).write("note", NOTE)
    assert "[date removed]" in (done.text or "")
    start = NOTE.index("02/30/2021")
    assert [i.where for i in done.issues] == [f"note, characters {start} to {start + 10}"]
    assert "02/30" not in done.issues[0].message


def test_a_date_of_birth_does_not_tell_an_age_over_89(finder: Finder) -> None:
    for birth, removed in (("03/04/1930", True), ("03/04/1931", False)):
        done = patient(finder).write("note", f"DOB: {birth}. Seen on 05/06/2020 for a cough.")
        assert ("[date removed]" in (done.text or "")) is removed
        assert bool(done.issues) is removed


def test_the_same_key_and_patient_give_the_same_text(finder: Finder) -> None:
    first = patient(finder).write("note", NOTE)
    assert (patient(finder).write("note", NOTE) == first) is True
    assert patient(finder, "p2").write("note", NOTE).text != first.text
    assert patient(finder, key=b"fedcba9876543210").write("note", NOTE).text != first.text


def test_notes_of_one_patient_share_names_and_shift(finder: Finder) -> None:
    one = patient(finder)
    other = "Letter of 04/18/2021. Later Wojcik was well."
    for text in (NOTE, other):
        one.meet(text)
    first, second = one.write("a", NOTE).text or "", one.write("b", other).text or ""
    name = re.search(r"Mr\. (\w+) was", first)
    assert name is not None
    assert f"Later {name[1]} was" in second


def test_a_foreign_note_is_not_written(finder: Finder) -> None:
    german = "Der Patient Zbigniew Wojcik wurde mit Fieber und Husten in die Klinik gebracht."
    for text, language in ((german, None), (german, "de"), ("", "en"), ("brak wojcik 123", None)):
        done = Patient(finder, Draw(KEY, "p"), language).write("note", text)
        assert done.text is None
        assert done.replaced == ()
        assert done.issues[0].level == "error"


def test_shifts_are_whole_weeks_and_never_none() -> None:
    for number in range(300):
        days = Draw(KEY, str(number)).days()
        assert days % 7 == 0
        assert 35 <= abs(days) <= 364


@given(st.text("ABCXYZabcxyz0123456789-/ ", min_size=1, max_size=60))
def test_a_drawn_number_has_the_shape_of_the_old_one(text: str) -> None:
    def shape(of: str) -> str:
        return re.sub(r"\d", "0", re.sub("[a-z]", "x", re.sub("[A-Z]", "X", of)))

    assert shape(Draw(KEY, "p").shape(text, "id", text)) == shape(text)


def test_an_nhs_number_stays_valid_and_is_the_same_in_every_form() -> None:
    from nlp.deid.dates import Calendar

    drawn = [
        Surrogates(Draw(KEY, "p")).of(text, "id", Calendar(True, 2021))[0]
        for text in ("943 476 5919", "9434765919")
    ]
    assert drawn[0].replace(" ", "") == drawn[1] != "9434765919"
    total = sum(int(c) * (10 - i) for i, c in enumerate(drawn[1][:9]))
    assert (11 - total % 11) % 11 == int(drawn[1][9])


@given(st.text(max_size=200))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None
)
def test_any_text_is_written(finder: Finder, text: str) -> None:
    done = patient(finder, patient_of(text)).write("note", text)
    if done.text is None:
        assert done.issues
    elif not done.replaced:
        assert done.text == text


EPONYM = """Patient: Robert Parkinson
Robert Parkinson has Parkinson disease. Parkinson was seen on 03/14/2021."""


def test_a_patient_may_be_called_as_a_disease_is(finder: Finder) -> None:
    done = patient(finder).write("note", EPONYM)
    text = done.text or ""
    assert text.count("Parkinson") == 1
    assert "has Parkinson disease." in text
    start = EPONYM.index("Parkinson disease")
    assert [i.where for i in done.issues] == [f"note, characters {start} to {start + 9}"]
    assert "Parkinson" not in done.issues[0].message


@pytest.mark.parametrize(
    "identifier",
    [
        "http://10.1.2.3/patient/4482913",
        "http://portal.clinic4482913.com/mj19510304",
        "mj@clinic4482913.com",
        "scan_4482913_report",
        "MRN_4482913",
        "visit_19510304.txt",
    ],
)
def test_no_number_of_an_address_or_file_name_is_left(finder: Finder, identifier: str) -> None:
    text = patient(finder).write("note", f"See {identifier} for the report of today.").text or ""
    assert "See " in text
    for number in re.findall(r"\d{6,}|10\.1\.2\.3", identifier):
        assert number not in text


def test_work_grows_with_the_length_of_a_note(
    finder: Finder, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    within = Guards.within

    def counted(self: Guards, mention: Mention) -> list[Guard]:
        found = within(self, mention)
        calls.append(1 + len(found))
        return found

    monkeypatch.setattr(Guards, "within", counted)
    looked: list[int] = []
    for times in (20, 80):
        calls.clear()
        patient(finder).write("note", (NOTE + "\n\n") * times)
        looked.append(sum(calls))
    assert looked[1] < 6 * looked[0]
