"""The table of statements (findings.toml): what may be said of a recording, with its HPO term."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from engine.types import Code, ModelRef, Status

TABLE_FILE = Path(__file__).with_name("findings.toml")


@dataclass(frozen=True, slots=True)
class Statement:
    """term: None where HPO has none; broader: it says less than the statement.

    present_from, uncertain_from: probabilities, of statements that models make.
    """

    key: str
    says: str
    term: Code | None
    broader: bool
    present_from: float | None
    uncertain_from: float | None

    def status(self, probability: float) -> Status | None:
        """What a model's calibrated probability comes to; None says nothing.

        Raises:
            ValueError: the table has no limits for it.
        """
        if self.present_from is None or self.uncertain_from is None:
            raise ValueError(f"findings.toml has no probabilities for {self.key!r}")
        if probability >= self.present_from:
            return "present"
        return "uncertain" if probability >= self.uncertain_from else None


@dataclass(frozen=True, slots=True)
class Statements:
    """All statements by key, and which table it was."""

    by_key: Mapping[str, Statement]
    ref: ModelRef


@cache
def load() -> Statements:
    """The table in the package."""
    data = TABLE_FILE.read_bytes()
    rows = [_statement(row) for row in tomllib.loads(data.decode())["statement"]]
    ref = ModelRef("signals.rules", version("konsil"), hashlib.sha256(data).hexdigest())
    return Statements({row.key: row for row in rows}, ref)


def _statement(row: Mapping[str, Any]) -> Statement:
    term, _, name = row.get("term", "").partition(" ")
    return Statement(
        key=row["key"],
        says=row["says"],
        term=Code("HPO", term, name) if term else None,
        broader=row.get("broader", False),
        present_from=row.get("present_from"),
        uncertain_from=row.get("uncertain_from"),
    )
