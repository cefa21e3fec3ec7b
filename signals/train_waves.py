"""Trains the finder of waves: `python -m signals.train_waves --out FILE [--fold N K]`.

LUDB teaches where P, QRS and T begin and end, MIT-BIH where the heartbeats of half an hour are, in
noise and among ectopic beats; what a corpus does not mark it does not teach. Records are the groups
of the folds.
"""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor, nn

from engine.exceptions import InputError
from signals import condition, corpora, delineate
from signals.condition import RATE, conditioned
from signals.delineate import GRID, KINDS
from signals.folds import fold_of
from signals.recording import Samples
from signals.wave_network import WaveNetwork

STEPS, BATCH, WINDOW = 1200, 32, 2048
"""WINDOW: samples at `condition.RATE`, 8.2 s. BATCH: windows of each corpus in a step."""
RATE_OF_LEARNING, DECAY = 4e-3, 1e-3
SIGMA_S = 0.016
"""Width of the bell around an R peak that the network is to draw."""
UNKNOWN = -100
"""The class of what a corpus does not mark (torch's own mark for it)."""
SEED = 0

Classes = NDArray[np.int64]
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Lesson:
    """One lead. x: (T,) conditioned. peak: (T / 2,), 0 to 1; NaN where unknown. classes: (T / 2,),
    0 for no wave, 1 + the place in `KINDS`, or `UNKNOWN`.
    """

    record: str
    x: Samples
    peak: Samples
    classes: Classes


def waves_lesson(marked: corpora.Marked) -> Lesson:
    """Waves are known between the first and the last annotated one."""
    x = conditioned(marked.signal, marked.rate)
    grid = _grid(x)
    classes = np.where((grid >= marked.start) & (grid <= marked.end), 0, UNKNOWN)
    for kind, (onset, _, offset) in zip(marked.kinds, marked.times, strict=True):
        classes[(grid >= onset) & (grid <= offset)] = 1 + KINDS.index(kind)
    peak = _bells(grid, marked.times[marked.kinds == "qrs", 1])
    peak[classes == UNKNOWN] = np.nan
    return Lesson(marked.record, x, peak, classes)


def beats_lessons(path: Path) -> list[Lesson]:
    """Beats are known everywhere; of the waves only that the R peak lies in the QRS complex."""
    recording, beats = corpora.recording(path), corpora.beats(path)
    lessons: list[Lesson] = []
    for signal in recording.signal:
        x = conditioned(signal, recording.rate)
        grid = _grid(x)
        classes = np.full(grid.size, UNKNOWN)
        at = np.rint(beats.at * GRID).astype(np.intp)
        classes[at[at < grid.size]] = 1 + KINDS.index("qrs")
        lessons.append(Lesson(path.name, x, _bells(grid, beats.at), classes))
    return lessons


