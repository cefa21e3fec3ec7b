"""Wait for a fresh server to answer over Bolt and give it the password.

Arguments: URI PASSWORD PID.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import neo4j
from neo4j.exceptions import AuthError, DriverError, Neo4jError

LONGEST = 120.0
"""Seconds; a fresh store on two cores takes about ten."""


def answers(uri: str, password: str) -> bool:
    """Whether the server takes the password; a new one, still on its first, is given it."""
    try:
        with neo4j.GraphDatabase.driver(uri, auth=("neo4j", password)) as driver:
            driver.verify_connectivity()
    except AuthError:
        with neo4j.GraphDatabase.driver(uri, auth=("neo4j", "neo4j")) as driver:
            driver.execute_query(
                "ALTER CURRENT USER SET PASSWORD FROM 'neo4j' TO $password",
                password=password,
                database_="system",
            )
        return False
    return True


def main(uri: str, password: str, pid: str) -> int:
    """0 when it answers; 1 when it takes too long or its process is gone."""
    until = time.monotonic() + LONGEST
    while time.monotonic() < until and Path(f"/proc/{pid}").exists():
        try:
            if answers(uri, password):
                return 0
        except (DriverError, Neo4jError):
            pass
        time.sleep(0.3)
    print(f"neo4j: no answer from {uri}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
