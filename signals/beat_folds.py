"""Beat classifiers that never saw the patients they are asked about: `konsil bench beats --cv 5`.

Each fold's network is trained without its patients and kept in the user's cache. Its
calibration is learned on what the other folds' networks say of patients that they did not see.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path
from safetensors.numpy import load_file

from engine.exceptions import InputError, MissingExtraError
from signals import beat_calibration
from signals.annotated import Annotated
from signals.beats import Classifier, packaged

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Part:
    """Recordings and what reads them. model: its name for the report."""

    classifier: Classifier
    model: str
    recordings: Sequence[Annotated]

    @property
    def overlap(self) -> int:
        """How many of the recordings the classifier was trained on."""
        return sum(given.digest in self.classifier.seen for given in self.recordings)


def fold_of(group: str, groups: Sequence[str], folds: int) -> int:
    """Which fold a patient is in: those of the training in turn, others, unseen by all, in 0.

    groups: of the training, sorted.
    """
    return list(groups).index(group) % folds if group in groups else 0


def parts(recordings: Sequence[Annotated], folds: int | None) -> Iterator[Part]:
    """All with the packaged classifier, or by fold with the one trained without it.

    Raises:
        InputError: fewer than two folds, or nothing to train them on.
        MissingExtraError: a model is not in the cache and cannot be trained.
    """
    if folds is None:
        classifier, model = packaged()
        yield Part(classifier, f"{model.name} {model.version} {model.sha256}", recordings)
        return
    if folds < 2:
        raise InputError(f"{folds} folds", where="--cv", fix="give 2 or more")
    groups, networks = _trained(folds)
    for number in range(folds):
        held = [r for r in recordings if fold_of(r.group, groups, folds) == number]
        if held:
            arrays = calibrated(networks[number], [*networks[:number], *networks[number + 1 :]])
            digest = sha256(b"".join(arrays[name].tobytes() for name in sorted(arrays)))
            model = f"signals.beats without fold {number} of {folds} {digest.hexdigest()}"
            yield Part(Classifier(arrays), model, held)


def calibrated(network: Arrays, others: Sequence[Arrays]) -> Arrays:
    """The network with a calibration learned on what others said of those they had not seen."""
    logits = np.concatenate([other["held.logits"] for other in others]).astype(np.float64)
    classes = np.concatenate([other["held.classes"] for other in others])
    learned = beat_calibration.learned(logits, classes)
    return {name: array for name, array in network.items() if not name.startswith("held.")} | {
        "calibration.scale": np.array([learned.scale], np.float32),
        "calibration.bias": learned.bias.astype(np.float32),
    }


def _trained(folds: int) -> tuple[list[str], list[Arrays]]:
    """Patients of the training, and the network of each fold, trained if the cache has none."""
    try:
        from signals import train_beats  # torch: only who trains pays
    except ImportError as missing:
        raise MissingExtraError("training without a fold", extra="train") from missing
    folder = user_cache_path("konsil") / "folds" / f"signals-{train_beats.digest()}"
    files = train_beats.folds(folder, folds)
    return train_beats.groups(), [load_file(file) for file in files]
