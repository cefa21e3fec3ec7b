from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.normalise import light, stem


@pytest.mark.parametrize(
    "words",
    [
        "anaemia anemia anaemias",
        "tumour tumor Tumours",
        "oedema edema",
        "haemorrhage hemorrhage",
        "diarrhoea diarrhea",
        "naevus nevi naevi",
        "metastasis metastases",
        "vertebra vertebrae",
        "lipoma lipomata lipomas",
        "abnormality abnormalities",
        "Marfan's Marfan Marfan’s",
        "Sjögren sjogren",
        "paralysed paralyzed",
        "behaviour behavior",
        "foot feet",
    ],
)
def test_spelling_and_plural(words: str) -> None:
    assert len({light(word) for word in words.split()}) == 1


@pytest.mark.parametrize(
    "words",
    [
        "cerebellar cerebellum",
        "bruise bruises bruising bruised",
        "raise raised raising",
        "renal kidney kidneys",
        "microcephaly microcephalic",
        "hypotonia hypotonic",
        "necrosis necrotic",
        "hyperplasia hyperplastic",
        "calcification calcified",
        "obstruction obstructive obstructed",
        "deficiency deficient",
        "anomaly malformation abnormal",
    ],
)
def test_one_stem(words: str) -> None:
    assert len({stem(word) for word in words.split()}) == 1


@pytest.mark.parametrize(
    "words", ["hypotonia hypotension", "hyperplasia hypoplasia", "renal adrenal", "toe tooth"]
)
def test_different_stems(words: str) -> None:
    assert len({stem(word) for word in words.split()}) == 2


@given(st.text(min_size=1, max_size=30))
def test_any_word_has_a_stem(word: str) -> None:
    assert stem(word) == stem(word)


def test_words_that_only_look_alike_stay_apart() -> None:
    """A blood test is no testis, and "can't" is not "canted"; the testis keeps its relatives."""
    assert stem("test") != stem("testis")
    assert stem("can't") != stem("canted")
    assert stem("testes") == stem("testicular") == stem("testis")
