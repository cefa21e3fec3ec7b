"""Models that never saw what they are asked: `konsil bench ner --cv 5`.

The second stage is trained again without each fold (about half an hour each on two cores) and kept
in the user's cache; what the first stage saw is in no fold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256

from platformdirs import user_cache_path
from safetensors.numpy import load_file

from engine.exceptions import InputError, MissingExtraError
from nlp.corpora import Annotated
from nlp.tagger import Tagger


def fold_of(group: str, folds: int) -> int:
    """Which fold a group of documents is in: by its name, whatever else there is."""
    return int.from_bytes(sha256(group.encode()).digest()[:4], "big") % folds


def held_out(
    documents: Sequence[Annotated], folds: int
) -> Iterator[tuple[Tagger, Sequence[Annotated]]]:
    """Documents by fold, each with the model trained without it.

    Raises:
        InputError: fewer than two folds.
        MissingExtraError: a model is not in the cache and cannot be trained.
    """
    if folds < 2:
        raise InputError(f"{folds} folds", where="--cv", fix="give 2 or more")
    for number in range(folds):
        given = [document for document in documents if fold_of(document.group, folds) == number]
        if given:
            yield _without(number, folds), given


def _without(number: int, folds: int) -> Tagger:
    """The model that did not see a fold, trained if the cache does not have it."""
    try:
        from nlp import train  # torch: only who trains pays
    except ImportError as missing:
        raise MissingExtraError("training without a fold", extra="train") from missing
    folder = user_cache_path("konsil") / "folds" / train.digest()
    file = folder / f"{number}of{folds}.safetensors"
    if not file.exists():
        fold = [str(number), str(folds)]
        train.main(["--fold", *fold, "--checkpoints", str(folder), "--out", str(file)])
    return Tagger(load_file(file))
