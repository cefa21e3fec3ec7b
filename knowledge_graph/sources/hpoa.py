"""HPO annotations (phenotype.hpoa): which disease shows which term, how often, says who."""

from __future__ import annotations

import csv
from pathlib import Path

from engine.exceptions import SourceError
from knowledge_graph.schema import Annotation, Rejected

COLUMNS = (
    "database_id", "disease_name", "qualifier", "hpo_id", "reference", "evidence",
    "onset", "frequency", "sex", "modifier", "aspect", "biocuration",
)  # fmt: skip


def read_annotations(path: Path) -> tuple[str, list[Annotation], list[Rejected]]:
    """The release date, every usable row and the rows left out.

    Raises:
        SourceError: the header is not the one of phenotype.hpoa.
    """
    release = "unknown"
    rows: list[Annotation] = []
    rejected: list[Rejected] = []
    with path.open(encoding="utf-8", newline="") as file:
        header: tuple[str, ...] | None = None
        for number, line in enumerate(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE), 1):
            if line and line[0].startswith("#"):
                if line[0].startswith("#version:"):
                    release = line[0].partition(":")[2].strip()
            elif header is None:
                header = tuple(line)
                if header != COLUMNS:
                    raise SourceError(
                        f"{path}:{number}: unknown columns {', '.join(header)}",
                        fix="use the phenotype.hpoa of the HPO release this version names",
                    )
            elif len(line) != len(COLUMNS):
                reason = f"{len(line)} columns instead of {len(COLUMNS)}"
                rejected.append(Rejected(f"HPOA {release}", number, reason))
            else:
                rows.append(_annotation(line, number))
    return release, rows, rejected


def _annotation(line: list[str], row: int) -> Annotation:
    disease, name, qualifier, term, reference, evidence = line[:6]
    onset, frequency, sex, _, aspect, _ = line[6:]
    return Annotation(
        disease=disease,
        name=name,
        term=term,
        negated=qualifier == "NOT",
        reference=reference,
        evidence=evidence,
        onset=onset,
        frequency=frequency,
        sex=sex,
        aspect=aspect,
        row=row,
    )
