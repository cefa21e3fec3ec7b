"""The tagger and the relations as torch trains them; `nlp.tagger` and `nlp.relating` compute the
same from their weights.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from transformers import AutoModel

from nlp.crf import NEVER
from nlp.encoder import SIZE, pretrained
from nlp.lessons import Example, Taught
from nlp.pairs import SEEN, Relation
from nlp.pieces import padded
from nlp.schemes import Scheme
from nlp.spelling import ALPHABET, characters

DROPOUT = 0.2
LETTER, FILTERS, WIDTH = 24, 64, 3
WIDE = SIZE + FILTERS
"""Numbers that describe a word."""
PAIR = 128
"""Numbers that describe a pair of mentions."""
SHARE = 0.3
"""Weight of the loss of relations beside that of tags."""


class Network(nn.Module):
    """One encoder, a CRF for each scheme, a head for each relation."""

    def __init__(self, heads: Sequence[Scheme], relations: Sequence[Relation] = ()) -> None:
        super().__init__()
        self.encoder = AutoModel.from_pretrained(pretrained(), add_pooling_layer=False)
        self.encoder.embeddings.requires_grad_(False)
        self.spelling = Spelling()
        self.dropout = nn.Dropout(DROPOUT)
        self.heads = nn.ModuleDict({scheme.name: Head(scheme) for scheme in heads})
        self.relations = nn.ModuleDict({r.name: PairHead(r) for r in relations})

    def forward(self, batch: Sequence[Example]) -> Tensor:
        """The mean loss a word, and a relation, of examples of one scheme."""
        windows = [window for example in batch for window in example.windows]
        pieces, mask = map(torch.from_numpy, padded([window.pieces for window in windows]))
        first, there = map(torch.from_numpy, padded([window.first for window in windows]))
        hidden = self.encoder(input_ids=pieces, attention_mask=mask).last_hidden_state
        hidden = hidden.gather(1, first[:, :, None].expand(-1, -1, SIZE))  # (B, T, ·) -> (B, W, ·)
        known = list({word: None for x in batch for word in x.words})
        number = {word: i for i, word in enumerate(known)}
        spelled = self.spelling(torch.from_numpy(characters(known)))
        lengths = [len(window.words) for window in windows]
        written = torch.tensor([number[word] for x in batch for word in x.words])
        words = torch.zeros(there.shape, dtype=torch.int64)
        words[there > 0] = written
        hidden = self.dropout(torch.cat([hidden, spelled[words]], dim=-1))
        allowed = np.ones((*words.shape, batch[0].allowed.shape[1]), np.bool_)
        allowed[there.numpy() > 0] = np.concatenate([x.allowed for x in batch])
        head = self.heads[batch[0].scheme]
        loss = head(hidden, torch.from_numpy(allowed), there).sum() / sum(lengths)
        taught = [x.taught for x in batch]
        if any(one is not None and len(one.labels) for one in taught):
            loss = loss + SHARE * self._related(batch, hidden[there > 0])
        return loss

    def _related(self, batch: Sequence[Example], words: Tensor) -> Tensor:
        """The mean loss a relation. words: (W, WIDE) of all examples."""
        losses: list[Tensor] = []
        begin = 0
        for example in batch:
            end = begin + len(example.words)
            if example.taught is not None and len(example.taught.labels):
                losses.append(self._loss(example.taught, words[begin:end]))
            begin = end
        return torch.cat(losses).mean()

    def _loss(self, taught: Taught, words: Tensor) -> Tensor:
        """(G,). words: (W, WIDE) of one example."""
        place = torch.tensor([w for a, b, _ in taught.mentions for w in range(a, b)])
        length = torch.tensor([b - a for a, b, _ in taught.mentions])
        which = torch.repeat_interleave(torch.arange(len(length)), length)
        mentions = torch.zeros(len(length), WIDE).index_add(0, which, words[place])
        given = taught.pairs
        logits = self.relations[taught.relation](
            mentions / length[:, None],
            *map(torch.from_numpy, (given.heads, given.tails, given.features, given.groups)),
            torch.from_numpy(given.seen),
        )
        labels = torch.from_numpy(taught.labels)
        return nn.functional.binary_cross_entropy_with_logits(logits, labels, reduction="none")


class Spelling(nn.Module):
    """Character CNN, (W, LETTERS) -> (W, FILTERS)."""

    def __init__(self) -> None:
        super().__init__()
        self.letters = nn.Embedding(ALPHABET, LETTER, padding_idx=0)
        self.filters = nn.Conv1d(LETTER, FILTERS, WIDTH, padding=WIDTH // 2)

    def forward(self, letters: Tensor) -> Tensor:
        return self.filters(self.letters(letters).transpose(1, 2)).amax(dim=-1)


class Head(nn.Module):
    """Scores of tags and of moves between them: a CRF."""

    forbidden: Tensor

    def __init__(self, scheme: Scheme) -> None:
        super().__init__()
        tags = len(scheme.tags)
        self.out = nn.Linear(WIDE, tags)
        self.moves = nn.Parameter(torch.zeros(tags + 1, tags))
        self.register_buffer("forbidden", torch.from_numpy(scheme.forbidden()), persistent=False)

    def forward(self, hidden: Tensor, allowed: Tensor, there: Tensor) -> Tensor:
        """-ln of the probability of all allowed sequences, (B,).

        hidden: (B, W, ·). allowed: (B, W, K). there: (B, W), 1 for a word, 0 behind the end.
        """
        scores = self.out(hidden)  # (B, W, K)
        moves = self.moves.masked_fill(self.forbidden, float(NEVER))
        kept = scores.masked_fill(~allowed, float(NEVER))
        return _total(scores, moves, there) - _total(kept, moves, there)


def _total(scores: Tensor, moves: Tensor, there: Tensor) -> Tensor:
    """ln of the sum over all sequences of exp of their score, (B,)."""
    total = scores[:, 0] + moves[-1]  # (B, K)
    for t in range(1, scores.shape[1]):
        further = torch.logsumexp(total[:, :, None] + moves[:-1], dim=1) + scores[:, t]
        total = torch.where(there[:, t, None] > 0, further, total)
    return torch.logsumexp(total, dim=-1)


class PairHead(nn.Module):
    """Whether two things are related, from all pairs of mentions that speak of them."""

    def __init__(self, relation: Relation) -> None:
        super().__init__()
        self.head = nn.Linear(WIDE, PAIR)
        self.tail = nn.Linear(WIDE, PAIR, bias=False)
        self.features = nn.ModuleList(nn.Embedding(size, PAIR) for size in relation.sizes)
        for table in self.features:
            nn.init.normal_(table.weight, std=0.1)  # pyright: ignore[reportArgumentType]
        self.dropout = nn.Dropout(DROPOUT)
        self.out = nn.Linear(PAIR, 1)
        self.seen = nn.Linear(SEEN, 1, bias=False)

    def forward(
        self,
        mentions: Tensor,
        heads: Tensor,
        tails: Tensor,
        features: Tensor,
        groups: Tensor,
        seen: Tensor,
    ) -> Tensor:
        """Log odds of each relation, (G,). mentions: (M, WIDE). The rest: `nlp.pairs.Pairs`."""
        pair = self.head(mentions)[heads] + self.tail(mentions)[tails]
        for column, table in enumerate(self.features):
            pair = pair + table(features[:, column])
        spoken = self.out(self.dropout(torch.relu(pair)))[:, 0]  # (P,)
        highest = torch.full((len(seen),), -torch.inf).scatter_reduce(
            0, groups, spoken.detach(), "amax"
        )
        total = torch.zeros(len(seen)).index_add(0, groups, (spoken - highest[groups]).exp())
        return highest + total.log() + self.seen(seen)[:, 0]
