"""Draws that depend on nothing but a secret key, a patient and what is replaced.

The same three always give the same draw, on every machine; without the key none can be undone.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeVar

Item = TypeVar("Item")
_DIGITS = "0123456789"
_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
_WEEKS = (5, 52)  # a shift is this many weeks at least and at most, back or forth


@dataclass(frozen=True, slots=True)
class Draw:
    """key: secret bytes. patient: any text that is the same for all notes of one patient."""

    key: bytes
    patient: str

    def number(self, *what: str) -> int:
        """A number of 256 bits."""
        message = "\0".join((self.patient, *what)).encode("utf-8", "surrogatepass")
        return int.from_bytes(hmac.new(self.key, message, sha256).digest())

    def choice(self, items: Sequence[Item], *what: str) -> Item:
        """One of the items."""
        return items[self.number(*what) % len(items)]

    def days(self) -> int:
        """By how much the dates of the patient are shifted: whole weeks, so that weekdays hold."""
        low, high = _WEEKS
        number = self.number("days")
        weeks = low + number % (high - low + 1)
        return 7 * (weeks if number >> 128 & 1 else -weeks)

    def shape(self, text: str, *what: str) -> str:
        """Digits for digits and letters for letters in their case; all else stays.

        A first digit other than 0 does not become 0.
        """
        number = self.number("shape", *what)
        drawn = ""
        for i, c in enumerate(text):
            if i and i % 40 == 0:
                number = self.number("shape", str(i), *what)
            if c.isdigit():
                first = not any(d.isdigit() for d in drawn) and c != "0"
                number, digit = divmod(number, 9 if first else 10)
                drawn += _DIGITS[digit + first]
            elif c.isalpha():
                number, letter = divmod(number, len(_LETTERS))
                drawn += _LETTERS[letter] if c.isupper() else _LETTERS[letter].lower()
            else:
                drawn += c
        return drawn
