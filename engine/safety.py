"""Medicines held against what the record says: allergies, problems, and each other.

What is not in the tables is "not checked", never "no interaction"; and that nothing is listed does
not mean that it is safe. Every text is quoted as the record or the graph has it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from engine.lists import Given, MedicalRecord, Problem
from engine.protocols import (
    SEVERITIES,
    Avoided,
    DrugClass,
    DrugInteraction,
    PlanKnowledge,
    Substance,
)
from engine.types import Alert, AlertKind, Code

NAMES_SHOWN = 3
"""Names of one enumeration in a message."""

_KINDS: tuple[AlertKind, ...] = ("allergy", "contraindication", "interaction", "duplicate")
_DEGREES = ("same ingredient", "stated", *SEVERITIES, "same class", "conditional")


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
