"""Five superclasses from an average twelve-lead beat: two readers and a calibration, in numpy.

One reader is a ridge regression on random Fourier features (Rahimi and Recht 2007) of the
measurements of `twelve_features`: a smooth function of them that no single one decides. The other
is a convolution and a bidirectional GRU along the average beat, beside the measurements. A
logistic regression of both gives the probability. Trained by `python -m signals.train_ecg12`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open

from engine.exceptions import SourceError
from engine.types import ModelRef, Sex
from signals.average import AverageBeat, Floats
from signals.layers import conv, gru, relu
from signals.ptbxl import CLASSES, OLDEST
from signals.recording import Recording
from signals.twelve_features import measured

WEIGHTS = Path(__file__).parent / "weights" / "ecg12.safetensors"
FIRST, STOP, STEP = 50, 450, 5
"""The part of an average that the network reads, every fifth sample: 80 of them."""
GAIN = np.float32(3.0)
EDGE = 4.0
"""A measurement counts at most as this many spreads from its centre."""
Arrays = Mapping[str, NDArray[Any]]


def measures_of(beat: AverageBeat, sex: Sex | None, age_years: float | None) -> dict[str, float]:
    """All that is measured, with age and sex; NaN for what is not known."""
    age = np.nan if age_years is None else min(age_years, OLDEST)
    female = {"female": 1.0, "male": 0.0}.get(sex or "", np.nan)
    return measured(beat) | {"age": age, "female": female}


def waves_of(beat: AverageBeat) -> NDArray[np.float32]:
    """(12, 80), as the network reads it."""
    return (GAIN * beat.signal[:, FIRST:STOP:STEP]).astype(np.float32)


def digest_of(recording: Recording) -> int:
    """A number that stands for the samples of a recording."""
    return int.from_bytes(hashlib.sha256(recording.signal.tobytes()).digest()[:7], "big")


@dataclass(frozen=True, slots=True)
class Scaling:
    """What is usual for each measurement: centre and spread, (F,)."""

    centre: Floats
    spread: Floats

    def __call__(self, measures: Floats) -> Floats:
        """(B, F) -> (B, F), spreads from the centre; 0 for what is not known."""
        scaled = (measures - self.centre) / self.spread
        return np.clip(np.nan_to_num(scaled, nan=0.0), -EDGE, EDGE)


def waved(scaled: Floats, turn: Floats) -> Floats:
    """(B, F) and (F, D) -> (B, 2 D): random Fourier features."""
    angle = scaled @ turn
    return np.concatenate([np.cos(angle), np.sin(angle)], axis=1) / np.sqrt(turn.shape[1])


class Smooth:
    """The ridge regression: (B, F) -> (B, 5)."""

    def __init__(self, given: Arrays) -> None:
        """given: `turn` (F, D), `weight` (2 D, 5), `base` (5,)."""
        self._turn, self._weight, self._base = (
            given[f"smooth.{name}"].astype(float) for name in ("turn", "weight", "base")
        )

    def __call__(self, scaled: Floats) -> Floats:
        return waved(scaled, self._turn) @ self._weight + self._base


class Network:
    """The convolutions and the GRU: (B, 12, 80) and (B, F) -> (B, 5), log odds."""

    def __init__(self, given: Arrays, prefix: str) -> None:
        """given: as torch names them in `ecg12_network.BeatNetwork`, behind the prefix."""
        self._w = {
            name.removeprefix(prefix): array.astype(np.float32)
            for name, array in given.items()
            if name.startswith(prefix)
        }

    def __call__(self, waves: NDArray[np.float32], scaled: Floats) -> Floats:
        w = self._w
        x = relu(conv(waves, w["first.weight"], w["first.bias"], stride=2))
        x = relu(conv(x, w["second.weight"], w["second.bias"], stride=2))  # (B, 48, 20)
        hidden = np.concatenate(
            [self._gru(x.transpose(0, 2, 1), way) for way in ("", "_reverse")], 2
        )
        known = relu(scaled.astype(np.float32) @ w["beside.weight"].T + w["beside.bias"])
        joined = np.concatenate([hidden.mean(axis=1), hidden.max(axis=1), known], axis=1)
        return (joined @ w["out.weight"].T + w["out.bias"]).astype(float)

    def _gru(self, x: NDArray[np.float32], way: str) -> NDArray[np.float32]:
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        return gru(x, *(self._w[f"gru.{name}_l0{way}"] for name in names), back=bool(way))


class TwelveModel:
    """Average beats and measurements in, calibrated log odds out."""

    def __init__(self, given: Arrays, names: Sequence[str]) -> None:
        """given: as `signals.train_ecg12` saves them. names: of the measurements."""
        self.names = tuple(names)
        self.seen: frozenset[int] = frozenset(given["seen"].tolist())
        """`digest_of` the recordings it learned from."""
        self.usual: Floats = given["usual.signal"].astype(float)
        """(12, T), the mean of the normal beats it learned from, mV."""
        self.usual_borders: tuple[int, ...] = tuple(given["usual.borders"].tolist())
        """Of that beat: samples where P begins, QRS begins and ends, T begins and ends."""
        self._scaling = Scaling(given["centre"].astype(float), given["spread"].astype(float))
        self._smooth = Smooth(given)
        count = len({name.split(".")[1] for name in given if name.startswith("network.")})
        self._networks = [Network(given, f"network.{i}.") for i in range(count)]
        self._calibration = given["calibration"].astype(float)  # (5, 3)

    def __call__(
        self, beats: Sequence[AverageBeat], measures: Sequence[Mapping[str, float]]
    ) -> Floats:
        """(B, 5), log odds of `CLASSES`."""
        scaled = self._scaling(np.array([[one[name] for name in self.names] for one in measures]))
        return calibrated(self.scores(np.stack([*map(waves_of, beats)]), scaled), self._calibration)

    def scores(self, waves: NDArray[np.float32], scaled: Floats) -> Floats:
        """(B, 5, 2), what each reader says."""
        read = np.mean([network(waves, scaled) for network in self._networks], axis=0)
        return np.stack([self._smooth(scaled), read], axis=2)


def calibrated(scores: Floats, calibration: Floats) -> Floats:
    """(B, 5, 2) and (5, 3) -> (B, 5), log odds."""
    return (scores * calibration[:, :2]).sum(axis=2) + calibration[:, 2]


@cache
def packaged() -> tuple[TwelveModel, ModelRef]:
    """The weights that are shipped.

    Raises:
        SourceError: they are missing or of other measurements.
    """
    return loaded(WEIGHTS)


def loaded(file: Path) -> tuple[TwelveModel, ModelRef]:
    """A model from a file, and its name.

    Raises:
        SourceError: it is missing.
    """
    if not file.is_file():
        raise SourceError(f"no weights at {file}", fix="train them: python -m signals.train_ecg12")
    with safe_open(file, "numpy") as stored:
        about = stored.metadata()
        given = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
    if tuple(json.loads(about["classes"])) != CLASSES:
        raise SourceError(f"{file} is of other classes", fix="train it again")
    model = TwelveModel(given, json.loads(about["measures"]))
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return model, ModelRef("signals.ecg12", about["version"], digest)
