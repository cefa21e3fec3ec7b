"""Check curated files: `uv run python -m knowledge_graph.curated.check [FILE...]`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from rapidfuzz import process, utils

from engine.exceptions import SourceError
from knowledge_graph.curated import (
    Condition,
    LocalTerm,
    Specialty,
    names_of_findings,
    parents_of,
    read,
    resolver,
)
from knowledge_graph.names import plain_name
from knowledge_graph.schema import PHENOTYPE_ROOT
from knowledge_graph.sources.files import curated_files, packaged_files
from knowledge_graph.sources.hpo import read_terms


def phenotype_labels() -> list[tuple[str, str, str]]:
    """(text, term id, scope) of every name and synonym below "Phenotypic abnormality"."""
    _, terms, _ = read_terms(packaged_files()["hp.obo"])
    parents = {term.id: term.parents for term in terms}
    below: dict[str, bool] = {PHENOTYPE_ROOT: True}

    def phenotype(term: str) -> bool:
        if term not in below:
            below[term] = any(phenotype(parent) for parent in parents.get(term, ()))
        return below[term]

    labels: list[tuple[str, str, str]] = []
    for term in terms:
        if term.id != PHENOTYPE_ROOT and phenotype(term.id):
            labels.append((term.name, term.id, "name"))
            labels += [(synonym.text, term.id, synonym.scope) for synonym in term.synonyms]
    return labels


def faults(specialties: Sequence[Specialty]) -> Iterator[str]:
    """Names that resolve to nothing, that mean two things, and things defined twice.

    Close HPO names are offered for what resolves to nothing.
    """
    labels = phenotype_labels()
    in_hpo = resolver(labels, ())
    terms = [term for s in specialties for term in s.terms]
    known = in_hpo | resolver((), terms)
    parents = parents_of(known)
    names = sorted({text for text, _, scope in labels if scope in ("name", "exact")})
    seen: dict[str, str] = {}
    for specialty in specialties:
        for term in specialty.terms:
            if term.name.casefold() in in_hpo:
                yield f"{specialty.specialty}: HPO already has {term.name!r}"
            if term.parent.casefold() not in parents:
                yield f"{specialty.specialty}: {term.name}: {_unknown(term.parent, names)}"
        for node in (*specialty.terms, *specialty.conditions):
            if node.id in seen:
                yield f"{specialty.specialty}: {node.name} is also in {seen[node.id]}"
            seen[node.id] = specialty.specialty
        for condition in specialty.conditions:
            for name in names_of_findings(condition):
                if name.casefold() not in known:
                    yield f"{specialty.specialty}: {condition.name}: {_unknown(name, names)}"
    yield from _factors_in(specialties, known, names)
    yield from _shared([condition for s in specialties for condition in s.conditions])
    yield from _shared(terms)
    yield from _synonyms_in(terms, names)


def _shared(nodes: Sequence[LocalTerm | Condition]) -> Iterator[str]:
    """Names and synonyms that two nodes of a kind have; case and punctuation are moot."""
    first: dict[str, str] = {}
    for node in nodes:
        for name in (node.name, *node.synonyms):
            owner = first.setdefault(plain_name(name), node.name)
            if owner != node.name:
                yield f"{node.name}: {name!r} is also a name of {owner}"


def _synonyms_in(terms: Sequence[LocalTerm], hpo: Sequence[str]) -> Iterator[str]:
    """Synonyms of local terms that are HPO's own words: a text means the HPO term by them."""
    taken = {plain_name(name) for name in hpo}
    for term in terms:
        for synonym in term.synonyms:
            if plain_name(synonym) in taken:
                yield f"{term.name}: HPO already has {synonym!r}"


def _factors_in(
    specialties: Sequence[Specialty], known: Mapping[str, str], names: Sequence[str]
) -> Iterator[str]:
    """Listed risk factors that no condition has, and those that are no finding."""
    factors = {f for s in specialties for condition in s.conditions for f in condition.risk_factors}
    for specialty in specialties:
        for factor, terms in specialty.risk_factors.items():
            if factor not in factors:
                yield f"{specialty.specialty}: no condition has the risk factor {factor!r}"
            for term in terms:
                if term.casefold() not in known:
                    yield f"{specialty.specialty}: {factor}: {_unknown(term, names)}"


def _unknown(name: str, names: Sequence[str]) -> str:
    close = process.extract(name, names, processor=utils.default_process, limit=4)
    return f"no finding {name!r}; close: {', '.join(match[0] for match in close)}"


def check_files(paths: Sequence[Path]) -> tuple[list[Specialty], list[str]]:
    """The files that are of the schema, and every fault in all of them."""
    found: list[str] = []
    specialties: list[Specialty] = []
    for path in paths:
        try:
            specialties.append(read(path))
        except SourceError as error:
            found.append(error.message)
    return specialties, [*found, *faults(specialties)]


def main(paths: Sequence[Path]) -> int:
    """Print every fault; the exit status is 1 when there is one."""
    specialties, found = check_files(paths or curated_files())
    print("\n".join(found) or "no faults")
    print(
        f"{sum(len(s.conditions) for s in specialties)} conditions, "
        f"{sum(len(s.terms) for s in specialties)} local terms"
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main([Path(argument) for argument in sys.argv[1:]]))
