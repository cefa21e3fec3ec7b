from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.language import hardly_english, leaning, other_language

GERMAN = "Der Patient klagt über Fieber, das seit drei Tagen mit Husten besteht. Keine Atemnot."
FRENCH = (
    "Le patient se plaint de douleurs dans la poitrine et une toux avec de la fièvre, sans dyspnée."
)
SPANISH = (
    "El paciente refiere dolor en el pecho y fiebre que se inicia con tos por la noche, sin disnea."
)
RUSSIAN = "Пациент жалуется на головную боль и лихорадку."
CHINESE = "患者主诉头痛和发热三天。"
ENGLISH = "The patient complains of headache and fever. No cough. She was seen by Dr. de la Cruz."


@pytest.mark.parametrize(
    ("text", "stated", "expected"),
    [
        (GERMAN, None, "de"),
        (FRENCH, None, "fr"),
        (SPANISH, None, "es"),
        (RUSSIAN, None, "cyrillic"),
        (CHINESE, None, "cjk"),
        (ENGLISH, None, None),
        (ENGLISH, "en-GB", None),
        (ENGLISH, "de", "de"),  # the sender knows best
        ("Fever, cough, ataxia", None, None),
        ("BP 120/80 α-thalassaemia", None, None),
    ],
)
def test_language(text: str, stated: str | None, expected: str | None) -> None:
    assert other_language(text, stated) == expected


@given(st.text())
def test_any_text_has_an_answer(text: str) -> None:
    assert other_language(text) == other_language(text)


SHORT_GERMAN = "Patient mit Fieber, Husten, Atemnot. Verdacht auf Lupus. Vater gesund."


def test_a_short_foreign_text_is_doubted() -> None:
    assert other_language(SHORT_GERMAN) is None
    assert hardly_english(SHORT_GERMAN)
    assert leaning(SHORT_GERMAN) == "de"


def test_an_english_text_is_not_doubted() -> None:
    assert not hardly_english(ENGLISH)
    assert leaning(ENGLISH) is None
    assert leaning("Fever, cough. Seen by Dr. de la Cruz") is None
