"""A PostgreSQL database that is emptied after each test: a new one costs twenty times as much."""

import asyncio
import json
import uuid
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

import asyncpg
from sqlalchemy import delete

from coffers.infrastructure.db.tables import METADATA
from tests import servers

#: What the dead rows of earlier tests may take before a new database is quicker.
MAX_GROWTH_BYTES: Final = 32_000_000

_SCHEMA: Final = """
    SELECT count(*) || ' ' || sum(relnatts) || ' ' || sum(oid::bigint) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace"""
_SIZE: Final = "SELECT pg_database_size(current_database())"
_SEND_AWAY: Final = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()"""
_EMPTY: Final = "; ".join(str(delete(table)) for table in reversed(METADATA.sorted_tables))

Answer = TypeVar("Answer")


class KeptDatabase:
    """One migrated database after another, each for as long as its tests leave its schema alone."""

    def __init__(self, template: str) -> None:
        self._template = template
        self._name: str | None = None
        self._pristine: tuple[str, int] = ("", 0)
        self._rows: dict[str, str] = {}
        # In a thread with a loop of its own: the loops of the tests come and go.
        self._runner = asyncio.Runner()
        self._thread = ThreadPoolExecutor(1)
        self._connection: asyncpg.Connection[Any] | None = None

    def lend(self) -> str:
        """The address of a database as the migrations leave it."""
        if self._name is None:
            self._name = f"kept_{uuid.uuid4().hex}"
            servers.create_database(servers.postgres_url(), self._name, self._template)
            self._run(self._remember)
        return servers.address_of(self._name)

    def take_back(self) -> None:
        """Empty it; drop it when it is no longer the same."""
        if self._name is not None and not self._run(self._emptied):
            self.drop()

    def drop(self) -> None:
        """Leave nothing behind."""
        if self._name is not None:
            self._run(self._hang_up)
            servers.drop_database(servers.postgres_url(), self._name)
            self._name = None

    async def _remember(self, connection: "asyncpg.Connection[Any]") -> None:
        schema, size = await connection.fetchval(_SCHEMA), await connection.fetchval(_SIZE)
        self._pristine, self._rows = (schema, size), {}
        for table in METADATA.sorted_tables:
            rows = await connection.fetchval(f'SELECT json_agg(t) FROM "{table}" t')  # noqa: S608 - our own tables
            if rows is not None and json.loads(rows):
                self._rows[table.name] = rows

    async def _emptied(self, connection: "asyncpg.Connection[Any]") -> bool:
        await connection.execute(_SEND_AWAY)
        schema, size = self._pristine
        if await connection.fetchval(_SCHEMA) != schema:
            return False
        if await connection.fetchval(_SIZE) > size + MAX_GROWTH_BYTES:
            return False
        await connection.execute(_EMPTY)
        for name, rows in self._rows.items():
            again = (
                f'INSERT INTO "{name}" SELECT * FROM json_populate_recordset(NULL::"{name}", $1)'  # noqa: S608 - likewise
            )
            await connection.execute(again, rows)
        return True

    def close(self) -> None:
        """Drop it, and be of no more use."""
        self.drop()
        self._thread.submit(self._runner.close).result()
        self._thread.shutdown()

    async def _hang_up(self, connection: "asyncpg.Connection[Any]") -> None:
        await connection.close()
        self._connection = None

    def _run(
        self, ask: "Callable[[asyncpg.Connection[Any]], Coroutine[Any, Any, Answer]]"
    ) -> Answer:
        """Over one connection, since making one takes as long as emptying the database."""

        async def asked() -> Answer:
            try:
                return await ask(await self._connected())
            except asyncpg.ConnectionDoesNotExistError:
                # A test had the server close all connections.
                return await ask(await self._connected())

        return self._thread.submit(lambda: self._runner.run(asked())).result()

    async def _connected(self) -> "asyncpg.Connection[Any]":
        if self._connection is None or self._connection.is_closed():
            url = servers.address_of(str(self._name))
            self._connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        return self._connection
