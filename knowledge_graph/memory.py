"""The graph in memory: arrays for ranking."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any, cast

import numpy as np

from engine.exceptions import NotFoundError
from engine.protocols import Evidence, Floats, Label, Shares
from engine.types import Acquisition, Code, GraphEdge, Match, Patient, Sex, SourceRef
from knowledge_graph.build import added, load
from knowledge_graph.compile import prior_weights
from knowledge_graph.frequency import pooled
from knowledge_graph.matching import Matcher
from knowledge_graph.names import plain_name
from knowledge_graph.onset import X_LINKED_RECESSIVE, Y_LINKED
from knowledge_graph.profiles import OwnFindings, standing
from knowledge_graph.risks import Risks
from knowledge_graph.schema import (
    AGE_BANDS,
    PHENOTYPE_ROOT,
    Disease,
    Edge,
    Epidemiology,
    Node,
    Predicate,
    Synonym,
    Term,
    Value,
)
from knowledge_graph.snapshot import Ints, Snapshot, uncollected

# Chosen on the shared development cases; engine/CARD.md lists what was tried.
LOOKED_FOR = 4.0
"""Absence speaks only of findings below this information content: what anybody asks about."""
MOST_SHOWN = 0.97
"""No share above this is believed when a finding is absent."""
MISFIT = 0.1
"""Prior factor for a disease whose stated onset or inheritance does not fit age or sex."""


class MemoryGraph:
    """`engine.protocols.KnowledgeGraph` over a compiled `Snapshot`."""

    @uncollected()
    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._terms: list[list[Any]] = snapshot.names["terms"]
        self._replaced: dict[str, str] = snapshot.names["replaced"]
        self._term_index: dict[str, int] = {entry[0]: i for i, entry in enumerate(self._terms)}
        self.entries = tuple(_disease(entry) for entry in snapshot.names["diseases"])
        """Diseases with findings, in the order of every (D,) array."""
        self._diseases = tuple(Code(e.id.partition(":")[0], e.id, e.name) for e in self.entries)
        self._sources = tuple(SourceRef(*source) for source in snapshot.names["sources"])
        self._matcher = Matcher.over(snapshot, self._parents)
        self._root = self._term_index[PHENOTYPE_ROOT]
        self._statements = lru_cache(maxsize=256)(self._group)
        self._cached_information = lru_cache(maxsize=None)(self._information)
        self._cached_phenotype = lru_cache(maxsize=None)(self._is_below_root)
        self._cached_ancestors = lru_cache(maxsize=4096)(self._proper_ancestors)
        self._cached_evidence = lru_cache(maxsize=512)(self._evidence)
        self._cached_absence = lru_cache(maxsize=256)(self._absence)
        self._cached_risk = lru_cache(maxsize=256)(self._raised_by)
        self._cached_facts = lru_cache(maxsize=1024)(self._made_facts)
        self._cached_acquisition = lru_cache(maxsize=4096)(self._acquisition)

    @classmethod
    def packaged(cls, progress: Callable[[str], None] = lambda message: None) -> MemoryGraph:
        """The graph of the packaged HPO release; compiled once, then read from the cache."""
        return cls(load((), progress))

    @classmethod
    def chosen(cls, progress: Callable[[str], None] = lambda message: None) -> MemoryGraph:
        """The packaged graph with what `konsil kg build` added to it."""
        return cls(load(added(), progress))

    # ---- Vocabulary ---------------------------------------------------------------------------

    def code(self, term: str) -> Code | None:
        """The current code of a term, following alternative and replaced ids."""
        index = self._find(term)
        return None if index is None else self._code(index)

    def term(self, term: str) -> Term | None:
        """Everything the ontology says about a term; alternative ids are followed."""
        index = self._find(term)
        if index is None:
            return None
        identifier, name, parents, synonyms, definition = self._terms[index]
        return Term(
            id=identifier,
            name=name,
            parents=tuple(parents),
            synonyms=tuple(Synonym(text, scope, tuple(flags)) for text, scope, flags in synonyms),
            definition=definition,
        )

    def ancestors(self, term: str) -> frozenset[str]:
        """All proper ancestors along is_a; empty for an unknown term."""
        index = self._find(term)
        return frozenset() if index is None else self._cached_ancestors(index)

    def is_phenotype(self, term: str) -> bool:
        """Below "Phenotypic abnormality" (the root itself says nothing and is not one)."""
        index = self._find(term)
        return index is not None and self._cached_phenotype(index)

    def is_circumstance(self, term: str) -> bool:
        """One of our own terms with nothing but the root above it, or below such a term."""
        index = self._find(term)
        if index is None or not self.is_phenotype(term):
            return False
        above = (
            self._terms[i][0]
            for i in self._matcher.lineage(index)
            if self._root in self._matcher.lineage(i)
        )
        return all(i == PHENOTYPE_ROOT or i.startswith("KONSIL:") for i in above)

    def labels(self) -> Iterator[Label]:
        """Every name and synonym of every current term."""
        for identifier, name, _, synonyms, _ in self._terms:
            yield Label(name, identifier, "name")
            for text, scope, flags in synonyms:
                yield Label(text, identifier, scope, tuple(flags))

    # ---- Knowledge graph ----------------------------------------------------------------------

    @property
    def sources(self) -> tuple[SourceRef, ...]:
        """The releases this graph was compiled from."""
        return self._sources

    @property
    def diseases(self) -> Sequence[Code]:
        """All diseases, in the order of every (D,) array."""
        return self._diseases

    @cached_property
    def disease_index(self) -> dict[str, int]:
        """Disease id or alias -> position in `diseases`."""
        return {
            identifier: i
            for i, entry in enumerate(self.entries)
            for identifier in (entry.id, *entry.aliases)
        }

    def evidence(self, term: str) -> Evidence:
        """What a present finding says of each disease; nothing for an unknown term."""
        index = self._find(term)
        if index is None:
            return Evidence(np.zeros((3, len(self.entries)), np.float32))
        return self._cached_evidence(index)

    def plain_log_likelihood_ratios(self, term: str) -> Floats:
        """Without the correction for chance: the reference the benchmarks compare with."""
        index = self._find(term)
        if index is None:
            return np.zeros(len(self.entries), np.float32)
        return self._matcher.ratios(index).best

    def log_absence_ratios(self, term: str) -> Floats:
        """ln LR of an absent finding for each disease; (D,), <= 0.

        Only against conditions with a complete profile: the others list what some reports name.
        """
        index = self._find(term)
        if index is None or self.information_content(term) >= LOOKED_FOR:
            return np.zeros(len(self.entries), np.float32)
        return self._cached_absence(index)

    @property
    def standing(self) -> Mapping[str, Floats]:
        """What is known of each disease beside its findings, by name; (D,) each."""
        return self._standing

    @property
    def expected(self) -> Floats:
        """Sum of the shares of a disease's own findings; (D,)."""
        return self._own.expected

    def reported(self, terms: Iterable[str], *, beyond: Iterable[str] = ()) -> Floats:
        """Sum of the shares of a disease's own findings among these and what they imply; (D,).

        beyond: terms that are not counted, nor what they imply.
        """
        return self._own.reported(self._implied(terms) - self._implied(beyond))

    def information_content(self, term: str) -> float:
        """-ln of the share of diseases that show the term; of a term nobody shows, the maximum."""
        return self._cached_information(self._find(term))

    def shown_by(self, term: str) -> int:
        """Number of diseases annotated with the term or something more specific."""
        return self._shown_by(self._find(term))

    @property
    def shares(self) -> Shares:
        """How often each disease shows each finding."""
        return self._shares

    @cached_property
    def _shares(self) -> Shares:
        return Shares(
            terms=tuple(self._term_index),
            index=self._term_index,
            start=self.snapshot.term_start,
            disease=self.snapshot.closure_disease,
            share=self.snapshot.closure_share,
            background=self.snapshot.background,
            stated=np.bincount(self.snapshot.annotation_term, minlength=len(self._terms)).astype(
                np.int32
            ),
        )

    def edge(self, term: str, disease: int) -> tuple[Match, GraphEdge | None]:
        """The annotation behind the likelihood ratio of a term for a disease (by position)."""
        index = self._find(term)
        found = None if index is None else self._matcher.best_entry(index, disease)
        if index is None:
            return "none", None
        if found is None:
            denied = self._matcher.denies(index, disease)
            edge = None if denied is None else self._lacking(disease, denied)
            return "none", edge
        via = int(self.snapshot.closure_via[found.entry])
        if found.term == index:
            match: Match = "exact" if via == index else "descendant"
        else:
            match = "ancestor" if via == found.term else "related"
        return match, self._annotation(disease, via)

    def risk(self, term: str) -> Floats:
        """1 for diseases whose risk is raised by the term or what it implies, else 0; (D,).

        0 as well for a disease whose own profile has the term, or the more general one that is the
        risk factor: its likelihood ratio says it.
        """
        index = self._find(term)
        return self._no_risk if index is None else self._cached_risk(index)

    def risk_edge(self, term: str, disease: int) -> GraphEdge | None:
        """The statement behind a 1 of `risk`, of the nearest term; None where that is 0.

        Its subject is the risk factor, `stated` what that is called.
        """
        index = self._find(term)
        if index is None or not self._cached_risk(index)[disease]:
            return None
        stated = (self._risks.edges.get((t, disease)) for t in self._matcher.lineage(index))
        return next(filter(None, stated))

    def annotations(self, disease: int) -> Iterator[GraphEdge]:
        """Every phenotype edge of a disease (by position), negated ones included."""
        for (term, lacking), chosen in sorted(self._statements(disease).items()):
            yield self._stated(disease, term, chosen, negated=bool(lacking))

    @cached_property
    def facts(self) -> tuple[Edge, ...]:
        """Edges beside has_phenotype: tests, treatments, contraindications, risk factors."""
        return tuple(map(_fact, self.snapshot.names["facts"]))

    def facts_at(self, identifier: str, predicate: Predicate) -> tuple[Edge, ...]:
        """Those of `facts` with one predicate that leave or reach a node, without making all."""
        return self._cached_facts(identifier, predicate)

    @cached_property
    def fact_nodes(self) -> dict[str, Node]:
        """The other ends of `facts`, by id."""
        return {
            identifier: Node(
                identifier, kind, name, tuple(synonyms), tuple(xrefs), _properties(properties)
            )
            for identifier, kind, name, synonyms, xrefs, properties in self.snapshot.names["nodes"]
        }

    @cached_property
    def unranked(self) -> tuple[Disease, ...]:
        """Diseases without findings: found by name or code, linked, never a candidate."""
        return tuple(_disease(entry) for entry in self.snapshot.names["others"])

    def priors(self, patient: Patient) -> Floats:
        """How common each candidate is, for this patient's age and sex; shape (D,).

        A disease nobody states the prevalence of is taken as rare (`UNSTATED_PREVALENCE`).
        """
        priors = self._prevalence.copy()
        if patient.age_years is not None:
            priors *= self._age_factors[age_band(patient.age_years)]
            priors[self._youngest > patient.age_years] *= MISFIT
        if patient.sex == "female":
            priors[self._male_disease] *= MISFIT
        if patient.sex is not None:
            priors *= self._sex_factors[patient.sex]
        return priors

    def prior_reasons(self, patient: Patient, disease: int) -> tuple[str, ...]:
        """What the prior of a disease (by position) rests on, in words."""
        entry = self.entries[disease]
        stated = entry.epidemiology
        reasons: list[str] = []
        if stated is not None:
            reasons.append(f"prevalence about {stated.prevalence:g} ({stated.source})")
        if stated is not None and patient.age_years is not None:
            band = age_band(patient.age_years)
            if (factor := stated.ages.get(band, 1.0)) != 1:
                reasons.append(f"x{factor:g}: age group {band} ({stated.source})")
        if stated is not None and (factor := _sex_factor(stated, patient.sex)) != 1:
            reasons.append(f"x{factor:g}: {patient.sex} ({stated.source})")
        if patient.age_years is not None and self._youngest[disease] > patient.age_years:
            begins = f"begins at {entry.youngest_onset:g} years or later"
            reasons.append(f"x{MISFIT:g}: {begins} (stated by its sources)")
        if patient.sex == "female" and self._male_disease[disease]:
            linked = "X-linked recessive or Y-linked, female"
            reasons.append(f"x{MISFIT:g}: {linked} (stated by its sources)")
        return tuple(reasons)

    def find_term(self, name: str) -> str | None:
        """The one finding with this name or exact synonym (case does not matter); None if none.

        Else, where a disease has the name, the most general finding that bears one of its names.
        """
        if (term := self._finding_called(name)) is not None:
            return term
        position = self._by_name.get(name.strip().casefold())
        if position is None:
            return None
        entry = self.entries[position]
        same = sorted(filter(None, map(self._finding_called, (entry.name, *entry.synonyms))))
        return next((t for t in same if all(t in (o, *self.ancestors(o)) for o in same)), None)

    @cached_property
    def terms_called(self) -> dict[str, str]:
        """Name of a finding, else exact synonym of one only, case folded -> its term."""
        synonyms: dict[str, set[str]] = {}
        for identifier, _, _, listed, _ in self._terms:
            for text, scope, _ in listed:
                if scope == "exact":
                    synonyms.setdefault(text.casefold(), set()).add(identifier)
        single = {text: ids.pop() for text, ids in synonyms.items() if len(ids) == 1}
        return single | {entry[1].casefold(): entry[0] for entry in self._terms}

    def find_disease(self, name: str) -> int | None:
        """Position by id, id in another catalogue, or exact name (case does not matter)."""
        position = self.disease_index.get(name.strip().upper())
        if position is None:
            position = self._by_name.get(name.strip().casefold())
        return position

    def diseases_called(self, name: str) -> tuple[int, ...]:
        """Positions of every disease with this name or synonym; case and punctuation are moot."""
        return tuple(self._called.get(plain_name(name), ()))

    def acquisition(self, term: str) -> Acquisition:
        """How one learns whether the patient has a finding; see `knowledge_graph.acquisition`.

        Raises:
            NotFoundError: the term is unknown or no phenotypic abnormality.
        """
        index = self._find(term)
        if index is None or not self.is_phenotype(term):
            raise NotFoundError(
                f"{term} is no phenotypic abnormality of this graph",
                fix="use a term below HP:0000118; `konsil kg search` finds them",
            )
        return self._cached_acquisition(index)

    # ---- Inside -------------------------------------------------------------------------------

    def _implied(self, terms: Iterable[str]) -> set[int]:
        """The known ones of these terms and all their ancestors, by index."""
        indices = (self._find(term) for term in terms)
        return {t for index in indices if index is not None for t in self._matcher.lineage(index)}

    def _made_facts(self, identifier: str, predicate: Predicate) -> tuple[Edge, ...]:
        return tuple(map(_fact, self._facts_at.get((identifier, predicate), ())))

    def _acquisition(self, index: int) -> Acquisition:
        from knowledge_graph.acquisition import methods  # reads its file: only who asks pays

        identifier, name = self._terms[index][:2]
        lineage = [self._terms[i][0] for i in self._matcher.lineage(index)]
        asked = self.is_circumstance(identifier)
        return methods().of_finding(name, lineage, circumstance=asked)

    def _shown_by(self, index: int | None) -> int:
        if index == self._root:
            return len(self.entries)
        entries = slice(0, 0) if index is None else self._matcher.entries(index)
        return entries.stop - entries.start

    def _information(self, index: int | None) -> float:
        return float(np.log(len(self.entries) / max(1, self._shown_by(index))))

    def _is_below_root(self, index: int) -> bool:
        return index != self._root and self._root in self._matcher.lineage(index)

    def _finding_called(self, name: str) -> str | None:
        term = self.terms_called.get(name.strip().casefold())
        return term if term is not None and self.is_phenotype(term) else None

    @cached_property
    def _by_name(self) -> dict[str, int]:
        named = [(entry.name, i) for i, entry in enumerate(self.entries)]
        also = [(name, i) for i, entry in enumerate(self.entries) for name in entry.synonyms]
        ids = [(identifier, i) for identifier, i in self.disease_index.items()]
        return {name.casefold(): i for name, i in (*also, *named, *ids)}

    @cached_property
    def _called(self) -> dict[str, list[int]]:
        called: dict[str, list[int]] = {}
        for i, entry in enumerate(self.entries):
            for name in {plain_name(n) for n in (entry.name, *entry.synonyms)}:
                called.setdefault(name, []).append(i)
        return called

    @cached_property
    def _prevalence(self) -> Floats:
        return prior_weights(self.snapshot.names["diseases"])

    @cached_property
    def _age_factors(self) -> dict[str, Floats]:
        return {
            band: self._factors(lambda e, band=band: e.ages.get(band, 1.0)) for band in AGE_BANDS
        }

    @cached_property
    def _sex_factors(self) -> dict[str, Floats]:
        return {
            "female": self._factors(lambda e: e.female),
            "male": self._factors(lambda e: e.male),
        }

    def _factors(self, of: Callable[[Epidemiology], float]) -> Floats:
        return np.array([1.0 if e is None else of(e) for e in self._epidemiology], np.float32)

    @cached_property
    def _facts_at(self) -> dict[tuple[str, str], list[list[Any]]]:
        """(node, predicate) -> the edges at either end, as stored."""
        found: dict[tuple[str, str], list[list[Any]]] = {}
        for stored in self.snapshot.names["facts"]:
            subject, predicate, target = stored[:3]
            found.setdefault((subject, predicate), []).append(stored)
            found.setdefault((target, predicate), []).append(stored)
        return found

    @property
    def _epidemiology(self) -> list[Epidemiology | None]:
        return [entry.epidemiology for entry in self.entries]

    @cached_property
    def _youngest(self) -> Floats:
        return np.array([entry.youngest_onset or 0.0 for entry in self.entries], np.float32)

    @cached_property
    def _male_disease(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        male = {X_LINKED_RECESSIVE, Y_LINKED}
        return np.array(
            [bool(e.inheritance) and male.issuperset(e.inheritance) for e in self.entries]
        )

    def _find(self, term: str) -> int | None:
        index = self._term_index.get(term)
        if index is None and term in self._replaced:
            index = self._term_index.get(self._replaced[term])
        return index

    def _code(self, index: int) -> Code:
        return Code("HPO", self._terms[index][0], self._terms[index][1])

    def _parents(self, index: int) -> list[int]:
        return [self._term_index[p] for p in self._terms[index][2] if p in self._term_index]

    def _proper_ancestors(self, index: int) -> frozenset[str]:
        return frozenset(self._terms[i][0] for i in self._matcher.lineage(index) if i != index)

    def _absence(self, index: int) -> Floats:
        ratios = np.zeros(len(self.entries), np.float32)
        entries = self._matcher.entries(index)
        diseases = self.snapshot.closure_disease[entries]
        share = np.minimum(self.snapshot.closure_share[entries], MOST_SHOWN)
        ratio = np.log1p(-share) - np.log1p(-self.snapshot.background[index])
        ratios[diseases] = np.minimum(ratio, 0) * self._complete[diseases]
        return _frozen(ratios)

    def _evidence(self, index: int) -> Evidence:
        ratios = self._matcher.ratios(index)
        entries = self._matcher.entries(index)
        typical = np.zeros(len(self.entries), np.float32)
        typical[self.snapshot.closure_disease[entries]] = self.snapshot.closure_share[entries]
        beyond_chance = np.maximum(ratios.best - self.snapshot.chance, 0)
        return Evidence(
            _frozen(np.stack([beyond_chance, ratios.lineage, typical * self._complete]))
        )

    @cached_property
    def _standing(self) -> Mapping[str, Floats]:
        return standing(self.snapshot, self.entries)

    @cached_property
    def _complete(self) -> Floats:
        return self._standing["complete"]

    @cached_property
    def _own(self) -> OwnFindings:
        return OwnFindings(self.snapshot)

    @cached_property
    def _risks(self) -> Risks:
        return Risks(self.snapshot.names, self._term_index, self.disease_index)

    @cached_property
    def _no_risk(self) -> Floats:
        return _frozen(np.zeros(len(self.entries), np.float32))

    def _raised_by(self, index: int) -> Floats:
        """`risk` of a term by index."""
        raised = [t for t in self._matcher.lineage(index) if t in self._risks.diseases]
        if not raised:
            return self._no_risk
        risk = np.zeros(len(self.entries), np.float32)
        for term in raised:
            risk[self._risks.diseases[term]] = 1
        risk[self.snapshot.closure_disease[self._matcher.entries(index)]] = 0
        for term in raised:
            risk[self._listing(term)] = 0
        return _frozen(risk)

    def _listing(self, term: int) -> Ints:
        """Positions of the diseases whose profile has just this term (by index)."""
        entries = self._matcher.entries(term)
        return self.snapshot.closure_disease[entries][self.snapshot.closure_via[entries] == term]

    def _rows(self, disease: int) -> slice:
        start = self.snapshot.disease_start
        return slice(int(start[disease]), int(start[disease + 1]))

    def _lacking(self, disease: int, term: int) -> GraphEdge | None:
        edge = self._annotation(disease, term, negated=True)
        return edge or self._annotation(disease, term)

    def _annotation(self, disease: int, term: int, *, negated: bool = False) -> GraphEdge | None:
        chosen = self._statements(disease).get((term, int(negated)))
        return None if chosen is None else self._stated(disease, term, chosen, negated=negated)

    def _group(self, disease: int) -> dict[tuple[int, int], list[int]]:
        """(term, negated) -> the rows that state it together."""
        rows = self._rows(disease)
        terms: list[int] = self.snapshot.annotation_term[rows].tolist()
        negated: list[int] = self.snapshot.annotation_negated[rows].tolist()
        places: dict[tuple[int, int], list[int]] = {}
        for place, key in enumerate(zip(terms, negated, strict=True), rows.start):
            places.setdefault(key, []).append(place)
        return places

    def _stated(self, disease: int, term: int, rows: Sequence[int], *, negated: bool) -> GraphEdge:
        """The edge that these rows state together."""
        stated = self._pooled("frequencies", self.snapshot.annotation_frequency, rows)
        references = self._pooled("references", self.snapshot.annotation_reference, rows)
        cited = dict.fromkeys(part.strip() for text in references for part in text.split(";"))
        return GraphEdge(
            subject=self.entries[disease].id,
            predicate="lacks_phenotype" if negated else "has_phenotype",
            object=self._terms[term][0],
            sources=tuple(cited),
            frequency=None if negated else pooled(stated)[0],
            stated="; ".join(filter(None, stated)) or None,
        )

    def _pooled(self, pool: str, places: Ints, rows: Sequence[int]) -> list[str]:
        values: list[str] = self.snapshot.names[pool]
        return [values[int(places[row])] for row in rows]


def _frozen(array: Floats) -> Floats:
    """Shared between callers, so none may write to it."""
    array.flags.writeable = False
    return array


def _sex_factor(stated: Epidemiology, sex: Sex | None) -> float:
    return {"female": stated.female, "male": stated.male, None: 1.0}[sex]


def age_band(age_years: float) -> str:
    """The age band of `AGE_BANDS` an age falls into."""
    return next((name for name, upper in AGE_BANDS.items() if age_years < upper), "elderly")


def _properties(stored: dict[str, Any]) -> dict[str, Value]:
    listed = {k: tuple(cast(list[str], v)) for k, v in stored.items() if isinstance(v, list)}
    return {**stored, **listed}


def _fact(stored: list[Any]) -> Edge:
    subject, predicate, target, sources, properties = stored
    return Edge(subject, predicate, target, tuple(sources), _properties(properties))


def _disease(entry: dict[str, Any]) -> Disease:
    return Disease(
        id=entry["id"],
        name=entry["name"],
        aliases=tuple(entry["aliases"]),
        genes=tuple(entry["genes"]),
        grouping=entry["grouping"],
        youngest_onset=entry["youngest_onset"],
        onset=tuple(entry["onset"]),
        inheritance=tuple(entry["inheritance"]),
        synonyms=tuple(entry["synonyms"]),
        xrefs=tuple(entry["xrefs"]),
        course={key: tuple(values) for key, values in entry["course"].items()},
        epidemiology=Epidemiology(**stated) if (stated := entry["epidemiology"]) else None,
    )
