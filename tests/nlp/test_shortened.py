"""A defined abbreviation is found wherever it stands, and nothing else is added."""

from __future__ import annotations

import numpy as np

from nlp.schemes import Mention
from nlp.shortened import with_short_forms

TEXT = "Marfan syndrome ( MFS ) is rare . In MFS mice and MFSX , MFS II was seen ."
WORDS = TEXT.split()
FOUND: list[Mention] = [(0, 2, "disease"), (13, 15, "disease")]
VECTORS = np.array([[1.0], [2.0]], np.float32)


def test_short_forms_of_what_was_found_are_added_with_its_type_and_vector() -> None:
    mentions, vectors = with_short_forms(WORDS, FOUND, VECTORS)
    assert mentions == [(0, 2, "disease"), (3, 4, "disease"), (9, 10, "disease"), FOUND[1]]
    assert vectors.tolist() == [[1], [1], [1], [2]]


def test_nothing_is_added_to_what_was_not_found() -> None:
    assert with_short_forms(WORDS, FOUND[1:], VECTORS[1:])[0] == FOUND[1:]
    assert with_short_forms(WORDS, [], VECTORS[:0])[0] == []
    assert with_short_forms(["MFS"], [(0, 1, "disease")], VECTORS[:1])[0] == [(0, 1, "disease")]
