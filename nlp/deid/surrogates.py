"""What stands in the place of each identifier: same form, other person, the same each time."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from nlp.deid import dates
from nlp.deid.ages import AGGREGATED
from nlp.deid.draw import Draw
from nlp.deid.lexicon import phrases, words
from nlp.deid.mentions import Kind
from nlp.deid.people import People
from nlp.deid.roster import Roster
from nlp.deid.tokens import tokens

How = Literal["surrogate", "shifted", "aggregated", "removed"]
_IPV4 = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_SSN = re.compile(r"\d{3}([- ])\d{2}\1\d{4}")
_KEPT_PREFIX = re.compile(r"\+\d{1,3}\b|1(?=[\s.(-])|0")
_NHS = 10  # digits; the last is a check digit


@dataclass(slots=True)
class Surrogates:
    """The surrogates of one patient. roster: the names of the notes, learned before."""

    draw: Draw
    roster: Roster = field(default_factory=Roster)
    people: People = field(init=False)

    def __post_init__(self) -> None:
        self.people = People(self.draw, self.roster)

    def of(self, text: str, kind: Kind, calendar: dates.Calendar) -> tuple[str, How]:
        """What to write for an identifier, and how it came to be."""
        if kind == "date":
            shifted = dates.shifted(text, self.draw.days(), calendar)
            return (dates.REMOVED, "removed") if shifted is None else (shifted, "shifted")
        if kind == "age":
            return AGGREGATED, "aggregated"
        made = {
            "name": self.people.surrogate,
            "place": self._place,
            "organisation": self._organisation,
            "phone": self._phone,
            "email": self._email,
            "url": self._url,
            "ip": self._ip,
            "id": self._id,
        }[kind]
        return made(text), "surrogate"

    def _place(self, text: str) -> str:
        if re.fullmatch(r"[A-Z]{1,2}\d[\dA-Z]?\s?\d[A-Z]{2}|[\d -]+", text):
            return self.draw.shape(text, "code", _plain(text))
        return self._named(text, words("places", "suffixes") | words("places", "address"))

    def _organisation(self, text: str) -> str:
        return self._named(text, generic())

    def _named(self, text: str, kept: frozenset[str]) -> str:
        """Words of one's own become others, numbers too; what says the kind of place stays."""
        written, position = "", 0
        found = tokens(text)
        for i, token in enumerate(found):
            written += text[position : token.start]
            position = token.end
            word = token.text.lower()
            alone = i == 0 and len(found) == 1
            if token.text[0].isdigit() or (len(word) == 1 and token.is_word and i):
                written += self.draw.shape(token.text, "number", word)
            elif not token.is_word or (word in kept and not alone) or len(word) == 1:
                written += token.text
            else:
                written += _like(token.text, self._word(word))
        return written + text[position:]

    def _word(self, word: str) -> str:
        start = self.draw.choice(sorted(words("surrogates", "starts")), "place", word)
        return (start + self.draw.choice(sorted(words("surrogates", "place")), "end", word)).lower()

    def _phone(self, text: str) -> str:
        match = _KEPT_PREFIX.match(text)
        kept = match.group() if match else ""
        digits = [c for c in text[len(kept) :] if c.isdigit()]
        drawn = iter(self.draw.shape("9" + "0" * (len(digits) - 1), "phone", "".join(digits)[-10:]))
        rest = "".join(next(drawn) if c.isdigit() else c for c in text[len(kept) :])
        return kept + rest

    def _id(self, text: str) -> str:
        """A number of the same shape; a social security or NHS number stays a possible one."""
        plain = _plain(text)
        for attempt in range(20):
            drawn = self.draw.shape(plain, "id", plain, str(attempt))
            if drawn == plain:
                continue
            if len(plain) == _NHS and _check(plain) == plain[-1] and plain.isdigit():
                drawn = drawn[:-1] + (_check(drawn) or "")
                if len(drawn) < _NHS:
                    continue
            if _SSN.fullmatch(text) and (drawn[:3] in ("000", "666") or drawn[0] == "9"):
                continue
            break
        else:
            drawn = self.draw.shape(plain, "id", plain)
        letters = iter(drawn)
        written = "".join(next(letters) if c.isalnum() else c for c in text)
        return _masked(text, written)

    def _email(self, text: str) -> str:
        local, _, host = text.partition("@") if "@" in text else text.partition("[at]")
        at = "@" if "@" in text else "[at]"
        return self._worded(local) + at + self._host(host)

    def _url(self, text: str) -> str:
        match = re.match(r"(?i)((?:https?|ftp)://)?([^/?#\s]+)(.*)", text, re.DOTALL)
        if match is None:
            return self.draw.shape(text, "url", text)
        return (match[1] or "") + self._host(match[2]) + self._worded(match[3])

    def _host(self, host: str) -> str:
        """Names of the host become others; what every host may have (www, .co.uk) stays."""
        number, colon, port = host.partition(":")
        if _IPV4.fullmatch(number):
            return self._ip(number) + colon + port
        labels = re.split(r"(\s?\.\s?)", host)
        last = len(labels) - 1
        for i in range(0, len(labels), 2):
            label = labels[i].strip().lower()
            generic = label in ("www", "mail", "portal", "nhs", "co", "ac", "gov")
            if i != last and not generic and label:
                labels[i] = self._worded(labels[i])
        return "".join(labels)

    def _worded(self, text: str) -> str:
        """Known names become their surrogates, other letters and digits any."""

        def other(match: re.Match[str]) -> str:
            word = match[0]
            if word.casefold() in self.roster:
                return _like(word, self.people.word(word.casefold()))
            if word.isdigit() or len(word) == 1:
                return self.draw.shape(word, "part", word)
            return _like(word, self._word(word.lower()))

        return re.sub(r"[^\W\d_]+|\d+", other, text)

    def _ip(self, text: str) -> str:
        if ":" in text:
            number = self.draw.number("ip", text)
            return re.sub(
                r"[0-9a-f]", lambda m: f"{(number >> m.start() * 4) & 15:x}", text, flags=re.I
            )
        parts = text.split(".")
        low_high = ((1, 9), (10, 99), (100, 254))
        drawn: list[str] = []
        for i, part in enumerate(parts):
            low, high = low_high[len(part) - 1]
            drawn.append(str(low + self.draw.number("ip", str(i), text) % (high - low + 1)))
        return ".".join(drawn)


