"""YAML files of curated knowledge, read against a schema that forbids unknown fields."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.exceptions import SourceError

Text = Annotated[str, Field(min_length=2, max_length=160)]


class Strict(BaseModel):
    """A frozen entry of a file; a field the schema does not know is a fault."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Model = TypeVar("Model", bound=Strict)


def read_yaml(path: Path, model: type[Model]) -> Model:
    """One checked file.

    Raises:
        SourceError: missing, not YAML, or not of the schema; every fault is named with its place.
    """
    try:
        return model.model_validate(_parse(path))
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}", fix="reinstall konsil") from error
    except yaml.YAMLError as error:
        raise SourceError(f"{path.name}: {error}", fix="correct the YAML") from error
    except ValidationError as error:
        faults = "\n".join(
            f"  {'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()
        )
        raise SourceError(f"{path.name}:\n{faults}", fix="correct these fields") from error


def _parse(path: Path) -> Any:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(path.read_text(encoding="utf-8"), Loader=loader)
