"""Which names of a vocabulary is a mention like? Exactly, or by the three-letter pieces they share.

The likeness is the cosine of TF-IDF vectors over the character 3-grams of words, as scispaCy
generates candidates (Neumann et al. 2019). Names are compared by the stems of their words that
count, so that spelling, plural and "of the" do not matter. A mention is compared with every name:
adding up the list of each of its pieces takes less than a millisecond for 75,000 names, and
skipping the commonest pieces was measured to save nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlp.normalise import STOP_WORDS, fold, stem
from nlp.tokenizer import TOKEN

FLOOR = 0.5
"""No name that is less like the mention is a candidate."""
NEARLY = 0.999
"""Likeness of names that differ only in what the stems leave out: not quite 1."""
CANDIDATES = 10
LOOSE = 3
"""Rank of names that often mean something wider ("hearing loss" for presbycusis)."""
_DIGITS = 6  # scores are rounded, so that equal names are equal on every machine
_NO_WORDS = STOP_WORDS | {"and", "or", "type"}
_ROMAN = {
    tens + ones: str(10 * ten + one)
    for ten, tens in enumerate(("", "x", "xx", "xxx"))
    for one, ones in enumerate(("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix"))
    if ten or one
}
"""Roman numerals to XXXIX."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Name:
    """A name of a term.

    group: what kind of thing the term is ("disease"). times: how often the name was seen to mean
    it. rank: how good a name it is, 0 the best, `LOOSE` the worst. Of names that are equally like a
    mention, the one seen oftener is preferred, then the better one.
    """

    text: str
    term: str
    group: str
    rank: int = 0
    times: int = 1


@dataclass(frozen=True, slots=True)
class Candidate:
    """score: 1 for the very name (case and accents aside), else at most `NEARLY`."""

    name: Name
    score: float

    @property
    def term(self) -> str:
        """What the name means."""
        return self.name.term


def plain(text: str) -> str:
    """What makes two names the very same: words without case, accents and punctuation."""
    return " ".join(map(fold, _words(text)))


def stemmed(text: str) -> str:
    """The stems of the words that count (of all where none does), each between blanks."""
    words = [_ROMAN.get(word.lower(), word) for word in _words(text)]
    counting = [word for word in words if word.lower() not in _NO_WORDS]
    return f" {' '.join(map(stem, counting or words))} "


def numbers(text: str) -> frozenset[str]:
    """What tells types of a disease apart: numbers, also Roman, and single letters."""
    words = (_ROMAN.get(word, word) for word in plain(text).split())
    return frozenset(
        word for word in words if any(c.isdigit() for c in word) or (len(word) == 1 and word != "a")
    )


class Index:
    """The names of a vocabulary, to be searched."""

    def __init__(self, names: Iterable[Name]) -> None:
        """A name that has no letter or number is left out."""
        kept = [(name, plain(name.text)) for name in names]
        self.names = [name for name, text in kept if text]
        self._by_text: defaultdict[str, list[int]] = defaultdict(list)
        for place, text in enumerate(text for _, text in kept if text):
            self._by_text[text].append(place)
        row, code = _pieces([stemmed(name.text) for name in self.names])
        self._codes, column = np.unique(code, return_inverse=True)
        entry, times = np.unique(column * len(self.names) + row, return_counts=True)
        column, row = np.divmod(entry, len(self.names) or 1)
        shown = np.bincount(column, minlength=len(self._codes))
        self._idf: Floats = np.log((1 + len(self.names)) / (1 + shown)) + 1
        weight = times * self._idf[column]
        length = np.sqrt(np.bincount(row, weight**2, len(self.names)))
        # The names that have piece i, and its weight there: [start[i], start[i + 1])
        self._start: Ints = np.concatenate(([0], np.cumsum(shown)))
        self._name: Ints = row
        self._weight: Floats = weight / length[row]

    def search(
        self, text: str, groups: Sequence[str], *, most: int = CANDIDATES
    ) -> list[Candidate]:
        """The terms of some groups that a mention may mean, best first, each with its best name.

        groups: those that are named first are preferred among equals.
        """
        found = dict.fromkeys(self._by_text.get(plain(text), ()), 1.0)
        for place, score in self._like(stemmed(text)):
            found.setdefault(place, min(round(score, _DIGITS), NEARLY))
        best: dict[str, tuple[float, int, int, int, str, int]] = {}
        for place, score in found.items():
            name = self.names[place]
            if name.group in groups:
                key = (-score, -name.times, name.rank, groups.index(name.group), name.text, place)
                best[name.term] = min(key, best.get(name.term, key))
        ordered = sorted(best.items(), key=lambda item: (item[1][:4], item[0]))
        return [Candidate(self.names[key[-1]], -key[0]) for _, key in ordered[:most]]

    def _like(self, text: str) -> list[tuple[int, float]]:
        """Every name at least `FLOOR` like the text, as (place, cosine)."""
        codes, times = np.unique(_pieces([text])[1], return_counts=True)
        pieces = np.searchsorted(self._codes, codes)
        known = np.isin(codes, self._codes, assume_unique=True)
        if not known.any():
            return []
        # A piece that no name has makes the mention longer, hence less like any.
        weights = times * (np.log(1 + len(self.names)) + 1)
        weights[known] = times[known] * self._idf[pieces[known]]
        weights /= np.sqrt((weights**2).sum())
        lists = [slice(*self._start[i : i + 2]) for i in pieces[known].tolist()]
        given = [w * self._weight[at] for w, at in zip(weights[known], lists, strict=True)]
        score = np.bincount(np.concatenate([self._name[at] for at in lists]), np.concatenate(given))
        near = np.flatnonzero(score >= FLOOR)
        return list(zip(near.tolist(), score[near].tolist(), strict=True))


def _words(text: str) -> list[str]:
    return [m.group() for m in TOKEN.finditer(text) if m.group()[0].isalnum()]


def _pieces(texts: Sequence[str]) -> tuple[Ints, Ints]:
    """Of every 3-gram of the words of texts: (which text, its code); blanks belong to words."""
    letters = np.frombuffer("\n".join(texts).encode("utf-32-le", "replace"), np.uint32)
    letters = letters.astype(np.int64)
    text = np.cumsum(letters == ord("\n"))
    one, two, three = letters[:-2], letters[1:-1], letters[2:]
    # In the middle a blank parts two words, and a line break two texts, which begin with a blank.
    inside = (two != ord(" ")) & (two != ord("\n")) & (one != ord("\n")) & (three != ord("\n"))
    code = (one << 42) | (two << 21) | three
    return text[:-2][inside], code[inside]
