"""The hot reads: statements compiled once, run by the driver itself, rows as they come from it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Dialect, Select
from sqlalchemy.ext.asyncio import AsyncConnection

from coffers.infrastructure.db.engines import Engines
from coffers.infrastructure.db.reader import Reader
from coffers.infrastructure.db.refusals import translated

Record = Sequence[Any]  # Any: the driver's own values
Bind = Callable[[Any], Any]  # Any: from what the column takes to what the driver takes


class LeanReader:
    """Reads without SQLAlchemy's part in running them, which is half of what a small read costs.

    For statements that live as long as the program and whose columns need no conversion.
    """

    def __init__(self, engines: Engines, reader: Reader) -> None:
        self._engines = engines
        self._reader = reader
        self._compiled: dict[Select[Any], _Compiled] = {}
        self._run = _run_on_sqlite if engines.is_sqlite else _run_on_postgres

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded engine."""
        return self._engines.is_sqlite

    async def rows(
        self, statement: Select[Any], parameters: Mapping[str, Any]
    ) -> Sequence[Record]:  # Any: whatever the columns take
        """All of them, in the statement's order; raises Unavailable when the database is away."""
        compiled = self._compiled.get(statement)
        if compiled is None:
            compiled = _Compiled(statement, self._engines.read.dialect)
            self._compiled[statement] = compiled
        rows = await self._attempt(compiled.text, compiled.arguments(parameters))
        # What went wrong, if anything did, and whether to ask again, the long way knows.
        return await self._reader.rows(statement, parameters) if rows is None else rows

    async def _attempt(self, text: str, arguments: list[Any]) -> Sequence[Record] | None:
        with translated():
            async with (
                asyncio.timeout(self._engines.patience_s),
                self._engines.read.connect() as connection,
            ):
                try:
                    return await self._run(_driver(connection), text, arguments)
                except BaseException as error:
                    await connection.invalidate()
                    if isinstance(error, Exception):
                        return None
                    raise


class _Compiled:
    """A statement's text for one engine, and how its parameters are bound."""

    def __init__(self, statement: Select[Any], dialect: Dialect) -> None:
        compiled: Any = statement.compile(  # Any: the dialect's own compiler
            dialect=dialect, compile_kwargs={"render_postcompile": True}
        )
        self.text = str(compiled)
        self._defaults = compiled.params
        self._binds = [
            (name, _binder(compiled.binds[name].type, dialect)) for name in compiled.positiontup
        ]

    def arguments(self, parameters: Mapping[str, Any]) -> list[Any]:
        """The parameters in the order of the text."""
        values = {**self._defaults, **parameters}
        return [values[name] if bind is None else bind(values[name]) for name, bind in self._binds]


def _binder(kind: Any, dialect: Dialect) -> Bind | None:  # Any: a column type
    binder: Bind | None = kind.dialect_impl(dialect).bind_processor(dialect)
    return binder


def _driver(connection: AsyncConnection) -> Any:  # Any: drivers are untyped
    raw = connection.sync_connection
    return None if raw is None else raw.connection.driver_connection


async def _run_on_postgres(driver: Any, text: str, arguments: list[Any]) -> Sequence[Record]:
    rows: Sequence[Record] = await driver.fetch(text, *arguments)
    return rows


async def _run_on_sqlite(driver: Any, text: str, arguments: list[Any]) -> Sequence[Record]:
    rows: Sequence[Record] = await driver.execute_fetchall(text, arguments)
    return rows
