"""The rules of the plan, over a world small enough to be read."""

from __future__ import annotations

from collections.abc import Collection
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.plan import ABOVE, NO_POSTERIOR, make_plan
from engine.protocols import (
    Avoided,
    DiseaseFacts,
    DrugClass,
    DrugInteraction,
    Label,
    Listed,
    Prescribed,
    RedFlag,
    Substance,
)
from engine.types import Alert, Code, Finding, Plan, Statement, StatementKind
from tests.strategies import finding

SOURCE = ("a book",)
INFARCT, ULCER = Code("D", "D:0", "Infarction"), Code("D", "D:1", "Peptic ulcer")
STATED, CONDITIONAL = (
    Code("T", "T:nsaid", "NSAIDs"),
    Code("T", "T:mtx", "Methotrexate in pregnancy"),
)
DRUGS = {name: Code("M", f"M:{name}", name) for name in ("aspirin", "ibuprofen", "warfarin", "mtx")}
CLASSES = {
    "aspirin": ("salicylate or NSAID",),
    "ibuprofen": ("salicylate or NSAID", "NSAID"),
    "warfarin": ("anticoagulant",),
}
MEMBERS = {"NSAID": ("ibuprofen",), "anticoagulant": ("warfarin",)}


def listed(kind: str, *names: str) -> tuple[Listed, ...]:
    return tuple(Listed(Code(kind, f"{kind}:{name}", name), SOURCE) for name in names)


class World:
    """`PlanKnowledge`: two diseases, four medicines. It counts which diseases were asked for."""

    names_sources = ("a list of names",)

    def __init__(self) -> None:
        self.asked: list[int] = []

    def disease(self, position: int) -> DiseaseFacts:
        self.asked.append(position)
        return DiseaseFacts(
            disease=(INFARCT, ULCER)[position],
            urgency=("emergency", "soon")[position],
            red_flags=(RedFlag("cold sweat", None), RedFlag("seizure", "HP:0001250")),
            course_sources=SOURCE,
            confirm=listed("test", "troponin"),
            exclude=listed("test", "film"),
            treatments=listed("care", "aspirin or ibuprofen", "stent", "warfarin"),
        )

    def avoided(self, disease: str) -> tuple[Avoided, ...]:
        if disease != ULCER.code:
            return ()
        nsaid, mtx = frozenset({"M:ibuprofen"}), frozenset({"M:mtx"})
        return (
            Avoided(STATED, nsaid, False, ("bleeding",), SOURCE),
            Avoided(CONDITIONAL, mtx, True, (), SOURCE),
        )

    def conditions(self, problem: Statement) -> tuple[Code, ...]:
        codes = {code.code for code in problem.codes}
        return tuple(d for d in (INFARCT, ULCER) if d.display == problem.text or d.code in codes)

    def medicine(self, text: str) -> Prescribed:
        known = [name for name in text.split() if name in DRUGS]
        unknown = () if known else (text,)
        return Prescribed(tuple(DRUGS[name] for name in known), unknown)

    def mentioned(self, text: str) -> tuple[Substance, ...]:
        drugs = [Substance(DRUGS[w], (DRUGS[w],)) for w in text.split() if w in DRUGS]
        classes = [
            Substance(Code("C", f"C:{w}", w), tuple(DRUGS[m] for m in MEMBERS[w]), True)
            for w in text.split()
            if w in MEMBERS
        ]
        return (*drugs, *classes)

    def given(self, treatment: str) -> tuple[Substance, ...]:
        return self.mentioned(treatment)

    def classes(self, ingredient: str) -> tuple[DrugClass, ...]:
        return tuple(
            DrugClass(Code("C", f"C:{c}", c), c == "NSAID", c == "salicylate or NSAID", SOURCE)
            for c in CLASSES.get(ingredient.removeprefix("M:"), ())
        )

    def interactions(self, ingredients: Collection[str]) -> tuple[DrugInteraction, ...]:
        every = (
            ("M:aspirin", "M:warfarin", "major"),
            ("M:ibuprofen", "M:warfarin", "contraindicated"),
        )
        return tuple(
            DrugInteraction(one, other, severity, ("bleeding",), ("avoid",), SOURCE)
            for one, other, severity in every
            if {one, other} <= set(ingredients)
        )


