"""The read path: one statement on an autocommit connection, or several over one snapshot."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
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

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def rows(self, statement: Executable, parameters: Parameters = None) -> Rows:
        """As the protocol says."""
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

    async def rows(self, statement: Executable, parameters: Parameters = None) -> Rows:
        """As the protocol says; raises Unavailable when the database is away."""
        with translated():
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
        with translated():
            async with self._engines.read.connect() as connection:
                await connection.exec_driver_sql(self._begin)
                try:
                    yield Snapshot(connection)
                finally:
                    await connection.exec_driver_sql("COMMIT")
