"""What imports keep besides their columns: statements, rows and images, compact.

Packing takes a moment for tens of thousands of rows, so it is done off the event loop, and in parts
that let the loop's thread in between.
"""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, Final, TypedDict
from uuid import UUID

from msgspec import MsgspecError, Struct
from msgspec.msgpack import Decoder, Encoder
from sqlalchemy import Boolean, Column, Date, Integer, LargeBinary, Uuid

from coffers.domain.ledger.images import Change, Image, Kept, Undo
from coffers.domain.ledger.imports import PlanStale
from coffers.domain.ledger.statements import ReportedStatement, ReportedTransaction
from coffers.infrastructure.db.ledger.images import TABLES
from coffers.infrastructure.db.types import ExactDecimal, Json, UTCDateTime

#: A millisecond of work.
ROWS_IN_A_PART: Final = 500
#: Fast; a statement shrinks to a sixth all the same.
LEVEL: Final = 1


class _Statements(Struct, frozen=True):
    """Statements without their rows, how many each has, and the rows in parts."""

    statements: list[ReportedStatement]
    counts: list[int]
    parts: list[bytes]


class _Undo(Struct, frozen=True):
    created_accounts: list[UUID]
    snapshots: list[UUID]
    changes: dict[str, list[tuple[bytes | None, bytes]]]


_encode: Final = Encoder().encode
_STATEMENTS: Final = Decoder(_Statements)
_ROWS: Final = Decoder(list[ReportedTransaction])
_UNDO: Final = Decoder(_Undo)


def compressed(content: bytes) -> bytes:
    """Smaller, quickly."""
    return zlib.compress(content, LEVEL)


def packed_statements(statements: Sequence[ReportedStatement]) -> bytes:
    """To be kept until the plan is applied."""
    bare = [replace(statement, transactions=()) for statement in statements]
    counts = [len(statement.transactions) for statement in statements]
    rows = [row for statement in statements for row in statement.transactions]
    parts = [
        _encode(rows[start : start + ROWS_IN_A_PART])
        for start in range(0, len(rows), ROWS_IN_A_PART)
    ]
    return compressed(_encode(_Statements(bare, counts, parts)))


def unpacked_statements(kept: bytes) -> list[ReportedStatement]:
    """The statements again; raises PlanStale when they were kept in another form."""
    try:
        outline = _STATEMENTS.decode(zlib.decompress(kept))
        rows = iter([row for part in outline.parts for row in _ROWS.decode(part)])
    except (MsgspecError, zlib.error) as error:
        raise PlanStale("The plan is of an older version of Coffers: import again.") from error
    pairs = zip(outline.statements, outline.counts, strict=True)
    return [replace(one, transactions=list(_taken(rows, count))) for one, count in pairs]


def _taken(rows: Iterator[ReportedTransaction], count: int) -> Iterator[ReportedTransaction]:
    return (next(rows) for _ in range(count))


def packed_undo(undo: Undo | None) -> bytes:
    """To be kept until the import is reverted; empty for None."""
    if undo is None:
        return b""
    changes = {
        kept.value: [
            (None if before is None else _encode(before), _encode(after))
            for before, after in undo.changes(kept)
        ]
        for kept in Kept
    }
    return compressed(_encode(_Undo(undo.created_accounts, undo.snapshots, changes)))


def unpacked_undo(kept: bytes) -> Undo:
    """The images again, each value of its column's type."""
    undo = _UNDO.decode(zlib.decompress(kept))
    changes = {
        name: [_change(_images(Kept(name)), pair) for pair in pairs]
        for name, pairs in undo.changes.items()
    }
    return Undo(undo.created_accounts, undo.snapshots, **changes)


def _change(images: Decoder[Image], pair: tuple[bytes | None, bytes]) -> Change:
    before, after = pair
    return Change(None if before is None else images.decode(before), images.decode(after))


@cache
def _images(kept: Kept) -> Decoder[Image]:
    table = TABLES[kept]
    fields = {column.name: _python(column) for column in table.columns}
    # A column that came later is in no older image.
    shape: Any = TypedDict(f"{kept.value}_image", fields, total=False)  # type: ignore[misc]  # Any: made of the table
    return Decoder(shape)


def _python(column: Column[Any]) -> Any:  # Any: a type, and one that knows absence
    kinds = [kind for sql, kind in _PYTHON.items() if isinstance(column.type, sql)]
    return (kinds[0] if kinds else str) | None


_PYTHON: Final[Mapping[type, Any]] = {  # Any: types of values
    ExactDecimal: Decimal,
    UTCDateTime: datetime,
    Uuid: UUID,
    Date: date,
    Integer: int,
    Boolean: bool,
    LargeBinary: bytes,
    Json: list[Any] | dict[str, Any],
}
