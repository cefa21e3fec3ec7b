"""Units: what laboratories write -> UCUM, and from one unit of a test to its canonical one.

Common units are in units.toml, so most results never load the UCUM library (pint and ucumvert,
about 2 s); anything else is parsed by it. Nothing is guessed: an unknown unit gives None.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import import_module
from importlib.resources import files
from typing import Any

from engine.labs.table import Test

UNITLESS = frozenset({"1", "[pH]"})

_SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_LIGATURES = str.maketrans({"µ": "u", "μ": "u", "㎜": "mm", "×": "x", "₂": "2", "∕": "/"})
_POWER = re.compile(r"^[x*]?10(?:\^|\*\*?|e|exp|(?=\())\(?(3|6|9|12)\)?/")


@dataclass(frozen=True, slots=True)
class Units:
    """units.toml: UCUM unit -> (base unit, factor), and lower-case spelling -> UCUM unit."""

    known: Mapping[str, tuple[str, float]]
    spelling: Mapping[str, str]


@cache
def load() -> Units:
    """The packaged table; casefolded UCUM codes are spellings too ("MG/DL" -> "mg/dL")."""
    raw = tomllib.loads(files("engine.labs").joinpath("units.toml").read_text("utf-8"))
    known = {
        unit: (base, float(factor))
        for base, units in raw["quantity"].items()
        for unit, factor in units.items()
    }
    return Units(known, {unit.casefold(): unit for unit in known} | raw["spelling"])


def ucum(text: str) -> str:
    """The UCUM code of a unit as written; the text itself when no rule applies.

    "x10^9/L" -> "10*9/L", "mg/dl" -> "mg/dL", "µmol/L" -> "umol/L", "10*3/uL{cells}" -> "10*3/uL".
    Annotations in braces carry no size in UCUM and are dropped, except {DDU}, which does.
    """
    units = load()
    text = text.strip()
    if text in units.known:
        return text
    text = re.sub(r"([⁰¹²³⁴⁵⁶⁷⁸⁹]+)", lambda m: "^" + m[1].translate(_SUPERSCRIPT), text)
    text = re.sub(r"\s+", "", text.translate(_LIGATURES))
    text = re.sub(r"\{(?!DDU)[^}]*\}", "", text).removesuffix("/") or "1"
    if text in units.known:
        return text
    lower = re.sub(r"micro-?|mc(?=g|l|mol)", "u", text.casefold())
    lower = _POWER.sub(lambda m: f"10*{m[1]}/", lower)
    return units.spelling.get(lower, text)


def convert(value: float, unit: str, test: Test) -> float | None:
    """A value in the test's canonical unit; None when the unit is unknown or of another kind.

    Mass and substance convert through the molar mass, equivalents through the charge.
    """
    code = ucum(unit)
    if code in test.converted:
        slope, intercept = test.converted[code]
        return slope * value + intercept
    if test.unit in UNITLESS:
        return value if code in UNITLESS else None
    base, factor = load().known[test.unit]
    source = quantity(code)
    bridge = _bridge(source[0], base, test) if source else None
    return value * source[1] * bridge / factor if source and bridge else None


def _bridge(source: str, target: str, test: Test) -> float | None:
    """Factor between two base units, for this test only."""
    if source == target:
        return 1.0
    if (source, target) == ("g/L", "mol/L") and test.molar_mass:
        return 1 / test.molar_mass
    if (source, target) == ("mol/L", "g/L") and test.molar_mass:
        return test.molar_mass
    if (source, target) == ("eq/L", "mol/L") and test.charge:
        return 1 / test.charge
    return None


def quantity(code: str) -> tuple[str, float] | None:
    """Base unit and factor of a UCUM code: from the table, else from the UCUM library."""
    return load().known.get(code) or from_library(code)


@lru_cache(1024)
def from_library(code: str) -> tuple[str, float] | None:
    """Base unit and factor as the UCUM library has it; None for a unit that it cannot use here."""
    if "{DDU}" in code or len(code) > 30 or re.search(r"\d{4}|^\d{2,}(?![*^\d])", code):
        return None  # 10*999999999 would never finish, and 103/uL is meant as 10*3/uL
    parsed = parse(code)
    if parsed is None:
        return None
    for base in sorted({base for base, _ in load().known.values()} - {"Cel"}):
        unit = parse(base)
        try:
            if parsed.is_compatible_with(unit):
                return base, float(parsed.to(unit.units).magnitude / unit.magnitude)
        except OverflowError:  # T200, tesla to the power of 200
            return None
    return None


@lru_cache(1024)
def parse(code: str) -> Any:
    """A UCUM code as a pint quantity; None when it is none (the library raises many kinds)."""
    try:
        parsed = _registry().from_ucum(code)
    except Exception:
        return None
    return parsed if hasattr(parsed, "magnitude") else None


@cache
def _registry() -> Any:
    return import_module("ucumvert").PintUcumRegistry()
