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
from nlp.recurrent import turned
from nlp.schemes import Scheme
from nlp.spelling import ALPHABET, ROWS, characters, hashes
from nlp.windows import Window, padded

DROPOUT = 0.2
LETTER, FILTERS, WIDTH = 24, 64, 3
STATE = 128
"""Numbers an LSTM keeps, in each direction."""
TABLES = (64, 64, 16, 32)
"""Numbers in the rows of `nlp.spelling.ROWS`."""
UNKNOWN = 0.15
"""Share of words that training pretends not to know."""
PAIR = 128
"""Numbers that describe a pair of mentions."""
TINY = 1e-30
"""Keeps the logarithm of what cannot be reached finite."""
SHARE = 1.0
"""Weight of the loss of relations beside that of tags."""


class Network(nn.Module):
    """A reading of words in context, a CRF for each scheme, a head for each relation."""

    wide: int
    """Numbers that describe a word."""

    def __init__(self, heads: Sequence[Scheme], relations: Sequence[Relation] = ()) -> None:
        super().__init__()
        self.build()
        self.dropout = nn.Dropout(DROPOUT)
        self.heads = nn.ModuleDict({scheme.name: Head(scheme, self.wide) for scheme in heads})
        self.relations = nn.ModuleDict({r.name: PairHead(r, self.wide) for r in relations})

    def build(self) -> None:
        """The part that reads words."""
        raise NotImplementedError

    def words(self, windows: Sequence[Window], words: Sequence[str]) -> Tensor:
        """(B, W, wide). words: those of all windows, one after the other."""
        raise NotImplementedError

    def forward(self, batch: Sequence[Example]) -> Tensor:
        """The mean loss a word, and a relation, of examples of one scheme."""
        windows = [window for example in batch for window in example.windows]
        there = torch.from_numpy(padded([window.first for window in windows])[1])
        hidden = self.words(windows, [word for example in batch for word in example.words])
        hidden = self.dropout(hidden)
        allowed = np.ones((*there.shape, batch[0].allowed.shape[1]), np.bool_)
        allowed[there.numpy() > 0] = np.concatenate([x.allowed for x in batch])
        head = self.heads[batch[0].scheme]
        loss = head(hidden, torch.from_numpy(allowed), there).sum() / there.sum()
        taught = [x.taught for x in batch]
        if any(one is not None and len(one.labels) for one in taught):
            loss = loss + SHARE * self._related(batch, hidden[there > 0])
        return loss

    def _related(self, batch: Sequence[Example], words: Tensor) -> Tensor:
        """The mean loss a relation. words: (W, wide) of all examples."""
        losses: list[Tensor] = []
        begin = 0
        for example in batch:
            end = begin + len(example.words)
            if example.taught is not None and len(example.taught.labels):
                losses.append(self._loss(example.taught, words[begin:end]))
            begin = end
        return torch.cat(losses).mean()

    def _loss(self, taught: Taught, words: Tensor) -> Tensor:
        """(G,). words: (W, wide) of one example."""
        place = torch.tensor([w for a, b, _ in taught.mentions for w in range(a, b)])
        length = torch.tensor([b - a for a, b, _ in taught.mentions])
        which = torch.repeat_interleave(torch.arange(len(length)), length)
        mentions = torch.zeros(len(length), self.wide).index_add(0, which, words[place])
        given = taught.pairs
        logits = self.relations[taught.relation](
            mentions / length[:, None],
            *map(torch.from_numpy, (given.heads, given.tails, given.features, given.groups)),
            torch.from_numpy(given.seen),
        )
        labels = torch.from_numpy(taught.labels)
        return nn.functional.binary_cross_entropy_with_logits(logits, labels, reduction="none")


class Transformer(Network):
    """MiniLM at a word's first piece, beside how the word is written."""

    wide = SIZE + FILTERS

    def build(self) -> None:
        """Its embeddings stay as they are."""
        self.encoder = AutoModel.from_pretrained(pretrained(), add_pooling_layer=False)
        self.encoder.embeddings.requires_grad_(False)
        self.spelling = Spelling()

    def settle(self) -> None:
        """Attention keeps all its weights: drawing which to drop takes a fifth of a step."""
        for layer in self.encoder.encoder.layer:
            layer.attention.self.dropout.p = 0.0

    def words(self, windows: Sequence[Window], words: Sequence[str]) -> Tensor:
        """(B, W, wide)."""
        pieces, mask = map(torch.from_numpy, padded([window.pieces for window in windows]))
        first, there = map(torch.from_numpy, padded([window.first for window in windows]))
        hidden = self.encoder(input_ids=pieces, attention_mask=mask).last_hidden_state
        hidden = hidden.gather(1, first[:, :, None].expand(-1, -1, SIZE))  # (B, T, ·) -> (B, W, ·)
        known, place = _distinct(words, there)
        spelled = self.spelling(torch.from_numpy(characters(known)))
        return torch.cat([hidden, spelled[place]], dim=-1)


