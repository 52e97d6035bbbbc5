"""Columns in exports: how each kind of value is written, and how it is read with every bound."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Date,
    Integer,
    Uuid,
)

from coffers.domain.money import AmountInvalid, parse_decimal
from coffers.infrastructure.db.types import ExactDecimal, UTCDateTime, as_text
from coffers.infrastructure.db.wire import id_text, instant, plain

#: Characters of a text whose column sets no bound of its own.
MAX_TEXT: Final = 100_000
MAX_DEPTH: Final = 12
#: What a column of whole numbers holds on either engine.
MAX_INTEGER: Final = 2**31 - 1
_FIRST_YEAR: Final = 1900
_END_YEAR: Final = 9000
_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT: Final = re.compile(_DAY.pattern + r"T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z")
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")

D = TypeVar("D", bound=date)
#: From a value of JSON to the column's; raises ValueError with the reason.
Read = Callable[[Any], object]  # Any: JSON
_SORTED: Final = msgspec.json.Encoder(order="sorted")


def shown(column: Column[Any]) -> ColumnElement[Any]:  # Any: any column
    """The column as both engines give it to the encoder."""
    for kind, expression in _SHOWN:
        if isinstance(column.type, kind):
            return expression(column).label(column.name)
    return column


def canonical(value: object) -> object:
    """JSON as it is written whatever engine kept it: PostgreSQL sorts keys in a way of its own."""
    return msgspec.Raw(_SORTED.encode(value))


def reader_of(column: Column[Any]) -> Read:  # Any: any column
    """How values of this column are read."""
    for kind, read in _READ:
        if isinstance(column.type, kind):
            return read
    length = getattr(column.type, "length", None)
    return text_of(MAX_TEXT if length is None else length)


def word_of(words: frozenset[str]) -> Read:
    """One of these words."""

    def read(value: Any) -> str:  # Any: JSON
        if not isinstance(value, str) or value not in words:
            raise ValueError("Not one of the words that stand here.")
        return value

    return read


def shape_of(shape: Any) -> Read:  # Any: a type that msgspec knows
    """JSON of this shape."""

    def read(value: Any) -> object:  # Any: JSON
        _check(value, 1)
        try:
            msgspec.convert(value, shape, strict=True)
        except msgspec.ValidationError as error:
            raise ValueError("Not what stands in this column.") from error
        return value

    return read


def text_of(length: int) -> Read:
    """A text of at most so many characters."""

    def read(value: Any) -> str:  # Any: JSON
        if not isinstance(value, str):
            raise ValueError("Not a text.")  # noqa: TRY004 - one kind of flaw, here and below
        if len(value) > length:
            raise ValueError(f"At most {length} characters.")
        if _CONTROL.search(value):
            raise ValueError("Control characters or lone surrogates.")
        return value

    return read


def _id(value: Any) -> UUID:  # Any: JSON
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise ValueError("Not an id.")
    return UUID(value)


def _decimal(value: Any) -> Decimal:  # Any: JSON
    if not isinstance(value, str):
        raise ValueError('Decimals are strings, such as "12.50".')  # noqa: TRY004 - a flaw of the file, like the others
    try:
        return parse_decimal(value)
    except AmountInvalid as error:
        raise ValueError(error.detail) from error


def _instant(value: Any) -> datetime:  # Any: JSON
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        raise ValueError("Not an instant in UTC, such as 2026-01-31T12:00:00Z.")
    return _within(datetime.fromisoformat(value)).astimezone(UTC)


def _day(value: Any) -> date:  # Any: JSON
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError("Not a date such as 2026-01-31.")
    return _within(date.fromisoformat(value))


def _within(value: D) -> D:
    if not _FIRST_YEAR <= value.year < _END_YEAR:
        raise ValueError("Not between the years 1900 and 8999.")
    return value


def _flag(value: Any) -> bool:  # Any: JSON
    if not isinstance(value, bool):
        raise ValueError("Neither true nor false.")  # noqa: TRY004 - a flaw of the file, like the others
    return value


def _whole(value: Any) -> int:  # Any: JSON
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > MAX_INTEGER:
        raise ValueError("Not a whole number that can be kept.")
    return value


def _check(value: Any, depth: int) -> None:  # Any: JSON
    if depth > MAX_DEPTH:
        raise ValueError(f"Nested deeper than {MAX_DEPTH} levels.")
    if isinstance(value, str):
        text_of(MAX_TEXT)(value)
    elif isinstance(value, dict):
        for key, item in value.items():
            text_of(MAX_TEXT)(key)
            _check(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _check(item, depth + 1)


_SHOWN: Final = (
    (Uuid, id_text),
    (ExactDecimal, as_text),
    (UTCDateTime, instant),
    (Date, plain),
)
_READ: Final[tuple[tuple[type, Read], ...]] = (
    (Uuid, _id),
    (ExactDecimal, _decimal),
    (UTCDateTime, _instant),
    (Date, _day),
    (Boolean, _flag),
    (Integer, _whole),
)
