"""Typed medicines to ingredients, and the interactions and duplicates among them.

A name matches exactly or not at all: sound-alike medicines are a hazard, so no typo is forgiven. A
text that matches nothing is "not checked", which never means "no interaction"; and that none is
listed does not mean that there is none.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from engine.protocols import SEVERITIES
from knowledge_graph.curated import local_id
from knowledge_graph.schema import Edge, Node
from knowledge_graph.store import GraphStore
from knowledge_graph.wording import words

PREFIX = local_id("drug") + "-"
"""Only these nodes are medicines whose interactions are listed."""


def set_of(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


FORMS = set_of("""
    tab tabs tablet tablets cap caps capsule capsules pill pills inj injection injections syr syrup
    susp suspension solution soln elixir cream ointment oint gel lotion patch patches spray puff
    puffs inhaler nebuliser nebulizer nebs neb nebule nebules drops drop gtt suppository
    suppositories supp pessary infusion powder sachet sachets granules vial ampoule amp lozenge film
    coated enteric ec dispersible effervescent chewable soluble modified prolonged extended
    sustained delayed controlled immediate release mr sr er xr xl la cr dr ir retard depot pen
""")
"""Words for the form of a medicine."""
ROUTES_AND_TIMES = set_of("""
    po oral orally iv im sc subcut subcutaneous subcutaneously intravenous intravenously
    intramuscular intramuscularly pr pv sl sublingual buccal inh inhaled nasal topical topically
    transdermal eye ear rectal vaginal by mouth od bd bid tds tid qds qid qd om on hs nocte mane prn
    sos stat ac pc daily day days week weeks weekly month months monthly hour hours hourly once
    twice thrice every each alternate times time x morning evening night bedtime noon at a per as
    needed required dose doses mg mcg ml iu units unit
""")
"""Words for the route and the times a medicine is given."""
SALTS = set_of("""
    sodium disodium potassium calcium magnesium hydrochloride dihydrochloride hcl hydrobromide
    bromide chloride sulfate sulphate bisulfate tartrate bitartrate maleate mesilate mesylate
    besilate besylate tosilate tosylate fumarate hemifumarate succinate citrate phosphate acetate
    nitrate carbonate lactate malate oxalate pamoate embonate gluconate stearate ethylsuccinate
    estolate hyclate xinafoate valerate propionate dipropionate furoate decanoate palmitate
    enantate erbumine arginine lysine meglumine tromethamine trometamol anhydrous hemihydrate
    monohydrate dihydrate trihydrate sesquihydrate