class Recurrent(Network):
    """Tables of words and a character CNN below an LSTM in each direction."""

    wide = 2 * STATE

    def build(self) -> None:
        """Everything is learned."""
        self.spelling = Spelling()
        self.tables = nn.ModuleList(
            nn.Embedding(rows, size) for rows, size in zip(ROWS, TABLES, strict=True)
        )
        given = sum(TABLES[1:]) + FILTERS
        self.onward = nn.LSTM(given, STATE, batch_first=True)
        self.back = nn.LSTM(given, STATE, batch_first=True)

    def words(self, windows: Sequence[Window], words: Sequence[str]) -> Tensor:
        """(B, W, wide)."""
        there = torch.from_numpy(padded([window.first for window in windows])[1])
        known, place = _distinct(words, there)
        rows = torch.from_numpy(hashes(known))
        word, again, start, end = (table(rows[:, i]) for i, table in enumerate(self.tables))
        whole = word + again
        if self.training:  # so that it can do without: in notes many words are new
            whole = whole * (torch.rand(len(known), 1) > UNKNOWN)
        spelled = self.spelling(torch.from_numpy(characters(known)))
        given = self.dropout(torch.cat([whole, start, end, spelled], dim=-1))[place]
        lengths = np.array([len(window.words) for window in windows])
        places = torch.from_numpy(turned(lengths, there.shape[1]))
        row = torch.arange(len(windows))[:, None]
        onward, _ = self.onward(given)
        backward, _ = self.back(given[row, places])
        return torch.cat([onward, backward[row, places]], dim=-1)


def _distinct(words: Sequence[str], there: Tensor) -> tuple[list[str], Tensor]:
    """The words without repetition, and which of them stands at each place: (B, W)."""
    known = list(dict.fromkeys(words))
    number = {word: i for i, word in enumerate(known)}
    place = torch.zeros(there.shape, dtype=torch.int64)
    place[there > 0] = torch.tensor([number[word] for word in words])
    return known, place


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

    def __init__(self, scheme: Scheme, wide: int) -> None:
        super().__init__()
        tags = len(scheme.tags)
        self.out = nn.Linear(wide, tags)
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
    reach = moves[:-1].exp()
    for t in range(1, scores.shape[1]):
        top = total.detach().amax(dim=1, keepdim=True)
        # a product of matrices: a logsumexp over (B, K, K) takes most of a step
        further = ((total - top).exp() @ reach + TINY).log() + top + scores[:, t]
        total = torch.where(there[:, t, None] > 0, further, total)
    return torch.logsumexp(total, dim=-1)


class PairHead(nn.Module):
    """Whether two things are related, from all pairs of mentions that speak of them."""

    def __init__(self, relation: Relation, wide: int) -> None:
        super().__init__()
        self.head = nn.Linear(wide, PAIR)
        self.tail = nn.Linear(wide, PAIR, bias=False)
        self.head_for_tail = nn.Linear(wide, PAIR, bias=False)
        self.tail_for_head = nn.Linear(wide, PAIR, bias=False)
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
        """Log odds of each relation, (G,). mentions: (M, wide). The rest: `nlp.pairs.Pairs`."""
        pair = self.head(mentions)[heads] + self.tail(mentions)[tails]
        pair = pair + self.head_for_tail(mentions)[heads] * self.tail_for_head(mentions)[tails]
        for column, table in enumerate(self.features):
            pair = pair + table(features[:, column])
        spoken = self.out(self.dropout(torch.relu(pair)))[:, 0]  # (P,)
        highest = torch.full((len(seen),), -torch.inf).scatter_reduce(
            0, groups, spoken.detach(), "amax"
        )
        total = torch.zeros(len(seen)).index_add(0, groups, (spoken - highest[groups]).exp())
        return highest + total.log() + self.seen(seen)[:, 0]
