"""The next best step: which finding to ask about, examine for or order a test for.

A step is worth the bits by which the ranking is expected to move towards the right disease: for
each leading disease (as likely as its score says) and each answer (as likely as that disease's
profile says), the change of its log probability in the ranking that the answer would give. A "no"
moves a ranking little (records list what somebody looked for), so a question is good when the
answer may well be "yes" and few of the leaders would say so. Were the ranking the exact posterior,
this is the mutual information of disease and answer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np
from numpy.typing import NDArray

from engine.protocols import KnowledgeGraph, Shares
from engine.rank import Ranking, pictured
from engine.types import Acquisition, Code, NextStep

Doubles = NDArray[np.float64]

# Chosen on the shared development cases (`konsil bench interview`).
LEADERS = 150
"""Diseases told apart; all others together are one more, which shows a finding as anybody does."""
TEMPERATURE = 1.0
"""Scores are divided by this before they become probabilities: they are too sure of themselves."""
RECALL = 0.5
"""Of the findings a patient has, the share that an answer or a record confirms. It weighs a "no"
where questions are chosen; without it one leader would be asked about sign after sign."""
STATED = 10
"""Annotations that name a finding itself, at least, for it to be asked about: terms that only sort
others ("Abnormal immune system morphology") are no question."""
FINALISTS = 32
"""Findings whose information is computed as the ranking would move, the best by an estimate."""
ALIKE = 0.5
"""Two findings that share more than this of what they say are one question."""
COST = {"none": 1.0, "low": 0.8, "medium": 0.5, "high": 0.25}
INVASIVENESS = {"none": 1.0, "minimal": 0.8, "invasive": 0.4}
"""A step is worth its information times both factors: a bit that costs a puncture of a vessel or
an organ must tell far more than one that costs a question. Chosen by hand, not fitted."""
NAMED = 3
"""Diseases named that an answer would speak for."""


@dataclass(frozen=True, slots=True)
class _Leaders:
    """places: (K,) positions of the leading diseases. weights: (K + 1,) how likely they are, then
    all the others together; sum 1.
    """

    places: NDArray[np.intp]
    weights: Doubles


@dataclass(frozen=True, slots=True)
class _Step:
    """after: for "yes" and "no", (K + 1,) change of the probabilities."""

    term: str
    acquisition: Acquisition
    information: float
    after: tuple[Doubles, Doubles]

    @property
    def worth(self) -> float:
        return self.information * effort(self.acquisition)


def next_steps(
    ranking: Ranking, graph: KnowledgeGraph, *, unknown: Collection[str] = (), count: int = 3
) -> tuple[NextStep, ...]:
    """The steps worth most, best first; none repeats another, and fewer when little is left.

    Args:
        ranking: of everything answered so far.
        unknown: terms that were asked about without an answer; they are not asked again.
    """
    leaders = _leaders(ranking, graph)
    terms = _finalists(ranking, leaders, graph, unknown)
    steps = [_step(term, ranking, leaders, graph) for term in terms]
    steps.sort(key=lambda step: (-step.worth, step.term))
    return tuple(_shown(step, leaders, graph) for step in _different(steps, graph, count))


def effort(acquisition: Acquisition) -> float:
    """What remains of a bit of information once its cost and invasiveness are weighed, 0 to 1."""
    return COST[acquisition.cost] * INVASIVENESS[acquisition.invasiveness]


def still_open(
    terms: Iterable[str],
    ranking: Ranking,
    graph: KnowledgeGraph,
    *,
    unknown: Collection[str] = (),
) -> Iterator[str]:
    """The phenotypes among these terms that no answer implies.

    Those above a "yes" are known, and those below a "no" or an "unknown" need not be asked.
    """
    implied = set[str]()
    closed = set(unknown)
    for finding in ranking.findings:
        term = finding.code.code
        if finding.status == "absent":
            closed.add(term)
        else:
            implied |= {term, *graph.ancestors(term)}
    for term in terms:
        answered = term in implied or term in closed or not closed.isdisjoint(graph.ancestors(term))
        if not answered and graph.is_phenotype(term):
            yield term


# ---- What an answer is worth --------------------------------------------------------------------


def _leaders(ranking: Ranking, graph: KnowledgeGraph) -> _Leaders:
    scores = ranking.scores.astype(np.float64)
    for finding, part in zip(ranking.findings, ranking.parts, strict=True):
        if finding.status == "absent":
            scores += np.log1p(-RECALL * graph.shares.of(finding.code.code, scores.size)) - part
    weights = np.exp((scores - scores.max()) / TEMPERATURE)
    weights /= weights.sum()
    places = np.argsort(-weights, kind="stable")[:LEADERS]
    leading = weights[places]
    return _Leaders(places, np.append(leading, max(1 - leading.sum(), 0.0)))


def _finalists(
    ranking: Ranking, leaders: _Leaders, graph: KnowledgeGraph, unknown: Collection[str]
) -> list[str]:
    """The open findings that promise most by the shares of the leaders alone."""
    shares = graph.shares
    estimates = _estimates(leaders, shares)
    best: list[int] = np.argsort(-estimates, kind="stable").tolist()
    terms = (shares.terms[i] for i in best if shares.stated[i] >= STATED)
    chosen: list[tuple[float, str]] = []
    for term in still_open(terms, ranking, graph, unknown=unknown):
        estimate = float(estimates[shares.index[term]])
        least = chosen[0][0] if len(chosen) == FINALISTS else 0.0
        if estimate <= least:
            break  # no step is worth more than its information
        heappush(chosen, (estimate * effort(graph.acquisition(term)), term))
        if len(chosen) > FINALISTS:
            heappop(chosen)
    return [term for _, term in chosen]


def _estimates(leaders: _Leaders, shares: Shares) -> Doubles:
    """Information as if the ranking knew the shares and a "no" said nothing, (T,), bits."""
    weight = np.zeros(shares.disease.max() + 1)
    weight[leaders.places] = leaders.weights[:-1]
    entries = np.flatnonzero((weight > 0)[shares.disease])
    term = np.searchsorted(shares.start, entries, side="right") - 1
    share, background = shares.share[entries], shares.background[term]
    held = weight[shares.disease[entries]]

    def total(values: Doubles) -> Doubles:
        summed = np.bincount(term, values, minlength=len(shares.terms))  # entries -> (T,)
        return summed.astype(np.float64)

    others = 1 - total(held)  # those that do not list the term
    scale = np.log(total(held * share / background) + others)
    says_yes = total(held * share) + others * shares.background
    return (total(held * share * np.log(share / background)) - says_yes * scale) / np.log(2)


def _step(term: str, ranking: Ranking, leaders: _Leaders, graph: KnowledgeGraph) -> _Step:
    """How far either answer would move the ranking, and how likely it is."""
    yes = _likelihood(term, ranking, leaders, graph)
    absent = ranking.fusion.denies(graph.log_absence_ratios(term))[leaders.places]
    if_yes = _moved(leaders.weights, _ratios(term, ranking, leaders, graph))
    if_no = _moved(leaders.weights, absent.astype(np.float64))
    gained = leaders.weights * (yes * if_yes + (1 - yes) * if_no)
    return _Step(
        term=term,
        acquisition=graph.acquisition(term),
        information=float(gained.sum() / np.log(2)),
        after=(leaders.weights * np.expm1(if_yes), leaders.weights * np.expm1(if_no)),
    )


def _likelihood(term: str, ranking: Ranking, leaders: _Leaders, graph: KnowledgeGraph) -> Doubles:
    """How likely each leader and the others answer yes, given what is known of terms above and
    below: where a more general sign is there, whether it is this kind; where a more special one is
    not, whether it is another kind. (K + 1,), 0 to 1.
    """
    yes = graph.shares.among(term, leaders.places)
    above = graph.ancestors(term)
    for finding in ranking.findings:
        known = finding.code.code
        if finding.status != "absent" and known in above:
            general = graph.shares.among(known, leaders.places)
            yes = np.minimum(yes / general, 1)
        elif finding.status == "absent" and term in graph.ancestors(known):
            special = RECALL * graph.shares.among(known, leaders.places)
            yes = np.maximum(yes - special, 0) / (1 - special)
    return yes


def _moved(weights: Doubles, log_lr: Doubles) -> Doubles:
    """Change of the log probabilities, (K + 1,), by log likelihood ratios, (K,)."""
    log_lr = np.append(log_lr, 0.0)
    return log_lr - np.log((np.exp(log_lr) * weights).sum())


def _ratios(term: str, ranking: Ranking, leaders: _Leaders, graph: KnowledgeGraph) -> Doubles:
    """What a "yes" would add to the score of each leader, (K,): `engine.rank` counts a present
    finding that the new one implies only for what the new one does not already say, and a fuller
    picture for more.
    """
    said = ranking.fusion.says(graph.evidence(term))[leaders.places].astype(np.float64)
    added = said.copy()
    above = graph.ancestors(term)
    present: list[str] = []
    for finding, part in zip(ranking.findings, ranking.parts[:, leaders.places], strict=True):
        if finding.status == "absent":
            continue
        present.append(finding.code.code)
        if finding.code.code in above:
            own = ranking.fusion.says(graph.evidence(finding.code.code))[leaders.places]
            added += np.minimum(part, np.maximum(own - said, 0)) - part
    return added + _fuller(term, present, ranking, leaders.places, graph)


def _fuller(
    term: str,
    present: Sequence[str],
    ranking: Ranking,
    places: NDArray[np.intp],
    graph: KnowledgeGraph,
) -> Doubles:
    """What the picture of each leader would say more with this term; (K,)."""
    reported = ranking.reported[places] + graph.reported([term], beyond=present)[places]
    picture = ranking.fusion.picture @ pictured(ranking.expected[places], reported)
    return (picture - ranking.picture[places]).astype(np.float64)


# ---- What is shown ------------------------------------------------------------------------------


def _different(steps: Sequence[_Step], graph: KnowledgeGraph, count: int) -> list[_Step]:
    """The first steps, without those much alike a better one, and without those worth nothing."""
    chosen: list[_Step] = []
    for step in steps:
        term = step.term
        if step.information > 0 and not any(_alike(term, c.term, graph) for c in chosen):
            chosen.append(step)
        if len(chosen) == count:
            break
    return chosen


def _alike(one: str, other: str, graph: KnowledgeGraph) -> bool:
    """One implies the other, or what they share says more than half of what both say."""
    first, second = ({term, *graph.ancestors(term)} for term in (one, other))
    if one in second or other in first:
        return True
    shared = sum(graph.information_content(term) for term in first & second)
    both = sum(graph.information_content(term) for term in first | second)
    return shared > ALIKE * both


def _shown(step: _Step, leaders: _Leaders, graph: KnowledgeGraph) -> NextStep:
    acquisition = step.acquisition
    code = graph.code(step.term)
    assert code is not None  # the graph named it
    for_yes, for_no = step.after
    yes = _favoured(for_yes, leaders, graph)
    no = _favoured(np.where(for_yes > 0, 0.0, for_no), leaders, graph)
    return NextStep(
        finding=code,
        how=acquisition.step,
        test=acquisition.test,
        information=step.information,
        yes=yes,
        no=no,
        cost=acquisition.cost,
        invasiveness=acquisition.invasiveness,
        source=acquisition.source,
    )


def _favoured(change: Doubles, leaders: _Leaders, graph: KnowledgeGraph) -> tuple[Code, ...]:
    best = np.argsort(-change[:-1], kind="stable")[:NAMED]
    return tuple(graph.diseases[int(leaders.places[i])] for i in best if change[i] > 0)
