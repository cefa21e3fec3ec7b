"""The table of tests (tests.toml): what a result is called, its unit, its range and its HPO terms.

Loaded and checked on first use; `tests/engine/test_labs.py` proves every HPO term and label against
hp.obo and every unit against the UCUM library.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar, cast

from engine.exceptions import SourceError
from engine.types import Code, ModelRef, Observation, Sex

K = TypeVar("K")

LOINC_SYSTEMS = frozenset({"LOINC", "http://loinc.org", "urn:oid:2.16.840.1.113883.6.1"})

_SPECIMENS = {
    "blood": (
        "blood|serum|plasma|serum plasma|serum or plasma|whole blood|arterial blood|venous blood|"
        "capillary blood|platelet poor plasma|ser|plas|bld|ser plas|dried blood spot|dbs|b|s|p"
    ),
    "urine": "urine|spot urine|random urine|24 hour urine|24 h urine|urine sediment|ur|u",
    "csf": "csf|cerebrospinal fluid|cerebral spinal fluid|spinal fluid|liquor",
}
_SPECIMEN = {word: kind for kind, words in _SPECIMENS.items() for word in words.split("|")}


@dataclass(frozen=True, slots=True)
class Band:
    """A reference range for some patients.

    low, high: inclusive, in the test's unit; None: no limit on that side.
    sex: None for both. start, end: age in years, start inclusive, end exclusive.
    """

    low: float | None
    high: float | None
    sex: Sex | None
    start: float
    end: float

    def may_apply(self, *, sex: Sex | None, age: float | None) -> bool:
        """Whether a patient of this sex and age (None: unknown) may fall into the band."""
        return (self.sex is None or sex is None or self.sex == sex) and (
            age is None or self.start <= age < self.end
        )

    def __str__(self) -> str:
        ages = (
            f"{self.start:g}-{self.end:g} years"
            if self.end < 200
            else (f"from {self.start:g} years" if self.start else "all ages")
        )
        return f"{self.sex}, {ages}" if self.sex else ages


@dataclass(frozen=True, slots=True)
class Grade:
    """A stricter term for a high value: at least `at`, or at least `times` the upper limit."""

    term: Code
    at: float | None
    times: float | None


@dataclass(frozen=True, slots=True)
class Test:
    """One analyte in one specimen. molar_mass: g/mol; charge: of the ion, for eq/L.

    unit: canonical UCUM unit. converted: other unit -> (slope, intercept) into `unit`.
    plausible: inclusive limits in `unit`. low, high: HPO terms; a positive result is high.
    """

    key: str
    names: tuple[str, ...]
    bare: tuple[str, ...]
    loinc: Mapping[str, str]
    specimen: str
    unit: str
    molar_mass: float | None
    charge: int | None
    converted: Mapping[str, tuple[float, float]]
    plausible: tuple[float, float] | None
    bands: tuple[Band, ...]
    low: Code | None
    high: Code | None
    grades: tuple[Grade, ...]
    qualitative: bool


@dataclass(frozen=True, slots=True)
class Table:
    """All tests with their two indices. source: where the reference ranges come from."""

    tests: tuple[Test, ...]
    source: str
    ref: ModelRef
    by_loinc: Mapping[str, Test]
    by_name: Mapping[tuple[str, str | None], Test]

    def find(self, observation: Observation) -> Test | str:
        """The rule for an observation, or the reason why there is none.

        A LOINC code decides alone: it is more specific than any name. Names match exactly, after
        case and punctuation are dropped; a stated specimen must agree.
        """
        name = observation.name
        specimen = specimen_kind(observation.specimen)
        if specimen == "other":
            return f"no rule for {name!r} in {observation.specimen}"
        codes = [c.code for c in observation.codes if c.system in LOINC_SYSTEMS]
        if codes:
            found = next((self.by_loinc[c] for c in codes if c in self.by_loinc), None)
            if found is None:
                return f"no rule for LOINC {codes[0]} ({name})"
        else:
            key = name_key(name)
            found = self.by_name.get((key, specimen)) or self.by_name.get((key, "body"))
            if found is None:
                return f"no rule for {name!r}" + (f" in {specimen}" if specimen else "")
        if specimen and found.specimen not in (specimen, "body"):
            return f"{name}: the code means {found.specimen}, the specimen is {specimen}"
        return found


def name_key(name: str) -> str:
    """A name without case, accents' composition and punctuation: "Na+ (Serum)" -> "na serum"."""
    text = unicodedata.normalize("NFKC", name).casefold().replace("%", " percent ")
    return " ".join(re.findall(r"\w+", text.replace("_", " ")))


