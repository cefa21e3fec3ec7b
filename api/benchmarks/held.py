"""Which weights a benchmark ranks a case with, and which cases those weights have seen.

The weights are learned from the development cases. `--cv` ranks each case with the fold that never
saw its disease; without it `trained_on_overlap` says how many of the cases were learned from, and
such a number may not be quoted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from engine.exceptions import InputError
from engine.fusion import Fusion, digest_of, fold_of, trained
from engine.types import Finding, Patient
from knowledge_graph.memory import MemoryGraph


@dataclass(frozen=True, slots=True)
class Held:
    """cv: number of folds; None ranks everything with the weights that users get."""

    graph: MemoryGraph
    cv: int | None

    def __post_init__(self) -> None:
        folds = len(trained().folds)
        if self.cv not in (None, folds):
            raise InputError(
                f"the weights have {folds} folds, not {self.cv}", where="--cv", fix=f"give {folds}"
            )

    def fusion(self, answers: Sequence[int], *, otherwise: str = "") -> Fusion:
        """The weights for a case whose disease is the first of these positions.

        otherwise: id of a disease that the graph does not know, when there are no answers.
        """
        if self.cv is None:
            return trained().fusion
        disease = self.graph.entries[answers[0]].id if answers else otherwise
        return trained().folds[fold_of(disease, self.cv)]

    def provenance(self, digests: Iterable[int]) -> dict[str, Any]:
        """Weights, grouping and overlap of a run over the cases of these digests."""
        grouping = None if self.cv is None else f"{self.cv} folds by disease"
        seen = sum(digest in trained().seen for digest in digests) if self.cv is None else 0
        return {
            "sources": [f"{s.name} {s.version}" for s in self.graph.sources],
            "weights": f"{trained().ref.name} {trained().ref.version}",
            "cross_validated": grouping,
            "trained_on_overlap": seen,
        }


def case_digest(findings: Sequence[Finding], patient: Patient) -> int:
    """Names a coded case by its findings, age and sex; the same in training and benchmarks."""
    stated = sorted({f"{f.status} {f.context} {f.code.code}" for f in findings})
    return digest_of([str(patient.sex), str(patient.age_years), *stated])


def text_digest(text: str) -> int:
    """Names a case that is a text."""
    return digest_of([text])
