"""Annotated notes from templates: the tagger's training data and, apart from it, the benchmark's.

A template holds slots: `<patient.last>`, `<date>`, `<drug>`, `<insert>`. Which of them identify
somebody, and as what, is `_KINDS`. All randomness comes from the generator that is passed in.
"""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from nlp.deid.mentions import Kind, Mention

TRAINING = Path(__file__).with_name("training.toml")
EVALUATION = Path(__file__).with_name("evaluation.toml")

_SLOT = re.compile(r"<([a-zA-Z]+?)(\d*)(?:\.([A-Za-z]+))?>")
_PEOPLE = ("patient", "doctor", "nurse", "kin")
_KINDS: dict[str, Kind] = {
    **dict.fromkeys(("date", "dob", "day", "month"), "date"),
    **dict.fromkeys(("street", "city", "zip", "postcode"), "place"),
    **dict.fromkeys(("hospital", "practice", "employer", "HOSPITAL"), "organisation"),
    **dict.fromkeys(("mrn", "ssn", "nhs", "number", "plate"), "id"),
    **dict.fromkeys(("old", "oldage"), "age"),
    "phone": "phone",
    "email": "email",
    "url": "url",
    "ip": "ip",
}
_RELATIONS = {
    "f": ("mother", "sister", "daughter", "wife", "aunt", "niece"),
    "m": ("father", "brother", "son", "husband", "uncle", "nephew"),
}
_UNITS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_NO_NAMES = ("title", "relation", "noun", "pronoun", "possessive", "sex", "sexletter")
_WRAP = 84  # columns


@dataclass(frozen=True, slots=True)
class Annotated:
    """A note and what in it identifies somebody, in reading order."""

    text: str
    mentions: tuple[Mention, ...]


@dataclass(frozen=True, slots=True)
class Person:
    first: str
    last: str
    middle: str
    sex: str


@cache
def table(file: Path) -> dict[str, dict[str, Any]]:
    """The lists of a template file; "a|b" becomes a list, and so do names between blanks."""
    read = tomllib.loads(file.read_text("utf-8"))
    read["people"] = {
        key: [name.strip() for name in (value.split("|") if "|" in value else value.split())]
        for key, value in read["people"].items()
    }
    for part in ("places", "organisations", "formats", "clinical"):
        read[part] = {
            key: [item.strip(" \n") for item in value.split("|")]
            for key, value in read[part].items()
        }
    return read


