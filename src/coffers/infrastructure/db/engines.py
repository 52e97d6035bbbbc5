"""Connections to SQLite or PostgreSQL.

One engine for writing and one, in autocommit, for reading.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from threading import Thread
from typing import Any, Final
from weakref import WeakSet

import asyncpg
from sqlalchemy import event, make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from coffers.infrastructure.db.instants import remember_instants
from coffers.infrastructure.db.lanes import Lanes
from coffers.infrastructure.db.quick_reads import QuickReads
from coffers.infrastructure.db.sqlite_driver import SqliteDriver
from coffers.infrastructure.db.types import DecimalSum, decimal_key, decimal_of

#: How long a request waits for PostgreSQL: for a connection and a statement together, or a commit.
PATIENCE_S: Final = 2.5
#: The same while many rows are written at once.
BULK_PATIENCE_S: Final = 10.0
POOL_TIMEOUT_S: Final = 2.0
#: What PostgreSQL itself bounds: what runs on although nobody waits, and who waits for whom.
STATEMENT_TIMEOUT_S: Final = 10
LOCK_TIMEOUT_S: Final = 2
CONNECT_TIMEOUT_S: Final = 2
#: How long saying goodbye to PostgreSQL may take.
CLOSE_TIMEOUT_S: Final = 0.2
#: How long to wait for SQLite to finish what nobody waits for any more.
THREAD_TIMEOUT_S: Final = 2.0
BUSY_TIMEOUT_S: Final = 5
POSTGRES_CONNECTIONS: Final = 6
SQLITE_READERS: Final = 4


@dataclass(frozen=True, slots=True)
class Engines:
    """The two ways into one database. `lanes` are connections for reading, kept at hand."""

    write: AsyncEngine
    read: AsyncEngine
    lanes: Lanes
    #: How long to wait for a statement; None where the file is our own and locks have their limit.
    patience_s: float | None = None
    #: Small reads without a lane, where the database is a file of our own.
    quick: QuickReads | None = None
    #: In which SQLite works, one for each connection.
    threads: WeakSet[Thread] = field(default_factory=WeakSet)

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded engine."""
        return self.write.dialect.name == "sqlite"


@asynccontextmanager
async def open_engines(url: str, *, is_patient: bool = False) -> AsyncIterator[Engines]:
    """Engines for this database URL, closed at the end. Nothing connects before the first use.

    Patient ones let a statement run as long as it takes, as migrations may.
    """
    is_sqlite = make_url(url).get_backend_name() == "sqlite"
    engines = _sqlite(url) if is_sqlite else _postgres(url, is_patient=is_patient)
    try:
        yield engines
    finally:
        if engines.quick is not None:
            engines.quick.close()
        await engines.lanes.close()
        await engines.read.dispose()
        await engines.write.dispose()
        await _ended(engines.threads)


async def _ended(threads: WeakSet[Thread]) -> None:
    """Those of abandoned requests tell the event loop last, which has to be there then."""
    for thread in list(threads):
        await asyncio.to_thread(thread.join, THREAD_TIMEOUT_S)


def _postgres(url: str, *, is_patient: bool) -> Engines:
    settings = {
        "statement_timeout": "0" if is_patient else str(STATEMENT_TIMEOUT_S * 1000),
        "lock_timeout": str(LOCK_TIMEOUT_S * 1000),
        "idle_in_transaction_session_timeout": "30000",
        "timezone": "UTC",
        # Days are read out of texts.
        "datestyle": "ISO",
        "jit": "off",
        # Starting a helper takes longer than it helps, and other requests want that core.
        "max_parallel_workers_per_gather": "0",
    }
    arguments = {
        "server_settings": settings,
        "timeout": CONNECT_TIMEOUT_S,
        # The last resort against a frozen server, where nobody is impatient.
        "command_timeout": None if is_patient else STATEMENT_TIMEOUT_S + 2,
        "connection_class": BriskConnection,
    }
    pool: dict[str, Any] = {
        "pool_timeout": POOL_TIMEOUT_S,
        "pool_size": POSTGRES_CONNECTIONS,
        "max_overflow": 0,
        "hide_parameters": True,
    }
    write = create_async_engine(url, connect_args=arguments, **pool)
    read = create_async_engine(
        url,
        connect_args=arguments,
        isolation_level="AUTOCOMMIT",
        pool_reset_on_return=None,
        **pool,
    )
    for engine in (write, read):
        event.listen(engine.sync_engine, "checkout", _refuse_closed)
    event.listen(read.sync_engine, "connect", _remember_instants)
    lanes = Lanes(read, POSTGRES_CONNECTIONS - 1)
    return Engines(write, read, lanes, patience_s=None if is_patient else PATIENCE_S)


def _remember_instants(connection: Any, _record: object) -> None:  # Any: SQLAlchemy's adapter
    connection.run_async(remember_instants)


class BriskConnection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg is untyped
    """A connection that does not wait for a server that does not answer its goodbye."""

    async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109, ARG002 - asyncpg's signature
        """Close it, politely if that is quick."""
        with suppress(TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            await super().close(timeout=CLOSE_TIMEOUT_S)


def _refuse_closed(connection: Any, _record: object, _proxy: object) -> None:
    """The pool makes another when the server closed this one while it was idle.

    Any: SQLAlchemy's adapter. It costs no round trip, unlike `pool_pre_ping`.
    """
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def _sqlite(url: str) -> Engines:
    # One writer: SQLite has one anyway, and waiting in our pool is fair where its busy handler is
    # not.
    pool: dict[str, Any] = {
        "module": SqliteDriver(),
        "pool_timeout": POOL_TIMEOUT_S,
        "max_overflow": 0,
        "hide_parameters": True,
    }
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
    threads: WeakSet[Thread] = WeakSet()

    def remember_thread(connection: Any, _record: object) -> None:  # Any: SQLAlchemy's adapter
        threads.add(connection.driver_connection._thread)  # noqa: SLF001 - it tells nobody else

    for engine in (write, read):
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "connect", remember_thread)
    event.listen(write.sync_engine, "begin", _begin_immediate)
    quick = QuickReads(str(make_url(url).database), _add_functions)
    return Engines(write, read, Lanes(read, SQLITE_READERS - 1), quick=quick, threads=threads)


_PRAGMAS: Final = (
    *("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL", "temp_store=MEMORY"),
    # KiB for pages, and for sorting a year's movements in one go; the default is 2,000.
    "cache_size=-8000",
)


def _prepare_sqlite(
    connection: Any, _record: object
) -> None:  # Any: the driver's connection is untyped here
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
    # aiosqlite offers no way of its own to add aggregates; they must be added on its thread.
    connection.run_async(lambda driver: driver._execute(_add_functions, driver._conn))  # noqa: SLF001 - SQLAlchemy offers no other way


def _add_functions(connection: Any) -> None:  # Any: sqlite3.Connection of whichever build
    connection.create_function("decimal_key", 1, decimal_key, deterministic=True)
    connection.create_function("decimal_of", 2, decimal_of, deterministic=True)
    connection.create_aggregate("decimal_sum", 1, DecimalSum)
    if hasattr(connection, "create_window_function"):
        connection.create_window_function("decimal_sum", 1, DecimalSum)


def _begin_immediate(connection: Any) -> None:  # Any: SQLAlchemy's connection, synchronous side
    # DEFERRED would fail half of all read-then-write transactions in spite of the busy timeout.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
