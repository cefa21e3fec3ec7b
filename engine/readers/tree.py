"""Untrusted JSON: parsed within bounds, then looked into without surprises.

The accessors return what has the expected shape and an empty value for everything else, so that a
reader never trips over a number where a text should be.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import cast

import orjson

from engine.exceptions import InputError
from engine.readers import limits

Node = Mapping[str, object]
EMPTY: Node = {}


def parse(data: bytes, *, where: str) -> Node:
    """The JSON object in `data`.

    Raises:
        InputError: too large, too deep, too many values, not JSON, or not an object.
    """
    if len(data) > limits.MAX_FILE_BYTES:
        raise too_large(where, limits.MAX_FILE_BYTES)
    if sum(data.count(mark) for mark in (b"{", b"[", b",")) > limits.MAX_JSON_VALUES:
        raise InputError(
            f"more than {limits.MAX_JSON_VALUES:,} values",
            where=where,
            fix="send the part of the record that matters for the question",
        )
    try:
        tree: object = orjson.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise InputError(
            f"not valid JSON: {error}",
            where=where,
            fix="check that the file is complete and encoded as UTF-8",
        ) from error
    if not isinstance(tree, dict):
        raise InputError(
            "a JSON object was expected",
            where=where,
            fix="send a FHIR R4 Bundle or a GA4GH phenopacket (version 2)",
        )
    check_depth(cast(Node, tree), where=where)
    return cast(Node, tree)


def check_depth(tree: object, *, where: str) -> None:
    """Refuses a tree nested deeper than `MAX_JSON_DEPTH` (InputError), without recursion."""
    level = [tree]
    for _ in range(limits.MAX_JSON_DEPTH):
        level = [below for node in level for below in _containers(node)]
        if not level:
            return
    raise InputError(
        f"nested deeper than {limits.MAX_JSON_DEPTH} levels",
        where=where,
        fix="send plain FHIR or phenopacket JSON; real records are far shallower",
    )


def size(tree: object) -> int:
    """How many values a tree holds, itself included."""
    count, level = 0, [tree]
    while level:
        count += len(level)
        level = [below for node in level for below in _values(node)]
    return count


def child(node: Node, key: str) -> Node:
    """The object under `key`, else an empty one."""
    value = node.get(key)
    return cast(Node, value) if isinstance(value, dict) else EMPTY


def children(node: Node, key: str) -> list[Node]:
    """The objects of the list under `key`; what is not an object is left out."""
    value = node.get(key)
    if not isinstance(value, list):
        return []
    return [cast(Node, item) for item in cast(list[object], value) if isinstance(item, dict)]


def text(node: Node, key: str) -> str | None:
    """The non-blank text under `key`, stripped, else None."""
    value = node.get(key)
    return (value.strip() or None) if isinstance(value, str) else None


def texts(node: Node, key: str) -> list[str]:
    """The texts of the list under `key`."""
    value = node.get(key)
    if not isinstance(value, list):
        return []
    return [item for item in cast(list[object], value) if isinstance(item, str)]


def number(node: Node, key: str) -> float | None:
    """The finite number under `key` (not a boolean), else None."""
    value = node.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if math.isfinite(value) else None


def too_large(where: str, limit: int) -> InputError:
    """The error for an input above `limit` bytes."""
    return InputError(
        f"larger than {limit // limits.MIB} MiB",
        where=where,
        fix="send the part of the record that matters for the question",
    )


def _values(node: object) -> Iterable[object]:
    if isinstance(node, dict):
        return cast(dict[str, object], node).values()
    return cast(list[object], node) if isinstance(node, list) else ()


def _containers(node: object) -> list[object]:
    return [value for value in _values(node) if isinstance(value, (dict, list))]
