"""Which diseases a finding makes more likely by being a risk factor, not a sign, of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np

from engine.types import GraphEdge
from knowledge_graph.snapshot import Ints


class Risks:
    """The edges raises_risk_of of a snapshot whose factor is a finding.

    diseases: term (by index) -> positions of the diseases, each once. edges: (term, disease) -> the
    statement; of several factors that are one finding, the first. Neither looks up the hierarchy.
    """

    def __init__(
        self, names: Mapping[str, Any], terms: Mapping[str, int], diseases: Mapping[str, int]
    ) -> None:
        factors = {n[0]: (n[2], n[5].get("terms", ())) for n in names["nodes"] if _is_factor(n)}
        self.edges: dict[tuple[int, int], GraphEdge] = {}
        for subject, predicate, target, sources, _ in names["facts"]:
            if predicate != "raises_risk_of" or target not in diseases:
                continue
            name, called = factors.get(subject, ("", ()))
            edge = GraphEdge(subject, predicate, target, tuple(sources), stated=name)
            for term in called:
                self.edges.setdefault((terms[term], diseases[target]), edge)
        raised: defaultdict[int, list[int]] = defaultdict(list)
        for term, disease in self.edges:
            raised[term].append(disease)
        self.diseases: dict[int, Ints] = {t: np.array(d, np.int32) for t, d in raised.items()}


def _is_factor(node: list[Any]) -> bool:
    return node[1] == "RiskFactor"
