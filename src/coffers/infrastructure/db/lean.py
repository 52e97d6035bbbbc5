"""The hot reads: statements compiled once, run by the driver itself, rows as they come from it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import Dialect, Select, func, select

from coffers.infrastructure.db.engines import Engines
from coffers.infrastructure.db.lanes import DRIVER_ERRORS
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
        records = await self._attempt(compiled.text, compiled.arguments(parameters))
        # What went wrong, if anything did, and whether to ask again, the long way knows.
        return await self._reader.rows(statement, parameters) if records is None else records

    async def many_rows(
        self, statement: Select[Any], parameters: Mapping[str, Any]
    ) -> Sequence[Record]:  # Any: whatever the columns take
        """Likewise for thousands of rows whose columns are text.

        SQLite gives them in one step: its driver lets go of the interpreter at every step, and
        beside a busy event loop it waits for it longer than the row takes.
        """
        if not self.is_sqlite:
            return await self.rows(statement, parameters)
        whole = await self.rows(_as_one_row(statement), parameters)
        records: list[Record] = msgspec.json.decode(whole[0][0])
        return records

    async def _attempt(self, text: str, arguments: list[Any]) -> Sequence[Record] | None:
        with translated():
            async with asyncio.timeout(self._engines.patience_s):
                try:
                    async with self._engines.lanes.lane() as lane:
                        records: Sequence[Record] = await lane.fetch(text, arguments)
                        return records
                except TimeoutError:
                    raise
                except DRIVER_ERRORS:
                    return None


@cache
def _as_one_row(statement: Select[Any]) -> Select[Any]:
    """The rows as one JSON array of arrays, in the order of the statement, which has a limit.

    The limit matters: it makes SQLite finish the ordered rows before it gathers them.
    """
    listed = statement.subquery("listed")
    return select(func.json_group_array(func.json_array(*listed.c)))


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
