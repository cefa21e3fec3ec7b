"""Mentions are linked to what they name, or not at all, with a vocabulary of a few names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import log, sqrt
from pathlib import Path

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, Span

from engine.exceptions import InputError
from engine.types import Code, Document
from nlp.abbreviations import definitions, expanded
from nlp.candidates import FLOOR, LOOSE, NEARLY, Index, Name, plain, stemmed
from nlp.corpora import Annotated, Entity
from nlp.evaluate_linking import linking
from nlp.linking import EntityLinker, Linker, of
from nlp.linking_corpus import learned, learned_from, names_of, thresholds
from nlp.ner import KEY
from nlp.note import Note
from nlp.record import Link
from nlp.tokenizer import Tokenizer

MARFAN, DM1, DM2 = "OMIM:154700", "OMIM:160900", "OMIM:602668"
NAMES = (
    Name("Marfan syndrome", MARFAN, "disease"),
    Name("Myotonic dystrophy 1", DM1, "disease"),
    Name("Myotonic dystrophy 2", DM2, "disease"),
    Name("Migraine", "HP:0002076", "phenotype"),
    Name("Migraine", "KONSIL:migraine", "disease"),
    Name("Heart failure", "HP:0001635", "phenotype", rank=1),
    Name("heart failure", "KONSIL:chronic-heart-failure", "disease", rank=LOOSE),
    Name("hearing loss", "KONSIL:presbycusis", "disease", rank=LOOSE),
    Name("Gastric hemorrhage", "HP:0002584", "phenotype"),
    Name("Factor XII deficiency", "OMIM:234000", "disease"),
    Name("Complete heart block", "HP:0001709", "phenotype"),
    Name("Hypoparathyroidism", "KONSIL:hypoparathyroidism", "disease"),
    Name("Diabetic retinopathy", "KONSIL:diabetic-retinopathy", "disease"),
    Name("Twin disease", "OMIM:1", "disease"),
    Name("Twin disease", "OMIM:2", "disease"),
    Name("warfarin", "KONSIL:drug-warfarin", "drug"),
    Name("amphetamine", "KONSIL:drug-amphetamine", "drug"),
)
LINKER = Linker.over(NAMES)


def test_definitions_are_not_written_out_in_one_another() -> None:
    known = {"AB": "CD CD", "CD": "AB AB"}
    assert expanded("AB and CDs", known) == "CD CD and AB AB"


@pytest.mark.parametrize(
    ("text", "kind", "term"),
    [
        ("Marfan syndrome", "disease", MARFAN),
        ("MARFAN’S SYNDROME", "disease", MARFAN),
        ("hemorrhages of the stomach", "symptom", "HP:0002584"),
        ("gastric haemorrhage", "effect", "HP:0002584"),
        ("migraines", "disease", "KONSIL:migraine"),
        ("migraine", "symptom", "HP:0002076"),
        ("heart failure", "disease", "HP:0001635"),  # a better name before the preferred group
        ("myotonic dystrophy type II", "disease", DM2),
        ("Warfarin", "drug", "KONSIL:drug-warfarin"),
    ],
)
def test_a_mention_is_linked_to_what_it_names(text: str, kind: str, term: str) -> None:
    link = LINKER.link(text, [kind])
    assert (link.term, link.refused) == (term, None)


@pytest.mark.parametrize(
    ("text", "kind", "refused"),
    [
        ("quorble", "disease", "no candidate"),
        ("???", "disease", "no candidate"),
        ("", "drug", "no candidate"),
        ("Marfan syndrome", "drug", "no candidate"),  # no medicine is called so
        ("warfarin", "planet", "no candidate"),  # no type that is linked
        ("myotonic dystrophy", "disease", "another number"),
        ("myotonic dystrophy 3", "disease", "another number"),
        ("factor XIII deficiency", "disease", "another number"),
        ("non-diabetic retinopathy", "disease", "the opposite"),
        ("incomplete heart block", "disease", "the opposite"),
        ("Hyperparathyroidism", "disease", "the opposite"),
        ("twin disease", "disease", "ambiguous"),
        ("hearing loss", "disease", "loose name"),
        ("metamphetamine", "drug", "below threshold"),
        ("neonatal Marfan syndrome", "disease", "below threshold"),
    ],
)
def test_no_link_is_forced_and_the_reason_is_said(text: str, kind: str, refused: str) -> None:
    link = LINKER.link(text, [kind])
    assert (link.term, link.refused) == ("", refused)
    assert bool(link.candidates) == (refused != "no candidate")


def test_candidates_are_scored_best_first_and_each_term_once() -> None:
    found = Index([*NAMES, Name("Marfans syndrome", MARFAN, "disease", rank=1)]).search(
        "Marfan syndrome", ["disease"]
    )
    assert [c.term for c in found] == [MARFAN]
    assert found[0].score == 1
    assert found[0].name.rank == 0
    assert LINKER.link("Marfans' syndromes", ["disease"]).candidates[0].score == NEARLY


words = st.lists(
    st.text("abcdeé1 -", min_size=1, max_size=6) | st.sampled_from(["of", "syndrome", "type 2"]),
    min_size=1,
    max_size=4,
).map(" ".join)


def cosine(names: Sequence[str], text: str, name: str) -> float:
    """The likeness by its definition, piece by piece."""

    def pieces(of: str) -> Counter[str]:
        return Counter(
            f" {word} "[i : i + 3] for word in stemmed(of).split() for i in range(len(word))
        )

    all_pieces = [pieces(n) for n in names]

    def weights(of: str) -> dict[str, float]:
        raw = {
            piece: n * (log((1 + len(names)) / (1 + sum(piece in p for p in all_pieces))) + 1)
            for piece, n in pieces(of).items()
        }
        length = sqrt(sum(w * w for w in raw.values()))
        return {piece: w / length for piece, w in raw.items()}

    one, other = weights(text), weights(name)
    return sum(w * other.get(piece, 0) for piece, w in one.items())


@given(st.lists(words, min_size=1, max_size=8), words)
def test_the_score_is_the_cosine_of_rare_pieces(texts: list[str], text: str) -> None:
    texts = [t for t in texts if plain(t)]
    found = Index(Name(t, f"T:{i}", "disease") for i, t in enumerate(texts)).search(
        text, ["disease"], most=100
    )
    scores = {candidate.term: candidate.score for candidate in found}
    for i, name in enumerate(texts):
        likeness = cosine(texts, text, name)
        if plain(text) == plain(name):
            assert scores[f"T:{i}"] == 1
        elif abs(likeness - FLOOR) > 1e-6:
            assert (f"T:{i}" in scores) == (likeness > FLOOR)
            assert scores.get(f"T:{i}", 0) == pytest.approx(
                min(likeness, NEARLY) if likeness > FLOOR else 0, abs=1e-5
            )


# ---- Abbreviations ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("He has Marfan syndrome (MFS).", {"MFS": "Marfan syndrome"}),
        ("MFS (Marfan syndrome) was seen.", {"MFS": "Marfan syndrome"}),
        ("adrenomyeloneuropathy (AMN; the adult form)", {"AMN": "adrenomyeloneuropathy"}),
        ("heat shock transcription factor (HSF)", {"HSF": "heat shock transcription factor"}),
        ("a case of Wilms' tumour [WT]", {"WT": "Wilms' tumour"}),
        ("The drug was stopped (see Table 2).", {}),
        ("Aspirin (100 mg) was given (n = 12).", {}),
        ("He had a fall. Marfan (XYZ)", {}),
        ("AMCA (and tranexamic acid)", {}),
        ("(MFS) and ((MFS)) and ()", {}),
    ],
)
def test_definitions(text: str, found: dict[str, str]) -> None:
    assert definitions(text) == found


def test_a_short_form_is_written_out_as_a_word() -> None:
    known = {"MFS": "Marfan syndrome"}
    assert expanded("MFS type 2", known) == "Marfan syndrome type 2"
    assert expanded("MFSs", known) == "Marfan syndrome"
    assert expanded("XMFS", known) == "XMFS"


@given(st.text("AbC (),.;-s’İ\n", max_size=60))
def test_a_definition_is_in_the_text(text: str) -> None:
    for short, long in definitions(text).items():
        assert short in text
        assert long in text


# ---- The component ------------------------------------------------------------------------------


def linked(text: str, *mentions: tuple[str, str], ents: bool = True) -> Doc:
    """The text with every first occurrence of the mentions marked, (words, type), and linked."""
    pipeline = spacy.blank("en")
    pipeline.tokenizer = Tokenizer(pipeline.vocab)
    doc = pipeline(text)
    spans: list[Span] = []
    for words_, kind in mentions:
        start = text.rindex(words_)
        span = doc.char_span(start, start + len(words_), label=kind)
        assert span is not None
        spans.append(span)
    doc.spans[KEY] = spans
    if ents:
        doc.ents = spans
    return EntityLinker(LINKER)(doc)


def test_spans_get_candidates_and_a_link_or_a_reason() -> None:
    text = "Marfan syndrome, on warfarin 5 mg; metamphetamine"
    doc = linked(
        text,
        ("Marfan syndrome", "disease"),
        ("warfarin", "drug"),
        ("5 mg", "dose"),
        ("metamphetamine", "drug"),
    )
    spans = list(doc.spans[KEY])
    assert [span.kb_id_ for span in spans] == [MARFAN, "KONSIL:drug-warfarin", "", ""]
    assert [span._.link_refused for span in spans] == [None, None, None, "below threshold"]
    assert spans[0]._.kb_ents[0] == (MARFAN, 1.0)
    assert spans[2]._.kb_ents == []
    assert spans[3]._.kb_ents[0][0] == "KONSIL:drug-amphetamine"
    assert [entity.kb_id_ for entity in doc.ents] == [span.kb_id_ for span in spans]
    assert [entity.label_ for entity in doc.ents] == ["disease", "drug", "dose", "drug"]
    assert all(text[span.start_char : span.end_char] == span.text for span in spans)


def test_an_abbreviation_is_what_the_text_says_it_is() -> None:
    doc = linked("Marfan syndrome (MFS) runs in families. MFS is rare.", ("MFS", "disease"))
    assert [span.kb_id_ for span in doc.spans[KEY]] == [MARFAN]
    doc = linked("MFS is rare.", ("MFS", "disease"))
    assert [span._.link_refused for span in doc.spans[KEY]] == ["no candidate"]


def test_spans_of_one_place_are_linked_alike() -> None:
    doc = linked("a migraine", ("migraine", "symptom"), ("migraine", "disease"), ents=False)
    assert [span.kb_id_ for span in doc.spans[KEY]] == ["KONSIL:migraine"] * 2
    assert {term for term, _ in doc.spans[KEY][0]._.kb_ents} == {"KONSIL:migraine", "HP:0002076"}


def test_a_medicine_is_never_linked_to_a_disease_of_its_place() -> None:
    doc = linked("a migraine", ("migraine", "disease"), ("migraine", "drug"), ents=False)
    found = {span.label_: (span.kb_id_, of(span).term) for span in doc.spans[KEY]}
    assert found == {"disease": ("KONSIL:migraine",) * 2, "drug": ("", "")}
    assert Note(Document("n", "", doc.text), doc, {"x": Code("x", "x")}).link(
        next(span for span in doc.spans[KEY] if span.label_ == "drug")
    ) == Link((), "no candidate")


def test_a_document_without_mentions_and_a_linker_without_names() -> None:
    pipeline = spacy.blank("en")
    component = pipeline.add_pipe("konsil_linker")
    assert KEY not in pipeline("Nothing.").spans
    doc = pipeline.make_doc("Marfan")
    doc.spans[KEY] = [Span(doc, 0, 1, label="disease")]
    assert callable(component)
    assert [s._.link_refused for s in component(doc).spans[KEY]] == ["no candidate"]


# ---- A vocabulary learned from a corpus, and the benchmark --------------------------------------


def document(name: str, *mentions: tuple[str, str, str]) -> Annotated:
    """Mentions: words, label of the corpus, concepts."""
    text, entities = "", list[Entity]()
    for words_, label, concepts in mentions:
        ids = tuple(filter(None, concepts.split("|")))
        entities.append(Entity(len(text), len(text) + len(words_), label, ids))
        text += f"{words_} "
    return Annotated(name, name, text, tuple(entities))


def test_names_of_a_corpus_are_its_mentions_of_one_concept() -> None:
    names = names_of(
        [
            document("1", ("fit", "Disease", "D012640"), ("Na", "Chemical", "")),
            document("2", ("fit", "SpecificDisease", "MeSH:D012640"), ("x", "Gene", "7")),
            document("3", ("liver or renal failure", "Disease", "D1|D2"), ("fit", "Disease", "D9")),
        ]
    )
    assert names == [
        Name("fit", "MESH:D012640", "disease", times=2),
        Name("fit", "MESH:D9", "disease", times=1),
    ]
    assert Linker.over(names).link("Fit", ["disease"]).term == "MESH:D012640"


@pytest.mark.parametrize(
    ("scored", "threshold"),
    [
        ([("drug", 0.9, True), ("drug", 0.7, True), ("drug", 0.6, False)], 0.7),
        ([("drug", 0.9, True), ("drug", 0.8, False), ("drug", 0.7, True)], 0.9),
        ([("drug", 0.8, False), *[("drug", 0.7, True)] * 3], 0.7),
        ([("drug", 1.0, False)], 1.0),
        ([], 1.0),
    ],
)
def test_a_threshold_gains_more_than_it_costs(
    scored: Sequence[tuple[str, float, bool]], threshold: float
) -> None:
    assert thresholds(scored, cost=2)["drug"] == threshold


def test_thresholds_are_chosen_on_documents_that_the_names_are_not_from() -> None:
    """Every document has a disease of its own that is nearly called like another's: where each
    knew its own names, all would be right."""
    kinds = ("alba", "albina", "albida", "albana", "albesa")
    documents = [
        document(str(i), (f"morbus hepatis {kind}", "Disease", f"D{i}"))
        for i, kind in enumerate(kinds)
    ]
    assert learned_from(documents).thresholds["disease"] == 1


PUBTATOR = """\
{id}|t|{title}
{id}|a|{text}
{id}\t0\t{end}\t{title}\tDisease\t{concept}

