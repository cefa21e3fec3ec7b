"""`konsil extract` and the forms it writes."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from base64 import b64decode
from html import unescape
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from api import cli_extract
from api.cli import main
from api.exports.fhir import DERIVATION
from engine.bundle import read_bytes
from engine.exceptions import MissingExtraError, SourceError
from engine.types import ModelRef
from knowledge_graph.memory import MemoryGraph
from nlp import notes
from nlp.notes import NoteReader
from nlp.record import SCHEMA
from tests.api.test_cli import run
from tests.nlp.test_structure import KNOWN, MODEL, NOTE, STRANGE, check_bin, quotes
from tests.nlp.word_tagger import WildTagger, WordTagger

GERMAN = "Der Patient wurde mit Fieber und Husten in die Klinik gebracht und ist nicht gesund."
Node = dict[str, Any]


def _not_installed() -> tuple[WordTagger, ModelRef]:
    raise MissingExtraError("the learned reading of notes", extra="text")


@pytest.fixture(scope="module")
def learned(graph: MemoryGraph) -> NoteReader:
    return NoteReader.with_tagger(graph, WordTagger(KNOWN), MODEL)


@pytest.fixture(scope="module")
def wild(graph: MemoryGraph) -> NoteReader:
    return NoteReader.with_tagger(graph, WildTagger(), MODEL)


@pytest.fixture(autouse=True)
def _reads(learned: NoteReader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli_extract, "_reader", lambda: learned)


@pytest.fixture
def note(tmp_path: Path) -> Path:
    path = tmp_path / "note.txt"
    path.write_text(NOTE, "utf-8")
    return path


def validated(line: str) -> Node:
    """A bundle that fits its specification."""
    from fhir.resources.R4B import get_fhir_model_class

    bundle: Node = json.loads(line)
    model: Any = get_fhir_model_class("Bundle")
    model.model_validate(bundle)
    return bundle


def of_kind(bundle: Node, kind: str) -> list[Node]:
    resources = [entry["resource"] for entry in bundle["entry"]]
    return [resource for resource in resources if resource["resourceType"] == kind]


def text_in(bundle: Node) -> str:
    (document,) = of_kind(bundle, "DocumentReference")
    return b64decode(document["content"][0]["attachment"].get("data", "")).decode()


def sources(bundle: Node) -> dict[str, list[str]]:
    """Reference to a resource -> the characters it was read from."""
    text, found = text_in(bundle), dict[str, list[str]]()
    urls = {entry["fullUrl"] for entry in bundle["entry"]}
    for provenance in of_kind(bundle, "Provenance"):
        (target,) = provenance["target"]
        assert target["reference"] in urls
        for entity in provenance["entity"]:
            (extension,) = entity["extension"]
            assert extension["url"] == DERIVATION
            parts = {part["url"]: part for part in extension["extension"]}
            assert parts["reference"]["valueReference"] == entity["what"]
            start = parts["offset"]["valueInteger"]
            end = start + parts["length"]["valueInteger"]
            assert 0 <= start < end <= len(text)
            found.setdefault(target["reference"], []).append(text[start:end])
    return found


ITEMS = (
    "Condition", "FamilyMemberHistory", "Observation", "MedicationStatement",
    "AllergyIntolerance", "Procedure",
)  # fmt: skip


def one_line(text: str) -> str:
    return " ".join(re.sub(r"[\x00-\x1f\x7f]", " ", text).split())


def check_sources(bundle: Node) -> None:
    """Every item has a source, and is named as the characters there are."""
    found = sources(bundle)
    for entry in bundle["entry"]:
        resource = entry["resource"]
        if resource["resourceType"] not in ITEMS:
            continue
        quoted = [one_line(text) for text in found[entry["fullUrl"]]]
        code = resource.get("code") or resource.get("medicationCodeableConcept")
        code = code or resource["condition"][0]["code"]
        if resource["resourceType"] != "Observation":
            assert code["text"] == quoted[0]


def test_json_has_a_record_for_each_note(note: Path, tmp_path: Path) -> None:
    other = tmp_path / "b.txt"
    other.write_text("Fever.", "utf-8")
    code, out, _ = run("extract", str(tmp_path), "--format", "json")
    assert code == 0
    first, second = map(json.loads, out.splitlines())
    assert first["document"] == str(other)
    assert second["schema"] == SCHEMA
    assert [m["span"]["quote"] for m in second["medications"]][:2] == ["warfarin", "aspirin"]
    for span in quotes(second):
        assert NOTE[span["start"] : span["end"]] == span["quote"]
    assert run("extract", str(tmp_path), "--json")[1] == out


def test_fhir_says_what_the_note_says_and_where(note: Path) -> None:
    code, out, _ = run("extract", str(note), "--format", "fhir")
    assert code == 0
    bundle = validated(out)
    assert text_in(bundle) == NOTE
    check_sources(bundle)
    conditions = {c["code"]["text"]: c for c in of_kind(bundle, "Condition")}
    verified = {
        name: c["verificationStatus"]["coding"][0]["code"] for name, c in conditions.items()
    }
    assert verified["fever"] == "refuted"
    assert verified["seizures"] == "unconfirmed"
    assert "clinicalStatus" not in conditions["fever"]
    assert conditions["seizures"]["clinicalStatus"]["coding"][0]["code"] == "active"
    assert conditions["fever"]["code"]["coding"][0]["code"] == "HP:0001945"
    assert "migraine" not in conditions
    families = of_kind(bundle, "FamilyMemberHistory")
    relatives = {f["condition"][0]["code"]["text"] for f in families}
    assert "migraine" in relatives
    taken = {
        m["medicationCodeableConcept"]["text"]: m for m in of_kind(bundle, "MedicationStatement")
    }
    assert taken["warfarin"]["dosage"][0]["text"] == "5 mg PO twice daily"
    assert "dosage" not in taken["metformin"]
    assert "penicillin" not in taken
    (allergy,) = of_kind(bundle, "AllergyIntolerance")
    assert allergy["code"]["text"] == "penicillin"
    values = {o["code"]["text"]: o for o in of_kind(bundle, "Observation")}
    assert values["potassium"]["valueQuantity"]["value"] == 6.4
    assert values["potassium"]["valueQuantity"]["code"] == "mmol/L"
    assert values["CT scan"]["valueString"] == "unremarkable"
    dates = re.findall(r'"(?:onset|effective|performed|recordedDate)\w*"', out)
    assert dates == []


def test_mentions_of_one_problem_are_one_condition_with_all_sources(tmp_path: Path) -> None:
    file = tmp_path / "n.txt"
    file.write_text("Fever today. No cough. The fever was high. PMH: fever.", "utf-8")
    bundle = validated(run("extract", str(file), "--format", "fhir", "--language", "en")[1])
    found = sources(bundle)
    places = {
        e["fullUrl"]: e["resource"].get("clinicalStatus", {}).get("coding", [{}])[0].get("code")
        for e in bundle["entry"]
        if e["resource"]["resourceType"] == "Condition"
    }
    assert [(status, found[url]) for url, status in places.items()] == [
        ("active", ["Fever", "fever"]),
        (None, ["cough"]),
        (None, ["fever"]),
    ]


def test_what_no_resource_tells_is_named(tmp_path: Path) -> None:
    file = tmp_path / "n.txt"
    file.write_text("Return if fever develops. No family history of asthma.", "utf-8")
    bundle = validated(run("extract", str(file), "--format", "fhir", "--language", "en")[1])
    assert of_kind(bundle, "Condition") == []
    (outcome,) = of_kind(bundle, "OperationOutcome")
    assert "characters 10-15, 47-53" in outcome["issue"][-1]["diagnostics"]


def test_konsil_reads_the_bundle_back(note: Path) -> None:
    out = run("extract", str(note), "--format", "fhir")[1]
    read = read_bytes(out.encode(), name="bundle.json")
    assert [issue for issue in read.issues if issue.level == "error"] == []
    assert [document.text for document in read.documents] == [NOTE]
    excluded = {p.code.display: p.excluded for p in read.phenotypes}
    assert excluded["Fever"] is True
    assert {s.text for s in read.statements if s.kind == "medication"} >= {"warfarin", "aspirin"}


def test_the_same_note_gives_the_same_bundle_but_for_the_moment(note: Path) -> None:
    def timeless() -> str:
        out = run("extract", str(note), "--format", "fhir")[1]
        return re.sub(r'"recorded":"[^"]+"', "", out)

    assert timeless() == timeless()


def test_the_page_is_escaped_and_shows_what_is_denied(tmp_path: Path) -> None:
    file = tmp_path / "<b>.txt"
    text = "No fever & <script>alert('x')</script>.\r\nPossible seizures. She has ataxia{0}."
    file.write_bytes(text.encode())
    code, out, _ = run("extract", str(file), "--format", "html", "--language", "en")
    assert code == 0
    assert "<script" not in out
    assert "<b>" not in out
    assert 'class="absent"' in out
    assert 'class="uncertain"' in out
    assert "http" not in out
    body = out[out.index('<div class="entities"') :]
    body, items = body.split('<ul class="items">')
    assert "&lt;b&gt;.txt:3-8" in items
    shown = re.sub(r"<small>.*?</small>", "", body)
    shown = unescape(re.sub(r"<[^>]+>", "", shown.replace("<br>", "\n")))
    assert [line.strip() for line in shown.split("\n") if line.strip()] == text.split("\r\n")
    assert out.rstrip().endswith("</html>")


def test_a_docbin_goes_to_a_file(note: Path, tmp_path: Path, learned: NoteReader) -> None:
    german, binary, out = tmp_path / "g.txt", tmp_path / "z.txt", tmp_path / "notes.spacy"
    german.write_text(GERMAN, "utf-8")
    binary.write_bytes(b"\0\1")
    given = [str(german), str(note), str(binary)]
    code, shown, _ = run("extract", *given, "--format", "docbin", "--out", str(out))
    assert (code, shown) == (1, "")
    from engine.types import Document

    texts = (GERMAN, NOTE, "")
    records = [learned.read(Document("n", "", text)) for text in texts]
    check_bin(out.read_bytes(), records)


def test_lines_are_for_people(note: Path) -> None:
    code, out, _ = run("extract", str(note))
    assert code == 0
    assert re.search(r"^medicine  warfarin  \[present, current\]  5 mg, PO, twice daily", out, re.M)
    assert re.search(r"^test  potassium  6.4 mmol/L  .*Hyperkalemia", out, re.M)
    assert "allergy  penicillin" in out
    assert "date  March 14, 2021 (2021-03-14)" in out


@pytest.mark.parametrize("form", ["text", "json", "fhir", "html"])
def test_a_bad_note_loses_no_other(
    form: str, note: Path, tmp_path: Path, learned: NoteReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [tmp_path / name for name in ("german.txt", "binary.txt", "empty.txt", "fails.txt")]
    for name, content in zip(names, (GERMAN.encode(), b"\0", b"", b"fails"), strict=True):
        name.write_bytes(content)
    real = NoteReader.read

    def read(self: NoteReader, document: Any, **more: Any) -> Any:
        if document.text == "fails":
            raise RuntimeError(document.text)
        return real(self, document, **more)

    monkeypatch.setattr(NoteReader, "read", read)
    code, out, err = run("extract", *map(str, names), str(note), "--format", form)
    assert code == 1
    assert "warfarin" in out
    assert f"warning: {names[0]}: the document is not in English (de)" in err
    assert f"error: {names[1]}: cannot be read" in err
    assert f"warning: {names[2]}: the document is empty" in err
    assert f"error: {names[3]}: this note could not be worked on (RuntimeError)" in err
    if form == "json":
        assert [json.loads(line)["read"] for line in out.splitlines()] == [False] * 4 + [True]
    if form == "fhir":
        for line in out.splitlines()[:-1]:
            assert of_kind(validated(line), "OperationOutcome")


def test_a_file_name_that_is_no_utf8_loses_no_note(
    note: Path, tmp_path: Path, learned: NoteReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    strange = tmp_path / "a\udcff.txt"
    strange.write_text("Fever.", "utf-8")
    for form in ("text", "json", "fhir", "html"):
        code, out, _ = run("extract", str(strange), str(note), "--format", form)
        assert code == 0
        assert "warfarin" in out


def test_an_old_file_stays_where_nothing_can_be_read(
    note: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "old.json"
    old.write_text("old", "utf-8")

    def fails() -> NoteReader:
        raise SourceError("no graph", fix="build it")

    monkeypatch.setattr(cli_extract, "_reader", fails)
    assert run("extract", str(note), "--json", "--out", str(old))[0] != 0
    assert old.read_text("utf-8") == "old"


def test_standard_input_is_a_note() -> None:
    result = CliRunner().invoke(main, ["extract", "-", "--json"], input=NOTE)
    assert result.exit_code == 0
    assert json.loads(result.stdout)["document"] == "-"


def test_the_language_may_be_stated(tmp_path: Path) -> None:
    file = tmp_path / "n.txt"
    file.write_text(GERMAN, "utf-8")
    assert run("extract", str(file), "--json", "--language", "en")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere.txt",), "no such file or folder"),
        (("{note}", "--format", "docbin"), "a DocBin is no text"),
        (("{note}", "--out", "{note}"), "it is one of the notes"),
        (("{note}", "--out", "{folder}/no/such"), "cannot be written"),
    ],
)
def test_wrong_input_names_the_place_and_the_fix(
    arguments: tuple[str, ...], message: str, note: Path
) -> None:
    before = note.read_bytes()
    places = {"note": note, "folder": note.parent}
    code, out, err = run("extract", *(argument.format(**places) for argument in arguments))
    assert (code, out) == (2, "")
    assert message in err
    assert "fix: " in err
    assert note.read_bytes() == before


def test_what_is_not_installed_is_said(
    note: Path, graph: MemoryGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notes, "packaged", _not_installed)
    bare = NoteReader.compile(graph)
    monkeypatch.setattr(cli_extract, "_reader", lambda: bare)
    code, out, err = run("extract", str(note), "--json")
    assert code == 0
    assert json.loads(out)["problems"]
    assert "not read: medicines" in err
    assert "--extra text" in err


@pytest.mark.parametrize("text", [text for text in STRANGE if text.strip()])
def test_strange_notes_in_every_form(
    text: str, wild: NoteReader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(cli_extract, "_reader", lambda: wild)
    file = tmp_path / "n.txt"
    file.write_bytes(text.replace("\0", "").encode("utf-8", "replace"))
    for form in ("text", "json", "html"):
        assert run("extract", str(file), "--format", form, "--language", "en")[0] == 0
    check_sources(validated(run("extract", str(file), "--format", "fhir", "--language", "en")[1]))


def test_real_notes_in_fhir_and_json(
    data: Path, wild: NoteReader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(cli_extract, "_reader", lambda: wild)
    csv.field_size_limit(sys.maxsize)
    with (data / "nlp" / "notes" / "mtsamples_1088.csv").open(encoding="utf-8") as file:
        texts = [row["text"] for row in islice(csv.DictReader(file), 0, None, 90)]
    for number, text in enumerate(texts):
        (tmp_path / f"{number:04}.txt").write_bytes(text.encode())
    code, out, _ = run("extract", str(tmp_path), "--json", "--language", "en")
    assert code == 0
    for line, text in zip(out.splitlines(), texts, strict=True):
        for span in quotes(json.loads(line)):
            assert text[span["start"] : span["end"]] == span["quote"]
    _, out, _ = run("extract", str(tmp_path), "--format", "fhir", "--language", "en")
    for line, text in zip(out.splitlines(), texts, strict=True):
        bundle = validated(line)
        assert (text_in(bundle) == text) is True
        check_sources(bundle)


def test_the_command_needs_no_torch(note: Path) -> None:
    program = (
        "import sys; from click.testing import CliRunner; from api.cli import main;"
        f"r = CliRunner().invoke(main, ['extract', {str(note)!r}]);"
        "sys.exit('torch' in sys.modules or r.exit_code)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
