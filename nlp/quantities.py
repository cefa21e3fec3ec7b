"""Numbers and units as prose writes them: "18,000/mm3", "x 10^9/L", "38.9 degrees C", "120-130".

Nothing is guessed: a decimal comma, a number inside a word, date or list number is no number here,
and a unit counts only if it converts into the test's own.
"""

from __future__ import annotations

import re

from engine.labs.table import Test
from engine.labs.units import load as units
from engine.labs.units import ucum

_DIGITS = r"(?:[0-9]{1,3}(?:,[0-9]{3}){1,3}(?![0-9])|[0-9]{1,7})(?:\.[0-9]{1,4})?"
_WHOLE = r"(?![0-9]|[.,][0-9])"
NUMBER = re.compile(rf"(?<![\w.,/+$#^\\])(?<![\s(]-)(?:{_DIGITS}){_WHOLE}")
"""Sign, slash or letter before it make a number something else; so does a minus after a blank."""
ENUMERATED = re.compile(r"(?:^|[\n,;])[ ]?$")
"""Before a number that "." or ")" and a blank follow: it numbers a list."""

PAIR = re.compile(r"([0-9]{2,3})\s?(?:/|\sover\s)\s?([0-9]{2,3})(?![0-9/]|[.,-][0-9])")
"""A blood pressure."""
RANGE = re.compile(rf"(?:\s?(?:-|–|—)\s?|\sto\s)({_DIGITS}){_WHOLE}")
BETWEEN = re.compile(rf"\s(?:and|to)\s({_DIGITS}){_WHOLE}")
ARROW = re.compile(rf"\s{{0,2}}(?:-{{1,2}}>|→|➔|⇒|=>)\s{{0,2}}({_DIGITS}){_WHOLE}")

_POWER = r"(?:[x×*·]\s?)?10\s?(?:\^|\*\*?|e)?\s?\(?(?:3|6|9|12|³|⁶|⁹|¹²)\)?"
_QUOTIENT = re.compile(
    rf"\s{{0,2}}(?P<unit>(?:{_POWER}\s?)?(?:(?!per\b)[a-zµμ]{{1,8}}\s?)?(?:/|per\s|a(?=\smin))\s?"
    r"(?:cubic\s|cu\.?\s?)?[a-zµμ]{1,12}(?:\^?[23²³])?(?:\s?/\s?1[.,]73\s?m?\^?[2²]?)?(?:\s(?:feu|ddu)\b)?)"
    r"(?![a-z0-9])(?!/[a-z])",
    re.IGNORECASE,
)
_SIMPLE = re.compile(
    r"\s{0,2}(?P<unit>%|percent\b|(?:gm?|mg)\s?%|mm\s?\.?\s?hg\b|mm\sof\s(?:hg|mercury)\b|bpm\b|kpa\b|torr\b|"
    r"msec\b|ms\b|sec(?:onds?|s)?\b|s\b|fl\b|ratio\b|"
    r"(?:-?\s?(?:degrees?|deg)\b\.?|[°º˚])(?:\s?(?:fahrenheit|celsius|centigrade|[cf]\b))?|"
    r"(?:fahrenheit|celsius|centigrade|[cf])\b|(?:k|thousand)\b)",
    re.IGNORECASE,
)
_WORDS = {
    "perminute": "/min",
    "aminute": "/min",
    "per": "/",
    "cubicmillimeters": "mm3",
    "cubicmillimeter": "mm3",
    "cubicmillimetre": "mm3",
    "cubicmm": "mm3",
    "cu.mm": "mm3",
    "cumm": "mm3",
    "deciliters": "dl",
    "deciliter": "dl",
    "decilitre": "dl",
    "milliliters": "ml",
    "milliliter": "ml",
    "millilitre": "ml",
    "microliters": "ul",
    "microliter": "ul",
    "microlitre": "ul",
    "mcl": "ul",
    "liters": "l",
    "liter": "l",
    "litre": "l",
    "minute": "min",
    "hour": "h",
    "grams": "g",
    "gram": "g",
    "gms": "g",
    "milligrams": "mg",
    "micrograms": "ug",
    "nanograms": "ng",
    "mmols": "mmol",
    "millimoles": "mmol",
    "units": "u",
}
_SUPERSCRIPT = str.maketrans("¹²³⁶⁹", "12369")
_COUNTS = frozenset({"10*9/L", "10*12/L"})


def number(text: str) -> float:
    """The value of what `NUMBER` matches."""
    return float(text.replace(",", ""))


def unit_at(text: str, position: int, test: Test) -> tuple[str | None, int]:
    """(UCUM unit, its end) right behind a number; the unit is None if none of this test is there.

    "degrees" without a letter is no unit, but is passed over.
    """
    match = _QUOTIENT.match(text, position)
    if match and (unit := _usable(_quotient(match["unit"]), test)):
        return unit, match.end()
    match = _SIMPLE.match(text, position)
    if match is None:
        return None, position
    said = match["unit"].casefold()
    if re.search(r"deg|[°º˚]|^(?:f|c)", said):
        if test.unit != "Cel":
            return None, position
        letter = re.sub(r"deg(?:rees?)?|[^a-z]", "", said)[:1]
        return {"f": "[degF]", "c": "Cel"}.get(letter), match.end()
    if said in ("k", "thousand"):
        return ("10*3/uL", match.end()) if test.unit in _COUNTS else (None, position)
    compact = re.sub(r"[\s.]|of", "", said).replace("mercury", "hg").replace("torr", "mmhg")
    unit = _usable(compact, test)
    return (unit, match.end()) if unit else (None, position)


def _quotient(said: str) -> str:
    compact = re.sub(r"\s+", "", said.casefold().translate(_SUPERSCRIPT))
    compact = re.sub(r"^[x×*·]?10(?:\^|\*\*?|e)?\(?(12|3|6|9)\)?/", r"x10^\1/", compact)
    for word, short in _WORDS.items():
        compact = compact.replace(word, short)
    return re.sub(r"(?<=mm)\^(?=3)", "", compact)


def _usable(said: str, test: Test) -> str | None:
    """The UCUM code, if the unit is in the labs' table and becomes this test's.

    Only look-ups: the slow UCUM library is not asked about every word behind a number.
    """
    code = ucum(said)
    if code in test.converted:
        return code
    known = units().known
    if code not in known or test.unit not in known:
        return None
    base, own = known[code][0], known[test.unit][0]
    bridged = {base, own} == {"g/L", "mol/L"} and test.molar_mass
    bridged = bridged or ((base, own) == ("eq/L", "mol/L") and test.charge)
    return code if base == own or bridged else None
