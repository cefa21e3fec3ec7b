"""Which weights a benchmark ranks with, and what it says of the cases they have seen."""

from __future__ import annotations

import pytest
from strategies import finding

from api.benchmarks import held
from api.benchmarks.held import Held, case_digest, text_digest
from engine.exceptions import InputError
from engine.fusion import Trained, fold_of, trained
from engine.types import Patient
from knowledge_graph.memory import MemoryGraph


@pytest.mark.parametrize("folds", [0, 1, 4, 6, -5])
def test_another_number_of_folds_is_refused(graph: MemoryGraph, folds: int) -> None:
    with pytest.raises(InputError, match=f"not {folds}") as caught:
        Held(graph, folds)
    assert (caught.value.where, caught.value.fix) == ("--cv", "give 5")


def test_a_case_is_ranked_with_the_fold_that_never_saw_its_disease(graph: MemoryGraph) -> None:
    cross, plain = Held(graph, 5), Held(graph, None)
    for position in range(0, len(graph.entries), 997):
        fold = fold_of(graph.entries[position].id, 5)
        assert cross.fusion((position, 0)) == trained().folds[fold]
        assert plain.fusion((position, 0)) == trained().fusion
    unknown = cross.fusion((), otherwise="OMIM:999999")
    assert unknown == trained().folds[fold_of("OMIM:999999", 5)]
    assert plain.fusion((), otherwise="OMIM:999999") == trained().fusion


def test_cases_the_weights_have_seen_are_counted(
    graph: MemoryGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = trained()
    known = Trained(real.fusion, real.folds, frozenset({1, 2, 3}), real.ref)
    monkeypatch.setattr(held, "trained", lambda: known)
    told = Held(graph, None).provenance([1, 3, 4, 3])
    assert told["trained_on_overlap"] == 3
    assert told["cross_validated"] is None
    crossed = Held(graph, 5).provenance([1, 3, 4])
    assert (crossed["trained_on_overlap"], crossed["cross_validated"]) == (0, "5 folds by disease")


def test_a_case_is_named_by_what_it_states() -> None:
    patient = Patient(sex="female", age_years=3)
    one, two = finding("HP:0001250"), finding("HP:0001945", "absent")
    digest = case_digest([one, two], patient)
    assert digest == case_digest([two, one, one], patient)
    others = {
        case_digest([one], patient),
        case_digest([one, finding("HP:0001945")], patient),
        case_digest([one, finding("HP:0001945", "absent", context="historical")], patient),
        case_digest([one, two], Patient(sex="male", age_years=3)),
        case_digest([one, two], Patient(sex="female")),
    }
    assert len(others) == 5
    assert digest not in others
    assert text_digest("a") != text_digest("b")
