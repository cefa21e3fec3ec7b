"""Train the reader of twelve leads: `python -m signals.train_ecg12` (a few minutes on one core).

First each group of folds is left out; what those models say of the records they did not see fits
the calibration. Then one model learns from everything. Folds are PTB-XL's own, which keep a
patient together.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from platformdirs import user_cache_path
from safetensors.numpy import save_file

from signals.average import AverageBeat, Floats
from signals.ecg12_data import Learnt, data_folder, gathered, other_beats, patient_apart
from signals.ecg12_fit import calibration, ridge, scaling
from signals.ecg12_model import WEIGHTS, Network, Scaling, Smooth
from signals.ecg12_network import fitted, pretrained
from signals.ptbxl import CLASSES, entries
from signals.recording import STANDARD
from signals.twelve_features import p_onset, t_end

VERSION = "1"
GROUPS = 9
SEEDS = (0,)
SOURCES = (
    "average", "ecg12_data", "ecg12_fit", "ecg12_model", "ecg12_network", "train_ecg12",
    "twelve_features", "twelve_leads",
)  # fmt: skip
"""Modules that decide what is learned."""
Arrays = dict[str, NDArray[Any]]


def digest() -> str:
    """Names what is learned, and how: the modules that decide it."""
    here = Path(__file__).parent
    return sha256(b"".join((here / f"{name}.py").read_bytes() for name in SOURCES)).hexdigest()[:16]


def train(folder: Path, groups: int, out: Path, *, passes: int | None = None) -> None:
    """Save the models without each group as out/{n}of{groups}.safetensors, and out/all.safetensors.

    folder: with ptbxl and ludb. passes: over the records, fewer for a trial.
    """
    learnt = gathered(patient_apart(entries(folder / "ptbxl")), groups)
    beats, said = other_beats(folder / "ludb")
    start = pretrained(
        torch.from_numpy(beats),
        torch.from_numpy(said),
        measures=learnt.raw.shape[1],
        passes=passes or 12,
    )
    scores = np.zeros((len(learnt.labels), 5, 2))
    models: dict[int, Arrays] = {}
    for number in sorted(set(learnt.group.tolist())):
        held = learnt.group == number
        models[number] = readers(learnt, ~held, start, passes)
        scores[held] = _scores(models[number], learnt, held)
        print(f"without group {number} of {groups}: {held.sum()} records", flush=True)
    out.mkdir(parents=True, exist_ok=True)
    for number, model in models.items():
        others = learnt.group != number
        model["calibration"] = calibration(scores[others], learnt.labels[others])
        _save(model, learnt.names, out / f"{number}of{groups}.safetensors")
    whole = readers(learnt, np.ones(len(learnt.labels), bool), start, passes)
    whole["calibration"] = calibration(scores, learnt.labels)
    _save(whole, learnt.names, out / "all.safetensors")


def readers(
    learnt: Learnt, chosen: NDArray[np.bool_], start: Mapping[str, torch.Tensor], passes: int | None
) -> Arrays:
    """Both readers, trained on some of the records; everything but the calibration."""
    usual = scaling(learnt.raw[chosen])
    scaled, labels = usual(learnt.raw[chosen]), learnt.labels[chosen]
    model: Arrays = {
        "centre": usual.centre.astype(np.float32),
        "spread": usual.spread.astype(np.float32),
        "seen": learnt.seen[chosen],
        **ridge(scaled, labels),
        **_usual(learnt, chosen),
    }
    for number, seed in enumerate(SEEDS):
        network = fitted(
            torch.from_numpy(learnt.waves[chosen]),
            torch.from_numpy(scaled.astype(np.float32)),
            torch.from_numpy(labels.astype(np.float32)),
            start,
            passes=passes or 30,
            seed=seed,
        )
        for name, x in network.state_dict().items():
            model[f"network.{number}.{name}"] = x.numpy().astype(np.float16)
    return model


def _scores(model: Arrays, learnt: Learnt, held: NDArray[np.bool_]) -> Floats:
    """(held, 5, 2), as `TwelveModel.scores`."""
    centre, spread = (model[name].astype(float) for name in ("centre", "spread"))
    scaled = Scaling(centre, spread)(learnt.raw[held])
    networks = [Network(model, f"network.{number}.") for number in range(len(SEEDS))]
    read_by = np.mean([network(learnt.waves[held], scaled) for network in networks], axis=0)
    return np.stack([Smooth(model)(scaled), read_by], axis=2)


def _usual(learnt: Learnt, chosen: NDArray[np.bool_]) -> Arrays:
    """The mean normal beat, and its borders."""
    normal = [
        beat
        for beat, labels, wanted in zip(learnt.beats, learnt.labels, chosen, strict=True)
        if wanted and labels[CLASSES.index("NORM")]
    ]
    mean = np.mean([beat.signal for beat in normal], axis=0)
    middle = AverageBeat(
        mean,
        round(float(np.mean([beat.onset for beat in normal]))),
        round(float(np.mean([beat.offset for beat in normal]))),
        np.arange(3.0) * np.median([np.median(np.diff(beat.r)) for beat in normal]),
        np.ones(3, bool),
        np.zeros(len(STANDARD)),
    )
    p = p_onset(middle) or middle.onset - 80
    return {
        "usual.signal": mean.astype(np.float32),
        "usual.borders": np.array([p, middle.onset, middle.offset, t_end(middle)], np.int64),
    }


def _save(model: Arrays, names: Sequence[str], file: Path) -> None:
    about = {
        "version": VERSION,
        "classes": json.dumps(CLASSES),
        "measures": json.dumps(list(names)),
        "data": "PTB-XL ids 1-500 less fold 10 (CC BY 4.0); LUDB (ODC-By) for pretraining",
    }
    save_file({name: np.ascontiguousarray(x) for name, x in model.items()}, file, metadata=about)


def folds_folder() -> Path:
    """Where the models of the folds are kept."""
    return user_cache_path("konsil") / "folds" / f"signals-{digest()}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Train the groups and the whole, and put the whole where weights are installed."""
    parser = argparse.ArgumentParser(prog="python -m signals.train_ecg12", description=__doc__)
    parser.add_argument("--data", type=Path, default=data_folder(), help="with ptbxl and ludb")
    parser.add_argument("--groups", type=int, default=GROUPS, help="that folds are joined to")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    folder = folds_folder()
    train(given.data, given.groups, folder)
    given.out.parent.mkdir(exist_ok=True)
    given.out.write_bytes((folder / "all.safetensors").read_bytes())


if __name__ == "__main__":
    main()
