"""What of a table is exported, and what its rows must keep to when they come back."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, Final, NamedTuple

from sqlalchemy import Column, ColumnElement, Select, Table, bindparam, select, tuple_

from coffers.infrastructure.db.portability.columns import (
    Read,
    canonical,
    reader_of,
    shape_of,
    shown,
    word_of,
)
from coffers.infrastructure.db.types import Json

#: Rows of one page: a few milliseconds of work.
PAGE: Final = 250

Row = Mapping[str, Any]  # Any: values of the columns, by name


class Mention(NamedTuple):
    """Ids that stand inside a value rather than in a column of their own."""

    column: str
    targets: Sequence[str]
    ids: Callable[[Any], Iterable[str]]  # Any: the column's JSON


@dataclass(frozen=True)
class Exported:
    """One table of an export.

    `words`: columns that hold one of some words; `shapes`: what their JSON looks like; `refers`:
    columns with ids of rows of other tables; `strays`: ids that lead nowhere on purpose; `sealed`:
    secrets, shown to their owner and sealed again; `fixed`: columns that are not exported and what
    they hold in a restored row; `derived`: columns that follow from the others; `written`: columns
    that are not exported as they are; `which`: the rows that are; `check` raises ValueError for a
    row that contradicts itself.
    """

    table: Table
    most: int
    words: Mapping[str, type[StrEnum]] = field(default_factory=dict)
    shapes: Mapping[str, Any] = field(default_factory=dict)  # Any: types that msgspec knows
    reads: Mapping[str, Read] = field(default_factory=dict)
    refers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    mentions: Sequence[Mention] = ()
    strays: frozenset[str] = frozenset()
    sealed: frozenset[str] = frozenset()
    fixed: Mapping[str, object] = field(default_factory=dict)
    derived: Mapping[str, Callable[[Row], object]] = field(default_factory=dict)
    written: Mapping[str, ColumnElement[Any]] = field(default_factory=dict)  # Any: any column
    which: ColumnElement[bool] | None = None
    check: Callable[[Row], None] | None = None

    @property
    def name(self) -> str:
        """The table's, which is that of its list in the file."""
        return self.table.name

    @cached_property
    def columns(self) -> list[Column[Any]]:
        """Those that are in the file, in the table's order."""
        left_out = {"user_id", *self.fixed, *self.derived}
        return [column for column in self.table.columns if column.name not in left_out]

    @cached_property
    def key(self) -> list[Column[Any]]:
        """What orders a user's rows."""
        return [column for column in self.table.primary_key if column.name != "user_id"]

    @cached_property
    def readers(self) -> dict[str, Read]:
        """How the value of each column is read."""
        return {column.name: self._reader(column) for column in self.columns}

    @cached_property
    def required(self) -> frozenset[str]:
        """Columns that no row lacks."""
        return frozenset(column.name for column in self.columns if not column.nullable)

    @cached_property
    def first(self) -> Select[Any]:
        """The first page."""
        mine = self.table.c.user_id == bindparam("user_id")
        wanted = mine if self.which is None else mine & self.which
        shown_columns = [self._shown(column) for column in self.columns]
        return select(*shown_columns).where(wanted).order_by(*self.key).limit(PAGE)

    @cached_property
    def following(self) -> Select[Any]:
        """A page behind the row with this key."""
        bounds = [bindparam(f"after_{column.name}", type_=column.type) for column in self.key]
        return self.first.where(tuple_(*self.key) > tuple_(*bounds))

    @cached_property
    def converted(self) -> dict[str, Callable[[object], object]]:
        """What is done to values before they are encoded, where anything is."""
        return {column.name: canonical for column in self.columns if isinstance(column.type, Json)}

    def _shown(self, column: Column[Any]) -> ColumnElement[Any]:
        expression = self.written.get(column.name)
        return shown(column) if expression is None else expression.label(column.name)

    def _reader(self, column: Column[Any]) -> Read:
        if column.name in self.words:
            return word_of(frozenset(word.value for word in self.words[column.name]))
        if column.name in self.shapes:
            return shape_of(self.shapes[column.name])
        return self.reads.get(column.name) or reader_of(column)
