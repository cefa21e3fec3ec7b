"""What the graph knows of a disease as a whole: its own findings, and how well it is known."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from knowledge_graph.compile import UNSTATED_PREVALENCE
from knowledge_graph.frequency import MENTIONED
from knowledge_graph.schema import Disease
from knowledge_graph.snapshot import Floats, Ints, Snapshot

EARLY_MIM = 600_000
"""MIM numbers below are from before 1994; later ones were given in order of time."""
LATE_MIM = 20_000
"""Numbers given until the newest ones of the packaged release, roughly."""

_PMID = re.compile(r"PMID:\d+")


class OwnFindings:
    """What diseases list themselves (not through a more specific finding), by term."""

    def __init__(self, snapshot: Snapshot) -> None:
        terms = snapshot.term_start.size - 1
        listed = np.repeat(np.arange(terms, dtype=np.int32), np.diff(snapshot.term_start))
        own = snapshot.closure_via == listed
        self._disease = snapshot.closure_disease[own]
        self._share = snapshot.closure_share[own]
        self._start: Ints = np.searchsorted(listed[own], np.arange(terms + 1)).astype(np.int32)
        self._diseases = snapshot.chance.size
        self.expected: Floats = np.bincount(
            self._disease, weights=self._share, minlength=self._diseases
        ).astype(np.float32)
        """Sum of the shares of a disease's own findings, (D,)."""

    def reported(self, terms: set[int]) -> Floats:
        """The part of `expected` that these terms (by index) make up, (D,)."""
        entries = [slice(*self._start[term : term + 2]) for term in sorted(terms)]
        if not entries:
            return np.zeros(self._diseases, np.float32)
        diseases = np.concatenate([self._disease[these] for these in entries])
        shares = np.concatenate([self._share[these] for these in entries])
        return np.bincount(diseases, shares, minlength=self._diseases).astype(np.float32)


def standing(snapshot: Snapshot, entries: Sequence[Disease]) -> Mapping[str, Floats]:
    """How well and since when each disease is known, by name; (D,) float32 each.

    complete: 1 for a condition whose whole picture is curated. rare, common: ln of the stated
    prevalence over `UNSTATED_PREVALENCE`, of diseases without and with such a picture. chance: see
    `Snapshot`. publications: ln of 1 + how many its rows cite. early: 1 for a MIM number from
    before 1994; late: 0 to 1, how new a later number is. catalogues: 1 when it has ids of several.
    counted: share of its rows that state a frequency.
    """
    complete = np.array([bool(entry.course) for entry in entries], np.float32)
    stated = [entry.epidemiology for entry in entries]
    prevalence = np.array([e.prevalence if e else UNSTATED_PREVALENCE for e in stated])
    known = np.log(prevalence / UNSTATED_PREVALENCE).astype(np.float32)
    mim = np.array([_first_mim(entry) for entry in entries])
    late = np.clip((mim - EARLY_MIM) / LATE_MIM, 0, 1)
    return {
        "complete": complete,
        "rare": known * (1 - complete),
        "common": known * complete,
        "chance": snapshot.chance,
        "publications": np.log1p(_publications(snapshot)).astype(np.float32),
        "early": ((mim > 0) & (mim < EARLY_MIM)).astype(np.float32),
        "late": late.astype(np.float32),
        "catalogues": np.array([bool(entry.aliases) for entry in entries], np.float32),
        "counted": _counted(snapshot),
    }


def _first_mim(entry: Disease) -> int:
    """The lowest MIM number of a disease; 0 without one."""
    ids = (entry.id, *entry.aliases)
    return min((int(i[5:]) for i in ids if i.startswith("OMIM:")), default=0)


def _publications(snapshot: Snapshot) -> Ints:
    """Distinct publications that the rows of each disease cite."""
    numbers: dict[str, int] = {}
    cited = [
        [numbers.setdefault(pmid, len(numbers)) for pmid in _PMID.findall(reference)]
        for reference in snapshot.names["references"]
    ]
    count = np.array([len(pmids) for pmids in cited])
    first = np.concatenate([[0], np.cumsum(count)])
    flat = np.array([n for pmids in cited for n in pmids], np.int64)
    rows = snapshot.annotation_reference
    disease = np.repeat(_disease_of_rows(snapshot), count[rows])
    offset = np.arange(disease.size) - np.repeat(np.cumsum(count[rows]) - count[rows], count[rows])
    publication = flat[np.repeat(first[rows], count[rows]) + offset]
    pairs = np.unique(disease.astype(np.int64) * max(len(numbers), 1) + publication)
    return np.bincount(
        pairs // max(len(numbers), 1), minlength=snapshot.disease_start.size - 1
    ).astype(np.int32)


def _counted(snapshot: Snapshot) -> Floats:
    states = np.array([text not in ("", MENTIONED) for text in snapshot.names["frequencies"]])
    stated = states[snapshot.annotation_frequency] if states.size else np.zeros(0)
    rows = np.diff(snapshot.disease_start)
    total = np.bincount(_disease_of_rows(snapshot), weights=stated, minlength=rows.size)
    return (total / np.maximum(rows, 1)).astype(np.float32)


def _disease_of_rows(snapshot: Snapshot) -> Ints:
    rows = np.diff(snapshot.disease_start)
    return np.repeat(np.arange(rows.size, dtype=np.int32), rows)
