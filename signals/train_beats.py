"""Train the beat classifier: `python -m signals.train_beats` (minutes on one core; needs the extra
`train`). First a network for each fold of patients, to calibrate on, then one on everything.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from platformdirs import user_cache_path
from safetensors.numpy import load_file, save_file
from torch import Tensor, nn

from engine.exceptions import InputError
from signals import beat_features, beat_lessons
from signals.annotated import CLASSES, SAME_PATIENT, Annotated, read
from signals.beat_features import TIMES
from signals.beat_folds import calibrated, fold_of
from signals.beat_lessons import NOT_S, SHORTEST, Lesson, Ready
from signals.beat_network import HIDDEN, NARROW, WIDE, Network
from signals.beat_scaling import COMPONENTS, WIDTH, Scaling
from signals.beats import FILE, Classifier

Arrays = dict[str, NDArray[Any]]

VERSION = "2"
"""To be raised with every change of what is learned that no constant here tells: folds are kept
under both.
"""
SEED = 20_261_122
FOLDS = 5
EPOCHS, BATCH, STEPS = 10, 64, 64
"""STEPS: beats of a sequence."""
RATE, DECAY, SMOOTHING = 1e-2, 0.05, 0.01
WEIGHTS = (1.0, 2.0, 1.5, 1.5, 1.0)
"""Of the classes in the loss; taken back from the probabilities."""
ALONE = 0.3
"""Share of sequences that are read in one lead."""
STRIPS, SHARE = 32, 0.5
"""Strips of a known rhythm in a step, and their part in the loss."""


def fit(
    lessons: Sequence[Sequence[Lesson]],
    strips: Sequence[Lesson] = (),
    *,
    seed: int = SEED,
    epochs: int = EPOCHS,
) -> tuple[Network, Scaling]:
    """A network trained on variants of recordings and strips, the same each time on one machine."""
    torch.manual_seed(seed)
    chance = np.random.default_rng(seed)
    scaling = Scaling.learned([each[0].beats for each in lessons])
    ready = [[beat_lessons.ready(lesson, scaling) for lesson in each] for each in lessons]
    rhythms = [beat_lessons.ready(lesson, scaling) for lesson in strips]
    network = Network()
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
    steps = epochs * (sum(len(each[0].classes) // STEPS + 1 for each in lessons) // BATCH + 1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    loss_of = nn.CrossEntropyLoss(weight=torch.tensor(WEIGHTS), label_smoothing=SMOOTHING)
    network.train()
    for _ in range(epochs):
        for *given, classes in beat_lessons.batches(
            ready, chance, steps=STEPS, batch=BATCH, alone=ALONE
        ):
            loss = loss_of(network(*given).flatten(0, 1), classes.flatten())
            if rhythms:
                loss = loss + SHARE * _of_rhythms(network, rhythms, chance)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
    return network.eval(), scaling


def _of_rhythms(network: Network, given: Sequence[Ready], chance: np.random.Generator) -> Tensor:
    """What is wrong in strips: in sinus rhythm whatever is not N, in atrial fibrillation S."""
    chosen = [given[i] for i in chance.integers(len(given), size=STRIPS)]
    starts = [int(chance.integers(len(x[-1]) - SHORTEST + 1)) for x in chosen]
    *x, classes = beat_lessons.stacked(
        [beat_lessons.cut(x, start, SHORTEST) for x, start in zip(chosen, starts, strict=True)]
    )
    log = torch.log_softmax(network(*x), dim=-1)  # (STRIPS, SHORTEST, 5)
    no_s = torch.log1p(-log[..., CLASSES.index("S")].exp().clamp(max=0.999))
    return -torch.where(classes == NOT_S, no_s, log[..., 0]).mean()


def arrays(network: Network, scaling: Scaling, given: Sequence[Annotated]) -> Arrays:
    """What `signals.beats` reads, without calibration; the loss's weights are taken back."""
    state = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    state["out.bias"] = state["out.bias"] - np.log(np.array(WEIGHTS, np.float32))
    seen = np.array(sorted(each.digest for each in given), np.int64)
    return state | scaling.arrays() | {"seen": seen}


