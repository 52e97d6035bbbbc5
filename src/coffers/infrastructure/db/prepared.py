"""Statements that are compiled once and run by the driver itself."""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from weakref import WeakKeyDictionary

from sqlalchemy import Dialect, Executable, Row
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.sql import Select

#: The object id of `numeric`, which is how asyncpg calls every exact number.
_NUMERIC: Final = 1700

Convert = Callable[[Any], Any]  # Any: between a column's values and the driver's
Records = Sequence[Sequence[Any]]  # Any: the driver's own values


class Prepared:
    """A statement's text for one engine, how its parameters are bound and what its rows become."""

    def __init__(self, statement: Select[Any], dialect: Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect)  # Any: the dialect's own compiler
        self.text = str(compiled)
        #: Whether the text depends on the parameters, as `IN` with a list does.
        self.is_final = not compiled.post_compile_params
        self._defaults = compiled.params
        self._binds = [
            (name, _impl(compiled.binds[name].type, dialect).bind_processor(dialect))
            for name in compiled.positiontup
        ]
        self._row = _row_maker(compiled._result_columns, dialect)  # noqa: SLF001 - as cursors do

    def arguments(self, parameters: Mapping[str, Any]) -> list[Any]:
        """The parameters in the order of the text."""
        values = {**self._defaults, **parameters}
        return [values[name] if bind is None else bind(values[name]) for name, bind in self._binds]

    def rows(self, records: Records) -> list[Row[Any]]:
        """What the driver answered, as SQLAlchemy would have it."""
        return [self._row(record) for record in records]


class PreparedStatements:
    """Those of one engine. A statement that comes again is one that lives with the program."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._known: WeakKeyDictionary[Executable, Prepared | None] = WeakKeyDictionary()

    def find(self, statement: Executable) -> Prepared | None:
        """The statement prepared, from its second time on and if it can be."""
        try:
            prepared = self._known[statement]
        except KeyError:
            self._known[statement] = None
            return None
        if prepared is None and isinstance(statement, Select):
            prepared = self._known[statement] = Prepared(statement, self._dialect)
        return prepared if prepared is not None and prepared.is_final else None


def _row_maker(columns: Sequence[Any], dialect: Dialect) -> Callable[[Sequence[Any]], Row[Any]]:
    kinds = [_impl(column.type, dialect) for column in columns]
    # What SQLAlchemy's own `result_tuple` does, and its cursors.
    about: Any = SimpleResultMetaData(
        [column.keyname for column in columns],
        [column.objects for column in columns],
        _processors=[kind.result_processor(dialect, _NUMERIC) for kind in kinds],
    )
    return functools.partial(Row, about, about._effective_processors, about._key_to_index)  # noqa: SLF001 - SQLAlchemy offers no other way


def _impl(kind: Any, dialect: Dialect) -> Any:  # Any: column types
    return kind.dialect_impl(dialect)
