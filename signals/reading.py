"""One recording, read: its waves, what was measured, what it shows, and what could not be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.types import Issue, ModelRef, Patient
from signals import ranges, statements
from signals.intervals import Intervals, Spans, in_all, inside, intervals, together, union
from signals.measure import Quantity, gaps, quantities, usual_beats
from signals.parts import Judged, Labels, Met, Parts, Unreadable
from signals.recording import Recording
from signals.restless import restless
from signals.rhythm_rules import Episode, Irregularity, ectopy, irregularity, pauses, rates
from signals.signs import Seen, Sign, of_beats, of_criteria, of_episodes, of_models, of_quantities
from signals.waves import Waves

FEWEST = 2
"""Beats from which a recording has a rate."""
_NAMED = 5  # stretches an issue names, at most


@dataclass(frozen=True, slots=True)
class Reading:
    """beats: those of all leads together. unread: where no lead tells."""

    recording: Recording
    waves: Mapping[str, Waves]
    beats: Waves
    labels: Labels | None
    intervals: Intervals
    quantities: tuple[Quantity, ...]
    irregularity: Irregularity | None
    episodes: tuple[Episode, ...]
    signs: tuple[Sign, ...]
    unread: Spans
    issues: tuple[Issue, ...]
    models: tuple[ModelRef, ...]


def nothing(reading: Reading) -> str | None:
    """What it means that nothing was found; None when something was."""
    if reading.signs:
        return None
    if len(reading.beats) < FEWEST:
        return "Nothing could be read"
    undecided = any(x.verdict is not None and x.verdict.side is None for x in reading.quantities)
    if undecided or reading.unread:
        return "Nothing was found; not everything could be judged"
    return "Nothing outside its range was found"


def interpret(recording: Recording, patient: Patient, parts: Parts) -> Reading:
    """What a recording says of a patient, whose age and sex it may state itself.

    The age at the recording decides, where the recording states one.
    """
    whose = Patient(recording.sex, recording.age_years).completed(patient)
    recording = replace(recording, sex=whose.sex, age_years=whose.age_years)
    unreadable = list(parts.unreadable(recording))
    unread = {lead: _unread(recording, lead, unreadable) for lead in recording.leads}
    waves = {x: parts.delineate(recording, x) for x in recording.leads}
    waves = {lead: _outside(found, unread[lead]) for lead, found in waves.items()}
    beats, dark = together(waves, unread=unread), in_all(list(unread.values()))
    clear = _clear(recording, unread)
    untold = union(restless(clear, beats))
    dark = union([*dark, *untold])
    labels = parts.label(clear, beats) if parts.label and len(beats) else None
    found = intervals(beats, unread=dark)
    usual = usual_beats(len(beats), labels)
    measured = tuple(quantities(clear, beats, found, usual=usual, patient=whose))
    episodes = tuple(_episodes(beats, labels, measured, whose, dark))
    table = statements.load()
    lead = recording.leads[0] if len(recording.leads) == 1 else None
    seen = Seen(recording.id, lead, beats, found, table, labels, length_s=recording.seconds)
    enough = len(beats) >= FEWEST
    said = [x for model in parts.models for x in model(clear, beats)] if enough else []
    signs = (
        *of_models(seen, [x for x in said if isinstance(x, Judged)]),
        *of_criteria(seen, [x for x in said if isinstance(x, Met)]),
        *of_quantities(seen, measured),
        *of_beats(seen),
        *of_episodes(seen, episodes),
    )
    used = [parts.delineated_by, ranges.load().ref, table.ref, *(s.by for s in signs)]
    return Reading(
        recording=recording,
        waves=waves,
        beats=beats,
        labels=labels,
        intervals=found,
        quantities=measured,
        irregularity=irregularity(beats.r, unread=dark),
        episodes=episodes,
        signs=signs,
        unread=dark,
        issues=(
            *_issues(recording, unreadable, beats, measured),
            *_untold(recording, untold),
            *(x for x in said if isinstance(x, Issue)),
        ),
        models=tuple(dict.fromkeys(used)),
    )


def _unread(recording: Recording, lead: str, unreadable: Sequence[Unreadable]) -> Spans:
    marked = [(x.start_s, x.end_s) for x in unreadable if x.lead == lead]
    return union([*marked, *gaps(recording, lead)])


def _clear(recording: Recording, unread: Mapping[str, Spans]) -> Recording:
    """Without what cannot be read: nothing is measured or judged there."""
    signal = recording.signal.copy()
    for row, lead in zip(signal, recording.leads, strict=True):
        for start, end in unread[lead]:
            row[max(round(start * recording.rate), 0) : round(end * recording.rate)] = np.nan
    return replace(recording, signal=signal)


def _outside(waves: Waves, unread: Spans) -> Waves:
    """The beats whose R peak can be read."""
    kept = ~inside(waves.r, unread)
    return Waves(
        waves.r[kept], waves.p[kept], waves.qrs[kept], waves.t[kept], waves.certainty[kept]
    )


def _episodes(
    beats: Waves,
    labels: Labels | None,
    measured: Sequence[Quantity],
    patient: Patient,
    unread: Spans,
) -> Iterator[Episode]:
    slow, fast = ranges.load().limits("rate", patient)
    yield from rates(beats.r, slow=slow, fast=fast, unread=unread)
    yield from pauses(beats.r, unread=unread)
    if labels is not None:
        yield from ectopy(beats.r, labels.label, unread=unread)


def _issues(
    recording: Recording,
    unreadable: Sequence[Unreadable],
    beats: Waves,
    measured: Sequence[Quantity],
) -> Iterator[Issue]:
    for remark in recording.remarks:
        yield Issue("info", recording.id, remark, "check the recording")
    for lead in recording.leads:
        stretches = [x for x in unreadable if x.lead == lead]
        if stretches:
            yield _not_readable(recording, lead, stretches)
    if len(beats) < FEWEST:
        said = f"{len(beats)} heartbeats could be read in {recording.seconds:.1f} s"
        fix = "send a longer or clearer recording; nothing was concluded from this one"
        yield Issue("warning", recording.id, said, fix)
    undecided = [x.name for x in measured if x.verdict is not None and x.verdict.side is None]
    if undecided:
        said = f"not judged, as the range depends on age or sex: {', '.join(undecided)}"
        yield Issue("info", recording.id, said, "state sex and birth date, if they are missing")


def _untold(recording: Recording, spans: Spans) -> Iterator[Issue]:
    if spans:
        named = ", ".join(f"{start:.1f}-{end:.1f} s" for start, end in spans[:_NAMED])
        more = f" and {len(spans) - _NAMED} more" if len(spans) > _NAMED else ""
        said = f"activity without beats that can be told: {named}{more}"
        fix = "look at it: noise, or ventricular flutter or fibrillation"
        yield Issue("warning", recording.id, said, fix)


def _not_readable(recording: Recording, lead: str, stretches: Sequence[Unreadable]) -> Issue:
    spans = [
        (start, end, why)
        for why in dict.fromkeys(x.why for x in stretches)
        for start, end in union((x.start_s, x.end_s) for x in stretches if x.why == why)
    ]
    named = [f"{start:.1f}-{end:.1f} s ({why})" for start, end, why in sorted(spans)[:_NAMED]]
    more = f" and {len(spans) - _NAMED} more" if len(spans) > _NAMED else ""
    said = f"lead {lead} is not readable here: {', '.join(named)}{more}"
    return Issue("warning", recording.id, said, "record this lead again, without noise or movement")
