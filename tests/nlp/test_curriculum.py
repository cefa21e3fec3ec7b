"""Training from end to end on a corpus of a few lines, and what a fold leaves out."""

from __future__ import annotations

from pathlib import Path

import pytest
from safetensors.numpy import load_file

from nlp import tagger, train
from nlp.curriculum import Corpora
from nlp.folds import fold_of
from nlp.recurrent import windows
from nlp.tagger import Tagger, digest_of

CAUSING = "Lithium caused arrhythmia."
SILENT = "Aspirin was given for fever."
REPORT = "He had severe nausea."
ABSTRACT = "1|t|Lithium and arrhythmia.\n1|a|Lithium was toxic."
MARKS = "1\t0\t7\tLithium\tChemical\tD1\n1\t12\t22\tarrhythmia\tDisease\tD2\n1\tCID\tD1\tD2\n"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The shared folder, in small."""
    files = {
        "bc5cdr/train.PubTator.txt": f"{ABSTRACT}\n{MARKS}",
        "ncbi_disease/train/n.txt": "Fever is a disease.",
        "ncbi_disease/train/n.ann": "T1\tDiseaseClass 0 5\tFever\n",
        "maccrobat2020/m.txt": REPORT,
        "maccrobat2020/m.ann": "T1\tSeverity 7 13\tsevere\nT2\tSign_symptom 14 20\tnausea\n"
        "R1\tMODIFY Arg1:T1 Arg2:T2\t\n",
        "ade_v2/DRUG-AE.rel": f"7|{CAUSING}|arrhythmia|15|25|Lithium|0|7\n",
        "ade_v2/DRUG-DOSE.rel": "",
        "ade_v2/ADE-NEG.txt": f"8 NEG {SILENT}\n",
    }
    for name, text in files.items():
        file = tmp_path / "data" / "nlp" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    return tmp_path / "data"


def test_what_is_taught_has_its_tags_and_relations(data: Path) -> None:
    corpora = Corpora(data / "nlp", windows)
    assert len(corpora.abstracts()) == 2
    assert {REPORT, CAUSING, SILENT} < corpora.texts


def test_a_fold_leaves_out_its_documents_of_the_second_stage_only(data: Path) -> None:
    folds = {group: fold_of(group, 2) for group in ("m", "7", "8", "1", "n")}
    for number in range(2):
        corpora = Corpora(data / "nlp", windows, without=lambda d, n=number: folds[d.group] == n)
        told = {d.group for documents in corpora.then.values() for d in documents}
        assert told == {group for group in ("m", "7", "8") if folds[group] != number}
        assert {d.group for documents in corpora.first.values() for d in documents} == {"1", "n"}


@pytest.mark.slow
def test_training_from_files_to_weights(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large, little = tmp_path / "large.safetensors", tmp_path / "small.safetensors"
    common = ["--data", str(data), "--checkpoints", str(tmp_path / "ck"), "--epochs", "1", "1", "1"]
    train.main([*common, "--out", str(large)])
    monkeypatch.setitem(tagger.FILES, "transformer", large)
    train.main([*common, "--out", str(little), "--small"])
    for file in (large, little):
        read = Tagger(load_file(file))
        assert {digest_of(text) for text in (REPORT, CAUSING, SILENT)} < read.seen
        assert len(read.schemes) == 4
        assert [r.relation.name for r in read.relaters] == ["modifies", "causes", "induces"]
        (found,) = read.read([(["He", "had", "severe", "nausea", "."], [0])])
        assert found.mentions.keys() == found.vectors.keys() == {s.name for s in read.schemes}


def test_small_has_no_folds(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        train.main(["--checkpoints", str(data), "--small", "--fold", "0", "5"])
    assert "teacher" in capsys.readouterr().err
