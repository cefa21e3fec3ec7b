"""The learned part: a linear-chain conditional random field over words, run with numpy alone.

Trained by `python -m nlp.deid.train`; see CARD.md beside the weights.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b, sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from engine.exceptions import SourceError
from nlp.deid.features import rows
from nlp.deid.mentions import Kind, Mention
from nlp.deid.tokens import Token

FILE = Path(__file__).parent / "weights" / "deid.safetensors"
TAGS: tuple[Kind | None, ...] = (None, "name", "place", "organisation", "id", "phone", "date")
"""None: a word that identifies nobody. E-mails, URLs, addresses of machines and ages have rules."""
Floats = NDArray[np.float32]
_ENDINGS = ("s", "es", "ly", "ed", "ing", "ally")  # a common word may have


def word_key(word: str) -> int:
    """The number that stands for a common word in the weights."""
    return int.from_bytes(blake2b(word.encode("utf-8", "replace"), digest_size=8).digest())


@dataclass(frozen=True)
class Tagger:
    """emissions: (2**BITS, K) of the tags. transitions: (K + 1, K), the last row of a text's start.

    common: sorted keys of words that are no names. sha256: of the file.
    """

    emissions: Floats
    transitions: Floats
    common: NDArray[np.uint64]
    sha256: str = ""

    @classmethod
    def load(cls, path: Path = FILE) -> Tagger:
        """The trained tagger.

        Raises:
            SourceError: the file is missing or damaged.
        """
        try:
            digest = sha256(path.read_bytes()).hexdigest()
            with safe_open(path, framework="numpy") as file:
                if json.loads(file.metadata()["konsil"])["tags"] != [str(tag) for tag in TAGS]:
                    raise ValueError("other tags")
                return cls(
                    file.get_tensor("emissions").astype(np.float32),
                    file.get_tensor("transitions").astype(np.float32),
                    file.get_tensor("common"),
                    digest,
                )
        except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
            raise SourceError(
                f"the weights of the de-identification {path} cannot be used: {error}",
                fix="install Konsil again, or train them with `python -m nlp.deid.train`",
            ) from error

    @cached_property
    def _common(self) -> frozenset[int]:
        return frozenset(self.common.tolist())

    @cached_property
    def _asked(self) -> dict[str, bool]:
        return {}

    def is_word(self, word: str) -> bool:
        """Is it (in small letters) common in notes, so that it hardly is a name?"""
        if word not in self._asked:
            if len(self._asked) > 1 << 17:
                self._asked.clear()
            forms = (word, *(word.removesuffix(end) for end in _ENDINGS if word.endswith(end)))
            self._asked[word] = any(word_key(form) in self._common for form in forms)
        return self._asked[word]

    def probabilities(self, tokens: Sequence[Token]) -> Floats:
        """Probability of each tag for each token; (T, K)."""
        if not tokens:
            return np.zeros((0, len(TAGS)), np.float32)
        scores = np.stack([self.emissions[r].sum(0) for r in rows(tokens, self.is_word)])
        return marginals(scores, self.transitions)[0].astype(np.float32)


def marginals(
    scores: NDArray[np.floating], transitions: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Forward-backward: (T, K) of the tags, and (K + 1, K) expected counts of transitions."""
    size, tags = scores.shape
    emitted = np.exp(scores - scores.max(1, keepdims=True)).astype(np.float64)  # (T, K)
    step = np.exp(transitions[:-1]).astype(np.float64)  # (K, K)
    forward = np.empty((size, tags))
    backward = np.empty((size, tags))
    forward[0] = emitted[0] * np.exp(transitions[-1])
    forward[0] /= forward[0].sum()
    for t in range(1, size):
        row = (forward[t - 1] @ step) * emitted[t]
        forward[t] = row / row.sum()
    backward[-1] = 1.0
    for t in range(size - 2, -1, -1):
        row = step @ (backward[t + 1] * emitted[t + 1])
        backward[t] = row / row.sum()
    single = forward * backward
    single /= single.sum(1, keepdims=True)
    counts = np.zeros((tags + 1, tags))
    counts[-1] = single[0]
    if size > 1:
        right = backward[1:] * emitted[1:]  # (T - 1, K)
        norm = np.einsum("ti,ij,tj->t", forward[:-1], step, right)
        counts[:-1] = np.einsum("ti,tj->ij", forward[:-1] / norm[:, None], right) * step
    return single, counts


def spans(
    tokens: Sequence[Token], probability: Floats, *, boldness: Floats
) -> list[tuple[Mention, float]]:
    """Runs of tokens that probably identify somebody, with their least doubtful probability.

    boldness: a token counts when its probability of identifying nobody is below this; (T,).
    """
    found: list[tuple[Mention, float]] = []
    run: list[int] = []
    kinds = 1 + probability[:, 1:].argmax(1) if len(tokens) else np.zeros(0, np.int64)
    said = probability[:, 0] < boldness

    def close() -> None:
        if run:
            first, last = run[0], run[-1]
            kind = TAGS[int(kinds[first])]
            assert kind is not None  # 0 is never among `kinds`
            mention = Mention(tokens[first].start, tokens[last].end, kind, sure=False)
            found.append((mention, float(1 - probability[run, 0].min())))
            run.clear()

    for i, token in enumerate(tokens):
        same = bool(run) and kinds[run[-1]] == kinds[i]
        if not said[i] or token.text[0] == "\n":
            close()
            continue
        if run and not same:
            close()
        run.append(i)
    close()
    return found