""")
"""Words for the salt, ester or hydrate of an ingredient."""
ASIDE = FORMS | ROUTES_AND_TIMES | SALTS
MOST_WORDS = 8
"""Words of the longest name that is looked for."""

_UNIT = r"(?:mcg|micrograms?|µg|ug|mg|milligrams?|grams?|gm|g|kg|ml|l|iu|units?|mmol|meq|%)"
_PER = (
    r"(?:\s*/\s*(?:\d+(?:[.,]\d+)?\s*)?"
    r"(?:ml|l|kg|dose|puff|actuation|tab|tablet|h|hr|hour|day))*"
)
_DOSE = re.compile(rf"(?<![\w.-])\d+(?:[.,/-]\d+)*\s*(?:{_UNIT}{_PER}|x)?(?![\w-])", re.IGNORECASE)
_TIME = re.compile(r"\bq\d+h\b|\b\d+x\b", re.IGNORECASE)
_SEPARATOR = re.compile(r"[/+&,;()\[\]]|\b(?:and|with|plus)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Medicine:
    """What a text means. ingredients: ids, sorted. unknown: its parts that match nothing."""

    ingredients: tuple[str, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FoundInteraction:
    """An interaction. subject_texts, object_texts: what was typed that holds either ingredient."""

    edge: Edge
    subject_texts: tuple[str, ...]
    object_texts: tuple[str, ...]

    @property
    def severity(self) -> str:
        """One of `SEVERITIES`, or "" where a source does not state it."""
        return str(self.edge.properties.get("severity", ""))


@dataclass(frozen=True, slots=True)
class Duplicate:
    """One ingredient given twice, or two of a class. node: which one. texts: as typed, sorted."""

    node: Node
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Interactions:
    """found: by severity, then names. checked: text -> ids. not_checked: what matches nothing.

    An empty `found` says that nothing is listed for what was checked, not that it is safe.
    """

    found: tuple[FoundInteraction, ...]
    checked: Mapping[str, tuple[str, ...]]
    not_checked: tuple[str, ...]
    duplicates: tuple[Duplicate, ...]


class DrugNames:
    """The ingredients by INN, synonym and brand, for typed medicines."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        """nodes: of any kind. A name that means two things is left out: it must not be guessed."""
        meant: defaultdict[str, set[tuple[str, ...]]] = defaultdict(set)
        for node in nodes:
            if node.kind == "Drug" and node.id.startswith(PREFIX):
                for label in (node.name, *node.synonyms):
                    meant[" ".join(words(label))].add(ingredients_of(node))
        self._ids = {label: next(iter(ids)) for label, ids in meant.items() if len(ids) == 1}

    def find(self, text: str) -> Medicine:
        """The ingredients of a typed medicine: "Tab. Warfarin 5 mg od", "Co-amoxiclav 625".

        Dose, form, route, times and salt are left aside; a local form counts like any other. What
        is joined by "/", "+", "and" or "with", or stands in brackets, is several medicines.
        """
        if (ids := self._exact(text)) is not None:
            return Medicine(ids, ())
        ingredients: set[str] = set()
        unknown: dict[str, None] = {}
        for part in _SEPARATOR.split(_without_dose(text)):
            ids = self._exact(part) or self._hyphenated(part)
            if ids:
                ingredients.update(ids)
            elif _names_something(part):
                unknown[" ".join(part.split())] = None
        if not ingredients:
            return Medicine((), (text.strip(),) if text.strip() else ())
        return Medicine(tuple(sorted(ingredients)), tuple(unknown))

    def _exact(self, text: str) -> tuple[str, ...] | None:
        """The medicine whose name is the text, or what is left of it with as little left aside."""
        if (ids := self._ids.get(" ".join(words(text)))) is not None:
            return ids
        for equally_long in _readings(words(_without_dose(text))):
            meant = {self._ids[name] for name in equally_long if name in self._ids}
            if meant:
                return meant.pop() if len(meant) == 1 else None
        return None

    def _hyphenated(self, part: str) -> tuple[str, ...]:
        """Ingredients joined by hyphens ("losartan-hydrochlorothiazide"): every piece is one."""
        pieces = [self._exact(piece) for piece in part.split("-")]
        if len(pieces) < 2 or None in pieces:
            return ()
        return tuple(i for ids in pieces if ids for i in ids)


def check_interactions(store: GraphStore, names: DrugNames, drugs: Sequence[str]) -> Interactions:
    """Interactions and duplicates among typed medicines; their order does not matter.

    Raises:
        NotFoundError: `names` knows an ingredient that the store does not hold.
    """
    medicines = [(text, names.find(text)) for text in drugs]
    givers: dict[str, list[str]] = defaultdict(list)
    for text, medicine in medicines:
        for ingredient in medicine.ingredients:
            givers[ingredient].append(text)
    label = {ingredient: store.node(ingredient).name for ingredient in givers}
    found = (
        FoundInteraction(edge, _listed(givers[edge.subject]), _listed(givers[edge.object]))
        for edge in store.interactions(givers)
    )
    return Interactions(
        found=tuple(sorted(found, key=lambda f: _rank(f, label.__getitem__))),
        checked={t: m.ingredients for t, m in sorted(medicines, key=_text) if m.ingredients},
        not_checked=tuple(sorted({part for _, m in medicines for part in m.unknown})),
        duplicates=tuple(sorted(_duplicates(store, givers), key=lambda d: (d.node.id, d.texts))),
    )


def _text(pair: tuple[str, Medicine]) -> str:
    return pair[0]


def _listed(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(texts)))


def _rank(found: FoundInteraction, name: Callable[[str], str]) -> tuple[int, str, str, str]:
    severity = found.severity
    place = SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)
    edge = found.edge
    return place, name(edge.subject), name(edge.object), f"{edge.subject} {edge.object}"


def _duplicates(store: GraphStore, givers: Mapping[str, Sequence[str]]) -> Iterator[Duplicate]:
    members: dict[str, list[str]] = defaultdict(list)
    for ingredient, texts in givers.items():
        if len(texts) > 1:
            yield Duplicate(store.node(ingredient), tuple(sorted(texts)))
        for edge in store.neighbours(ingredient, predicate="is_a"):
            members[edge.object].append(ingredient)
    for drug_class, inside in members.items():
        node = store.node(drug_class)
        if len(inside) > 1 and node.properties.get("duplicate") is True:
            yield Duplicate(node, _listed(text for i in inside for text in givers[i]))


def ingredients_of(node: Node) -> tuple[str, ...]:
    """Ids of what a Drug node holds: itself, or the parts of a combination; sorted."""
    listed = node.properties.get("ingredients")
    return tuple(sorted(listed)) if isinstance(listed, tuple) else (node.id,)


def _without_dose(text: str) -> str:
    return _TIME.sub(" ", _DOSE.sub(" ", text))


def _readings(typed: Sequence[str]) -> Iterator[list[str]]:
    """What is left when words before and after are left aside, the longest first."""
    aside = [word in ASIDE for word in typed]
    before = len(list(takewhile(bool, aside)))
    after = len(typed) - len(list(takewhile(bool, reversed(aside))))
    for length in range(min(len(typed), MOST_WORDS), 0, -1):
        starts = range(max(0, after - length), min(before, len(typed) - length) + 1)
        yield [" ".join(typed[start : start + length]) for start in starts]


def _names_something(part: str) -> bool:
    return any(word not in FORMS | ROUTES_AND_TIMES for word in words(_without_dose(part)))
