"""Recognition of terms in text: word order, inflection, lists, abbreviations."""

from __future__ import annotations

import tomllib
from collections.abc import Callable

import pytest

from engine.protocols import Label
from engine.types import Finding, TextSpan
from knowledge_graph.memory import MemoryGraph
from nlp.concepts import KEY
from nlp.lexicon import NAMES_FILE, compile_lexicon
from nlp.pipeline import build

Read = Callable[[str], list[Finding]]


def named(findings: list[Finding]) -> list[tuple[str, str]]:
    """(words, name of the term) of each finding."""
    return [
        (citation.quote, finding.code.display)
        for finding in findings
        for citation in finding.citations
        if isinstance(citation, TextSpan)
    ]


PROFOUND = "Profound global developmental delay"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Seizures began early.", [("Seizures", "Seizure")]),
        (
            "There was atrophy of the cerebellum.",
            [("atrophy of the cerebellum", "Cerebellar atrophy")],
        ),
        ("Severe anaemia.", [("anaemia", "Anemia")]),
        ("Pre-auricular pits.", [("Pre-auricular pits", "Preauricular pit")]),
        ("Café-au-lait spots.", [("Café-au-lait spots", "Cafe-au-lait spot")]),
        # the longest name wins
        (
            "Sensorineural hearing loss.",
            [("Sensorineural hearing loss", "Sensorineural hearing impairment")],
        ),
        # words of two sentences or clauses are never one name
        ("The hearing was tested. Loss of weight.", [("Loss of weight", "Weight loss")]),
        # lists share a word
        (
            "Cerebral and cerebellar atrophy.",
            [
                ("Cerebral and cerebellar atrophy", "Cerebral atrophy"),
                ("cerebellar atrophy", "Cerebellar atrophy"),
            ],
        ),
        # words of a name may stand apart
        ("A red irritated eye.", [("red irritated eye", "Red eye")]),
        # each result belongs to its own analyte
        (
            "Neutrophils are raised and platelets are low.",
            [
                ("Neutrophils are raised", "Neutrophilia"),
                ("platelets are low", "Thrombocytopenia"),
            ],
        ),
        # what stands before "diet" is no finding of today: tests/nlp/test_assertion.py
        ("She is on a low sodium diet.", [("low sodium", "Hyponatremia")]),
        # the letter A is no article
        ("Hemoglobin is low.", [("Hemoglobin is low", "Anemia")]),
        ("HE HAS A FEVER.", [("FEVER", "Fever")]),
        # everyday wording
        ("No visual changes.", [("visual changes", "Abnormality of vision")]),
        (
            "He fell asleep whilst driving.",
            [("asleep whilst driving", "Excessive daytime somnolence")],
        ),
        (
            "Frequency, urgency and hesitancy.",
            [
                ("Frequency", "Pollakisuria"),
                ("urgency", "Urinary urgency"),
                ("hesitancy", "Urinary hesitancy"),
            ],
        ),
        ("The vaccine met with hesitancy.", []),
        ("The eye was closed by a big red scar.", []),
        ("Knee pain and swollen.", [("Knee pain", "Knee pain")]),
        # but not across the words of another name
        (
            "Chest pain or shortness of breath.",
            [("Chest pain", "Chest pain"), ("shortness of breath", "Dyspnea")],
        ),
        # nor across a conjunction between two things, or to an adjective of the next word
        ("Myopia and astigmatism.", [("Myopia", "Myopia"), ("astigmatism", "Astigmatism")]),
        ("An anomaly and a flat face.", [("flat face", "Flat face")]),
        ("Pain and arthritis.", [("Pain", "Pain"), ("arthritis", "Arthritis")]),
        ("Hypoglycemia in the neonatal period.", [("Hypoglycemia", "Hypoglycemia")]),
        ("Low blood sugar due to insulin.", [("Low blood sugar", "Hypoglycemia")]),
        ("Triggers of episodes include fever.", [("fever", "Fever")]),
        # a range is a list
        (
            "Mild to severe intellectual disability.",
            [
                ("Mild to severe intellectual disability", "Intellectual disability, mild"),
                ("severe intellectual disability", "Intellectual disability, severe"),
            ],
        ),
        # a grade goes with every name of the term that it grades, and signs with a system
        ("Profound developmental delay.", [("Profound developmental delay", PROFOUND)]),
        ("No neurological signs.", [("neurological signs", "Abnormality of the nervous system")]),
        ("Multiple nevi.", [("Multiple nevi", "Numerous nevi")]),
        # words of ordinary language only in company
        ("Collecting ducts.", []),
        ("The abscess was drained.", [("abscess", "Abscess")]),
        ("He feels drained.", [("drained", "Fatigue")]),
        ("Spina bifida at S4.", [("Spina bifida", "Spina bifida")]),
        ("Gallop with S4.", [("S4", "Fourth heart sound")]),
        # abbreviations as written; ambiguous ones only in company
        ("She has SOB and HTN.", [("SOB", "Dyspnea"), ("HTN", "Hypertension")]),
        ("Saturation 97 % on RA.", []),
        ("Seropositive RA on methotrexate.", [("RA", "Rheumatoid arthritis")]),
        ("Denies CP.", [("CP", "Chest pain")]),
        ("PE: lungs clear.", []),
        ("He began to sob.", []),
        # modifiers, inheritance and onset are terms, but no findings
        ("Severe, bilateral, autosomal dominant, childhood onset.", []),
        # a heading is not a finding
        ("ALLERGIES: none", []),
    ],
)
def test_names(read: Read, text: str, expected: list[tuple[str, str]]) -> None:
    assert named(read(text)) == expected


def test_a_negation_inside_a_name_whose_words_stand_apart_denies_it(read: Read) -> None:
    findings = read("The eyes are not at all red.")
    assert {finding.code.display: finding.status for finding in findings}["Red eye"] == "absent"


def test_better_scopes_keep_a_contested_name() -> None:
    labels = [Label("Blue spot", "T:2", "broad"), Label("Spot, blue", "T:1", "name")]
    doc = build(compile_lexicon(labels))("A blue spot.")
    assert [span.kb_id_ for span in doc.spans[KEY]] == ["T:1"]


def test_our_own_phrases_beat_synonyms_but_not_names() -> None:
    labels = [
        Label("Focal seizure", "T:1", "name"),
        Label("Visual aura", "T:1", "exact"),
        Label("Gradually spreading visual aura", "T:2", "name"),
    ]
    doc = build(compile_lexicon(labels))("A visual aura.")
    assert [span.kb_id_ for span in doc.spans[KEY]] == ["T:2"]
    labels.append(Label("Visual aura", "T:3", "name"))
    doc = build(compile_lexicon(labels))("A visual aura.")
    assert [span.kb_id_ for span in doc.spans[KEY]] == ["T:3"]


def test_our_own_names_mean_terms_that_exist() -> None:
    known = {label.text.casefold() for label in MemoryGraph.packaged().labels()}
    table = tomllib.loads(NAMES_FILE.read_text("utf-8"))
    means = [*table["phrases"].values(), *table["abbreviations"].values()]
    means += [guard["name"] for guard in table["guarded"]]
    assert [name for name in means if name.casefold() not in known] == []
