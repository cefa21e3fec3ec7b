"""What judges a rhythm, in numpy: a BiGRU over heartbeats with attention, beside numbers that
describe the whole strip, and boosted trees over those numbers. `signals.rhythm_network` is the
BiGRU in torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.types import ModelRef
from signals.layers import Floats, gru, relu, softmax
from signals.recording import Samples
from signals.rhythm_features import AFTER, BEFORE, FEATURES, TIMING, Array, beats_of, features
from signals.strip import strip
from signals.trees import Trees

WEIGHTS = Path(__file__).parent / "weights" / "rhythm.safetensors"
BATCH = 64
LAYERS = ("shape.", "beat.", "gru.", "weigh.", "summary.", "out.")


@dataclass(frozen=True, slots=True)
class Look:
    """What the network looks at in a window of a lead.

    start, end: of the window, seconds. r: (B,), R peaks, seconds from the start of the window;
    beats, timing: (B, ...), as `beats_of`; numbers: (FEATURES,), as `features`. None of these where
    the lead is flat, which is noise and needs no network.
    """

    start: float
    end: float
    r: Array
    beats: Floats
    timing: Floats
    numbers: Array
    flat: bool = False


def look(signal: Samples, rate: float, start: float) -> Look:
    """A window of a lead, mV, nothing missing; start: where it begins in the recording, seconds."""
    end = start + len(signal) / rate
    seen = strip(signal, rate)
    if seen is None:
        beats = np.zeros((0, 2 * (BEFORE + AFTER)), np.float32)
        timing = np.zeros((0, TIMING), np.float32)
        return Look(start, end, np.zeros(0), beats, timing, np.zeros(FEATURES), flat=True)
    r, beats, timing = beats_of(*seen)
    few = (beats.astype(np.float32), timing.astype(np.float32))
    return Look(start, end, r, *few, features(*seen))


def padded(looks: Sequence[Look]) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Beats (S, B, 160), timing (S, B, TIMING) and whether there is a beat (S, B); B at least 1."""
    most = max(1, *(len(one.r) for one in looks))
    beats = np.zeros((len(looks), most, 2 * (BEFORE + AFTER)), np.float32)
    timing = np.zeros((len(looks), most, TIMING), np.float32)
    given = np.zeros((len(looks), most), bool)
    for i, one in enumerate(looks):
        beats[i, : len(one.r)], timing[i, : len(one.r)] = one.beats, one.timing
        given[i, : len(one.r)] = True
    return beats, timing, given


def normal(numbers: Array | Floats, knots: Floats, scores: Floats) -> Floats:
    """Each number by its rank among those of training: about standard normal. (S, FEATURES)

    knots: (FEATURES, K), rising, their quantiles; scores: (K,), of the normal distribution.
    """
    columns = zip(numbers.T.astype(np.float32), knots, strict=True)
    return np.stack([_ranked(x, k, scores) for x, k in columns], axis=1).astype(np.float32)


def _ranked(x: Floats, knots: Floats, scores: Floats) -> NDArray[np.floating]:
    """Interpolated; in the middle where knots are equal, which `np.interp` leaves open."""
    first, behind = np.searchsorted(knots, x, "left"), np.searchsorted(knots, x, "right")
    last = len(knots) - 1
    middle = (scores[np.minimum(first, last)] + scores[np.maximum(behind - 1, 0)]) / 2
    return np.where(behind > first, middle, np.interp(x, knots, scores))


