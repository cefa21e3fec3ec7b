"""What the lists of the record name: medicines, allergies, problems, as far as they are understood.

An entry that names nothing known is kept as not checked, with its place and its words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from engine.protocols import PlanKnowledge, Substance
from engine.types import Code, Skipped, Statement, StatementKind

_NO_ALLERGY = re.compile(r"(?:no|not|nil|none|nka|nkda|denies)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Given:
    """Medicines that belong together: an entry of a list, or a proposed treatment.

    text: as written. substances: what it names that is known. about: the entry's id, if it is one.
    """

    text: str
    substances: tuple[Substance, ...]
    about: tuple[str, ...] = ()

    @property
    def ingredients(self) -> Mapping[str, Code]:
        """Every ingredient that may be meant, by id."""
        return {i.code: i for s in self.substances for i in s.ingredients}


_Reader = Callable[[Statement, PlanKnowledge], tuple[Given, tuple[Skipped, ...]]]
"""What an entry names, and what in it is not known."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A disease the patient has or may have. about: the entry that says so, if one does."""

    disease: Code
    about: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MedicalRecord:
    """The current lists, as far as they are understood. not_checked: what is not, and why."""

    medicines: tuple[Given, ...]
    allergies: tuple[Given, ...]
    problems: tuple[Problem, ...]
    not_checked: tuple[Skipped, ...]


def read_record(statements: Sequence[Statement], knowledge: PlanKnowledge) -> MedicalRecord:
    """What the lists name; their order does not matter."""
    entries = sorted((s for s in statements if s.kind != "family"), key=lambda s: s.id)
    unusable = [(entry, _why_unusable(entry)) for entry in entries]
    usable = [entry for entry, why in unusable if why is None]

    def read(kind: StatementKind, reader: _Reader) -> list[tuple[Given, tuple[Skipped, ...]]]:
        return [reader(entry, knowledge) for entry in usable if entry.kind == kind]

    medicines, allergies = read("medication", _medicine), read("allergy", _allergy)
    named = [(e, knowledge.conditions(e)) for e in usable if e.kind == "condition"]
    return MedicalRecord(
        medicines=tuple(given for given, _ in medicines if given.substances),
        allergies=tuple(given for given, _ in allergies if given.substances),
        problems=tuple(Problem(d, (e.id,)) for e, diseases in named for d in diseases),
        not_checked=(
            *(_not_checked(entry, why) for entry, why in unusable if why is not None),
            *chain.from_iterable(unknown for _, unknown in (*medicines, *allergies)),
            *(
                _not_checked(e, f'no disease of the graph by code or exact name ("{e.text}")')
                for e, diseases in named
                if not diseases
            ),
        ),
    )


def _medicine(entry: Statement, knowledge: PlanKnowledge) -> tuple[Given, tuple[Skipped, ...]]:
    """By the first label that names any known medicine, and what in that label is not known."""
    labels = _labels(entry)
    read = ((label, knowledge.medicine(label)) for label in labels)
    label, found = next((pair for pair in read if pair[1].ingredients), (labels[0], None))
    unknown = (label,) if found is None else found.unknown
    known = () if found is None else found.ingredients
    return (
        Given(label, tuple(Substance(code, (code,)) for code in known), (entry.id,)),
        tuple(_not_checked(entry, f'no medicine of the tables ("{part}")') for part in unknown),
    )


def _allergy(entry: Statement, knowledge: PlanKnowledge) -> tuple[Given, tuple[Skipped, ...]]:
    """By the first label that names a known medicine or class."""
    labels = _labels(entry)
    nothing = Given(labels[0], (), (entry.id,))
    if any(_NO_ALLERGY.match(label) for label in labels):
        return nothing, (_not_checked(entry, f'it reads as no allergy ("{labels[0]}")'),)
    for label in labels:
        if substances := knowledge.mentioned(label):
            return Given(label, substances, (entry.id,)), ()
    return nothing, (_not_checked(entry, f'no medicine of the tables ("{labels[0]}")'),)


def _why_unusable(entry: Statement) -> str | None:
    if not _labels(entry):
        return "it has no text"
    return "no longer current" if entry.active is False else None


def _labels(entry: Statement) -> tuple[str, ...]:
    """What an entry is called: its text, then what its codes are called."""
    texts = (entry.text, *(code.display for code in entry.codes))
    return tuple(dict.fromkeys(text.strip() for text in texts if text.strip()))


def _not_checked(entry: Statement, reason: str) -> Skipped:
    return Skipped(entry.id, f"{entry.kind}: {reason}")
