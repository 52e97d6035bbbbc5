"""SQLite's driver, which goes to its connection's thread once for a statement.

SQLAlchemy's own goes there to open a cursor, to run it, to fetch its rows and to close it: four
times the wait for another thread, for statements that take a tenth of that.
"""

import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import aiosqlite
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_cursor,
    AsyncAdapt_aiosqlite_dbapi,
)

Rows = list[Any]  # Any: whatever is in a database


class WholeCursor:
    """One statement and all its rows, fetched where it ran."""

    arraysize: Final = 1

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection
        self._rows: Rows = []
        self.description: Any = None  # Any: what the driver tells of columns
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def execute(self, statement: str, parameters: Sequence[object] = ()) -> None:
        """Run it; its rows wait for `fetchall`."""
        await self._there(sqlite3.Connection.execute, statement, parameters)

    async def executemany(self, statement: str, rows: Sequence[Sequence[object]]) -> None:
        """Run it for each of these rows."""
        await self._there(sqlite3.Connection.executemany, statement, rows)

    async def fetchall(self) -> Rows:
        """All rows, once."""
        rows, self._rows = self._rows, []
        return rows

    def close(self) -> None:
        """Forget the rows; the database's own cursor is closed already."""
        self._rows = []

    async def _there(self, run: Callable[..., sqlite3.Cursor], *arguments: object) -> None:
        to_thread: Callable[..., Awaitable[None]] = self._connection._execute  # noqa: SLF001 - its way to the thread has no other name
        await to_thread(self._whole, run, *arguments)

    def _whole(self, run: Callable[..., sqlite3.Cursor], *arguments: object) -> None:
        cursor = run(self._connection._conn, *arguments)  # noqa: SLF001 - likewise
        self.description, self.rowcount = cursor.description, cursor.rowcount
        self.lastrowid = cursor.lastrowid
        self._rows = cursor.fetchall() if cursor.description else []
        cursor.close()


class _Cursor(AsyncAdapt_aiosqlite_cursor):
    __slots__ = ()
    _awaitable_cursor_close = False

    def _make_new_cursor(
        self, connection: Any
    ) -> Any:  # Any: SQLAlchemy's protocols, here and below
        return WholeCursor(connection)

    def _aenter_cursor(self, cursor: Any) -> Any:
        return cursor


class _Connection(AsyncAdapt_aiosqlite_connection):
    __slots__ = ()
    _cursor_cls = _Cursor


class SqliteDriver(AsyncAdapt_aiosqlite_dbapi):
    """For `create_async_engine(module=...)`."""

    def __init__(self) -> None:
        super().__init__(aiosqlite, sqlite3)

    def connect(self, *arguments: Any, **options: Any) -> AsyncAdapt_aiosqlite_connection:
        """A connection in a thread of its own."""
        connection = super().connect(*arguments, **options)
        return _Connection(self, connection.driver_connection)
