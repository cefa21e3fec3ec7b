"""A differential of findings named one by one, through the same steps as a bundle."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import orjson

from api.engine import Engine
from engine.exceptions import InputError
from engine.run import Assessment
from engine.types import Code, Patient, PatientBundle, Phenotype
from knowledge_graph.memory import MemoryGraph


def differential(
    engine: Engine, present: Sequence[str], absent: Sequence[str] = (), *, patient: Patient
) -> Assessment:
    """Rank diseases for findings given by HPO id or exact name.

    Raises:
        InputError: no finding at all.
        NotFoundError: the graph has no such finding; suggestions name the closest.
    """
    if not (present or absent):
        raise InputError(
            "no finding is given", where="findings", fix="give HPO ids or names of findings"
        )
    graph = engine.graph
    stated = [(text, False) for text in present] + [(text, True) for text in absent]
    phenotypes = tuple(
        Phenotype(f"finding[{place}]", finding_code(text, engine, graph), excluded=excluded)
        for place, (text, excluded) in enumerate(stated)
    )
    asked = [
        patient.sex,
        patient.age_years,
        *([phenotype.code.code, phenotype.excluded] for phenotype in phenotypes),
    ]
    bundle = PatientBundle(
        format="findings",
        sha256=hashlib.sha256(orjson.dumps(asked)).hexdigest(),
        patient=patient,
        phenotypes=phenotypes,
    )
    return engine.assess(bundle, graph=graph)


def finding_code(text: str, engine: Engine, graph: MemoryGraph | None = None) -> Code:
    """The finding of this HPO id or exact name. graph: one taken before from this engine.

    Raises:
        NotFoundError: the graph has none; suggestions name the closest.
    """
    if (code := (graph or engine.graph).code(text.strip().upper())) is not None:
        return code  # merged ids are followed
    node = engine.store.find(text, kind="Phenotype")
    return Code("HPO", node.id, node.name)
