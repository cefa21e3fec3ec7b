"""Finders of waves that never saw the record they are asked: `konsil bench delineate --cv 5`.

The network is trained again without each fold of records (some eight minutes each) and kept in the
user's cache.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from engine.exceptions import InputError, MissingExtraError
from signals.delineate import WEIGHTS, Network, peaks, trained
from signals.peak_detectors import Detector
from signals.recording import Recording, Seconds

MOST = 5


def fold_of(record: str, folds: int) -> int:
    """Which fold a record is in: by its name, whatever else there is."""
    return int.from_bytes(sha256(record.encode()).digest()[:4], "big") % folds


@dataclass(frozen=True, slots=True)
class Part:
    """Records (paths without suffix) and what reads them. model: its name for the report.

    overlap: how many of them the network was trained on.
    """

    network: Network
    model: str
    records: Sequence[Path]
    overlap: int


def parts(records: Sequence[Path], folds: int | None, *, corpus: str) -> Iterator[Part]:
    """All records with the packaged network, or by fold with the one trained without it.

    corpus: "ludb" or "mitdb", whose names the records have.

    Raises:
        InputError: fewer than two folds, or nothing to train them on.
        MissingExtraError: a network is not in the cache and torch is not installed to train it.
    """
    if folds is None:
        yield _part(WEIGHTS, "signals.waves", records, corpus)
        return
    if folds < 2:
        raise InputError(f"{folds} folds", where="--cv", fix="give 2 or more")
    for number in range(folds):
        if held := [path for path in records if fold_of(path.name, folds) == number]:
            yield _part(
                without(number, folds),
                f"signals.waves without fold {number} of {folds}",
                held,
                corpus,
            )


def finder(folds: int | None) -> Detector:
    """R peaks by the packaged network, or by one that did not see the record (named by its id).

    No more than `MOST` folds are made: each takes minutes to teach.
    """
    if folds is None:
        return peaks
    made = min(folds, MOST)

    def find(recording: Recording, lead: str) -> Seconds:
        file = without(fold_of(recording.id, made), made)
        return peaks(recording, lead, network=trained(file))

    return find


def without(number: int, folds: int, *, what: str = "waves") -> Path:
    """Weights of a network that did not see a fold, taught if the cache does not have them.

    what: names the module that teaches, `signals.train_<what>`.
    """
    try:
        train: Any = import_module(f"signals.train_{what}")  # torch: only who trains pays
    except ImportError as missing:
        raise MissingExtraError("training without a fold", extra="train") from missing
    folder = user_cache_path("konsil") / "folds" / f"signals-{what}-{train.digest()}"
    file = folder / f"{number}of{folds}.safetensors"
    if not file.exists():
        train.main(["--fold", str(number), str(folds), "--out", str(file)])
    return file


def _part(file: Path, name: str, records: Sequence[Path], corpus: str) -> Part:
    network = trained(file)
    overlap = sum(path.name in network.seen.get(corpus, ()) for path in records)
    return Part(network, f"{name} {network.ref.sha256}", records, overlap)
