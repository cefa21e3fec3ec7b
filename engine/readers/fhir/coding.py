"""CodeableConcept to `Code`s, with short names for the code systems we use."""

from __future__ import annotations

import re

from engine.readers import tree
from engine.readers.tree import Node
from engine.types import Code

SYSTEMS = {
    "http://loinc.org": "LOINC",
    "http://snomed.info/sct": "SNOMED",
    "http://hl7.org/fhir/sid/icd-10-cm": "ICD-10-CM",
    "http://hl7.org/fhir/sid/icd-10": "ICD-10",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "RXNORM",
    "http://www.whocc.no/atc": "ATC",
    "http://human-phenotype-ontology.org": "HPO",
    "http://purl.obolibrary.org/obo/hp.owl": "HPO",
}
"""FHIR system URL -> short name; other systems keep their URL."""

_HPO = re.compile(r"(HP[:_])?(\d{7})", re.ASCII)


def codes(concept: Node) -> tuple[Code, ...]:
    """Every coding that has a code, in order."""
    found = (_code(coding) for coding in tree.children(concept, "coding"))
    return tuple(code for code in found if code)


def label(concept: Node) -> str:
    """What a person would call it: the text, else the first display, else the first code."""
    every = codes(concept)
    displays = (code.display for code in every if code.display)
    first = next(displays, every[0].code if every else "")
    return tree.text(concept, "text") or first


def hpo(found: tuple[Code, ...]) -> Code | None:
    """The first HPO term."""
    return next((code for code in found if code.system == "HPO"), None)


def _code(coding: Node) -> Code | None:
    code = tree.text(coding, "code")
    if code is None:
        return None
    url = tree.text(coding, "system") or ""
    system, display = SYSTEMS.get(url, url), tree.text(coding, "display") or ""
    term = _HPO.fullmatch(code)
    if term and (term[1] or system == "HPO"):
        return Code("HPO", f"HP:{term[2]}", display)
    return Code(system, code, display)
