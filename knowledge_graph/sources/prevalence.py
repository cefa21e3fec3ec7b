"""How common rare diseases are, from the curated files of `curated/prevalence/`.

One file a part of medicine: id -> name as the packaged sources have it, so that ids are not mixed
up, and share of the population (of all births where patients die young). The shares are general
medical training, known to a factor of about 3; of a series of types they say which is common.

They are the last to be asked: what a curated condition says of itself counts first, then what an
added source states (Orphanet), then this table.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

from pydantic import Field, RootModel

from engine.exceptions import SourceError
from knowledge_graph.curated import SOURCE
from knowledge_graph.names import plain_name
from knowledge_graph.schema import AssumedPrevalence
from knowledge_graph.strict_yaml import Strict, Text, read_yaml

NAME = "Konsil prevalence"
FOLDER = Path(__file__).parents[1] / "curated" / "prevalence"

Id = Annotated[str, Field(pattern=r"^(OMIM|ORPHA|DECIPHER):\d+$")]


class Share(Strict):
    """One disease. prevalence: share of the population, 0 (exclusive) to 1."""

    name: Text
    prevalence: Annotated[float, Field(gt=0, le=1)]


class Table(RootModel[dict[Id, Share]]):
    """One file."""


def release() -> str:
    """The version of Konsil that ships the files."""
    return version("konsil")


def files(path: Path = FOLDER) -> list[Path]:
    """The files of the table, in the order they are read."""
    return sorted(path.glob("*.yaml"))


def read(names: Mapping[str, Collection[str]], path: Path = FOLDER) -> list[AssumedPrevalence]:
    """One record for each entry. names: what each known disease is called, by id.

    Raises:
        SourceError: a file is not of its schema, or an entry is of a disease that nobody describes,
            that has another name, or that an entry before it has.
    """
    tables = {file.name: read_yaml(file, Table).root for file in files(path)}
    if wrong := [*_twice(tables), *_misnamed(tables, names)]:
        raise SourceError("\n".join(wrong), fix=f"correct these entries in {path}")
    return [
        AssumedPrevalence(disease, share.prevalence, SOURCE)
        for table in tables.values()
        for disease, share in table.items()
    ]


def _twice(tables: Mapping[str, Mapping[str, Share]]) -> Iterator[str]:
    before: dict[str, str] = {}
    for file, table in tables.items():
        yield from (f"{file}: {one}: is in {before[one]} too" for one in table if one in before)
        before |= dict.fromkeys(table, file)


def _misnamed(
    tables: Mapping[str, Mapping[str, Share]], names: Mapping[str, Collection[str]]
) -> Iterator[str]:
    for file, table in tables.items():
        for disease, share in table.items():
            called = sorted(names.get(disease, ()))
            if not called:
                yield f"{file}: {disease}: no packaged source describes it"
            elif plain_name(share.name) not in map(plain_name, called):
                yield f"{file}: {disease}: is not {share.name!r} but {called[0]!r}"
