from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import PHENOTYPES

from engine import bundle as reader
from engine.exceptions import InputError
from engine.run import Assessment, assess
from engine.types import (
    Attachment,
    Code,
    Document,
    Observation,
    PatientBundle,
    Phenotype,
    SignalSource,
    Statement,
)
from engine.without import KINDS, LEFT_OUT, Kind, leave_out
from knowledge_graph.memory import MemoryGraph

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SENTENCES = (
    "A 34-year-old woman with recurrent seizures.",
    "She has arachnodactyly and ectopia lentis.",
    "No fever and no cough.",
    "Her mother had asthma. Splenomegaly was found.",
)
LABS = (
    Observation("potassium", "Potassium", (), 2.4, "mmol/L", low=3.5, high=5.1),
    Observation("sodium", "Sodium", (), 139, "mmol/L", low=135, high=145),
    Observation("haemoglobin", "Hemoglobin", (), 7.1, "g/dL"),
)
EVERYTHING = PatientBundle(
    format="folder",
    sha256="0" * 64,
    as_of=datetime(2026, 1, 1, tzinfo=UTC),
    phenotypes=(Phenotype("phenotypicFeatures[0]", Code("HPO", "HP:0001166")),),
    documents=(Document("a.txt", "a", SENTENCES[0]), Document("b.txt", "b", SENTENCES[1])),
    observations=LABS,
    statements=(Statement("Condition/c", "condition", (), "Asthma"),),
    attachments=(Attachment("film.png", "image", "image/png", 1),),
    recordings=(SignalSource("rhythm.csv", files={"rhythm.csv": b"I\n0"}),),
)

phenotypes = st.lists(st.tuples(st.sampled_from(PHENOTYPES), st.booleans()), max_size=4).map(
    lambda drawn: tuple(
        Phenotype(f"phenotypicFeatures[{i}]", Code("HPO", term), excluded)
        for i, (term, excluded) in enumerate(drawn)
    )
)
documents = st.lists(st.sampled_from(SENTENCES), max_size=3).map(
    lambda drawn: tuple(Document(f"{i}.txt", "note", text) for i, text in enumerate(drawn))
)
observations = st.lists(st.sampled_from(LABS), max_size=3, unique=True).map(tuple)


def same_answer(one: Assessment, other: Assessment) -> bool:
    """Findings, contributions, ranking and what it rests on; not what was skipped."""
    mine, theirs = one.result(top=5), other.result(top=5)
    return (
        (mine.ranked, mine.findings, mine.counterfactuals, mine.abstained)
        == (theirs.ranked, theirs.findings, theirs.counterfactuals, theirs.abstained)
        and one.patient == other.patient
        and (one.ranking.scores == other.ranking.scores).all()
    )


@settings(max_examples=15)
@given(phenotypes, documents, observations, st.sampled_from(KINDS[:3]))
def test_leaving_out_a_modality_is_never_having_had_it(
    graph: MemoryGraph,
    phenotypes: tuple[Phenotype, ...],
    documents: tuple[Document, ...],
    observations: tuple[Observation, ...],
    kind: Kind,
) -> None:
    whole = replace(
        EVERYTHING, phenotypes=phenotypes, documents=documents, observations=observations
    )
    never = replace(whole, **{kind.field: ()})
    if not kind.items(whole):
        with pytest.raises(InputError):
            assess(whole, graph, without=[f"modality:{kind.words[0]}"])
        return
    without = assess(whole, graph, without=[f"modality:{kind.words[0]}"])
    assert same_answer(without, assess(never, graph))
    assert without.bundle.sha256 == whole.sha256


@pytest.mark.parametrize(
    ("modality", "file"), [("modality:notes", "note.txt"), ("modality:labs", "labs.csv")]
)
def test_a_folder_without_the_file_gives_the_same_answer(
    graph: MemoryGraph, tmp_path: Path, modality: str, file: str
) -> None:
    """The moment of the question is given, because the newest entry may be among what goes."""
    moment = datetime(2026, 9, 2, 23, 59, tzinfo=UTC)
    folder = tmp_path / "record"
    shutil.copytree(EXAMPLES / "gitelman-folder", folder)
    without = assess(reader.read(folder, as_of=moment), graph, without=[modality])
    (folder / file).unlink()
    assert same_answer(without, assess(reader.read(folder, as_of=moment), graph))