def specimen_kind(specimen: str | None) -> str | None:
    """ "blood", "urine", "csf", "other" for any other material, None when not stated."""
    if not specimen or not (key := name_key(specimen)):
        return None
    return _SPECIMEN.get(key, "other")


@cache
def load() -> Table:
    """The table packaged beside this module.

    Raises:
        SourceError: the file breaks a rule of its own header; the message names the test.
    """
    data = files("engine.labs").joinpath("tests.toml").read_bytes()
    return parse(data)


def parse(data: bytes) -> Table:
    """Read and check a table in the form that the header of tests.toml describes.

    Raises:
        SourceError: duplicate key, name or code, overlapping ranges, or an unknown field.
    """
    raw = tomllib.loads(data.decode())
    sources = frozenset(raw["sources"])
    tests = tuple(_test(entry, sources) for entry in raw["test"])
    ref = ModelRef("engine.labs", raw["version"], hashlib.sha256(data).hexdigest())
    _unique("key", ((t.key, t) for t in tests))
    by_loinc = _unique("LOINC code", ((code, t) for t in tests for code in t.loinc))
    names = [(key, t) for t in tests for key in _name_keys(t)]
    return Table(tests, raw["source"], ref, by_loinc, _unique("name", names))


def _name_keys(test: Test) -> set[tuple[str, str | None]]:
    keys: set[tuple[str, str | None]] = {(name_key(name), None) for name in test.names}
    return keys | {(name_key(name), test.specimen) for name in test.names + test.bare}


def _unique(what: str, pairs: Iterable[tuple[K, Test]]) -> dict[K, Test]:
    index: dict[K, Test] = {}
    for key, test in pairs:
        if index.setdefault(key, test) is not test:
            raise _fault(test.key, f"{what} {key!r} is also claimed by {index[key].key!r}")
    return index


def _test(entry: dict[str, Any], sources: frozenset[str]) -> Test:
    key = cast(str, entry["key"])
    known = {
        "key", "names", "bare", "loinc", "specimen", "unit", "molar_mass", "charge", "converted",
        "plausible", "ranges", "low", "high", "grades", "qualitative",
    }  # fmt: skip
    if unknown := entry.keys() - known:
        raise _fault(key, f"unknown field {sorted(unknown)}")
    loinc = dict(cast("list[str]", item.split()) for item in entry.get("loinc", ()))
    if not set(loinc.values()) <= sources:
        raise _fault(key, "LOINC code from an unlisted source")
    bands = tuple(_band(item) for item in entry.get("ranges", ()))
    plausible = tuple(entry["plausible"]) if "plausible" in entry else None
    _check_bands(key, bands, plausible)
    return Test(
        key=key,
        names=tuple(entry["names"]),
        bare=tuple(entry.get("bare", ())),
        loinc=loinc,
        specimen=entry["specimen"],
        unit=entry["unit"],
        molar_mass=entry.get("molar_mass"),
        charge=entry.get("charge"),
        converted={u: (s, i) for u, (s, i) in entry.get("converted", {}).items()},
        plausible=plausible,
        bands=bands,
        low=_term(entry.get("low")),
        high=_term(entry.get("high")),
        grades=tuple(
            Grade(cast(Code, _term(g["term"])), g.get("at"), g.get("times"))
            for g in entry.get("grades", ())
        ),
        qualitative=entry.get("qualitative", False),
    )


def _band(item: dict[str, Any]) -> Band:
    return Band(
        item.get("low"), item.get("high"), item.get("sex"), item.get("from", 0), item.get("to", 200)
    )


def _check_bands(key: str, bands: tuple[Band, ...], plausible: tuple[float, ...] | None) -> None:
    if bands and plausible is None:
        raise _fault(key, "ranges without plausible limits")
    for i, band in enumerate(bands):
        limits = [x for x in (band.low, band.high) if x is not None]
        if not limits or limits != sorted(limits) or band.start >= band.end:
            raise _fault(key, f"empty range {band}")
        if plausible and not all(plausible[0] <= x <= plausible[1] for x in limits):
            raise _fault(key, f"range {band} is outside its plausible limits")
        for other in bands[:i]:
            same_sex = band.sex is None or other.sex is None or band.sex == other.sex
            if same_sex and band.start < other.end and other.start < band.end:
                raise _fault(key, f"ranges {band} and {other} overlap")


def _term(text: str | None) -> Code | None:
    if text is None:
        return None
    term, _, label = text.partition(" ")
    return Code("HPO", term, label)


def _fault(key: str, message: str) -> SourceError:
    return SourceError(f"tests.toml, {key}: {message}", fix="correct engine/labs/tests.toml")
