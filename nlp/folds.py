"""Models that never saw what they are asked: `konsil bench ner --cv 5`.

The second stage is trained again without each fold (about half an hour each on two cores) and kept
in the user's cache. The abstracts of the first stage are in no fold: they have splits of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from platformdirs import user_cache_path
from safetensors.numpy import load_file

from engine.exceptions import InputError, MissingExtraError
from nlp.corpora import Annotated
from nlp.tagger import Tagger, chosen, digest_of, trained


def fold_of(group: str, folds: int) -> int:
    """Which fold a group of documents is in: by its name, whatever else there is."""
    return int.from_bytes(sha256(group.encode()).digest()[:4], "big") % folds


@dataclass(frozen=True, slots=True)
class Part:
    """Documents and what reads them. model: its name for the report."""

    tagger: Tagger
    model: str
    documents: Sequence[Annotated]

    @property
    def overlap(self) -> int:
        """How many of the documents the tagger was trained on."""
        return sum(digest_of(document.text) in self.tagger.seen for document in self.documents)


def parts(documents: Sequence[Annotated], folds: int | None) -> Iterator[Part]:
    """All documents with the packaged tagger, or by fold with the one trained without it.

    Raises:
        InputError: fewer than two folds, or folds of the small tagger, which has none.
        MissingExtraError: a model is not in the cache and cannot be trained.
    """
    if folds is None:
        tagger, model = trained()
        yield Part(tagger, f"{model.name} {model.version} {model.sha256}", documents)
        return
    if folds < 2 or chosen() != "transformer":
        wrong = f"{folds} folds" if folds < 2 else f"the {chosen()} tagger has no folds"
        raise InputError(wrong, where="--cv", fix="give 2 or more, of the transformer")
    for number in range(folds):
        given = [document for document in documents if fold_of(document.group, folds) == number]
        if given:
            tagger, digest = _without(number, folds)
            model = f"nlp.transformer without fold {number} of {folds} {digest}"
            yield Part(tagger, model, given)


def _without(number: int, folds: int) -> tuple[Tagger, str]:
    """The model that did not see a fold, trained if the cache does not have it, and its sha256."""
    try:
        from nlp import train  # torch: only who trains pays
    except ImportError as missing:
        raise MissingExtraError("training without a fold", extra="train") from missing
    folder = user_cache_path("konsil") / "folds" / train.digest()
    file = folder / f"{number}of{folds}.safetensors"
    if not file.exists():
        if not train.data_folder().is_dir():
            raise InputError(
                "no corpora to train the folds on",
                where=str(train.data_folder()),
                fix="set KONSIL_DATA to the folder that has nlp/maccrobat2020 and the others",
            )
        fold = [str(number), str(folds)]
        train.main(["--fold", *fold, "--checkpoints", str(folder), "--out", str(file)])
    return Tagger(load_file(file)), sha256(file.read_bytes()).hexdigest()
