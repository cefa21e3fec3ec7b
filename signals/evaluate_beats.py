"""`bench beats`: R peaks, and the class of each beat, against annotated recordings.

EC57: beats are matched one to one within 150 ms; the first five minutes and stretches of
ventricular flutter or fibrillation do not count. Nothing is chosen on what is measured: see
`beat_folds`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.evaluate import BenchReport, bootstrap_ci
from signals.annotated import CLASSES, Annotated, read
from signals.beat_folds import Part, parts
from signals.beat_scores import OTHER, by_class, calibration, confusion
from signals.beats import BeatLabels
from signals.delineate import trained
from signals.folds import finder
from signals.matching import TOLERANCES, Counts, count, match, scored
from signals.peak_detectors import Detector, others
from signals.recording import Seconds

GIVEN = "given_"
"""What the keys of classes begin with when the annotated R peaks were given."""


@dataclass(frozen=True, slots=True)
class _Told:
    """The beats of a recording that count, as annotated and told (places in `CLASSES`, or `OTHER`),
    when, and the probabilities (·, 5) of those with a partner, NaN of others.
    """

    record: str
    annotated: NDArray[np.intp]
    told: NDArray[np.intp]
    times: Seconds
    probabilities: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Peaks:
    """What detectors found in a recording: what their keys begin with, and the tolerance -> counts.

    seconds: of one core, by detector.
    """

    counts: Mapping[tuple[str, float], Counts]
    seconds: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class _Scored:
    """A recording. told: by what the keys begin with. seconds: of one core, of telling classes."""

    group: str
    length: float
    told: Mapping[str, _Told]
    peaks: _Peaks
    seconds: float


def run(
    paths: Sequence[Path] | Path,
    graph: object = None,
    *,
    cv: int | None = None,
    detect: Detector | None = None,
    compare: bool = True,
) -> BenchReport:
    """Classes of beats, and R peaks beside xqrs, gqrs and NeuroKit2 in the first lead.

    graph: not needed; accepted so that all benches look alike. cv: each recording is read by a
    classifier and a finder of R peaks trained without it. detect: another finder than ours. Classes
    are told of the R peaks it finds, and of annotated ones under `given_`.

    Raises:
        InputError: nothing annotated at a path.
    """
    paths = [paths] if isinstance(paths, Path) else paths
    recordings = [*read(paths)]
    detectors, names, notes = others() if compare else ({}, {}, [])
    find = detect or finder(cv)
    detectors, names = {"": find} | detectors, {"": "konsil"} | names
    start = perf_counter()
    results: list[_Scored] = []
    models: list[str] = []
    overlap = 0
    for part in parts(recordings, cv):
        overlap += part.overlap
        models.append(part.model)
        results += [_scored(given, part, detectors) for given in part.recordings]
    return BenchReport(
        bench="beats",
        n=sum(int((each.told[GIVEN].annotated < OTHER).sum()) for each in results),
        metrics=_metrics(results) | _speeds(results) | _calibrations(results, ("", GIVEN)),
        ci95=bootstrap_ci(
            lambda drawn: _metrics([*chain(*drawn)]), _by_group(results), n=BOOTSTRAPS
        ),
        seconds=perf_counter() - start,
        provenance={
            "konsil": version("konsil"),
            "model": "; ".join(models),
            "paths": [str(path) for path in paths],
            "trained_on_overlap": overlap,
            "finder_trained_on_overlap": 0 if cv else _seen(recordings),
        }
        | ({} if cv is None else {"folds": f"{cv} folds by patient, patients dealt in turn"}),
        misses=[miss for each in results for miss in _misses(each.told[""])],
        notes=[
            f"{len(results)} recordings; all beats pooled; intervals resample patients",
            "the first 5 minutes and ventricular flutter or fibrillation are not scored",
            "classes of found beats; a beat that was not found is missed, one that is none is wrong"
            f" in the class told; keys with {GIVEN}: of annotated beats",
            "precision of V counts fusion beats told to be V as wrong; *_ec57 leaves them out",
            "times real time: of one core, by its own clock, without reading files; R peaks in the"
            " first lead",
            *notes,
        ],
        compared=names,
    )


BOOTSTRAPS = 1000


def _seen(recordings: Sequence[Annotated]) -> int:
    known = trained().seen.get("mitdb", frozenset())
    return sum(given.recording.id in known for given in recordings)


def _scored(given: Annotated, part: Part, detectors: Mapping[str, Detector]) -> _Scored:
    lead = given.recording.leads[0]
    found: dict[str, Seconds] = {}
    seconds: dict[str, float] = {}
    for key, detector in detectors.items():
        start = process_time()
        found[key] = detector(given.recording, lead)
        seconds[key] = process_time() - start
    counts = {
        (key, tolerance): count(given.r, peaks, given.unreadable, tolerance=tolerance)
        for key, peaks in found.items()
        for tolerance in TOLERANCES
    }
    start = process_time()
    labels = part.classifier.classify(given.recording, given.r)
    needed = process_time() - start
    ours = part.classifier.classify(given.recording, found[""])
    told = {"": _told(given, found[""], ours), GIVEN: _told(given, given.r, labels)}
    return _Scored(given.group, given.recording.seconds, told, _Peaks(counts, seconds), needed)


def _told(given: Annotated, r: Seconds, labels: BeatLabels) -> _Told:
    """Beats that were annotated, then those that were only found."""
    matched = match(given.r, r, tolerance=TOLERANCES[0])
    places = np.array([CLASSES.index(label) for label in labels.labels.tolist()], np.intp)
    told = np.full(len(given.r), OTHER, np.intp)
    told[matched.pairs[:, 0]] = places[matched.pairs[:, 1]]
    probabilities = np.full((len(given.r), len(CLASSES)), np.nan)
    probabilities[matched.pairs[:, 0]] = labels.probabilities[matched.pairs[:, 1]]
    extra = matched.extra
    times = np.concatenate([given.r, r[extra]])
    counted = scored(times, given.unreadable)
    return _Told(
        given.recording.id,
        np.concatenate([given.classes, np.full(len(extra), OTHER)])[counted],
        np.concatenate([told, places[extra]])[counted],
        times[counted],
        np.concatenate([probabilities, np.full((len(extra), len(CLASSES)), np.nan)])[counted],
    )


def _metrics(results: Sequence[_Scored]) -> dict[str, float]:
    found: dict[str, float] = {}
    for key in results[0].peaks.seconds:
        for tolerance in TOLERANCES:
            every = [each.peaks.counts[key, tolerance] for each in results]
            total = sum(every, Counts(0, 0, 0))
            name = f"{1000 * tolerance:.0f}"
            found |= {
                f"{key}rpeak_f1_{name}": total.f1,
                f"{key}rpeak_se_{name}": total.sensitivity,
                f"{key}rpeak_ppv_{name}": total.precision,
            }
    for key in results[0].told:
        both = [confusion(each.told[key].annotated, each.told[key].told) for each in results]
        found |= {f"{key}{name}": value for name, value in by_class(np.sum(both, axis=0)).items()}
    return found


def _speeds(results: Sequence[_Scored]) -> dict[str, float]:
    """Seconds of recording for a second of one core."""
    length = sum(each.length for each in results)
    speeds = {
        f"{key}x_real_time": length / max(sum(each.peaks.seconds[key] for each in results), 1e-9)
        for key in results[0].peaks.seconds
    }
    return speeds | {
        "classes_x_real_time": length / max(sum(each.seconds for each in results), 1e-9)
    }


def _calibrations(results: Sequence[_Scored], keys: Sequence[str]) -> dict[str, float]:
    """Of V and S, on beats that have a partner."""
    found: dict[str, float] = {}
    for key in keys:
        told = [each.told[key] for each in results]
        classes = np.concatenate([each.annotated for each in told])
        probabilities = np.concatenate([each.probabilities for each in told])
        there = np.isfinite(probabilities).all(axis=1)
        for kind in "VS":
            place = CLASSES.index(kind)
            values = calibration(probabilities[there, place], classes[there] == place)
            found |= {f"{key}{kind.lower()}_{name}": value for name, value in values.items()}
    return found


def _by_group(results: Sequence[_Scored]) -> list[list[_Scored]]:
    found: dict[str, list[_Scored]] = {}
    for each in results:
        found.setdefault(each.group, []).append(each)
    return [*found.values()]


def _misses(told: _Told) -> Iterator[dict[str, Any]]:
    names = (*CLASSES, None)
    for i in np.flatnonzero(told.annotated != told.told).tolist():
        given, said = names[told.annotated[i]], names[told.told[i]]
        yield {
            "record": told.record,
            "seconds": round(float(told.times[i]), 3),
            "annotated": given,
            "told": said,
            "probabilities": None
            if np.isnan(told.probabilities[i]).any()
            else dict(zip(CLASSES, np.round(told.probabilities[i], 4).tolist(), strict=True)),
        }
