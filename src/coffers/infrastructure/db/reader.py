"""The read path: one statement on an autocommit connection, or several over one snapshot."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Protocol

from sqlalchemy import Executable, Row
from sqlalchemy.exc import DBAPIError

from coffers.infrastructure.db.engines import Engines
from coffers.infrastructure.db.lanes import DRIVER_ERRORS, Lane
from coffers.infrastructure.db.prepared import Prepared, PreparedStatements
from coffers.infrastructure.db.refusals import (
    AWAY,
    DatabaseAway,
    is_lost_connection,
    translated,
)

Rows = Sequence[Row[Any]]  # Any: rows of any shape
Parameters = Mapping[str, Any] | None  # Any: whatever the columns take


class Reads(Protocol):
    """Something that answers statements with rows: the reader itself, or one of its snapshots."""

    async def rows(self, statement: Executable, parameters: Parameters = None) -> Rows:
        """All of them, in the statement's order."""
        ...


class Snapshot(Reads):
    """Statements that all see the same state of the database."""

    def __init__(
        self, lane: Lane, statements: PreparedStatements, patience_s: float | None
    ) -> None:
        self._lane = lane
        self._statements = statements
        self._patience_s = patience_s

    async def rows(self, statement: Executable, parameters: Parameters = None) -> Rows:
        """As the protocol says."""
        prepared = self._statements.find(statement)
        async with asyncio.timeout(self._patience_s):
            if prepared is None:
                return (await self._lane.connection.execute(statement, parameters)).all()
            try:
                return await self._lane.run(prepared, parameters or {})
            except DRIVER_ERRORS as error:
                raise DatabaseAway(AWAY) from error


class Reader(Reads):
    """Reads outside any transaction.

    A connection that died while idle is replaced and asked once more.
    """

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self._statements = PreparedStatements(engines.read.dialect)
        self._begin = (
            "BEGIN" if engines.is_sqlite else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        )

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded engine."""
        return self._engines.is_sqlite

    async def rows(self, statement: Executable, parameters: Parameters = None) -> Rows:
        """As the protocol says; raises Unavailable when the database is away."""
        with translated():
            async with asyncio.timeout(self._engines.patience_s):
                prepared = self._statements.find(statement)
                rows = None if prepared is None else await self._run(prepared, parameters or {})
                if rows is not None:
                    return rows
                try:
                    return await self._execute(statement, parameters)
                except DBAPIError as error:
                    if not is_lost_connection(error):
                        raise
                return await self._execute(statement, parameters)

    async def _run(self, prepared: Prepared, parameters: Mapping[str, Any]) -> Rows | None:
        """The rows, by the driver itself; None if it fails: then SQLAlchemy asks, or says why."""
        quick = self._engines.quick
        rows = None if quick is None else await quick.rows(prepared, parameters)
        if rows is not None:
            return rows
        try:
            async with self._engines.lanes.lane() as lane:
                return await lane.run(prepared, parameters)
        except TimeoutError:
            raise
        except DRIVER_ERRORS:
            return None

    async def _execute(self, statement: Executable, parameters: Parameters) -> Rows:
        async with self._engines.lanes.lane() as lane:
            return (await lane.connection.execute(statement, parameters)).all()

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Snapshot]:
        """Inside, totals and rows agree."""
        patience_s = self._engines.patience_s
        with translated():
            async with AsyncExitStack() as stack:
                async with asyncio.timeout(patience_s):
                    lane = await stack.enter_async_context(self._engines.lanes.lane())
                    await lane.connection.exec_driver_sql(self._begin)
                try:
                    yield Snapshot(lane, self._statements, patience_s)
                finally:
                    if not lane.connection.invalidated:
                        async with asyncio.timeout(patience_s):
                            await lane.connection.exec_driver_sql("COMMIT")