class Terms:
    """`Vocabulary`: focal seizure is a seizure."""

    def code(self, term: str) -> Code | None:
        return Code("HPO", term)

    def ancestors(self, term: str) -> frozenset[str]:
        return frozenset({"HP:0001250"} if term == "HP:0007359" else ())

    def is_phenotype(self, term: str) -> bool:
        return True

    def is_circumstance(self, term: str) -> bool:
        return False

    def labels(self) -> list[Label]:
        return []


def statement(kind: StatementKind, text: str, **fields: object) -> Statement:
    return Statement(f"{kind}/{text}", kind, (), text, **fields)  # pyright: ignore[reportArgumentType]


def plan(
    *statements: Statement,
    posteriors: list[tuple[int, float]] | None = None,
    findings: tuple[Finding, ...] = (),
    world: World | None = None,
) -> Plan:
    return make_plan(
        statements,
        findings,
        knowledge=world or World(),
        vocabulary=Terms(),
        posteriors=posteriors,
    )


def of(kind: str, found: Plan) -> list[Alert]:
    return [alert for alert in found.alerts if alert.kind == kind]


# ---- Diagnoses ----------------------------------------------------------------------------------


def test_without_a_calibrated_posterior_no_diagnosis_is_planned_for() -> None:
    world = World()
    found = plan(world=world)
    assert (found.tests, found.treatments, found.alerts) == ((), (), ())
    assert found.withheld == NO_POSTERIOR
    assert found.above == ABOVE
    assert world.asked == []


@given(st.floats(0, 1), st.floats(0, 1))
def test_nothing_is_said_below_the_stated_thresholds(first: float, second: float) -> None:
    posteriors = [(0, first), (1, second)]
    found = plan(posteriors=posteriors)
    for position, posterior in posteriors:
        disease = (INFARCT, ULCER)[position]
        assert any(t.disease == disease for t in found.tests) is (posterior >= ABOVE.tests)
        assert any(t.disease == disease for t in found.treatments) is (
            posterior >= ABOVE.treatments
        )
        assert any(a.disease == disease for a in found.alerts) is (posterior >= ABOVE.alerts)
    assert (found.withheld is None) is bool(found.tests or found.treatments)


def test_a_posterior_that_is_no_number_is_below_every_threshold() -> None:
    found = plan(posteriors=[(0, float("nan"))])
    assert found.alerts == ()
    assert found.withheld == "no diagnosis has a calibrated posterior of 0.1 or more"


def test_the_most_probable_comes_first_and_every_item_has_its_sources() -> None:
    found = plan(posteriors=[(1, 0.4), (0, 0.5)])
    assert [(t.purpose, t.test.display, t.disease) for t in found.tests] == [
        ("confirm", "troponin", INFARCT),
        ("exclude", "film", INFARCT),
        ("confirm", "troponin", ULCER),
        ("exclude", "film", ULCER),
    ]
    assert found.withheld is None
    warned = [warning for t in found.treatments for warning in t.warnings]
    assert warned
    assert all(item.sources for item in (*found.tests, *found.treatments, *found.alerts, *warned))


def test_an_emergency_is_stated_below_the_threshold_of_treatments() -> None:
    found = plan(posteriors=[(0, ABOVE.alerts), (1, ABOVE.alerts)])
    (urgency,) = of("urgency", found)
    assert (urgency.disease, urgency.severity) == (INFARCT, "emergency")
    assert found.treatments == ()


