"""Rows as JSON and back, exactly: what a reversal restores."""

import base64
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, Table

from coffers.domain.imports import Image

_TO_JSON: Final[dict[type, Callable[[Any], object]]] = {  # Any: whatever a column holds
    Decimal: lambda value: {"decimal": format(value, "f")},
    datetime: lambda value: {"instant": value.isoformat()},
    date: lambda value: {"date": value.isoformat()},
    UUID: lambda value: {"id": str(value)},
    bytes: lambda value: {"bytes": base64.b64encode(value).decode()},
}
_FROM_JSON: Final[dict[str, Callable[[str], object]]] = {
    "decimal": Decimal,
    "instant": datetime.fromisoformat,
    "date": date.fromisoformat,
    "id": UUID,
    "bytes": base64.b64decode,
}


def image_of(table: Table, row: Row[Any]) -> Image:  # Any: a row of the whole table
    """Every column of the row, each value with its type where JSON has none for it."""
    return {column.name: _plain(getattr(row, column.name)) for column in table.columns}


def row_of(image: Image) -> dict[str, object]:
    """The row's values again."""
    return {name: _value(kept) for name, kept in image.items()}


def _plain(value: object) -> object:
    to_json = _TO_JSON.get(type(value))
    return value if to_json is None else to_json(value)


def _value(kept: object) -> object:
    if not isinstance(kept, dict):
        return kept
    ((kind, text),) = kept.items()
    return _FROM_JSON[kind](text)