"""


def write(path: Path, *rows: tuple[str, str]) -> Path:
    path.write_text(
        "".join(
            PUBTATOR.format(id=i, title=title, text="None.", end=len(title), concept=concept)
            for i, (title, concept) in enumerate(rows)
        ),
        "utf-8",
    )
    return path


def test_bench_counts_by_hand(tmp_path: Path) -> None:
    train = write(tmp_path / "train.PubTator", *[("Fits", "D1"), ("Stroke", "D2")] * 6)
    dev = write(
        tmp_path / "dev.PubTator", ("fits", "D1"), ("stroke", "D3"), ("stroke", "-1"), ("zzz", "D4")
    )
    graph = Linker.over([Name("Stroke", "KONSIL:stroke", "disease")])
    report = linking([train, dev], graph, {"MESH:D3": frozenset({"KONSIL:stroke"})})
    assert report.n == 4
    metrics = report.metrics
    assert metrics["mesh_disease_accuracy"] == pytest.approx(1 / 3)
    assert metrics["mesh_disease_recall10"] == pytest.approx(1 / 3)
    assert metrics["mesh_disease_unlinked"] == pytest.approx(1 / 4)
    assert metrics["mesh_disease_precision"] == pytest.approx(1 / 3)
    assert metrics["graph_disease_accuracy"] == 1
    assert metrics["graph_disease_precision"] == 1
    assert metrics["graph_disease_unlinked"] == pytest.approx(1 / 2)
    low, high = report.ci95["mesh_disease_accuracy"]
    assert low <= metrics["mesh_disease_accuracy"] <= high
    assert {(m["vocabulary"], m["words"], m["kind"]) for m in report.misses} == {
        ("mesh", "stroke", "wrong"),
        ("mesh", "zzz", "no candidate"),
    }


def test_bench_says_what_it_cannot_score(tmp_path: Path) -> None:
    train = write(tmp_path / "train.PubTator", ("Fits", "D1"))
    with pytest.raises(InputError, match="no mentions") as said:
        linking(train)
    assert "train" in said.value.fix
    with pytest.raises(InputError):
        learned([tmp_path / "nothing"])