@pytest.mark.parametrize(
    ("shown", "status", "context", "about"),
    [
        ("HP:0001250", "present", "current", ("HP:0001250",)),
        ("HP:0007359", "present", "current", ("HP:0007359",)),
        ("HP:0001250", "absent", "current", ()),
        ("HP:0001250", "uncertain", "current", ()),
        ("HP:0001250", "present", "family", ()),
        ("HP:0000365", "present", "current", ()),
    ],
)
def test_a_red_flag_is_present_only_if_the_patient_shows_it_now(
    shown: str, status: str, context: str, about: tuple[str, ...]
) -> None:
    findings = (finding(shown, status, context=context),)
    flags = of("red_flag", plan(posteriors=[(0, 0.06)], findings=findings))
    assert {flag.message: flag.about for flag in flags} == {
        "Infarction: watch for: cold sweat": (),
        f"Infarction: {'present' if about else 'watch for'}: seizure": about,
    }
    assert flags == sorted(flags, key=lambda flag: not flag.about)


# ---- Treatments against the record --------------------------------------------------------------


def test_a_treatment_is_warned_of_and_never_dropped() -> None:
    record = (statement("allergy", "NSAID"), statement("medication", "warfarin"))
    found = plan(*record, posteriors=[(0, 0.5)])
    drugs, stent, same = found.treatments
    assert [code.display for code in drugs.checked] == ["aspirin", "ibuprofen"]
    kinds = [(w.kind, w.severity, w.about) for w in drugs.warnings]
    assert kinds == [
        ("allergy", "same class", ("allergy/NSAID",)),
        ("interaction", "contraindicated", ("medication/warfarin",)),
    ]
    assert (stent.checked, stent.warnings) == ((), ())
    assert [w.kind for w in same.warnings] == ["duplicate"]


def test_a_treatment_is_held_against_problems_and_its_own_diagnosis() -> None:
    (drugs, *_) = plan(statement("condition", ULCER.display), posteriors=[(0, 0.5)]).treatments
    assert [(w.kind, w.about) for w in drugs.warnings] == [
        ("contraindication", ("condition/Peptic ulcer",))
    ]
    (drugs, *_) = plan(posteriors=[(1, 0.5)]).treatments
    assert [(w.kind, w.about, w.disease) for w in drugs.warnings] == [
        ("contraindication", (), ULCER)
    ]


def test_what_is_taken_is_held_against_a_leading_diagnosis() -> None:
    taken = statement("medication", "ibuprofen")
    (alert,) = of("contraindication", plan(taken, posteriors=[(1, ABOVE.alerts)]))
    assert (alert.disease, alert.about) == (ULCER, ("medication/ibuprofen",))
    assert of("contraindication", plan(taken, posteriors=[(1, 0.04)])) == []
    known = plan(taken, statement("condition", ULCER.display), posteriors=[(1, 0.9)])
    assert len(of("contraindication", known)) == 1


# ---- The record against itself ------------------------------------------------------------------


def test_an_allergy_to_the_ingredient() -> None:
    found = plan(statement("medication", "warfarin 5"), statement("allergy", "warfarin rash"))
    (alert,) = found.alerts
    assert (alert.kind, alert.severity) == ("allergy", "same ingredient")
    assert alert.about == ("medication/warfarin 5", "allergy/warfarin rash")
    assert alert.message == '"warfarin 5" (warfarin): recorded allergy "warfarin rash"'
    assert alert.sources == World.names_sources


@pytest.mark.parametrize("allergy", ["aspirin", "NSAID"])
def test_an_allergy_to_the_class(allergy: str) -> None:
    (alert,) = plan(statement("medication", "ibuprofen"), statement("allergy", allergy)).alerts
    assert (alert.kind, alert.severity, alert.sources) == ("allergy", "same class", SOURCE)
    assert "salicylate or NSAID" in alert.message


def test_a_class_that_shares_no_allergy_raises_none() -> None:
    found = plan(statement("medication", "aspirin"), statement("allergy", "mtx"))
    assert found.alerts == ()
    named = plan(statement("medication", "warfarin"), statement("allergy", "anticoagulant"))
    assert [a.severity for a in named.alerts] == ["same class"]