def _grid(x: Samples) -> NDArray[np.float64]:
    return np.arange(x.size // 2) / GRID


def _bells(grid: NDArray[np.float64], at: NDArray[np.float64]) -> Samples:
    target: Samples = np.zeros(grid.size, np.float32)
    for r in at.tolist():
        first, last = np.searchsorted(grid, [r - 4 * SIGMA_S, r + 4 * SIGMA_S]).tolist()
        near = slice(first, last)
        target[near] = np.maximum(target[near], np.exp(-0.5 * ((grid[near] - r) / SIGMA_S) ** 2))
    return target


def batch(lessons: list[Lesson], rng: np.random.Generator, size: int) -> tuple[Tensor, ...]:
    """Random windows, altered as electrodes, movement and mains alter them."""
    xs, peaks, classes = [], [], []
    for place in rng.integers(len(lessons), size=size):
        lesson = lessons[place]
        start = 2 * int(rng.integers((lesson.x.size - WINDOW) // 2 + 1))
        half = slice(start // 2, (start + WINDOW) // 2)
        xs.append(altered(lesson.x[start : start + WINDOW], rng))
        peaks.append(lesson.peak[half])
        classes.append(lesson.classes[half])
    return tuple(torch.from_numpy(np.stack(part)) for part in (xs, peaks, classes))


def altered(x: Samples, rng: np.random.Generator) -> Samples:
    """Another size, now and then upside down, with wander, mains hum or muscle noise."""
    time = np.arange(x.size) / RATE
    value = x * rng.uniform(0.6, 1.5) * (-1 if rng.random() < 0.25 else 1)
    if rng.random() < 0.3:
        value = value + rng.normal(0, rng.uniform(0.02, 0.25), x.size)
    if rng.random() < 0.3:
        wave = np.sin(2 * np.pi * (rng.uniform(0.1, 0.7) * time + rng.random()))
        value = value + rng.uniform(0, 0.7) * wave
    if rng.random() < 0.2:
        hum = np.sin(2 * np.pi * (rng.choice([50.0, 60.0]) * time + rng.random()))
        value = value + rng.uniform(0, 0.3) * hum
    return value.astype(np.float32)


def loss_of(output: Tensor, peak: Tensor, classes: Tensor) -> Tensor:
    """output: (B, 1 + classes, T). Cross-entropies over what is known."""
    known = ~peak.isnan()
    beat = nn.functional.binary_cross_entropy_with_logits(output[:, 0][known], peak[known])
    wave = nn.functional.cross_entropy(output[:, 1:], classes, ignore_index=UNKNOWN)
    return 4 * beat + wave


def train(lessons: dict[str, list[Lesson]], *, steps: int = STEPS, seed: int = SEED) -> WaveNetwork:
    """lessons: by corpus; a step takes as many of each."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = WaveNetwork()
    optimizer = torch.optim.AdamW(network.parameters(), RATE_OF_LEARNING, weight_decay=DECAY)
    pace = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE_OF_LEARNING, total_steps=steps)
    smooth = 0.0
    for step in range(1, steps + 1):
        parts = [batch(given, rng, BATCH) for given in lessons.values()]
        x, peak, classes = (torch.cat(part) for part in zip(*parts, strict=True))
        loss = loss_of(network(x), peak, classes)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        pace.step()
        smooth += (loss.item() - smooth) * max(0.02, 1 / step)
        if step % 50 == 0:
            log.info("step %d loss %.4f", step, smooth)
    return network.eval()


def load(data: Path, fold: tuple[int, int] | None) -> dict[str, list[Lesson]]:
    """Everything shared but the records of a fold (number, of how many)."""
    waves = corpora.record_paths(data / "ludb", "ii")
    beats = corpora.record_paths(data / "mitdb", "atr")
    if fold is not None:
        waves, beats = (
            [p for p in ps if fold_of(p.name, fold[1]) != fold[0]] for ps in (waves, beats)
        )
    return {
        "ludb": [waves_lesson(marked) for path in waves for marked in corpora.marked(path)],
        "mitdb": [lesson for path in beats for lesson in beats_lessons(path)],
    }


def save(network: WaveNetwork, path: Path, lessons: dict[str, list[Lesson]]) -> None:
    """As safetensors, with the records it has seen."""
    seen = {name: ",".join(sorted({x.record for x in given})) for name, given in lessons.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(network.folded(), path, metadata=seen)
    log.info("%s sha256 %s", path, sha256(path.read_bytes()).hexdigest())


def digest() -> str:
    """Names what decides the weights, beside the recordings."""
    ours = (STEPS, BATCH, WINDOW, RATE_OF_LEARNING, DECAY, SIGMA_S, SEED)
    net = (delineate.DEPTHS, delineate.STEM, delineate.WIDTH)
    seen = (condition.RATE, condition.WANDER_S, condition.SIZE_S, condition.FLOOR_MV)
    return sha256(repr((ours, net, seen)).encode()).hexdigest()[:16]


def _data() -> Path:
    beside = Path(__file__).parents[2] / "shared" / "data"
    return Path(os.environ.get("KONSIL_DATA", beside)) / "signals"


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line.

    Raises:
        InputError: the recordings are not there.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=delineate.WEIGHTS)
    parser.add_argument("--fold", type=int, nargs=2, metavar=("N", "K"))
    parser.add_argument("--steps", type=int, default=STEPS)
    given = parser.parse_args(arguments)
    data = _data()
    if not (data / "ludb").is_dir() or not (data / "mitdb").is_dir():
        raise InputError(
            "no recordings to train on",
            where=str(data),
            fix="set KONSIL_DATA to the folder that has signals/ludb and signals/mitdb",
        )
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    lessons = load(data, None if given.fold is None else (given.fold[0], given.fold[1]))
    log.info("%s", {name: len(part) for name, part in lessons.items()})
    save(train(lessons, steps=given.steps), given.out, lessons)


if __name__ == "__main__":
    main()