def test_the_moment_of_the_question_stays(graph: MemoryGraph) -> None:
    whole = reader.read(EXAMPLES / "gitelman-folder")
    without = assess(whole, graph, without=["modality:labs"])
    assert whole.as_of is not None
    assert without.bundle.as_of == whole.as_of
    assert without.patient.age_years == whole.patient.age_years


def test_a_finding_goes_however_it_was_seen(graph: MemoryGraph) -> None:
    whole = replace(
        EVERYTHING,
        phenotypes=(
            Phenotype("a", Code("HPO", "HP:0001166")),
            Phenotype("b", Code("HPO", "HP:0001166"), excluded=True),
            Phenotype("c", Code("HPO", "HP:0001166"), historical=True),
            Phenotype("d", Code("HPO", "HP:0001083")),
        ),
    )
    assert any("says absent" in issue.message for issue in assess(whole, graph).issues)
    without = assess(whole, graph, without=["finding:hp:0001166"])
    assert "HP:0001166" not in {f.code.code for f in without.findings}
    assert not any("says absent" in issue.message for issue in without.issues)
    assert [s.item for s in without.skipped if s.reason == LEFT_OUT] == [
        "HP:0001166 Arachnodactyly"
    ]


@pytest.mark.parametrize(
    ("selector", "gone"),
    [
        ("note:2", ["b.txt"]),
        ("note:b.txt", ["b.txt"]),
        ("Modality:Notes", ["a.txt", "b.txt"]),
        ("lab:potassium", ["potassium"]),
        ("labs:1", ["potassium"]),
        ("phenotype:1", ["phenotypicFeatures[0]"]),
        ("phenotype:phenotypicFeatures[0]", ["phenotypicFeatures[0]"]),
        ("modality:imaging", ["film.png"]),
        ("modality:ecg", ["rhythm.csv"]),
        ("signal:1", ["rhythm.csv"]),
        ("image:1", ["film.png"]),
        ("condition:1", ["Condition/c"]),
    ],
)
def test_what_a_selector_names(selector: str, gone: list[str]) -> None:
    left = leave_out(EVERYTHING, [selector])
    assert [s.item for s in left.skipped] == gone
    assert {s.reason for s in left.skipped} == {LEFT_OUT}
    ids = {item.id for kind in KINDS for item in kind.items(left)}
    assert ids == {item.id for kind in KINDS for item in kind.items(EVERYTHING)} - set(gone)


def test_numbers_count_in_the_whole_record() -> None:
    left = leave_out(EVERYTHING, ["note:1", "note:2", "note:1", "modality:notes"])
    assert left.documents == ()
    assert [s.item for s in left.skipped] == ["a.txt", "b.txt"]


def test_an_id_wins_over_a_number() -> None:
    named = replace(EVERYTHING, documents=(Document("2", "", ""), Document("1", "", "")))
    assert [d.id for d in leave_out(named, ["note:2"]).documents] == ["1"]


@pytest.mark.parametrize(
    ("selector", "says"),
    [
        ("note:3", "note:2 (b.txt)"),
        ("note:0", "note:1 (a.txt)"),
        ("note:-1", "note:1 (a.txt)"),
        ("note", "note:1 (a.txt)"),
        ("lab:nonesuch", "lab:1 (potassium)"),
        ("modality:files", "modality:labs (3)"),
        ("allergy:1", "modality:notes (2)"),
        ("modality:nonesuch", "imaging"),
        ("nonesuch:1", "finding:HP"),
        ("", "modality:KIND"),
        ("finding:HP:0000365", "finding:HP:0001250 Seizure"),
    ],
)
def test_a_selector_that_meets_nothing_lists_what_there_is(
    graph: MemoryGraph, selector: str, says: str
) -> None:
    with pytest.raises(InputError) as caught:
        assess(EVERYTHING, graph, without=[selector])
    assert selector in caught.value.where
    assert says in caught.value.fix


@given(st.lists(st.text(max_size=12), max_size=3))
def test_any_text_is_understood_or_refused(selectors: list[str]) -> None:
    with suppress(InputError):
        assert leave_out(EVERYTHING, selectors).skipped or not selectors
