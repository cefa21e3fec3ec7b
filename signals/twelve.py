"""Twelve leads to the five superclasses of PTB-XL, with where in the beat each rests.

A part of the beat in one lead is what a class rests on when its log odds fall as that part is made
to look like the usual normal beat (occlusion, with the normal in place of nothing).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.types import Issue
from signals.average import BEFORE, RATE, AverageBeat, Floats
from signals.ecg12_model import TwelveModel, measures_of, packaged
from signals.ptbxl import CLASSES
from signals.recording import STANDARD, Recording
from signals.twelve_features import p_onset, t_end
from signals.twelve_leads import Read, read

PARTS = ("P", "QRS", "ST", "T")
ST = 40
"""Samples after the QRS that are called ST."""
SHOWN = 3
LEAST = 0.1
"""Log odds that a part must carry to be shown."""


@dataclass(frozen=True, slots=True)
class Basis:
    """A part of the beat that a class rests on. lead: of `STANDARD`; part: of `PARTS`. start_s,
    end_s: of that part in one usual beat, seconds from the start of the recording. log_odds: by how
    much the class loses when this part looks like the usual normal beat, above 0.
    """

    lead: str
    part: str
    start_s: float
    end_s: float
    log_odds: float


@dataclass(frozen=True, slots=True)
class TwelveLead:
    """What twelve leads say.

    probabilities: of each of `CLASSES`, 0 to 1, calibrated on the clinic's patients of PTB-XL; more
    than one may hold. basis: by class, the weightiest first; of NORM always empty, as it rests on
    nothing being unusual. read: the beat all of it was read from. measures: `twelve_features` of
    it, with age and sex; NaN for what is not known. remarks: sentences on what limits the reading.
    """

    probabilities: Mapping[str, float]
    basis: Mapping[str, tuple[Basis, ...]]
    read: Read
    measures: Mapping[str, float]
    remarks: tuple[str, ...]


def classify(
    recording: Recording, *, explain: bool = True, model: TwelveModel | None = None
) -> TwelveLead | Issue:
    """The superclasses of a recording of 80 to 4000 samples a second, or why it cannot be told.

    The first ten readable seconds count. explain: also tell what each class rests on, which takes
    some fifty readings. model: instead of the packaged one.
    """
    found = read(recording)
    if isinstance(found, Issue):
        return found
    model = model or packaged()[0]
    measures = measures_of(found.beat, recording.sex, recording.age_years)
    odds = model([found.beat], [measures])[0]
    return TwelveLead(
        probabilities=dict(zip(CLASSES, (1 / (1 + np.exp(-odds))).tolist(), strict=True)),
        basis=_basis(found, recording, odds, model) if explain else {},
        read=found,
        measures=measures,
        remarks=tuple(_remarks(recording, found)),
    )


def _remarks(recording: Recording, found: Read) -> Iterator[str]:
    if recording.age_years is None or recording.sex is None:
        yield "age or sex is not known: read as a patient of middle age and of either sex"
    if recording.age_years is not None and recording.age_years < 18:
        yield "learned from adults; children's ECGs differ"
    if found.derived:
        yield f"{', '.join(found.derived)} computed from the other limb leads"


def _basis(
    found: Read, recording: Recording, odds: Floats, model: TwelveModel
) -> dict[str, tuple[Basis, ...]]:
    beat, spans = found.beat, borders(found.beat)
    places = [(lead, part) for lead in range(len(STANDARD)) for part in range(len(PARTS))]
    changed = [with_usual(beat, [place], model) for place in places]
    said = model(changed, [measures_of(one, recording.sex, recording.age_years) for one in changed])
    lost = odds - said  # (48, 5)
    r = found.start_s + float(beat.r[int(np.argmax(beat.usual))])
    bases: dict[str, tuple[Basis, ...]] = {"NORM": ()}
    for c, name in enumerate(CLASSES[1:], 1):
        best = [i for i in np.argsort(-lost[:, c])[:SHOWN].tolist() if lost[i, c] >= LEAST]
        bases[name] = tuple(
            Basis(
                STANDARD[places[i][0]],
                PARTS[places[i][1]],
                *(round(r + (edge - BEFORE) / RATE, 3) for edge in spans[places[i][1]]),
                log_odds=float(lost[i, c]),
            )
            for i in best
        )
    return bases


def borders(beat: AverageBeat) -> list[tuple[int, int]]:
    """First and last sample of each of `PARTS`."""
    p = p_onset(beat)
    return _spans(beat.onset - 80 if p is None else p, beat.onset, beat.offset, t_end(beat))


def _spans(p: int, onset: int, offset: int, end: int) -> list[tuple[int, int]]:
    st = offset + ST
    return [(max(p, 0), onset), (onset, offset), (offset, st), (st, max(end, st + 25))]


def with_usual(
    beat: AverageBeat, places: Sequence[tuple[int, int]], model: TwelveModel
) -> AverageBeat:
    """A beat with some parts, (lead, part) by number, as in the usual normal beat, stretched to
    their length.
    """
    signal = beat.signal.copy()
    p, onset, offset, end = model.usual_borders
    ours, usual = borders(beat), _spans(p, onset, offset, end)
    for lead, part in places:
        (start, stop), (first, last) = ours[part], usual[part]
        stop = min(stop, signal.shape[1] - 1)
        where = np.linspace(first, last, stop - start + 1)
        signal[lead, start : stop + 1] = np.interp(
            where, np.arange(model.usual.shape[1]), model.usual[lead]
        )
    return replace(beat, signal=signal)
