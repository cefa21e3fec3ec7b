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
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from engine.protocols import KnowledgeGraph
from engine.rank import Ranking
from engine.types import Acquisition, Code, NextStep

# Chosen on the shared development cases (`konsil bench interview`).
LEADERS = 50
"""Diseases told apart; all others together are one more, which shows a finding as anybody does."""
TEMPERATURE = 1.0
"""Scores are divided by this before they become probabilities: they are too sure of themselves."""
SCANNED = 200
"""Findings whose effort is weighed, by a first estimate of their information."""
FINALISTS = 32
"""Findings whose information is computed as the ranking would move."""
ALIKE = 0.5
"""Two findings that share more than this of what they say are one question."""
COST = {"none": 1.0, "low": 0.8, "medium": 0.5, "high": 0.25}
INVASIVENESS = {"none": 1.0, "minimal": 0.8, "invasive": 0.4}
"""A step is worth its information times both factors: a bit that costs a puncture of a vessel or
an organ must tell far more than one that costs a question. Chosen by hand, not fitted."""
NAMED = 3
"""Diseases named that an answer would speak for."""

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Leaders:
    """places: (K,) positions of the leading diseases. weights: (K + 1,) their probabilities as the
    scores say, then that of all the others; sum 1.
    """

    places: Sequence[int]
    weights: Doubles


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A finding that may be asked about. yes: (K + 1,) how likely each answers so."""

    term: str
    acquisition: Acquisition
    estimate: float
    yes: Doubles


@dataclass(frozen=True, slots=True)
class _Step:
    """after: for "yes" and "no", (K,) change of the probability of each leader."""

    candidate: _Candidate
    information: float
    after: tuple[Doubles, Doubles]

    @property
    def worth(self) -> float:
        return self.information * effort(self.candidate.acquisition)


def next_steps(
    ranking: Ranking, graph: KnowledgeGraph, *, unknown: Collection[str] = (), count: int = 3
) -> tuple[NextStep, ...]:
    """The steps worth most, best first; none repeats another, and fewer when little is left.

    Args:
        ranking: of everything answered so far.
        unknown: terms that were asked about without an answer; they are not asked again.
    """
    leaders = _leaders(ranking)
    scanned = sorted(
        _candidates(ranking, leaders, graph, unknown),
        key=lambda c: (-c.estimate * effort(c.acquisition), c.term),
    )
    steps = [_step(candidate, ranking, leaders, graph) for candidate in scanned[:FINALISTS]]
    steps.sort(key=lambda step: (-step.worth, step.candidate.term))
    chosen = _different(steps, graph, count)
    return tuple(_shown(step, leaders, graph) for step in chosen)


def effort(acquisition: Acquisition) -> float:
    """What remains of a bit of information once its cost and invasiveness are weighed, 0 to 1."""
    return COST[acquisition.cost] * INVASIVENESS[acquisition.invasiveness]


def open_questions(
    ranking: Ranking, graph: KnowledgeGraph, *, unknown: Collection[str] = ()
) -> tuple[str, ...]:
    """Every finding of the leading diseases that nothing said so far answers, by id."""
    profiles = graph.profiles(_leaders(ranking).places)
    return tuple(still_open(profiles.terms, ranking, graph, unknown=unknown))


def still_open(
    terms: Iterable[str],
    ranking: Ranking,
    graph: KnowledgeGraph,
    *,
    unknown: Collection[str] = (),
) -> Iterator[str]:
    """The terms that no answer implies: not above a "yes", nor below a "no" or an "unknown"."""
    implied = set[str]()
    closed = set(unknown)
    for finding in ranking.findings:
        term = finding.code.code
        if finding.status == "absent":
            closed.add(term)
        else:
            implied |= {term, *graph.ancestors(term)}
    for term in terms:
        if not (term in implied or term in closed or closed & graph.ancestors(term)):
            yield term


# ---- Which findings are open --------------------------------------------------------------------


def _leaders(ranking: Ranking) -> _Leaders:
    places = ranking.order[:LEADERS]
    scores = ranking.scores.astype(np.float64) / TEMPERATURE
    weights = np.exp(scores - scores.max())
    weights /= weights.sum()
    leading = weights[list(places)]
    return _Leaders(places, np.append(leading, max(1 - leading.sum(), 0.0)))


def _candidates(
    ranking: Ranking, leaders: _Leaders, graph: KnowledgeGraph, unknown: Collection[str]
) -> Iterator[_Candidate]:
    """The open findings that promise most by the shares of the leaders alone."""
    profiles = graph.profiles(leaders.places)
    shares = np.column_stack([profiles.shares, profiles.background]).astype(np.float64)  # (T, K+1)
    estimates = _expected(leaders.weights, shares, np.log(shares / shares[:, -1:]), 0.0)
    row = {term: i for i, term in enumerate(profiles.terms)}
    best = (profiles.terms[i] for i in np.argsort(-estimates, kind="stable"))
    present = {f.code.code for f in ranking.findings if f.status != "absent"} & row.keys()
    open_terms = still_open(best, ranking, graph, unknown=unknown)
    for term in islice(open_terms, SCANNED):
        above = [row[a] for a in present & graph.ancestors(term)]
        yes = shares[row[term]]
        if above:  # known to be there: the question is whether it is this kind
            yes = np.minimum(yes / shares[above].min(axis=0), 1)
        yield _Candidate(term, graph.acquisition(term), float(estimates[row[term]]), yes)


# ---- What an answer is worth --------------------------------------------------------------------


def _expected(
    weights: Doubles, yes: Doubles, if_yes: Doubles, if_no: Doubles | float
) -> Doubles:
    """Expected gain in log2 probability of the right disease, shape (N,), bits.

    weights: (K,) probabilities. yes: (N, K) how likely each says yes. if_yes, if_no: (N, K)
    natural logarithm of the likelihood ratio that the ranking gives each answer.
    """
    gained = yes * _moved(weights, if_yes) + (1 - yes) * _moved(weights, if_no)
    return gained @ weights / np.log(2)


def _moved(weights: Doubles, log_lr: Doubles | float) -> Doubles:
    """Change of the log probabilities, shape (N, K)."""
    log_lr = np.atleast_2d(np.broadcast_to(log_lr, (*np.shape(log_lr)[:-1], weights.size)))
    return log_lr - np.log(np.exp(log_lr) @ weights)[:, None]


def _step(
    candidate: _Candidate, ranking: Ranking, leaders: _Leaders, graph: KnowledgeGraph
) -> _Step:
    if_yes = np.append(_ratios(candidate.term, ranking, leaders, graph), 0.0)
    if_no = np.append(graph.log_absence_ratios(candidate.term)[list(leaders.places)], 0.0)
    gain = _expected(leaders.weights, candidate.yes[None], if_yes[None], if_no[None])
    changes = (np.expm1(_moved(leaders.weights, log_lr))[0] for log_lr in (if_yes, if_no))
    yes, no = ((leaders.weights * change)[:-1] for change in changes)
    return _Step(candidate, float(gain[0]), (yes, no))


def _ratios(term: str, ranking: Ranking, leaders: _Leaders, graph: KnowledgeGraph) -> Doubles:
    """What a "yes" would add to the score of each leader, (K,): `engine.rank` counts a present
    finding that the new one implies only for what the new one does not already say.
    """
    places = list(leaders.places)
    ratios = graph.log_likelihood_ratios(term)[places].astype(np.float64)
    added = ratios.copy()
    above = graph.ancestors(term)
    for i, finding in enumerate(ranking.findings):
        if finding.status != "absent" and finding.code.code in above:
            own = graph.log_likelihood_ratios(finding.code.code)[places]
            part = ranking.parts[i, places]
            added += np.minimum(part, np.maximum(own - ratios, 0)) - part
    return added


# ---- What is shown ------------------------------------------------------------------------------


def _different(steps: Sequence[_Step], graph: KnowledgeGraph, count: int) -> list[_Step]:
    """The first steps, without those much alike a better one, and without those worth nothing."""
    chosen: list[_Step] = []
    for step in steps:
        term = step.candidate.term
        if step.information > 0 and not any(_alike(term, c.candidate.term, graph) for c in chosen):
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
    acquisition = step.candidate.acquisition
    code = graph.code(step.candidate.term)
    assert code is not None  # the graph named it
    yes, no = (_favoured(change, leaders, graph) for change in step.after)
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
    best = np.argsort(-change, kind="stable")[:NAMED]
    return tuple(graph.diseases[leaders.places[i]] for i in best if change[i] > 0)
