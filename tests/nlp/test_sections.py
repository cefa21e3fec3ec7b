from __future__ import annotations

import pytest

from nlp.sections import headings, sections


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PAST MEDICAL HISTORY: Asthma", [("PAST MEDICAL HISTORY:", "historical")]),
        ("Family history\nAsthma", [("Family history", "family")]),
        ("1. PMH: Asthma", [("PMH:", "historical")]),
        ("Assessment: ok\nFH: none", [("Assessment:", "current"), ("FH:", "family")]),
        # MTSamples: headings follow ".," without a line break
        ("well.,FAMILY HISTORY:, Stroke", [("FAMILY HISTORY:", "family")]),
        # unknown words in capitals end the section before them
        (
            "PMH: Asthma\nNEUROLOGIC STATUS: well",
            [("PMH:", "historical"), ("NEUROLOGIC STATUS:", "current")],
        ),
        # in the middle of a line
        ("migraine. On exam: rash", [("On exam:", "current")]),
        ("PMH: asthma O/E: rash", [("PMH:", "historical"), ("O/E:", "current")]),
        ("He has a family history of asthma", []),
        ("history of asthma: mild", []),
    ],
)
def test_headings(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(text[start:end], kind) for start, end, kind in headings(text)] == expected


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        # text beside the heading: the section is its line
        ("Family history: mother has gout.\nThe child has ataxia.", "The child has ataxia."),
        ("PMH: asthma.\n\nOn examination he is ill.", "On examination he is ill."),
        ("Allergies: none\nAtaxia", "Ataxia"),
        ("Instructions: call if worse.\nAtaxia.", "Ataxia."),
        # ... with the lines that continue it
        ("PMH: asthma,\nmigraine and\nGout.\nAtaxia", "Ataxia"),
        ("PMH: asthma with many\nexacerbations.\nAtaxia", "Ataxia"),
        ("PMH: asthma\n   gout\nAtaxia", "Ataxia"),
        ("PMH: 1. Asthma\n2. Gout\n3. Stroke", ""),
        (
            "Past history: Migraine, for which she takes tablets. Asthma began in\n"
            "childhood and was treated with inhalers for many years. Pneumonia.\n"
            "Gout was treated by the family doctor.\n\nAtaxia",
            "Ataxia",
        ),
        # a heading alone: the paragraph below it
        ("Family History:\nMother: gout\nFather: stroke\n\nAtaxia", "Ataxia"),
        ("PMH:\n1. Asthma\n\n2. Gout", ""),
        ("PMH:\n\nAsthma\n\nGout", ""),
        # sentences about the patient now
        ("PMH: gout. On exam he is ill", "On exam he is ill"),
        ("PMH: gout. Patient presents with ataxia", "Patient presents with ataxia"),
        ("PMH: gout. Currently ataxia", "Currently ataxia"),
        ("PMH: The patient has gout. He had asthma.", ""),
        ("FH: Father died. The patient has ataxia", "The patient has ataxia"),
        ("FH: gout. The patient's mother has ataxia", ""),
        ("Exam: ataxia\n\nToday he is ill", ""),
    ],
)
def test_where_a_section_ends(text: str, rest: str) -> None:
    ((_, _, stop, _),) = sections(text)
    assert text[stop:] == rest
