"""The read path: one statement on an autocommit connection, or several over one snapshot."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any, Protocol

from sqlalchemy import Executable, Row
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from coffers.infrastructure.db.engines import Engines
from coffers.infrastructure.db.refusals import is_lost_connection, translated

Rows = Sequence[Row[Any]]  # Any: rows of any shape
Parameters = Mapping[str, Any] | None  # Any: whatever the columns take


class Reads(Protocol):
    """Something that answers statements with rows: the reader itself, or one of its snapshots."""

    async def rows(self, statement: Executable, parameters: Parameters = None) -> Rows:
        """All of them, in the statement's order."""
        ...


class Snapshot(Reads):
    """Statements that all see the same state of the database."""

    def __init__(self, connection: AsyncConnection, patience_s: float | None) -> None:
        self._connection = connection
        self._patience_s = patience_s

    async def rows(self, statement: Executable, parameters: Parameters = None) -> Rows:
        """As the protocol says."""
        async with asyncio.timeout(self._patience_s):
            return (await self._connection.execute(statement, parameters)).all()


class Reader(Reads):
    """Reads outside any transaction.

    A connection that died while idle is replaced and asked once more.
    """

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
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
                try:
                    return await self._once(statement, parameters)
                except DBAPIError as error:
                    if not is_lost_connection(error):
                        raise
                return await self._once(statement, parameters)

    async def _once(self, statement: Executable, parameters: Parameters) -> Rows:
        async with self._engines.read.connect() as connection:
            return (await connection.execute(statement, parameters)).all()

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Snapshot]:
        """Inside, totals and rows agree."""
        patience_s = self._engines.patience_s
        with translated():
            async with asyncio.timeout(patience_s):
                connection = await self._engines.read.connect()
            async with aclosing(connection):
                async with asyncio.timeout(patience_s):
                    await connection.exec_driver_sql(self._begin)
                try:
                    yield Snapshot(connection, patience_s)
                finally:
                    if not connection.invalidated:
                        async with asyncio.timeout(patience_s):
                            await connection.exec_driver_sql("COMMIT")