@dataclass(frozen=True, slots=True)
class Network:
    """Several pairs of a network and trees, and what makes probabilities of their mean answers.

    weights: as `rhythm_network.Network` names them, the networks stacked in front;
    "calibration.scale" (2, 4), of networks and trees, and "calibration.shift" (4,);
    "features.knots" (FEATURES, K) and "features.scores" (K,).
    """

    weights: dict[str, Floats]
    trees: Sequence[Trees]
    ref: ModelRef

    def __call__(self, looks: Sequence[Look]) -> tuple[Floats, list[Floats]]:
        """Probabilities (windows, 4), and of each window what its beats speak for (B, 4)."""
        parts = [self._batch(looks[i : i + BATCH]) for i in range(0, len(looks), BATCH)]
        chances = np.concatenate([part[0] for part in parts])
        return chances, [spoken for part in parts for spoken in part[1]]

    def _batch(self, looks: Sequence[Look]) -> tuple[Floats, list[Floats]]:
        knots, scores = self.weights["features.knots"], self.weights["features.scores"]
        numbers = normal(np.stack([one.numbers for one in looks]), knots, scores)
        beats, timing, given = padded(looks)
        members = range(len(self.weights["out.bias"]))
        answers = [self.member(i, beats, timing, given, numbers) for i in members]
        spoken = np.mean([answer[1] for answer in answers], axis=0)
        raw = np.stack([one.numbers for one in looks]).astype(np.float32)
        both = np.stack(
            [
                np.mean([answer[0] for answer in answers], axis=0),
                np.mean([log_softmax(trees(raw)) for trees in self.trees], axis=0),
            ],
            axis=1,
        )  # (S, 2, 4)
        scale, shift = self.weights["calibration.scale"], self.weights["calibration.shift"]
        chances = softmax((both * scale).sum(1) + shift)
        chances[[one.flat for one in looks]] = (0, 0, 0, 1)
        return chances, [a[: len(k.r)] for a, k in zip(spoken, looks, strict=True)]

    def member(
        self, member: int, beats: Floats, timing: Floats, given: NDArray[np.bool_], numbers: Floats
    ) -> tuple[Floats, Floats]:
        """Logarithms of its own probabilities (S, 4), and what of its logits came from each beat by
        attention, above the mean of the kinds (S, B, 4).
        """
        w = {name: value[member] for name, value in self.weights.items() if name.startswith(LAYERS)}

        def linear(x: Floats, name: str) -> Floats:
            return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]

        x = relu(linear(beats, "shape"))  # (S, B, 160) -> (S, B, 64)
        x = relu(linear(np.concatenate([x, timing], -1), "beat"))  # -> (S, B, BEAT)
        states = _both_ways(np.concatenate([x, timing], -1), given.sum(1), w)
        scores = linear(np.tanh(states), "weigh")[..., 0]
        weights = softmax(np.where(given, scores, -1e9)) * given.any(1, keepdims=True)
        pooled = (weights[..., None] * states).sum(1)  # -> (S, 2 STATE)
        summary = relu(linear(numbers, "summary"))
        logits = linear(np.concatenate([pooled, summary], -1), "out")
        said = weights[..., None] * (states @ w["out.weight"][:, : states.shape[-1]].T)
        return log_softmax(logits), said - said.mean(-1, keepdims=True)


def log_softmax(x: Floats) -> Floats:
    """Logarithms of what sums to 1 along the last axis."""
    lowered = x - x.max(-1, keepdims=True)
    return lowered - np.log(np.exp(lowered).sum(-1, keepdims=True))


def _both_ways(x: Floats, lengths: NDArray[np.int_], w: dict[str, Floats]) -> Floats:
    """A bidirectional GRU over sequences of different lengths: (S, B, C) -> (S, B, 2 H)."""
    steps = np.arange(x.shape[1])
    mirror = np.where(steps < lengths[:, None], lengths[:, None] - 1 - steps, steps)[..., None]
    ways: list[Floats] = []
    for suffix, way in (("", x), ("_reverse", np.take_along_axis(x, mirror, 1))):
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        ways.append(gru(way, *(w[f"gru.{name}_l0{suffix}"] for name in names)))
    return np.concatenate([ways[0], np.take_along_axis(ways[1], mirror, 1)], -1)


@cache
def trained(path: Path = WEIGHTS) -> Network:
    """The network that ships, or that of a file."""
    from safetensors.numpy import load

    data = path.read_bytes()
    read = load(data)
    weights = {k: v.astype(np.float32) for k, v in read.items() if not k.startswith("trees.")}
    grown = {k.removeprefix("trees."): v for k, v in read.items() if k.startswith("trees.")}
    trees = [
        Trees(**{name: values[i] for name, values in grown.items()})
        for i in range(len(grown["value"]))
    ]
    sha = sha256(data).hexdigest()
    return Network(weights, trees, ModelRef("signals.rhythm", version("konsil"), sha))


def seen(path: Path = WEIGHTS) -> frozenset[str]:
    """Names of the records it was taught with."""
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as file:
        return frozenset((file.metadata() or {}).get("seen", "").split())
