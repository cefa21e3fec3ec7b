"""Common medicines and their interactions, written by hand and checked against a schema.

Facts are general medical knowledge, marked `curated, unreferenced` wherever they are shown.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Annotated

from pydantic import Field

from engine.protocols import Severity
from knowledge_graph.names import plain_name
from knowledge_graph.strict_yaml import Strict, Text, read_yaml

FOLDER = Path(__file__).parent
Name = Annotated[str, Field(min_length=2, max_length=80)]
Sentence = Annotated[str, Field(min_length=2, max_length=160)]
Names = Annotated[tuple[Name, ...], Field(min_length=1)]


class Class(Strict):
    """A class of medicines.

    duplicate: two of them together are probably a mistake. allergy: an allergy to one is taken as
    an allergy to all.
    """

    name: Name
    synonyms: tuple[Text, ...] = ()
    duplicate: bool = False
    allergy: bool = False


class Ingredient(Strict):
    """An ingredient by its INN. brands: only such that mean nothing else anywhere."""

    name: Name
    synonyms: tuple[Text, ...] = ()
    brands: tuple[Text, ...] = ()
    classes: tuple[Name, ...] = ()


class Combination(Strict):
    """A fixed combination. of: its ingredients."""

    name: Name
    of: Annotated[tuple[Name, ...], Field(min_length=2)]
    synonyms: tuple[Text, ...] = ()
    brands: tuple[Text, ...] = ()


class Ingredients(Strict):
    """The file ingredients.yaml."""

    classes: tuple[Class, ...]
    ingredients: tuple[Ingredient, ...]
    combinations: tuple[Combination, ...] = ()


class Interaction(Strict):
    """Every a with every b, each an ingredient or a class; less the ingredients of `without`."""

    a: Names
    b: Names
    without: tuple[Name, ...] = Field(default=(), alias="except")
    severity: Severity
    effect: Sentence
    mechanism: Sentence
    management: Sentence

    @property
    def place(self) -> str:
        return f"{', '.join(self.a)} with {', '.join(self.b)}"


class Interactions(Strict):
    """The file interactions.yaml."""

    interactions: tuple[Interaction, ...]


Pair = tuple[str, str]
"""Two different ingredients, in alphabetical order."""


@dataclass(frozen=True)
class Pharmacology:
    """Both files, checked each for itself; `faults` says whether they fit together."""

    medicines: Ingredients
    entries: tuple[Interaction, ...]

    @cached_property
    def members(self) -> Mapping[str, tuple[str, ...]]:
        """Ingredients of each class; an ingredient stands for itself."""
        found: dict[str, list[str]] = defaultdict(list)
        for ingredient in self.medicines.ingredients:
            for name in (ingredient.name, *ingredient.classes):
                found[name].append(ingredient.name)
        return {name: tuple(inside) for name, inside in found.items()}

    def pairs(self, entry: Interaction) -> dict[Pair, str]:
        """The pairs an entry means, with how it says so: "NSAID + warfarin", "" if by name."""
        found: dict[Pair, str] = {}
        for a, b in product(entry.a, entry.b):
            classes = {c.name for c in self.medicines.classes}
            said = f"{a} + {b}" if classes & {a, b} else ""
            for one, other in product(self.members.get(a, ()), self.members.get(b, ())):
                if one != other and not {one, other} & set(entry.without):
                    found.setdefault((min(one, other), max(one, other)), said)
        return found


def read_pharmacology(folder: Path = FOLDER) -> Pharmacology:
    """Both files.

    Raises:
        SourceError: one is not YAML or not of its schema; every fault is named with its place.
    """
    return Pharmacology(
        read_yaml(folder / "ingredients.yaml", Ingredients),
        read_yaml(folder / "interactions.yaml", Interactions).interactions,
    )


def faults(read: Pharmacology) -> Iterator[str]:
    """What does not fit together, each with its place and what to do."""
    listed = read.medicines
    ingredients = {i.name for i in listed.ingredients}
    classes = {c.name for c in listed.classes}
    yield from _twice(listed)
    for ingredient in listed.ingredients:
        for name in sorted(set(ingredient.classes) - classes):
            yield f"ingredients.yaml: {ingredient.name}: no class {name!r}; add it to classes"
    for name in sorted(classes - read.members.keys()):
        yield f"ingredients.yaml: {name}: no ingredient belongs to it; name one or remove it"
    for combination in listed.combinations:
        for name in sorted(set(combination.of) - ingredients):
            yield f"ingredients.yaml: {combination.name}: no ingredient {name!r}; add it"
    for entry in read.entries:
        for name in sorted({*entry.a, *entry.b} - ingredients - classes):
            yield f"interactions.yaml: {entry.place}: {name!r} is neither ingredient nor class"
        for name in sorted(set(entry.without) - ingredients):
            yield f"interactions.yaml: {entry.place}: except {name!r}: no such ingredient"
        if not read.pairs(entry):
            yield f"interactions.yaml: {entry.place}: no pair comes of it; correct the names"


def _twice(listed: Ingredients) -> Iterator[str]:
    labels: list[str] = []
    for entry in (*listed.ingredients, *listed.combinations):
        labels += _folded((entry.name, *entry.synonyms, *entry.brands))
    for drug_class in listed.classes:
        labels += _folded((drug_class.name, *drug_class.synonyms))
    for label, times in sorted(Counter(labels).items()):
        if times > 1:
            yield f"ingredients.yaml: {label!r} means {times} things; a name must mean one"


def _folded(names: Iterable[str]) -> set[str]:
    return {plain_name(name) for name in names}
