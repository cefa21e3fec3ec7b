"""YAML files of curated knowledge, read against a schema that forbids unknown fields."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.exceptions import SourceError

Text = Annotated[str, Field(min_length=2, max_length=160)]


class Strict(BaseModel):
    """A frozen entry of a file; a field the schema does not know is a fault."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Model = TypeVar("Model", bound=BaseModel)


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


if TYPE_CHECKING:
    from yaml import SafeLoader as _Safe
else:
    _Safe = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Safe):
    """Refuses a key that stands twice in one mapping, of which YAML would take the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if str(key.value) in seen:
                message = f"{key.value} stands here for the second time"
                raise yaml.constructor.ConstructorError(None, None, message, key.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep=deep)


def _parse(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
