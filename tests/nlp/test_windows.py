"""Windows hold what there is room for, and every word once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nlp.windows import cut

SIZES = st.lists(st.integers(1, 9), max_size=60)


@given(SIZES, st.sets(st.integers(0, 60)))
def test_no_window_is_fuller_than_its_room(sizes: list[int], starts: set[int]) -> None:
    found = list(cut(sizes, sorted(starts), 10))
    assert [place for span in found for place in span] == list(range(len(sizes)))
    assert all(sum(sizes[place] for place in span) <= 10 for span in found)


def test_a_sentence_that_fits_is_not_cut() -> None:
    assert list(cut([4, 4, 4, 4], [0, 2], 10)) == [range(2), range(2, 4)]
