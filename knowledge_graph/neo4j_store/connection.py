"""One server: managed transactions in, plain rows out, every fault a `StoreError`."""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, LiteralString, Self, cast

from knowledge_graph.neo4j_store.settings import Settings
from knowledge_graph.store import StoreError, UnreachableError

if TYPE_CHECKING:
    from neo4j import ManagedTransaction, Session

Rows = list[dict[str, Any]]
logging.getLogger("neo4j").addHandler(logging.NullHandler())  # its faults come as StoreError


class Server:
    """A pool of connections, opened on first use; a context manager, or call `close`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; the next call opens new ones."""
        if (driver := self.__dict__.pop("_driver", None)) is not None:
            driver.close()

    def read(self, statement: str, **parameters: Any) -> Rows:
        """All rows of a query of our own; retried on transient faults."""
        return self._managed("read", statement, parameters)

    def write(self, statement: str, **parameters: Any) -> Rows:
        """The same for a write. It may run twice when the server is lost while it commits:
        the statement must be one that makes no difference the second time."""
        return self._managed("write", statement, parameters)

    def change(self, statements: Iterable[str]) -> None:
        """Changes of the schema (constraints and indexes), in one transaction."""
        listed = tuple(statements)

        def work(transaction: ManagedTransaction) -> None:
            for statement in listed:
                transaction.run(literal(statement)).consume()

        with self.session(write=True) as session:
            session.execute_write(work)

    @contextmanager
    def session(self, *, write: bool = False) -> Generator[Session]:
        """A session whose faults are told as `StoreError`."""
        from neo4j import READ_ACCESS, WRITE_ACCESS
        from neo4j.exceptions import DriverError, Neo4jError

        mode = WRITE_ACCESS if write else READ_ACCESS
        try:
            with self._driver.session(
                database=self.settings.database, default_access_mode=mode
            ) as session:
                yield session
        except (DriverError, Neo4jError, OSError) as error:
            raise told(error, self.settings) from error

    def _managed(self, mode: str, statement: str, parameters: dict[str, Any]) -> Rows:
        from neo4j import unit_of_work

        @unit_of_work(timeout=self.settings.query_s)
        def work(transaction: ManagedTransaction) -> Rows:
            records: Any = transaction.run(literal(statement), parameters)
            return [dict(record.items()) for record in records]

        with self.session(write=mode == "write") as session:
            execute = session.execute_write if mode == "write" else session.execute_read
            return execute(work)

    @cached_property
    def _driver(self) -> Any:  # a neo4j.Driver, whose options are not typed
        import neo4j

        return cast("Any", neo4j.GraphDatabase).driver(
            self.settings.uri,
            auth=(self.settings.user, self.settings.password),
            connection_timeout=self.settings.connect_s,
            connection_acquisition_timeout=self.settings.connect_s * 2,
            max_transaction_retry_time=self.settings.retry_s,
            notifications_min_severity="OFF",
            user_agent="konsil",
        )


def literal(statement: str) -> LiteralString:
    """The driver asks for literals; ours are put together from the names in schema.py only."""
    return cast("LiteralString", statement)


def told(error: Exception, settings: Settings) -> StoreError:
    """What went wrong, in words for whoever runs the command."""
    from neo4j.exceptions import AuthError, Neo4jError

    if isinstance(error, AuthError):
        return UnreachableError(
            f"the Neo4j server at {settings.uri} refuses user {settings.user!r}: {error.message}",
            fix="check KONSIL_NEO4J_USER and KONSIL_NEO4J_PASSWORD",
        )
    if not isinstance(error, Neo4jError):
        return UnreachableError(
            f"no answer from the Neo4j server at {settings.uri}: {error}",
            fix="check that it runs and that KONSIL_NEO4J_URI is its address",
        )
    code = error.code or ""
    if "TransactionTimedOut" in code or code.endswith(".Terminated"):
        return StoreError(
            "the Neo4j server ended the query: it took too long",
            fix="ask for less, or allow more time (KONSIL_NEO4J_QUERY_S)",
        )
    if code.endswith(".AccessMode"):
        return StoreError("only reading queries are run", fix="take the writing clauses out")
    return StoreError(
        f"the Neo4j server refuses: {error.message} ({code})", fix="correct the query"
    )
