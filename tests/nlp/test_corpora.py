"""Annotated corpora are read with every span where it says, and faults are named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.exceptions import InputError
from nlp.corpora import Annotated, Entity, Relation, ade, brat, pubtator

PUBTATOR = """\
1|t|Lithium toxicity.
1|a|No fever.
1\t0\t7\tLithium\tChemical\tD008094
1\t8\t16\ttoxicity\tDisease\tD064420|D1
1\t21\t26\tfever\tDisease\t-1
1\tCID\tD008094\tD064420

2|t|Fever.
"""


def test_pubtator(tmp_path: Path) -> None:
    path = tmp_path / "some.PubTator"
    path.write_text(PUBTATOR)
    first, second = pubtator(path)
    assert first.text == "Lithium toxicity. No fever."
    assert first.entities == (
        Entity(0, 7, "Chemical", ("D008094",)),
        Entity(8, 16, "Disease", ("D064420", "D1")),
        Entity(21, 26, "Disease"),
    )
    assert first.relations == (Relation("CID", "D008094", "D064420"),)
    assert (second.id, second.text, second.entities) == ("2", "Fever.", ())


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("1\t1\t7\tLithium\tChemical\tD008094", "are 'ithium', not 'Lithium'"),
        ("1 Lithium", "neither text, mention nor relation"),
    ],
)
def test_a_shifted_or_strange_line_is_named(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "some.PubTator"
    path.write_text(f"1|t|Lithium toxicity.\n{line}\n")
    with pytest.raises(InputError, match=said) as fault:
        list(pubtator(path))
    assert fault.value.where == "some.PubTator:2"


def test_brat(tmp_path: Path) -> None:
    (tmp_path / "7.txt").write_text("Severe pain in the leg, tumour of the leg.")
    (tmp_path / "7.ann").write_text(
        "T1\tSeverity 0 6\tSevere\nE1\tSeverity:T1 \n"
        "T2\tSign_symptom 7 11\tpain\nE2\tSign_symptom:T2 \n"
        "T3\tDisease 24 30;38 41\ttumour leg\nN1\tReference T3 MeSH:D1\n"
        "R1\tMODIFY Arg1:E1 Arg2:T2\n"
        "A1\tPOLARITY E2 Negative\n#1\tAnnotatorNotes T3\tsure?\n"
    )
    (found,) = brat(tmp_path)
    assert found.entities[2] == Entity(24, 41, "Disease", ("MeSH:D1",))
    assert found.relations == (Relation("MODIFY", "0", "1"),)


def test_a_brat_file_needs_its_text_and_spans_inside(tmp_path: Path) -> None:
    (tmp_path / "7.ann").write_text("T1\tSeverity 0 6\tSevere\n")
    with pytest.raises(InputError, match="has no text"):
        list(brat(tmp_path))
    (tmp_path / "7.txt").write_text("Sev")
    with pytest.raises(InputError, match="outside the text"):
        list(brat(tmp_path))


def test_ade(tmp_path: Path) -> None:
    text = "Hives and later hives after regular insulin."
    (tmp_path / "DRUG-AE.rel").write_text(
        f"9|{text}|hives|116|121|insulin|136|143\n9|{text}|Hives|100|105|insulin|136|143\n"
    )
    (tmp_path / "DRUG-DOSE.rel").write_text(f"9|{text}|regular|128|135|insulin|136|143\n")
    (tmp_path / "ADE-NEG.txt").write_text("8 NEG Nothing happened.\n")
    told, none = ade(tmp_path)
    said = {(text[e.start : e.end], e.start, e.label) for e in told.entities}
    assert said == {
        ("hives", 16, "Adverse_effect"),
        ("Hives", 0, "Adverse_effect"),
        ("insulin", 36, "Drug"),
        ("regular", 28, "Dose"),
    }
    assert {(r.label, told.entities[int(r.tail)].start) for r in told.relations} == {
        ("Drug-Adverse_effect", 16),
        ("Drug-Adverse_effect", 0),
        ("Drug-Dose", 28),
    }
    assert (none.group, none.text, none.entities) == ("8", "Nothing happened.", ())


@pytest.mark.parametrize(
    ("read", "folder", "least"),
    [
        (pubtator, "bc5cdr/dev.PubTator.txt", 500),
        (brat, "ncbi_disease/devel", 100),
        (brat, "maccrobat2020", 160),
        (ade, "ade_v2", 20_000),
    ],
)
def test_the_real_corpora_are_read_whole(
    data: Path, read: Callable[[Path], Iterator[Annotated]], folder: str, least: int
) -> None:
    found = list(read(data / "nlp" / folder))
    assert len(found) >= least
    for text in found:
        assert all(0 <= e.start < e.end <= len(text.text) for e in text.entities)
