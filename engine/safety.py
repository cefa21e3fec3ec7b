"""Medicines held against what the record says: allergies, problems, and each other.

What is not in the tables is "not checked", never "no interaction"; and that nothing is listed does
not mean that it is safe. Every text is quoted as the record or the graph has it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Protocol

from engine.protocols import Avoided, DrugClass, DrugInteraction, PlanKnowledge, Substance
from engine.types import Alert, AlertKind, Code, Skipped, Statement, StatementKind

SEVERITIES = ("contraindicated", "major", "moderate")
"""Of interactions, gravest first."""
NAMES_SHOWN = 3
"""Names of one enumeration in a message."""

_KINDS: tuple[AlertKind, ...] = ("allergy", "contraindication", "interaction", "duplicate")
_DEGREES = ("same ingredient", "stated", *SEVERITIES, "same class", "conditional")
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


def alerts(record: MedicalRecord, knowledge: PlanKnowledge) -> tuple[Alert, ...]:
    """Everything that the lists of the record say against each other, gravest first."""
    found: list[Alert] = []
    for medicine in record.medicines:
        found += against_allergies(medicine, record.allergies, knowledge)
        found += against_problems(medicine, record.problems, knowledge)
    found += _interactions(record.medicines, knowledge)
    found += _duplicates(record.medicines, knowledge)
    return _gravest_first(found)


def warnings(
    treatment: Given, record: MedicalRecord, problems: Sequence[Problem], knowledge: PlanKnowledge
) -> tuple[Alert, ...]:
    """What the record says against a proposed treatment, gravest first.

    problems: those of the record and the diagnosis the treatment is for.
    """
    return _gravest_first(
        (
            *against_allergies(treatment, record.allergies, knowledge),
            *against_problems(treatment, problems, knowledge),
            *_with_the_list(treatment, record.medicines, knowledge),
            *_already(treatment, record.medicines, knowledge),
        )
    )


def against_allergies(
    given: Given, allergies: Iterable[Given], knowledge: PlanKnowledge
) -> Iterator[Alert]:
    """The same ingredient, or one of a class of which an allergy to one is one to all."""
    for allergy in allergies:
        about = (*given.about, *allergy.about)
        own = {i.code for s in allergy.substances if not s.is_class for i in s.ingredients}
        if same := [given.ingredients[code] for code in sorted(own & given.ingredients.keys())]:
            message = f'{_named(given, same)}: recorded allergy "{allergy.text}"'
            sources = knowledge.names_sources
            yield Alert("allergy", "same ingredient", message, about, sources)
        elif related := _related(given, allergy, knowledge):
            members = list(dict.fromkeys(member for _, member in related))
            names = _several(drug_class.name.display for drug_class, _ in related)
            message = (
                f"{_named(given, members)}: of one class ({names}) with the recorded allergy"
                f' "{allergy.text}"'
            )
            sources = tuple(dict.fromkeys(s for found, _ in related for s in found.sources))
            yield Alert("allergy", "same class", message, about, sources)


def against_problems(
    given: Given, problems: Iterable[Problem], knowledge: PlanKnowledge
) -> Iterator[Alert]:
    """Medicines that the graph says to avoid in a problem, with its words and its reason."""
    for problem in problems:
        for avoided in knowledge.avoided(problem.disease.code):
            if met := sorted(avoided.ingredients & given.ingredients.keys()):
                named = _named(given, [given.ingredients[code] for code in met])
                yield Alert(
                    kind="contraindication",
                    severity="conditional" if avoided.conditional else "stated",
                    message=f"{named}: {_to_avoid(avoided, problem)}",
                    about=(*given.about, *problem.about),
                    sources=avoided.sources,
                    disease=problem.disease,
                )


def _interactions(medicines: Sequence[Given], knowledge: PlanKnowledge) -> Iterator[Alert]:
    givers = _givers(medicines)
    for found in knowledge.interactions(givers.keys()):
        one, other = givers[found.one], givers[found.other]
        about = tuple(sorted({*one.about, *other.about}))
        yield _interaction(f"{one.name} with {other.name}", found, about)


def _with_the_list(
    treatment: Given, medicines: Sequence[Given], knowledge: PlanKnowledge
) -> Iterator[Alert]:
    """For each medicine of the list the gravest interaction with what the treatment names."""
    givers = _givers(medicines)
    new = {code: name for code, name in treatment.ingredients.items() if code not in givers}
    met: defaultdict[str, list[tuple[str, DrugInteraction]]] = defaultdict(list)
    for found in knowledge.interactions({*givers, *new}):
        for mine, theirs in ((found.one, found.other), (found.other, found.one)):
            if mine in new and theirs in givers:
                met[theirs].append((new[mine].display, found))
    for theirs, pairs in met.items():
        gravest = min((found for _, found in pairs), key=lambda found: _degree(found.severity))
        names = _several(sorted(name for name, _ in pairs))
        pair = f"{names} with {givers[theirs].name}, which is on the list"
        yield _interaction(pair, gravest, givers[theirs].about)


def _already(
    treatment: Given, medicines: Sequence[Given], knowledge: PlanKnowledge
) -> Iterator[Alert]:
    givers = _givers(medicines)
    for code in treatment.ingredients.keys() & givers.keys():
        message = f"{givers[code].name} is on the list already"
        yield Alert("duplicate", None, message, givers[code].about, knowledge.names_sources)


def _duplicates(medicines: Sequence[Given], knowledge: PlanKnowledge) -> Iterator[Alert]:
    givers = _givers(medicines)
    members: defaultdict[DrugClass, list[_Giver]] = defaultdict(list)
    for code, giver in givers.items():
        if len(giver.about) > 1:
            message = f"{giver.name} is listed {len(giver.about)} times"
            yield Alert("duplicate", None, message, giver.about, knowledge.names_sources)
        for drug_class in knowledge.classes(code):
            if drug_class.duplicate:
                members[drug_class].append(giver)
    for drug_class, inside in members.items():
        if len(inside) > 1:
            names = _several(sorted(giver.name for giver in inside))
            message = f"{names}: {len(inside)} of one class ({drug_class.name.display})"
            about = tuple(sorted({entry for giver in inside for entry in giver.about}))
            yield Alert("duplicate", None, message, about, drug_class.sources)


# ---- Reading the entries ------------------------------------------------------------------------


class _Reader(Protocol):
    def __call__(
        self, entry: Statement, knowledge: PlanKnowledge
    ) -> tuple[Given, tuple[Skipped, ...]]: ...


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


# ---- What they have in common -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Giver:
    """An ingredient of the medication list. about: the entries that hold it."""

    name: str
    about: tuple[str, ...]


def _givers(medicines: Sequence[Given]) -> dict[str, _Giver]:
    givers: dict[str, _Giver] = {}
    for medicine in medicines:
        for code, name in medicine.ingredients.items():
            known = givers.get(code, _Giver(name.display, ()))
            givers[code] = replace(known, about=(*known.about, *medicine.about))
    return givers


def _related(
    given: Given, allergy: Given, knowledge: PlanKnowledge
) -> list[tuple[DrugClass, Code]]:
    """Classes that an allergy is to, with the ingredients given that belong to them."""
    named = {s.name.code for s in allergy.substances if s.is_class}
    shared = (_allergy_classes(s, knowledge) for s in allergy.substances)
    classes = named.union(*shared)
    return [
        (drug_class, ingredient)
        for code, ingredient in sorted(given.ingredients.items())
        for drug_class in knowledge.classes(code)
        if drug_class.name.code in classes
    ]


def _allergy_classes(substance: Substance, knowledge: PlanKnowledge) -> set[str]:
    """Classes that share an allergy: of a medicine those of any ingredient, of a class those of all
    its members."""
    each = [
        {c.name.code for c in knowledge.classes(ingredient.code) if c.allergy}
        for ingredient in substance.ingredients
    ]
    if not substance.is_class:
        return {found for classes in each for found in classes}
    return {found for found in chain(*each) if all(found in classes for classes in each)}


def _named(given: Given, members: Sequence[Code]) -> str:
    """An entry of the record as it is written, with the ingredients meant; else only these."""
    names = _several(member.display for member in members)
    if not given.about or given.text.casefold() == names.casefold():
        return names
    return f'"{given.text}" ({names})'


def _several(names: Iterable[str]) -> str:
    listed = list(dict.fromkeys(names))
    more = len(listed) - NAMES_SHOWN
    return ", ".join(listed[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _to_avoid(avoided: Avoided, problem: Problem) -> str:
    because = f" ({', '.join(avoided.because)})" if avoided.because else ""
    applies = "; see whether this applies" if avoided.conditional else ""
    return f'to avoid in {problem.disease.display}: "{avoided.what.display}"{because}{applies}'


def _interaction(pair: str, found: DrugInteraction, about: tuple[str, ...]) -> Alert:
    said = ". ".join("; ".join(texts) for texts in (found.effect, found.management) if texts)
    message = f"{pair}: {said}" if said else pair
    return Alert("interaction", found.severity, message, about, found.sources)


def _gravest_first(found: Iterable[Alert]) -> tuple[Alert, ...]:
    return tuple(sorted(dict.fromkeys(found), key=_gravity))


def _gravity(alert: Alert) -> tuple[int, int, str, tuple[str, ...]]:
    return _KINDS.index(alert.kind), _degree(alert.severity), alert.message, alert.about


def _degree(severity: str | None) -> int:
    return _DEGREES.index(severity) if severity in _DEGREES else len(_DEGREES)