def test_problems_by_code_or_name() -> None:
    taken = statement("medication", "ibuprofen"), statement("medication", "mtx")
    by_code = Statement("c", "condition", (Code("D", ULCER.code),), "a sore stomach")
    for problem in (by_code, statement("condition", ULCER.display)):
        alerts = plan(*taken, problem).alerts
        assert [(a.kind, a.severity, a.about[1]) for a in alerts] == [
            ("contraindication", "stated", problem.id),
            ("contraindication", "conditional", problem.id),
        ]
        assert '"NSAIDs" (bleeding)' in alerts[0].message
        assert alerts[1].message.endswith("see whether this applies")


def test_interactions_and_duplicates() -> None:
    found = plan(
        Statement("m1", "medication", (), "warfarin"),
        Statement("m2", "medication", (), "aspirin warfarin"),
        Statement("m3", "medication", (), "ibuprofen"),
    )
    assert [(a.kind, a.severity, a.about) for a in found.alerts] == [
        ("interaction", "contraindicated", ("m1", "m2", "m3")),
        ("interaction", "major", ("m1", "m2")),
        ("duplicate", None, ("m1", "m2")),
    ]
    assert "warfarin is listed 2 times" in found.alerts[2].message


@pytest.mark.parametrize("kind", ["medication", "allergy", "condition"])
def test_what_is_not_known_is_not_checked(kind: StatementKind) -> None:
    for text, reason in (("zzz", '"zzz"'), ("  ", "no text"), ("", "no text")):
        (entry,) = plan(Statement("it", kind, (), text)).not_checked
        assert entry.item == "it"
        assert reason in entry.reason


def test_a_code_may_name_what_the_text_does_not() -> None:
    coded = Statement("m", "medication", (Code("RXNORM", "1", "warfarin"),), "blood thinner")
    found = plan(coded, statement("allergy", "warfarin"))
    assert [a.severity for a in found.alerts] == ["same ingredient"]
    assert found.not_checked == ()


@pytest.mark.parametrize("text", ["No known allergy to aspirin", "NKDA", "denies aspirin allergy"])
def test_a_denied_allergy_is_none(text: str) -> None:
    found = plan(statement("allergy", text), statement("medication", "aspirin"))
    assert found.alerts == ()
    assert [entry.item for entry in found.not_checked] == [f"allergy/{text}"]


def test_what_is_over_is_not_checked_and_said_to_be() -> None:
    stopped = statement("medication", "warfarin", active=False)
    found = plan(stopped, statement("medication", "aspirin"), statement("family", "warfarin"))
    assert found.alerts == ()
    assert [entry.reason for entry in found.not_checked] == ["medication: no longer current"]


def test_the_order_of_the_record_does_not_matter() -> None:
    record = (
        statement("medication", "warfarin"),
        statement("medication", "aspirin ibuprofen"),
        statement("allergy", "aspirin"),
        statement("condition", ULCER.display),
        statement("medication", "zzz"),
    )
    plans = [plan(*order, posteriors=[(0, 0.5)]) for order in permutations(record)]
    assert all((found == plans[0]) is True for found in plans)


TEXTS = st.sampled_from(["", "zzz", *DRUGS, *MEMBERS, ULCER.display, "aspirin warfarin"])
KINDS = st.sampled_from(["medication", "allergy", "condition", "family"])


@given(st.lists(st.tuples(KINDS, TEXTS), max_size=6), st.floats(0, 1))
def test_nothing_is_invented(entries: list[tuple[StatementKind, str]], posterior: float) -> None:
    record = [Statement(f"s{i}", kind, (), text) for i, (kind, text) in enumerate(entries)]
    found = plan(*record, posteriors=[(0, posterior)])
    ids = {entry.id for entry in record}
    for alert in (*found.alerts, *(w for t in found.treatments for w in t.warnings)):
        assert alert.sources
        assert set(alert.about) <= ids
    assert {entry.item for entry in found.not_checked} <= ids
