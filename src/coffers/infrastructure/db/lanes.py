"""Connections for reading, kept at hand: SQLAlchemy's pool costs as much as a small query."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import aiosqlite
import asyncpg
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from coffers.domain.errors import DomainError, Unavailable
from coffers.infrastructure.db.prepared import Prepared

#: How long to wait for a lane when all are taken.
WAIT_S: Final = 2.0
#: What the drivers themselves raise when they cannot answer.
DRIVER_ERRORS: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    sqlite3.Error,
    OSError,
)


@dataclass(frozen=True, slots=True)
class Lane:
    """An open connection in autocommit, and the driver's own connection under it."""

    connection: AsyncConnection
    driver: Any  # Any: asyncpg's or aiosqlite's

    @property
    def is_open(self) -> bool:
        """Whether nobody hung up. SQLite has nobody to do it."""
        return isinstance(self.driver, aiosqlite.Connection) or not self.driver.is_closed()

    async def run(self, prepared: Prepared, parameters: Mapping[str, Any]) -> list[Row[Any]]:
        """The rows, in one round trip, or one hop to SQLite's thread. Raises DRIVER_ERRORS."""
        arguments = prepared.arguments(parameters)
        return prepared.rows(await self.fetch(prepared.text, arguments))

    async def fetch(self, text: str, arguments: Sequence[Any]) -> Any:  # Any: the driver's records
        """What the driver itself answers to this text."""
        if isinstance(self.driver, aiosqlite.Connection):
            return await self.driver.execute_fetchall(text, arguments)
        return await self.driver.fetch(text, *arguments)


class Lanes:
    """So many lanes at most, opened when they are first needed; the one used last comes first."""

    def __init__(self, engine: AsyncEngine, size: int) -> None:
        self._engine = engine
        self._free = asyncio.Semaphore(size)
        self._idle: list[Lane] = []

    @asynccontextmanager
    async def lane(self) -> AsyncIterator[Lane]:
        """One of them, for the block. After an error that is no refusal nobody trusts it again.

        Raises TimeoutError when all are taken for long.
        """
        await self._wait()
        try:
            lane = await self._at_hand() or await self._opened()
            try:
                yield lane
            except BaseException as error:
                if isinstance(error, DomainError) and not isinstance(error, Unavailable):
                    self._idle.append(lane)
                else:
                    await asyncio.shield(_discard(lane))
                raise
            self._idle.append(lane)
        finally:
            self._free.release()

    @property
    def idle_count(self) -> int:
        """How many are open and nobody uses."""
        return len(self._idle)

    async def close(self) -> None:
        """Close those at hand."""
        while self._idle:
            await self._idle.pop().connection.close()

    async def _wait(self) -> None:
        if not self._free.locked():
            await self._free.acquire()
            return
        async with asyncio.timeout(WAIT_S):
            await self._free.acquire()

    async def _at_hand(self) -> Lane | None:
        while self._idle:
            lane = self._idle.pop()
            if lane.is_open:
                return lane
            await _discard(lane)
        return None

    async def _opened(self) -> Lane:
        connection = await self._engine.connect()
        raw = await connection.get_raw_connection()
        return Lane(connection, raw.driver_connection)


async def _discard(lane: Lane) -> None:
    await lane.connection.invalidate()
    await lane.connection.close()
