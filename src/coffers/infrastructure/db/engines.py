"""Connections: one engine for writing and one, in autocommit, for reading, on SQLite or PostgreSQL."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import event, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from coffers.infrastructure.db.types import DecimalSum, decimal_key

POOL_TIMEOUT_S: Final = 2.0
STATEMENT_TIMEOUT_S: Final = 10
LOCK_TIMEOUT_S: Final = 3
CONNECT_TIMEOUT_S: Final = 2
BUSY_TIMEOUT_S: Final = 5
POSTGRES_CONNECTIONS: Final = 6
SQLITE_READERS: Final = 4


@dataclass(frozen=True, slots=True)
class Engines:
    """The two ways into one database."""

    write: AsyncEngine
    read: AsyncEngine

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded engine."""
        return self.write.dialect.name == "sqlite"


@asynccontextmanager
async def open_engines(url: str) -> AsyncIterator[Engines]:
    """Engines for this database URL, closed at the end. Nothing connects before the first use."""
    engines = _sqlite(url) if make_url(url).get_backend_name() == "sqlite" else _postgres(url)
    try:
        yield engines
    finally:
        await engines.read.dispose()
        await engines.write.dispose()


def _postgres(url: str) -> Engines:
    settings = {
        "statement_timeout": str(STATEMENT_TIMEOUT_S * 1000),
        "lock_timeout": str(LOCK_TIMEOUT_S * 1000),
        "idle_in_transaction_session_timeout": "30000",
        "timezone": "UTC",
        "jit": "off",
    }
    # command_timeout bounds a frozen server, which no server-side limit can.
    arguments = {
        "server_settings": settings,
        "timeout": CONNECT_TIMEOUT_S,
        "command_timeout": STATEMENT_TIMEOUT_S + 2,
    }
    pool: dict[str, Any] = {"pool_timeout": POOL_TIMEOUT_S, "pool_size": POSTGRES_CONNECTIONS}
    write = create_async_engine(url, connect_args=arguments, max_overflow=0, **pool)
    read = create_async_engine(
        url,
        connect_args=arguments,
        isolation_level="AUTOCOMMIT",
        pool_reset_on_return=None,
        max_overflow=0,
        **pool,
    )
    return Engines(write=write, read=read)


def _sqlite(url: str) -> Engines:
    # One writer: SQLite has one anyway, and waiting in our pool is fair where its busy handler is
    # not.
    pool: dict[str, Any] = {"pool_timeout": POOL_TIMEOUT_S, "max_overflow": 0}
    arguments = {"timeout": BUSY_TIMEOUT_S, "cached_statements": 256}
    write = create_async_engine(url, connect_args=arguments, pool_size=1, **pool)
    read = create_async_engine(
        url,
        connect_args=arguments,
        isolation_level="AUTOCOMMIT",
        pool_reset_on_return=None,
        pool_size=SQLITE_READERS,
        **pool,
    )
    event.listen(write.sync_engine, "connect", _prepare_sqlite)
    event.listen(read.sync_engine, "connect", _prepare_sqlite)
    event.listen(write.sync_engine, "begin", _begin_immediate)
    return Engines(write=write, read=read)


def _prepare_sqlite(
    connection: Any, _record: object
) -> None:  # Any: the driver's connection is untyped here
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL", "temp_store=MEMORY"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
    # aiosqlite offers no way of its own to add aggregates; they must be added on its thread.
    connection.run_async(lambda driver: driver._execute(_add_functions, driver._conn))  # noqa: SLF001


def _add_functions(connection: Any) -> None:  # Any: sqlite3.Connection of whichever build
    connection.create_function("decimal_key", 1, decimal_key, deterministic=True)
    connection.create_aggregate("decimal_sum", 1, DecimalSum)
    if hasattr(connection, "create_window_function"):
        connection.create_window_function("decimal_sum", 1, DecimalSum)


def _begin_immediate(connection: Any) -> None:  # Any: SQLAlchemy's connection, synchronous side
    # DEFERRED would fail half of all read-then-write transactions in spite of the busy timeout.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