def data_folder() -> Path:
    """Where the recordings are, unless told otherwise."""
    data = Path(os.environ.get("KONSIL_DATA", Path(__file__).parents[2] / "shared" / "data"))
    return data / "signals"


def groups() -> list[str]:
    """The patients of the training, sorted.

    Raises:
        InputError: the recordings are not there.
    """
    return sorted({SAME_PATIENT.get(file.stem, file.stem) for file in _present().glob("*.atr")})


def _present() -> Path:
    folder = data_folder() / "mitdb"
    if not any(folder.glob("*.atr")):
        raise InputError(
            "no annotated recordings to train on",
            where=str(folder),
            fix="set KONSIL_DATA to the folder that has signals/mitdb",
        )
    return folder


@cache
def _everything() -> tuple[list[Annotated], list[list[Lesson]], list[Lesson]]:
    """Recordings, their variants, and strips."""
    given = [*read([_present()])]
    lessons = [beat_lessons.variants(each, SEED) for each in given]
    return given, lessons, beat_lessons.strips(data_folder() / "cinc2017", SEED)


def folds(folder: Path, of: int) -> list[Path]:
    """The network of each fold in a folder, trained if it is not there, with what it says of the
    patients left out (`held.logits`, `held.classes`).
    """
    names = groups()
    files = [folder / f"{number}of{of}.safetensors" for number in range(of)]
    missing = [number for number, file in enumerate(files) if not file.exists()]
    given, lessons, strips = _everything() if missing else ([], [], [])
    for number in missing:
        held = [fold_of(each.group, names, of) == number for each in given]
        kept = [each for each, out in zip(given, held, strict=True) if not out]
        learned = fit([x for x, out in zip(lessons, held, strict=True) if not out], strips)
        network = arrays(*learned, kept)
        tested = [x[0] for x, out in zip(lessons, held, strict=True) if out]
        _save(network | _told(Classifier(network), tested), files[number])
        _log({"fold": number, "of": of, "recordings": len(kept)})
    return files


def _told(classifier: Classifier, lessons: Sequence[Lesson]) -> Arrays:
    logits = [classifier.read(lesson.beats) for lesson in lessons]
    none = np.zeros((0, len(CLASSES)), np.float32)
    return {
        "held.logits": np.concatenate([none, *logits]),
        "held.classes": np.concatenate([np.zeros(0, np.int64), *(x.classes for x in lessons)]),
    }


def _save(given: Arrays, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: np.ascontiguousarray(array) for name, array in given.items()}, file)


def _log(values: Mapping[str, Any]) -> None:
    """Beside the output: a benchmark that trains its folds writes JSON there."""
    print(json.dumps(values), file=sys.stderr, flush=True)


def digest() -> str:
    """Names what is learned, and how."""
    lessons = (beat_lessons.JITTERS, beat_lessons.MISSED, beat_lessons.STRIPS, beat_lessons.SINGLE)
    features = (beat_features.GRID, beat_features.BEFORE, beat_features.AFTER, beat_features.BAND)
    sizes = (COMPONENTS, WIDTH, TIMES, WIDE, NARROW, HIDDEN)
    how = (VERSION, SEED, EPOCHS, BATCH, STEPS, RATE, DECAY, SMOOTHING, WEIGHTS, ALONE)
    told = repr((*how, STRIPS, SHARE, *lessons, *features, *sizes))
    return sha256(told.encode()).hexdigest()[:16]


def main(arguments: Sequence[str] | None = None) -> None:
    """Train the folds, then on everything, calibrated on the folds, and save the weights."""
    parser = argparse.ArgumentParser(prog="python -m signals.train_beats", description=__doc__)
    parser.add_argument("--folds", type=int, default=FOLDS)
    parser.add_argument("--out", type=Path, default=FILE, help="default: where they are installed")
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    folder = user_cache_path("konsil") / "folds" / f"signals-{digest()}"
    others = [load_file(file) for file in folds(folder, given.folds)]
    recordings, lessons, strips = _everything()
    network, scaling = fit(lessons, strips)
    _save(calibrated(arrays(network, scaling, recordings), others), given.out)


if __name__ == "__main__":
    main()