@cache
def generic() -> frozenset[str]:
    """Words that say what kind of organisation it is."""
    heads = {
        word.lower() for phrase in phrases("organisations", "heads") for word in phrase.split()
    }
    tails = {w.lower().rstrip(".") for p in phrases("organisations", "tails") for w in p.split()}
    common = words("organisations", "common")
    return frozenset(
        heads | tails | common | words("organisations", "links") | {"st", "nhs", "va", "saint"}
    )


def _masked(old: str, new: str) -> str:
    """Three and more x in a row hide digits already and stay."""
    for match in re.finditer(r"[xX]{3,}|(?<=[xX]-)[xX]{2}", old):
        new = new[: match.start()] + match.group() + new[match.end() :]
    return new


def _plain(text: str) -> str:
    return "".join(c for c in text if c.isalnum())


def _check(digits: str) -> str | None:
    """The check digit of an NHS number (modulus 11), None if there is none."""
    if not digits[:9].isdigit():
        return None
    rest = 11 - sum(int(c) * (10 - i) for i, c in enumerate(digits[:9])) % 11
    return None if rest == 10 else "0" if rest == 11 else str(rest)


def _like(old: str, new: str) -> str:
    if old.isupper() and len(old) > 1:
        return new.upper()
    return new if old[:1].islower() else new.capitalize()
