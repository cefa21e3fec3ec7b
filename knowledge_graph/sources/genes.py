"""Genes of a disease, from HPO's genes_to_phenotype.txt."""

from __future__ import annotations

import csv
from pathlib import Path


def read_genes(path: Path) -> dict[str, tuple[str, ...]]:
    """Disease id -> symbols of its genes, sorted."""
    genes: dict[str, set[str]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            genes.setdefault(row["disease_id"], set()).add(row["gene_symbol"])
    return {disease: tuple(sorted(symbols)) for disease, symbols in genes.items()}