@dataclass(slots=True)
class Writer:
    """Writes notes of one template file. invent: makes up a name word in place of a listed one."""

    file: Path
    rng: random.Random
    invent: Callable[[str], str] = lambda name: name
    people: dict[str, Person] = field(default_factory=dict[str, Person])
    picked: dict[str, str] = field(default_factory=dict[str, str])
    start: date = date(2020, 1, 1)

    def note(self) -> Annotated:
        """One note about a new patient."""
        self.begin()
        template = self.rng.choice(self._lists["inserts"]["templates"]).strip("\n")
        return self.dressed(self.filled(template))

    def begin(self) -> None:
        """Forget the patient."""
        self.people, self.picked = {}, {}
        self.start = date(2012, 1, 1) + timedelta(self.rng.randrange(5000))

    def sentence(self) -> Annotated:
        """One sentence about the patient of now."""
        return self.filled(self.rng.choice(self._lists["inserts"]["sentences"]))

    def filled(self, template: str) -> Annotated:
        """The template with its slots filled."""
        text, mentions, position = "", list[Mention](), 0
        for match in _SLOT.finditer(template):
            text += template[position : match.start()]
            position = match.end()
            if match[1] == "insert":
                inner = self.sentence()
                shift = len(text)
                text += inner.text
                mentions += [
                    Mention(m.start + shift, m.end + shift, m.kind) for m in inner.mentions
                ]
                continue
            value = self._value(match[1], match[2], match[3] or "")
            kind = self._kind(match[1], match[3] or "")
            before, inside = self._inside(value, kind, match[3] or "")
            if kind:
                start = len(text) + before
                mentions.append(Mention(start, start + len(inside), kind))
            text += value
        return Annotated(text + template[position:], tuple(mentions))

    def dressed(self, note: Annotated) -> Annotated:
        """Some notes are all capitals, some all small, some wrapped; offsets stay."""
        text, chance = note.text, self.rng.random()
        if chance < 0.06 and len(text.upper()) == len(text):
            text = text.upper()
        elif 0.06 <= chance < 0.12 and len(text.lower()) == len(text):
            text = text.lower()
        if self.rng.random() < 0.3:
            text = _wrapped(text)
        return Annotated(text, note.mentions)

    @property
    def _lists(self) -> dict[str, dict[str, Any]]:
        return table(self.file)

    def _kind(self, slot: str, form: str) -> Kind | None:
        if slot in _PEOPLE:
            return None if form in _NO_NAMES else "name"
        return _KINDS.get(slot)

    def _inside(self, value: str, kind: Kind | None, form: str) -> tuple[int, str]:
        """Where in the written value the identifier begins, and the identifier."""
        if kind == "name" and (match := re.match(r"(?i)dr\.? ", value)) and form.startswith("dr"):
            return match.end(), value[match.end() :]
        if kind == "date":  # an article or a time of day tells no date
            value = re.sub(r"[T ]\d\d:\d\d$", "", value)
            return (4, value[4:]) if value.startswith("the ") else (0, value)
        if kind == "age" and value.startswith("a "):
            return 2, value[2:]
        return 0, value

    def _value(self, slot: str, number: str, form: str) -> str:
        if slot in _PEOPLE:
            return self._person(slot + number, form)
        if slot.lower() == "hospital":
            value = self._once("hospital" + number, "organisations", "hospitals")
            return value.upper() if slot.isupper() else value
        if slot in ("practice", "employer"):
            return self._once(slot + number, "organisations", f"{slot}s")
        if slot in ("problem", "sign", "drug", "lab"):
            return self.rng.choice(self._lists["clinical"][f"{slot}s"])
        if slot == "street":
            return self._street()
        if slot in ("city", "state"):
            kind = "cities" if slot == "city" else "states"
            return self._once(slot + number, "places", kind)
        if slot in ("date", "dob", "day", "month"):
            return self._date(slot)
        if slot == "age":
            return str(self.rng.randint(19, 89))
        if slot in ("old", "oldage"):
            return self._old(slot)
        if slot in ("email", "url"):
            return self._net(slot)
        return self._shaped(self.rng.choice(self._lists["formats"][slot]))

    def _once(self, key: str, part: str, kind: str) -> str:
        return self.picked.setdefault(key, self.rng.choice(self._lists[part][kind]))

    def _new(self) -> Person:
        sex = self.rng.choice("fm")
        people = self._lists["people"]
        first = self.rng.choice(people["female" if sex == "f" else "male"])
        last = self.rng.choice(people["surnames"])
        middle = self.rng.choice("ABCDEFGHJKLMNPRSTW")
        return Person(self.invent(first), self.invent(last), middle, sex)

    def _person(self, role: str, form: str) -> str:
        if role not in self.people:
            self.people[role] = self._new()
            if role.startswith("kin") and self.rng.random() < 0.6:
                kin, patient = self.people[role], self.people.setdefault("patient", self._new())
                self.people[role] = Person(kin.first, patient.last, kin.middle, kin.sex)
        who, rng = self.people[role], self.rng
        she = who.sex == "f"
        first, last, middle = who.first, who.last, who.middle
        full = f"{first} {last}"
        if form == "title":
            return rng.choice(("Mrs.", "Ms.", "Mrs", "Miss", "Ms") if she else ("Mr.", "Mr"))
        if form == "relation":
            return _RELATIONS[who.sex][hash_of(who.first) % 6]
        if form == "full":
            chance = rng.random()
            return full.upper() if chance < 0.08 else full.lower() if chance < 0.1 else full
        doctor = rng.choice(("Dr. ", "Dr ", "Dr. ", "DR. ", "dr "))
        forms = {
            "noun": rng.choice(
                ("woman", "female", "lady") if she else ("man", "male", "gentleman")
            ),
            "pronoun": "She" if she else "He",
            "possessive": "Her" if she else "His",
            "sex": "F" if she else "Male",
            "sexletter": "F" if she else "M",
            "first": first,
            "last": last,
            "LASTFIRST": rng.choice(
                (f"{last.upper()}, {first}", f"{last}, {first}", f"{last}, {first}".upper())
            ),
            "drlast": doctor + last,
            "drfull": doctor + full,
            "initlast": f"{first[0]}. {last}",
            "initials": rng.choice(
                (f"{first[0]}{last[0]}".upper(), f"{first[0]}{middle}{last[0]}".upper())
            ),
            "midfull": f"{first} {middle}. {last}",
            "lowerlast": last.lower(),
            "lowerfull": full.lower(),
            "spaced": "  ".join(" ".join(word) for word in full.upper().split()),
        }
        return forms[form]

    def _street(self) -> str:
        number = str(self.rng.randint(1, 9800))
        places = self._lists["places"]
        street = (
            f"{number} {self.rng.choice(places['streets'])} {self.rng.choice(places['suffixes'])}"
        )
        unit = self.rng.random()
        if unit < 0.15:
            return f"{street}, Apt {self.rng.randint(1, 40)}"
        return f"Flat {self.rng.randint(1, 20)}, {street}" if unit < 0.22 else street

    def _date(self, slot: str) -> str:
        when = self.start + timedelta(self.rng.randrange(60))
        if slot == "dob":
            when -= timedelta(self.rng.randint(7000, 31000))
            slot = "date"
        return self._dated(self.rng.choice(self._lists["formats"][slot]), when)

    def _dated(self, form: str, when: date) -> str:
        ordinal = f"{when.day}{_ending(when.day)}"
        parts = {
            "d": when.day, "dd": f"{when.day:02}", "m": when.month, "mm": f"{when.month:02}",
            "yy": f"{when.year % 100:02}", "yyyy": when.year, "month": f"{when:%B}",
            "mon": f"{when:%b}", "MON": f"{when:%b}".upper(), "ord": ordinal,
            "weekday": f"{when:%A}",
        }  # fmt: skip
        return form.format_map(parts)

    def _old(self, slot: str) -> str:
        age = self.rng.randint(91, 99)
        if slot == "oldage":
            return str(age)
        form = self.rng.choice(self._lists["formats"]["old"])
        return form.format(n=age, word=f"ninety-{_UNITS[age - 91]}")

    def _net(self, slot: str) -> str:
        host = re.sub(r"[^a-z]", "", self.rng.choice(self._lists["places"]["cities"]).lower())
        who = self.people.setdefault("patient", self._new())
        first, last = (re.sub(r"[^a-z]", "", name.lower()) for name in (who.first, who.last))
        form = self.rng.choice(self._lists["formats"][slot])
        n = self.rng.randint(11, 99999)
        return form.format(first=first, last=last, f=first[:1], n=n, host=host)

    def _shaped(self, shape: str) -> str:
        letters = "ABCDEFGHJKLMNPQRSTUVWXYZ"
        drawn = (
            self.rng.choice("0123456789")
            if c == "N"
            else self.rng.choice(letters)
            if c == "A"
            else c
            for c in shape
        )
        return "".join(drawn)


def hash_of(text: str) -> int:
    """The same number for a text on every machine."""
    return sum(ord(c) * (i + 1) for i, c in enumerate(text))


def _ending(day: int) -> str:
    return "th" if day in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


def _wrapped(text: str) -> str:
    """Long lines broken at a blank; the length stays."""
    characters, column, blank = list(text), 0, -1
    for i, c in enumerate(text):
        column = 0 if c == "\n" else column + 1
        if c == "\n":
            blank = -1
        elif c == " ":
            blank = i
        if column > _WRAP and blank >= 0:
            characters[blank] = "\n"
            column, blank = i - blank, -1
    return "".join(characters)
