"""Where the server is and how long it may take."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from knowledge_graph.store import NoServerError, StoreError

TIMES = ("connect_s", "retry_s", "query_s")
SCHEMES = ("bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc")
"""+s: TLS with a certificate of a known authority; +ssc: TLS with a self-signed one."""


@dataclass(frozen=True, slots=True)
class Settings:
    """connect_s: to get a connection; retry_s: how long transient faults are retried;

    query_s: one query or one batch of a load, ended by the server. All seconds, above 0.
    """

    uri: str
    user: str = "neo4j"
    password: str = field(default="", repr=False)
    database: str = "neo4j"
    connect_s: float = 5.0
    retry_s: float = 10.0
    query_s: float = 30.0

    def __post_init__(self) -> None:
        if urlsplit(self.uri).scheme not in SCHEMES:
            raise StoreError(
                f"{self.uri!r} is no address of a Neo4j server",
                fix=f"start it with one of {', '.join(f'{s}://' for s in SCHEMES)}",
            )
        for name in TIMES:
            if not 0 < getattr(self, name) < math.inf:
                raise StoreError(
                    f"{name} must be above 0 s", fix=f"correct KONSIL_NEO4J_{name.upper()}"
                )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """KONSIL_NEO4J_URI, _USER, _PASSWORD, _DATABASE, _CONNECT_S, _RETRY_S and _QUERY_S."""
        given = {
            key.removeprefix("KONSIL_NEO4J_").lower(): value
            for key, value in environment.items()
            if key.startswith("KONSIL_NEO4J_") and value
        }
        if "uri" not in given:
            raise NoServerError(
                "no Neo4j server is named",
                fix="set KONSIL_NEO4J_URI, for example bolt://localhost:7687",
            )
        settings = cls(
            given["uri"],
            given.get("user", "neo4j"),
            given.get("password", ""),
            given.get("database", "neo4j"),
        )
        times = {name: _seconds(name, given[name]) for name in TIMES if name in given}
        return replace(settings, **times)


def _seconds(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        key = f"KONSIL_NEO4J_{name.upper()}"
        raise StoreError(f"{key}={text!r} is no number", fix=f"give {key} in seconds") from None
