"""Many rows at once: COPY on PostgreSQL, executemany on SQLite."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any, Final, TypeVar

import asyncpg
from sqlalchemy import Column, Table, text

from coffers.domain.errors import Unavailable
from coffers.infrastructure.db.engines import BULK_PATIENCE_S
from coffers.infrastructure.db.refusals import translated
from coffers.infrastructure.db.transaction import Transaction

#: Rows that are turned into records at a stretch, before the event loop gets its turn.
STRETCH: Final = 250

T = TypeVar("T")
Record = tuple[Any, ...]  # Any: whatever the columns take
Recorder = Callable[[T], Record]


async def stage(
    transaction: Transaction,
    table: Table,
    columns: Sequence[Column[Any]],
    rows: Sequence[T],
    record: Recorder[T],
) -> str:
    """Copy the rows, one value per column, into a fresh temporary table like this (PostgreSQL).

    Answers its name; it is gone after `unstage` or with the transaction.
    """
    name = f"staged_{table.name}"
    # Through SQLAlchemy, which opens the transaction at its first statement, not before.
    names = ", ".join(column.name for column in columns)
    create = (
        f"CREATE TEMPORARY TABLE {name} ON COMMIT DROP AS SELECT {names} FROM {table.name} LIMIT 0"  # noqa: S608 - names of tables and columns
    )
    await transaction.execute(text(create))
    await _copy(transaction, name, columns, rows, record)
    return name


async def copy_rows(
    transaction: Transaction,
    table: Table,
    columns: Sequence[Column[Any]],
    rows: Sequence[T],
    record: Recorder[T],
) -> None:
    """Copy the rows, one value per column, into the table itself (PostgreSQL).

    Raises asyncpg.UniqueViolationError, after which the transaction can only be rolled back.
    """
    # As above: the transaction is open before the driver is spoken to.
    await transaction.execute(text("SELECT 1"))
    await _copy(transaction, table.name, columns, rows, record)


async def _copy(
    transaction: Transaction,
    name: str,
    columns: Sequence[Column[Any]],
    rows: Sequence[T],
    record: Recorder[T],
) -> None:
    if transaction.patience_s is not None:
        transaction.patience_s = BULK_PATIENCE_S
    raw = await transaction.connection.get_raw_connection()
    driver: Any = raw.driver_connection  # Any: asyncpg's connection is untyped
    try:
        with translated():
            await driver.copy_records_to_table(
                name,
                records=_records(rows, record),
                columns=[column.name for column in columns],
            )
    except (asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError) as error:
        raise Unavailable("The database does not answer at the moment.") from error


async def unstage(transaction: Transaction, name: str) -> None:
    """The temporary table is not needed any more."""
    await transaction.execute(text(f"DROP TABLE {name}"))


async def run_many(
    transaction: Transaction, statement: str, rows: Sequence[T], record: Recorder[T]
) -> int:
    """Run a statement with `?` for each row's record; answers how many rows it wrote (SQLite)."""
    written = 0
    for part in stretches(rows):
        with translated():
            records = [record(row) for row in part]
            result = await transaction.connection.exec_driver_sql(statement, records)
        written += max(0, result.rowcount)
    return written


def stretches(rows: Sequence[T], size: int = STRETCH) -> Iterator[Sequence[T]]:
    """The rows in parts of at most this many."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


async def _records(rows: Sequence[T], record: Recorder[T]) -> AsyncIterator[Record]:
    for part in stretches(rows):
        for row in part:
            yield record(row)
        await asyncio.sleep(0)
