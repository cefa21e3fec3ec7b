"""The learned weights that turn evidence into log odds: a conditional logit over all candidates.

score(d) = sum over findings of a weighted sum of what each says of d (`SIGNS`)
         + a weighted sum of how complete its picture is (`PICTURE`)
         + a weighted sum of what is known of d beforehand (`STANDING`)

Every term is linear, so each finding's share of the score is exactly its contribution. Weights of
evidence are never negative: a finding that is there speaks for a disease or not at all. Trained by
`python -m api.training` (McFadden's conditional logit); engine/CARD.md has the data and numbers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open

from engine.calibrate import Calibration
from engine.protocols import Evidence, Floats
from engine.types import ModelRef

SIGNS = ("ratio", "lineage", "typical")
"""What a present finding says of each disease: the rows of `engine.protocols.Evidence`."""
ABSENT = ("absent",)
"""What an absent one says: `KnowledgeGraph.log_absence_ratios`."""
STANDING = ("rare", "common", "chance", "publications", "early", "late", "catalogues", "counted")
"""What is known of a disease beside its findings: see `KnowledgeGraph.standing`."""
RISK = ("risk",)
"""1 where a finding, of today or the past, raises the risk of a disease: `KnowledgeGraph.risk`."""
PICTURE = ("missing", "covered")
"""Of its usual findings, how many are not reported (a count), and which share is (0 to 1)."""
NAMES = (*SIGNS, *ABSENT, *RISK, *PICTURE, "prior", *STANDING)
NOT_NEGATIVE = frozenset((*SIGNS, *ABSENT, *RISK, "covered", "prior", "rare", "common"))
FILE = Path(__file__).parent / "weights" / "ranking.safetensors"


@dataclass(frozen=True, slots=True)
class Fusion:
    """weights: one for each of `NAMES`, in that order. calibration: of the scores they give; None
    while it is not known, and then no probability is shown.
    """

    weights: tuple[float, ...]
    calibration: Calibration | None = None

    @property
    def signs(self) -> Floats:
        """Weights of `SIGNS`."""
        return np.array(self.weights[: len(SIGNS)], np.float32)

    def says(self, evidence: Evidence) -> Floats:
        """What a present finding contributes to each disease on its own, (D,), >= 0."""
        return self.signs @ evidence.signs

    def denies(self, ratios: Floats) -> Floats:
        """What an absent finding contributes, from its `log_absence_ratios`; (D,), <= 0."""
        return np.float32(self.absent) * ratios

    @property
    def absent(self) -> float:
        """Weight of `ABSENT`."""
        return self.weights[NAMES.index("absent")]

    @property
    def risk(self) -> float:
        """Weight of `RISK`."""
        return self.weights[NAMES.index("risk")]

    @property
    def picture(self) -> Floats:
        """Weights of `PICTURE`."""
        start = NAMES.index(PICTURE[0])
        return np.array(self.weights[start : start + len(PICTURE)], np.float32)

    @property
    def prior(self) -> Floats:
        """Weights of "prior" and `STANDING`."""
        return np.array(self.weights[NAMES.index("prior") :], np.float32)


@dataclass(frozen=True, slots=True)
class Trained:
    """What `python -m api.training` left. fusion: learned from all cases. folds: without the cases
    of the diseases of each fold (`fold_of`). seen: digests of the cases it learned from.
    """

    fusion: Fusion
    folds: tuple[Fusion, ...]
    seen: frozenset[int]
    ref: ModelRef


class _Stored(Protocol):
    """What is used of an open file of weights, whose package states no types."""

    def metadata(self) -> dict[str, str] | None: ...

    def get_tensor(self, name: str, /) -> NDArray[Any]: ...


@cache
def trained() -> Trained:
    """The packaged weights.

    Raises:
        RuntimeError: they were trained for other features than this version computes.
    """
    with cast(AbstractContextManager[_Stored], safe_open(FILE, framework="np")) as stored:
        version, _, names = (stored.metadata() or {}).get("model", "").partition(":")
        if names != ",".join(NAMES):
            raise RuntimeError(f"{FILE} is for other features; run `python -m api.training`")
        rows: NDArray[np.float64] = stored.get_tensor("weights")
        measures: NDArray[np.float64] = stored.get_tensor("calibration")
        seen: NDArray[np.uint64] = stored.get_tensor("seen")
    every, *folds = (
        Fusion(tuple(map(float, row)), _calibrated(measure))
        for row, measure in zip(rows, measures, strict=True)
    )
    digest = hashlib.sha256(FILE.read_bytes()).hexdigest()
    ref = ModelRef("ranking", version, digest)
    return Trained(every, tuple(folds), frozenset(seen.tolist()), ref)


def _calibrated(measures: NDArray[np.float64]) -> Calibration | None:
    """A calibration from its numbers in the order of `engine.calibrate.NAMES`; None from NaN."""
    *rest, reach = map(float, measures)
    return None if np.isnan(reach) else Calibration.of(rest, reach)


def fold_of(disease: str, folds: int) -> int:
    """The fold of a disease (by id): all its cases are held out together."""
    return int.from_bytes(hashlib.sha256(disease.encode()).digest()[:4], "big") % folds


def digest_of(case: Sequence[str]) -> int:
    """Names a case by its content: 8 bytes of sha256 over its parts."""
    return int.from_bytes(hashlib.sha256("\0".join(case).encode()).digest()[:8], "big")
