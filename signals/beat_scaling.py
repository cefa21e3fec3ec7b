"""Beats as the network reads them: shapes by their principal components, everything in deviations.

Components are learned from the windows of the training recordings (PCA, linear, so that the network
stays small enough for one core).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signals.beat_features import SHAPES, Beats

Floats = NDArray[np.float32]

COMPONENTS = 8
"""Of a beat less the usual one."""
WIDTH = COMPONENTS + SHAPES
"""Numbers that describe a beat in one lead."""
FAR = 6.0
"""Deviations; what is further away is an artefact."""


@dataclass(frozen=True, slots=True)
class Scaling:
    """basis: (80, COMPONENTS), of beats less the usual one. mean, sd: (WIDTH,). times_mean,
    times_sd: (TIMES,).
    """

    basis: Floats
    mean: Floats
    sd: Floats
    times_mean: Floats
    times_sd: Floats

    @classmethod
    def learned(cls, given: Sequence[Beats]) -> Scaling:
        """From beats in the leads that show them."""
        windows = np.concatenate([beats.windows[beats.seen] for beats in given])  # (·, 2, 80)
        shapes = np.concatenate([beats.shapes[beats.seen] for beats in given])
        times = np.concatenate([beats.times for beats in given])
        basis = _components(windows[:, 1])
        each = _described(windows, shapes, basis)
        return cls(basis, *_moments(each), *_moments(times))

    @classmethod
    def saved(cls, given: Mapping[str, NDArray[Any]]) -> Scaling:
        """From what `arrays` named."""
        return cls(
            *(
                given[f"scaling.{name}"].astype(np.float32)
                for name in ("basis", "mean", "sd", "times_mean", "times_sd")
            )
        )

    def arrays(self) -> dict[str, Floats]:
        """To be saved beside the network."""
        return {
            "scaling.basis": self.basis,
            "scaling.mean": self.mean,
            "scaling.sd": self.sd,
            "scaling.times_mean": self.times_mean,
            "scaling.times_sd": self.times_sd,
        }

    def __call__(self, beats: Beats) -> tuple[Floats, Floats]:
        """(B, L, WIDTH), 0 where a lead shows nothing, and (B, TIMES)."""
        each = (_described(beats.windows, beats.shapes, self.basis) - self.mean) / self.sd
        each = np.clip(each, -FAR, FAR) * beats.seen[..., None]
        times = np.clip((beats.times - self.times_mean) / self.times_sd, -FAR, FAR)
        return each.astype(np.float32), times.astype(np.float32)


def _described(windows: Floats, shapes: Floats, basis: Floats) -> Floats:
    """(..., 2, 80), (..., SHAPES) -> (..., WIDTH)."""
    return np.concatenate([windows[..., 1, :] @ basis, shapes], axis=-1)


def _components(x: Floats) -> Floats:
    """(80, COMPONENTS): the directions in which beats differ most."""
    _, vectors = np.linalg.eigh(np.cov(x, rowvar=False))
    return np.ascontiguousarray(vectors[:, : -COMPONENTS - 1 : -1], dtype=np.float32)


def _moments(x: Floats) -> tuple[Floats, Floats]:
    return x.mean(axis=0), np.maximum(x.std(axis=0), 1e-3)
